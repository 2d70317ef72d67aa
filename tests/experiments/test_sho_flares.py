"""The experiment `sho-flares`: a short run, its files and its statistics."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.experiments import _sho_flares_runs as runs
from sciml.experiments.sho_flares import Config, run

CHEAP = Config(curves=1, points=150, restarts=2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"curves": 0}, "`curves` must be at least 1, got 0"),
        ({"points": 30}, "`points` must be at least 40, got 30"),
        ({"gap": 0.0}, "`gap` must be positive"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(dataclasses.replace(CHEAP, **change), jax.random.key(0))


def test_a_simulated_curve_has_its_gap_and_its_errors():
    curve = runs.simulate(runs.kernel_of("DRW", 2.5, 0.4), 150, jnp.asarray(60.0), jax.random.key(0))
    steps = np.diff(curve.times)
    assert (steps > 0).all() and (steps > 60).sum() == 1
    assert curve.noise.min() >= 0.1**2 and curve.noise.max() <= 0.15**2


def test_autocorrelations_of_a_wave_are_out_of_the_band_and_those_of_noise_in_it():
    assert runs._in_band(np.sin(np.arange(300.0))) < 0.2
    assert runs._in_band(np.random.default_rng(0).normal(size=300)) > 0.8


def test_the_three_kernels_have_one_time_scale():
    sho, drw, matern = (runs.kernel_of(name, 2.0, 0.5) for name in runs.MODELS)
    times = jnp.linspace(0.0, 4.0, 5)
    np.testing.assert_allclose(sho.gram(times), matern.gram(times), atol=1e-12)
    np.testing.assert_allclose(drw(0.0, 2.0), np.exp(-1), rtol=1e-6)


@pytest.mark.slow
def test_a_short_run_and_its_files(tmp_path):
    report = run(CHEAP, jax.random.key(1))
    claims = {claim.text: claim for claim in report.claims}
    assert claims["starts that found no finite likelihood, all fits"].holds
    assert all(claim.holds for text, claim in claims.items() if text.startswith("truth DRW"))
    assert all(np.isfinite(claim.value) for claim in report.claims)
    assert [path.name for path in report.save(tmp_path)] == ["sho-flares.png"]
    assert len(json.loads((tmp_path / "report.json").read_text())["claims"]) == len(report.claims)
