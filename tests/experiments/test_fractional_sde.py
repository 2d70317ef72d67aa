"""The experiment `fractional-sde`: its exact claims, a short training for two seeds, its files."""

import dataclasses
import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.experiments import _fractional_sde_nile as nile
from sciml.experiments import _fractional_sde_runs as runs
from sciml.experiments.fractional_sde import Config, run
from sciml.solvers import MarkovFBM, fbm_covariance

CHEAP = Config(
    hursts=(0.7,), seeds=2, steps=20, batch=32, iterations=150, width=32, frequencies=(1.5, 6.0),
    observations=3, substeps=2, recovery_iterations=10, nile_series=3,
)  # fmt: skip
EXACT = ("weights:", "approximation errors:", "error of the Riemann")


@pytest.mark.parametrize(
    ("change", "message"),
    [({"seeds": 0}, "`seeds` must be at least 1, got 0"), ({"hursts": (1.2,)}, r"`hursts` must be in \(0, 1\)")],
)
def test_sizes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(dataclasses.replace(CHEAP, **change), jax.random.key(0))


def test_the_best_attainable_bound_lies_below_the_evidence_and_nears_it():
    noise = MarkovFBM(0.7, horizon=2.0)
    variance = float(noise.variance(jnp.asarray(2.0))) + runs.BRIDGE_SCALE**2
    evidence, gaps = -0.5 * np.log(2 * np.pi * variance), []
    for steps in (25, 100, 400):
        sizes = runs.Sizes(2.0, steps, 1, 1, 1, 1e-2, (1.0,))
        gaps.append(evidence - runs.attainable_bound(noise, sizes))
    # Measured 0.36, 0.18, 0.047 from 50 steps on: it falls about as the step.
    assert gaps[0] > gaps[1] > gaps[2] > 0 and gaps[2] < 0.4 * gaps[1]


@pytest.mark.slow
def test_a_network_learns_the_bridge_for_two_seeds():
    sizes = runs.Sizes(2.0, 20, 32, 500, 32, 1e-2, (1.5, 6.0))
    noise = MarkovFBM(0.7, horizon=2.0)
    exact, own, evidence = runs.bridge_truths(noise, 0.7, sizes)
    with jax.enable_x64(False):
        noise = MarkovFBM(0.7, horizon=2.0)
        found = [runs.train_bridge(noise, sizes, jax.random.key(seed)) for seed in (0, 1)]
    plain = runs.bridge_truth(np.minimum(found[0].times[:, None], found[0].times[None, :]))
    for bridge in found:
        distance = np.linalg.norm(bridge.deviation - exact) / np.linalg.norm(exact)
        # Brownian motion, even solved exactly, is 0.26 away.
        assert distance < 0.5 * np.linalg.norm(plain - exact) / np.linalg.norm(exact)
        assert np.linalg.norm(bridge.deviation - own) / np.linalg.norm(own) < 0.1
        assert bridge.bound < evidence


def test_the_report_its_tables_and_its_figure(monkeypatch, tmp_path):
    """Training replaced by what a perfect one would give: the other test trains."""

    def perfect(noise, sizes, key):
        hurst = 0.5 if len(noise.gamma) == 1 else 0.7
        times = sizes.horizon * np.arange(1, sizes.steps + 1) / sizes.steps
        with jax.enable_x64(True):
            covariance = np.asarray(fbm_covariance(times[:, None], times[None, :], hurst))
            deviation = runs.bridge_truth(covariance)
        return runs.Bridge(times, deviation, 2.0, -2.0, np.zeros((12, sizes.steps + 1)))

    monkeypatch.setattr(runs, "train_bridge", perfect)
    monkeypatch.setattr(runs, "recover", lambda *args: runs.Recovery(0.8, 0.71, -7.0, -6.5, np.zeros(3)))
    with jax.enable_x64(False):
        report = run(CHEAP, jax.random.key(0))
    assert [claim.text for claim in report.claims if not claim.holds] == ["Hurst index by the bound: largest miss"]
    assert [claim.text.startswith(EXACT) for claim in report.claims[:3]] == [True] * 3
    assert len(report.tables) == 8 and len(report.tables[1].rows) == 8
    assert json.loads(json.dumps(report.summary(), allow_nan=False))["metrics"]["hurst_0.7_to_own"] > 0
    # Calculated apart, by generalised least squares on a finer grid: 0.805 and 0.560.
    assert report.metrics["nile_exact"] == pytest.approx(0.805, abs=0.005)
    assert report.metrics["nile_changed_exact"] == pytest.approx(0.56, abs=0.005)
    path, second = report.save(tmp_path)
    assert path.name == "fractional-sde.png" and path.stat().st_size > 50_000
    assert second.name == "fractional-sde-nile.png" and second.stat().st_size > 20_000


def test_the_profile_eliminates_level_and_scale_and_its_interval_is_where_it_has_fallen():
    generator = np.random.default_rng(0)
    design = np.stack([np.ones(12), np.arange(12) >= 5], axis=1).astype(float)
    covariances = np.stack([nile.exact_covariance(12, h) for h in (0.3, 0.5, 0.8)])
    series = generator.standard_normal((2, 12))
    found = nile.profiles(series, design, covariances)
    moved = nile.profiles(7 * series + design @ np.asarray([3.0, -2.0]), design, covariances)
    for number in (0, 1):
        np.testing.assert_allclose(moved[number].values, found[number].values - 12 * np.log(7), rtol=1e-10)
        for one, covariance in zip(found[number].values, covariances):
            inverse = np.linalg.inv(covariance)
            rest = series[number] - design @ np.linalg.solve(
                design.T @ inverse @ design, design.T @ inverse @ series[number]
            )
            scale = rest @ inverse @ rest / 12
            expected = -6 * (np.log(2 * np.pi * scale) + 1) - 0.5 * np.linalg.slogdet(covariance)[1]
            np.testing.assert_allclose(one, expected, rtol=1e-10)
    parabola = nile.Profile(-((nile.INDICES - 0.613) ** 2) / (2 * 0.05**2))
    assert parabola.peak == pytest.approx((0.613, 0), abs=1e-12)
    assert parabola.interval == pytest.approx((0.613 - 1.96 * 0.05, 0.613 + 1.96 * 0.05), abs=1e-3)


def test_without_statsmodels_the_report_says_what_is_left_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "statsmodels.datasets", None)
    assert nile.measure_nile(3, 2, jax.random.key(0)) is None
    (table,) = nile.nile_tables(None)
    assert "pip install 'sciml[data]'" in table.text()
