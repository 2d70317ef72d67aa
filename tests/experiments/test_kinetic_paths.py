"""The experiment `kinetic-paths`: a short run, its claims that need no training, its files."""

import dataclasses
import json

import jax
import numpy as np
import pytest

from sciml.experiments import _kinetic_paths_runs as runs
from sciml.experiments.kinetic_paths import PAPER, Config, run
from sciml.models import CondOT

CHEAP = Config(
    seeds=1,
    points=200,
    samples=200,
    steps=(4,),
    dimensions=(2, 64),
    sphere_points=16,
    width=16,
    iterations=20,
    batch=32,
)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"seeds": 0}, "`seeds` must be at least 1, got 0"), ({"steps": ()}, "`dimensions` and `steps` must be positive")],
)
def test_sizes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(dataclasses.replace(CHEAP, **change), jax.random.key(0))


def test_the_checkerboard_is_normalised_and_empty_in_every_other_square():
    points = np.asarray(runs.checkerboard(4000, jax.random.key(0)))
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(np.mean(points**2), 1, rtol=1e-5)
    low, high = points.min(axis=0, keepdims=True), points.max(axis=0, keepdims=True)
    cells = np.floor((points - low) / (high - low) * 3.999).astype(int)
    assert np.mean(cells.sum(axis=1) % 2) < 0.02 or np.mean(cells.sum(axis=1) % 2) > 0.98


@pytest.mark.slow
def test_networks_are_trained_side_by_side_and_one_path_suffices_to_see_it(monkeypatch):
    monkeypatch.setattr(runs, "named_paths", lambda separation: {"straight": CondOT()})
    training = runs.Training(16, 150, 64, 1e-2, 4)
    found = runs.train_networks(training, 2, 100, jax.random.key(2))
    assert found["straight"].shape == (2,) and found["straight"][0] != found["straight"][1]
    assert np.all(found["straight"] < 0.5)


@pytest.mark.slow
def test_a_short_run_and_its_files(tmp_path, monkeypatch):
    # Four compilations less; the networks have a test of their own.
    monkeypatch.setattr(runs, "train_networks", lambda *_: dict.fromkeys(PAPER, np.asarray([0.2, 0.3])))
    report = run(CHEAP, jax.random.key(1))
    claims = {claim.text: claim for claim in report.claims}
    assert all(claim.holds for text, claim in claims.items() if text.startswith("spheres: i") or "least other" in text)
    assert (
        report.metrics["energy_kinetic-optimal"]
        < report.metrics["energy_trigonometric"]
        < report.metrics["energy_diffusion"]
    )
    names = [path.name for path in report.save(tmp_path)]
    assert names == ["kinetic-paths.png"]
    assert len(json.loads((tmp_path / "report.json").read_text())["claims"]) == len(report.claims)
