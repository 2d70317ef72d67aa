"""The experiment `light-sb`: its pairs, a short run with its claims that need little training, its files."""

import dataclasses
import json

import jax
import numpy as np
import pytest

from sciml.experiments import _light_sb_runs as runs
from sciml.experiments import light_sb
from sciml.experiments.light_sb import Config, run

CHEAP = Config(
    seeds=2,
    dimensions=(2,),
    noises=(1.0,),
    components=6,
    iterations=300,
    batch=64,
    samples=200,
    paths=400,
    roll_noises=(0.1,),
    roll_components=8,
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": 0}, "`seeds` must be at least 1, got 0"),
        ({"noises": (0.1, -1.0)}, r"`noises` must be positive numbers, got \(0.1, -1.0\)"),
        ({"dimensions": ()}, r"`dimensions` must be positive numbers, got \(\)"),
        ({"samples": 50}, "50 `samples` do not make 6 `components` and a `batch` of 64"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(dataclasses.replace(CHEAP, **change), jax.random.key(0))


def test_known_potentials_share_the_mass_and_have_scales_of_equal_mean():
    truth = runs.known_potentials(2, 3, 0.5, jax.random.key(0), full=True)
    np.testing.assert_allclose(np.exp(truth.log_scales).mean(axis=2), 0.5, rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(truth.centres, axis=2), runs.RADIUS, rtol=1e-6)
    assert truth.reflectors is not None and truth.reflectors.shape == (2, 5, 2, 3)


@pytest.mark.slow
def test_a_short_run_and_its_files(tmp_path):
    report = run(CHEAP, jax.random.key(1))
    claims = {claim.text: claim for claim in report.claims}
    assert len(claims) == 9 - ("sinkhorn_2_1" not in report.metrics)
    held = ("benchmark, new", "held-out", "simulated", "longest")
    assert all(claim.holds for text, claim in claims.items() if text.startswith(held)), [str(c) for c in report.claims]
    assert [path.name for path in report.save(tmp_path)] == ["light-sb.png"]
    assert len(json.loads((tmp_path / "report.json").read_text())["claims"]) == len(report.claims)


def test_without_sinkhorn_its_column_says_how_to_get_it():
    one = runs.Benchmark(np.ones(1), np.ones(1), None, 0.1, 0.0, (1.0, 1.0, float("nan")), {}, 0.0)
    table = light_sb._benchmark_table(CHEAP, {(2, 1.0): one})
    assert table.rows[-1][0] == light_sb.MISSING and "pip install 'sciml[transport]'" in light_sb.MISSING
