"""The experiment `diffusion-concentration`: exact scores, a short run, its files."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.experiments import _diffusion_concentration_runs as runs
from sciml.experiments.diffusion_concentration import Config, run
from sciml.models.diffusion import OrnsteinUhlenbeck

CHEAP = Config(
    seeds=1,
    dimension=4,
    samples=10000,
    horizons=(2.0, 4.0),
    width=16,
    iterations=20,
    batch=64,
    steps=20,
    probes=4,
    class_dimension=16,
    training=128,
    class_seeds=2,
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": 0}, "`seeds` must be at least 1, got 0"),
        ({"samples": 100}, "tails need `samples` of at least 10000"),
        ({"horizons": (2.0,)}, "`horizons` must be two or more"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(dataclasses.replace(CHEAP, **change), jax.random.key(0))


def test_the_score_of_student_s_law_is_that_of_its_density_at_time_zero():
    score = runs.student_score(OrnsteinUhlenbeck(horizon=4.0), 3)
    x = 5 * jax.random.normal(jax.random.key(0), (20, 3))
    # The density falls as (1 + |x|^2 / 3)^-3 in three dimensions.
    exact = -(3 + 3) * x / (3 + jnp.sum(x**2, axis=1, keepdims=True))
    np.testing.assert_allclose(score(jnp.asarray(1e-9), x), exact, rtol=1e-5)


def test_student_s_law_has_its_tail_index():
    data = np.asarray(runs.student(100000, 4, jax.random.key(1)))
    quantile = float(np.quantile(np.linalg.norm(data, axis=1), 0.999))
    hill, beyond, kurtosis, _ = runs.tails_of(data, quantile, jax.random.key(2))
    assert abs(hill - 3) < 0.5 and abs(beyond - 1) < 0.05 and kurtosis > 6


@pytest.mark.slow
def test_a_short_run_and_its_files(tmp_path):
    report = run(CHEAP, jax.random.key(1))
    claims = {claim.text: claim for claim in report.claims}
    assert all(claim.holds for text, claim in claims.items() if text.startswith(("normal data", "trained flow")))
    assert report.metrics["hill, data"] < report.metrics["hill, normal data, exact score"]
    assert [path.name for path in report.save(tmp_path)] == ["diffusion-concentration.png"]
    assert len(json.loads((tmp_path / "report.json").read_text())["claims"]) == len(report.claims)
