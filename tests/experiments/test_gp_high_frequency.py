"""The experiment `gp-high-frequency`: its cases, one small fit of each kind, its report and files."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.experiments import _gp_high_frequency_runs as runs
from sciml.experiments.gp_high_frequency import Config, run

CHEAP = Config(nodes=40, scales_nodes=40, plane_nodes=20, sum_nodes=20, components=5, evaluations=5, joint_steps=3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"components": 0}, "`components` must be at least 1, got 0"),
        ({"nodes": 9}, "`nodes` must be at least 10, got 9"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(dataclasses.replace(CHEAP, **change), jax.random.key(0))


def test_the_sources_belong_to_the_solutions():
    for case in runs.make_cases(60, 40).values():
        points = jnp.asarray(np.linspace(*case.interval, 7))[:, None]
        residual = sciml.residual(case.equation, lambda x, case=case: case.exact(x[0])[None], points)
        assert jnp.max(jnp.abs(residual)) < 1e-8 * 100**2


@pytest.mark.slow
def test_one_fit_finds_a_wave_and_four_nodes_per_wave_suffice():
    case = runs.make_cases(40, 40)["P1"]
    solved = runs.solve_case(case, "StM", 5, 25)
    assert solved.error < 1e-2 and solved.error < solved.start
    assert solved.miss < 0.01


@pytest.mark.slow
def test_the_other_methods_run_and_the_spectral_solver_is_accurate():
    case = runs.make_cases(40, 40)["P1"]
    trained = runs.train_joint(case, 5, 3, jax.random.key(0))
    assert np.isfinite(trained.error)
    assert len(runs.train_networks(case, 3, 1, jax.random.key(0))) == 1
    assert runs.solve_spectrally(case) < 1e-2  # four nodes per wave
    assert runs.solve_plane("product", 40, 5, 2.0).error < 0.06


def test_the_report_and_its_files(monkeypatch, tmp_path):
    def solved(case, kernel, components, evaluations):
        mean = np.asarray(case.probes()[1])
        return runs.Solved(1e-4 if kernel == "StM" else 1.0, 1.0, 1.0, 0.1, 2, case.true, case.true, mean)

    monkeypatch.setattr(runs, "solve_case", solved)
    monkeypatch.setattr(runs, "solve_plane", lambda *options: runs.Solved(1e-4, 1e-4, 1.0))
    monkeypatch.setattr(runs, "train_joint", lambda *options: runs.Trained(0.28, 0.2, 1.0))
    monkeypatch.setattr(runs, "train_networks", lambda *options: [1.0, 0.9])
    monkeypatch.setattr(runs, "solve_spectrally", lambda case: 1e-12)
    report = run(CHEAP, jax.random.key(0))
    assert {claim.text for claim in report.claims if not claim.holds} == {"P1: the paper's final error, or less"}
    assert [path.name for path in report.save(tmp_path)] == ["gp-high-frequency.png"]
    assert len(json.loads((tmp_path / "report.json").read_text())["claims"]) == len(report.claims)
