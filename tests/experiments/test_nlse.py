"""The experiment `nlse`: its initial states, its claims for two seeds, its files."""

import dataclasses
import json

import jax
import numpy as np
import pytest

from sciml.experiments._nlse_runs import (
    LENGTH,
    NODES,
    canonical_states,
    measured_growth,
    measured_shifts,
    true_breather,
)
from sciml.experiments.nlse import Config, run

CHEAP = Config(growth_seeds=2)
UNATTAINED = "published energy drift below 1e-12"


def test_the_four_states_are_the_published_ones():
    states = canonical_states()
    spacing = LENGTH / NODES
    assert [psi.shape for psi in states.values()] == [(1, NODES)] * 4
    masses = {name: spacing * np.sum(np.abs(psi) ** 2) for name, psi in states.items()}
    assert masses["single"] == pytest.approx(4, rel=1e-12) and masses["two"] == pytest.approx(7, rel=1e-8)
    # sqrt(2) sech(x) (1 + cos(x) / 2): 2 int sech^2 (1 + cos x + cos^2 x / 4) dx.
    whole = 2 * (2 + np.pi / np.sinh(np.pi / 2) + 0.25 * (1 + np.pi / np.sinh(np.pi)))
    assert masses["breather"] == pytest.approx(whole, rel=1e-8)
    noise = states["noisy"][0] - np.exp(-((-LENGTH / 2 + spacing * np.arange(NODES)) ** 2) / 50)
    # The first number of NumPy's legacy generator with seed 42.
    assert noise[0].real == pytest.approx(0.01 * 0.4967141530112327, rel=1e-12)
    assert noise.std() == pytest.approx(0.01 * 2**0.5, rel=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"splitting_steps": 150}, "`splitting_steps` must be a positive multiple of 100, got 150"),
        ({"padded_steps": 0}, "`padded_steps` must be"),
        ({"growth_seeds": 0}, "at least 1"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(dataclasses.replace(CHEAP, **change), jax.random.key(0))


@pytest.mark.parametrize("seed", [3, 4])
def test_small_waves_grow_as_theory_says(seed):
    growth = measured_growth(1, jax.random.key(seed), waves=(6, 8))
    assert growth.rates.shape == (1, 2) and np.abs(growth.rates / growth.theory - 1).max() < 2e-3
    assert growth.theory[1] == pytest.approx(1, abs=1e-12)


def test_a_collision_shifts_and_a_breather_breathes():
    found, theory = measured_shifts(1200)
    np.testing.assert_allclose(found, theory, atol=1e-3)
    trajectory, error = true_breather(1200)
    assert error < 1e-4 and np.abs(trajectory.values).max() == pytest.approx(1 + 2**0.5, rel=1e-4)
    assert np.abs(trajectory.values[0]).max() < 1.01


@pytest.fixture(scope="module", params=[0, 1])
def report(request):
    # Single precision outside: the experiment turns to double by itself.
    with jax.enable_x64(False):
        return run(CHEAP, jax.random.key(request.param))


@pytest.mark.slow
def test_the_claims_hold_for_every_seed_but_the_one_that_nobody_attains(report):
    failed = {claim.text: claim.value for claim in report.claims if not claim.holds}
    assert [text.startswith(UNATTAINED) for text in failed] == [True], failed
    # What was seen, with a margin of three: a change of kind shows here before a claim fails.
    found = report.metrics
    assert found["single_error_padded"] < 2e-8 and found["breather_error"] < 2e-7 and found["shift_error"] < 5e-7
    assert found["two_H_splitting"] < 5e-8 and found["breather_H_padded"] < 3e-8 and found["growth_error"] < 2e-3
    assert 0.13 < found["two_monitor"] < 0.17 and 0.16 < found["breather_monitor"] < 0.18


@pytest.mark.slow
def test_the_tables_the_summary_and_the_figure(report, tmp_path):
    drifts, theory, entropies = report.tables
    assert len(drifts.rows) == 12 and drifts.rows[2][1] == "< 1e-12" and len(theory.rows) == 9
    assert entropies.rows[0][1] == "2.940 / 2.940" and entropies.rows[1][0].strip() == "DOP853"
    assert json.loads(json.dumps(report.summary(), allow_nan=False))["metrics"]["two_shannon_end"] > 3.7
    (path,) = report.save(tmp_path)
    assert path.name == "nlse.png" and path.stat().st_size > 50_000
