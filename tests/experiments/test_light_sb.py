"""The experiment `light-sb`: its pairs, several bridges at once, a run without training, its files."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.data import Generator
from sciml.experiments import _light_sb_runs as runs
from sciml.experiments import light_sb
from sciml.experiments.light_sb import Config, run
from sciml.models import LightSBLoss

CHEAP = Config(
    seeds=2,
    dimensions=(2,),
    noises=(1.0,),
    components=6,
    iterations=300,
    batch=64,
    samples=200,
    paths=100,
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


def test_bridges_of_all_seeds_learn_at_once():
    truth = runs.known_potentials(2, 2, 1.0, jax.random.key(1))
    few = Generator(runs.pairs_of(truth)).draw(jax.random.key(2), 200)
    sizes = runs.Sizes(2, 5, 200, 50, 2e-2, 200)
    start = runs._starts(few[1], 5, 1.0)
    found, seconds = runs.train(start, few, sizes, jax.random.key(3))
    x, y = (jnp.swapaxes(part, 0, 1) for part in few)
    loss = jax.jit(jax.vmap(lambda model, x, y: LightSBLoss()(model, (x, y))[0]))
    before, after, best = loss(start, x, y), loss(found, x, y), loss(truth, x, y)
    assert bool(jnp.all(after - best < 0.1 * (before - best))) and seconds > 0


@pytest.mark.slow
def test_a_run_without_training_and_its_files(tmp_path, monkeypatch):
    """Each part costs programs: here starts count as trained, and the benchmark alone is measured."""
    roll = runs.Roll(np.zeros((5, 2)), np.zeros((3, 4, 2)), 0.1, 0.1)
    normal = runs.Normal(np.ones((2, 4)), np.ones((2, 4)), np.full(2, 0.01))
    frames = {"full": np.full(2, 0.1), "diagonal": np.ones(2)}
    for name, found in (("frames", frames), ("normal", normal), ("roll", roll)):
        monkeypatch.setattr(runs, f"measure_{name}", lambda *args, found=found: found)
    monkeypatch.setattr(runs, "train", lambda starts, data, sizes, key: (starts, 0.1))
    monkeypatch.setattr(runs, "roll_noise", lambda key: 0.1)
    for name, value in (("HELD_OUT", 300), ("TESTS", 10)):
        monkeypatch.setattr(runs, name, value)
    report = run(CHEAP, jax.random.key(1))
    claims = {claim.text: claim for claim in report.claims}
    assert len(claims) == 7 + ("sinkhorn_2_1" in report.metrics)
    held = ("held-out", "simulated", "longest", "normal", "correlated")
    assert all(claim.holds for text, claim in claims.items() if text.startswith(held))
    assert [path.name for path in report.save(tmp_path)] == ["light-sb.png"]
    assert len(json.loads((tmp_path / "report.json").read_text())["claims"]) == len(claims)


def test_without_sinkhorn_its_column_says_how_to_get_it():
    one = runs.Benchmark(np.ones(1), np.ones(1), None, 0.1, 0.0, (1.0, 1.0, float("nan")), {}, 0.0)
    table = light_sb._benchmark_table(CHEAP, {(2, 1.0): one})
    assert table.rows[-1][0] == light_sb.MISSING and "pip install 'sciml[transport]'" in light_sb.MISSING
