"""The experiment `rf-solver`: the exact part and its claims, a short run and its files."""

import dataclasses
import json

import jax
import numpy as np
import pytest

from sciml.experiments import _rf_solver_images as images
from sciml.experiments import _rf_solver_runs as runs
from sciml.experiments.rf_solver import Config, run
from sciml.models import DiT
from sciml.solvers import MidpointReuse, Taylor, count_nfe

CHEAP = Config(
    seeds=2,
    points=256,
    evaluations=(8,),
    order_points=8,
    order_steps=(64, 128),
    width=8,
    iterations=3,
    batch=8,
    samples=20,
    image_size=8,
    image_width=8,
    image_iterations=2,
    image_batch=4,
    edited=4,
    steps=4,
    share=2,
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": 0}, "`seeds` must be at least 1, got 0"),
        ({"evaluations": (2, 8)}, "at least 4.*got"),
        ({"share": 5}, "between 0 and the 4 `steps`, got 5"),
        ({"image_width": 10}, "multiple of 4; got 8 and 10"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(dataclasses.replace(CHEAP, **change), jax.random.key(0))


def test_every_sampler_has_the_same_evaluations():
    for name, (solver, _) in runs.SAMPLERS.items():
        steps = runs.steps_within(solver, 32)
        assert count_nfe(solver, steps) <= 32 < count_nfe(solver, steps + 1), name
    assert runs.steps_within(Taylor(2, "difference"), 32) == 16
    assert runs.steps_within(MidpointReuse(), 32) == 31


def test_data_of_the_networks():
    for draw in runs.DATA.values():
        points = np.asarray(jax.jit(draw, static_argnums=0)(2000, jax.random.key(0)))
        assert points.shape == (2000, 2)
        np.testing.assert_allclose(points.mean(axis=0), 0, atol=0.15)
        assert 0.8 < points.std() < 1.6


@pytest.mark.slow
def test_a_short_run_and_its_files(tmp_path, monkeypatch):
    few = ("Euler", "RF-Solver", "midpoint re-use", "Taylor 3, exact", "reversible Heun, state kept")
    monkeypatch.setattr(runs, "SAMPLERS", {name: runs.SAMPLERS[name] for name in few})
    monkeypatch.setattr(runs, "DATA", {"two moons": runs.two_moons})
    # Compiling its training takes as long as all the rest; the flows page and the notebook train one.
    model = DiT(3, patch=2, width=8, depth=2, heads=2, classes=images.CLASSES, key=jax.random.key(0))
    random = np.random.default_rng(0)
    model = jax.tree.map(lambda leaf: leaf + 0.1 * random.standard_normal(leaf.shape), model)
    monkeypatch.setattr(images, "train_transformer", lambda sizes, key: (model, 1.0))
    report = run(CHEAP, jax.random.key(1))
    orders = [claim for claim in report.claims if "observed order" in claim.text]
    assert len(orders) == 3 and all(claim.holds for claim in orders)
    table = {row[0]: row[1] for row in report.tables[0].rows}
    assert table["reversible Heun, state kept"] < 1e-25
    assert table["midpoint re-use"] < table["Euler"] / 5  # 0.002 and 0.1
    names = [path.name for path in report.save(tmp_path)]
    assert names == ["rf-solver.png"]
    assert len(json.loads((tmp_path / "report.json").read_text())["claims"]) == len(report.claims)
