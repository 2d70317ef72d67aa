"""The experiment `ode-sde-gap`: its data, the exact density, a short run and its files."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.data import Generator
from sciml.experiments import _ode_sde_gap_runs as runs
from sciml.experiments.ode_sde_gap import Config, run
from sciml.models import fokker_planck_residual

CHEAP = Config(
    potentials=("anchored",),
    seeds=2,
    width=16,
    depth=1,
    warmup=30,
    iterations=60,
    batch=64,
    points=32,
    samples=200,
    steps=20,
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "`steps` must be at least 1, got 0"),
        ({"data": ("moons",)}, r"`data` must be some of blob, circles2, checker, got \('moons',\)"),
        ({"potentials": ("deep",)}, r"`potentials` must be some of plain, anchored, got \('deep',\)"),
        ({"weights": (0.0,)}, "`weights` must be two or more, none below 0"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(dataclasses.replace(CHEAP, **change), jax.random.key(0))


@pytest.mark.parametrize(("name", "variance"), [("blob", 2.338), ("circles2", 2.403), ("checker", 3.0)])
def test_the_data_have_their_variance(name, variance):
    points = np.asarray(Generator(runs.DATA[name]).draw(jax.random.key(0), 20000))
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=0.05)
    np.testing.assert_allclose(points.var(axis=0), variance, rtol=0.04)


def test_the_exact_density_of_the_blob_has_mass_one_and_no_residual():
    side = jnp.linspace(-6, 6, 121)
    points = jnp.stack(jnp.meshgrid(side, side), axis=-1).reshape(-1, 2)
    density = jax.jit(jax.vmap(runs.blob_log_density, (None, 0)))
    np.testing.assert_allclose(jnp.sum(jnp.exp(density(0.05, points))) * 0.01, 1, rtol=1e-6)
    residual = jax.jit(jax.vmap(fokker_planck_residual(runs.blob_log_density, runs.PROCESS)))
    assert float(jnp.max(jnp.abs(residual(jnp.linspace(0.01, 3.9, 50), points[7000:7050])))) < 1e-9


def test_even_normals_are_normal_and_more_even_than_draws():
    points = np.asarray(runs.even_normals(2000, jax.random.key(0)))
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=0.01)
    np.testing.assert_allclose(np.cov(points.T), np.eye(2), atol=0.02)


@pytest.mark.slow
def test_a_short_run_and_its_files(tmp_path, monkeypatch):
    control = runs.Control(0.1, np.full(3, 0.2), np.zeros((5, 2)))
    monkeypatch.setattr(runs, "measure_control", lambda *args: control)
    report = run(CHEAP, jax.random.key(1))
    assert report.metrics["blob_anchored_0.3_residual"] < 0.5 * report.metrics["blob_anchored_0_residual"]
    assert all(claim.value == 0.5 for claim in report.claims if claim.text.startswith("exact"))
    assert [path.name for path in report.save(tmp_path)] == ["ode-sde-gap.png"]
    assert len(json.loads((tmp_path / "report.json").read_text())["claims"]) == len(report.claims) == 4
