"""The experiment `dale-langevin`: a short run, its claims that need no training, its files."""

import dataclasses
import json
import sys

import jax
import numpy as np
import pytest

import sciml
from sciml.experiments import _dale_langevin_runs as runs
from sciml.experiments.dale_langevin import Config, run

CHEAP = Config(
    seeds=2,
    steps=(12, 200),
    known_samples=20000,
    points=200,
    width=16,
    iterations=20,
    batch=64,
    sampler_steps=20,
    samples=100,
    digit_iterations=0,
)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"seeds": 0}, "`seeds` must be at least 1, got 0"), ({"steps": ()}, "`steps` must be positive")],
)
def test_sizes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(dataclasses.replace(CHEAP, **change), jax.random.key(0))


def test_digits_are_split_alike_whatever_the_seed_and_lie_nearer_to_each_other_than_normal_points_do():
    (images, labels), (others, _) = runs.split_digits()
    assert images.shape == (1347, 64) and others.shape == (450, 64) and np.bincount(labels).min() > 100
    found = runs.reference_distances(200)
    assert found["other digits"] < 0.7 * found["normal law"]


def test_exponentiated_gradients_learn_the_digits_and_keep_the_signs():
    learned = runs.learn_digits(sciml.exponentiated_gradient(0.5), 150, jax.random.key(0))
    assert learned.changed == 0 and learned.accuracy > 80


@pytest.mark.slow
def test_a_short_run_and_its_files(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setattr(runs, "LAWS", {"log-normal": runs.mixture})
    report = run(dataclasses.replace(CHEAP, digit_iterations=1), jax.random.key(1))
    claims = {claim.text: claim for claim in report.claims}
    assert claims["multiplicative: samples that are not positive, per cent, all data"].holds
    errors = [claim.value for text, claim in claims.items() if text.startswith("known score")]
    assert errors[0] < 0.02
    assert report.metrics["known_200"] < report.metrics["known_12"] / 4
    assert "pip install 'sciml[data]'" in report.tables[-1].text()
    assert [path.name for path in report.save(tmp_path)] == ["dale-langevin.png"]
    assert len(json.loads((tmp_path / "report.json").read_text())["claims"]) == len(report.claims)
