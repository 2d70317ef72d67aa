"""The report before a solve: its figures against known ones, and nothing run for it."""

import jax
import numpy as np
import pytest

import sciml
from sciml import physics
from sciml.boundary import Dirichlet
from sciml.solvers import CNAB2, ETDRK2, Stepper, preflight

LINE = sciml.Grid((64,), extent=(2 * np.pi,))
X = LINE.coordinates()[0]
PLANE = sciml.Grid((32, 16), extent=(2 * np.pi, 4 * np.pi))
PLAN = {"dt": 0.01, "steps": 10}


def test_courant_number_is_speed_by_spacing():
    report = preflight(physics.Burgers(0.1), LINE, 3 * np.sin(X)[None], **PLAN)
    assert report.courant == pytest.approx(0.01 * 3 / LINE.spacings[0])
    x, y = PLANE.coordinates()
    # w = cos(2 x) + cos(y): v = (-sin(y), sin(2 x) / 2), so the speeds along the axes reach 1 and 1/2 at one node.
    flow = preflight(physics.NavierStokesVorticity(), PLANE, (np.cos(2 * x) + np.cos(y))[None], **PLAN)
    assert flow.courant == pytest.approx(0.01 * (1 / PLANE.spacings[0] + 0.5 / PLANE.spacings[1]))
    assert preflight(physics.NavierStokesVorticity(), PLANE, 2.0, **PLAN).courant == pytest.approx(
        0.01 * 2 / PLANE.spacings[0]
    )
    nothing = preflight(physics.AllenCahn(), LINE, np.sin(X)[None], **PLAN)
    assert nothing.courant is None and "names no velocity" in str(nothing)


def test_rates_of_the_linear_part():
    burgers = preflight(physics.Burgers(0.1), LINE, 1.0, **PLAN)
    assert burgers.modes == (21,) and burgers.decay == pytest.approx(0.01 * 0.1 * 21**2)
    assert burgers.growth == burgers.frequency == 0
    wave = preflight(physics.Wave(1.5), LINE, np.stack([np.sin(X), 0 * X]), **PLAN)
    assert wave.frequency == pytest.approx(0.01 * 1.5 * 31) and wave.decay == pytest.approx(0, abs=1e-6)
    chaos = preflight(physics.KuramotoSivashinsky(), sciml.Grid((64,), extent=(22.0,)), 1.0, **PLAN)
    modes = 2 * np.pi / 22 * np.arange(22)
    assert chaos.growth == pytest.approx(0.01 * np.max(modes**2 - modes**4))


def test_memory_is_that_of_the_arrays():
    report = preflight(physics.Burgers(0.1), LINE, np.sin(X)[None], method=ETDRK2(), save_every=5, **PLAN)
    assert report.state_bytes == 64 * 8 and report.trajectory_bytes == 3 * 64 * 8
    stepper = Stepper.build(physics.Burgers(0.1), LINE, dt=0.01, method=ETDRK2(), precision="float64")
    assert report.table_bytes == sum(leaf.nbytes for leaf in jax.tree.leaves(stepper.tables))
    long = preflight(physics.Burgers(0.1), LINE, np.sin(X)[None], dt=0.01, steps=1000, save_every=1000)
    assert long.reverse_bytes["store"] > 5 * long.reverse_bytes["checkpoint"]
    double = preflight(physics.Burgers(0.1), LINE, np.sin(X)[None], dt=0.01, steps=2000, save_every=2000)
    assert double.reverse_bytes["store"] == pytest.approx(2 * long.reverse_bytes["store"], rel=0.05)


def test_a_solve_too_large_for_any_machine_is_reported_not_tried():
    huge = sciml.Grid((512, 512), extent=(1.0, 1.0))
    report = preflight(physics.NavierStokesVorticity(), huge, 1.0, dt=1e-4, steps=10**8, precision="float32")
    assert report.trajectory_bytes == (10**8 + 1) * 512**2 * 4
    assert any("rollout_to_file" in sentence for sentence in report.advice)


def test_advice_names_what_is_wrong():
    steep = preflight(physics.Burgers(0.1), LINE, 30 * np.sign(np.sin(X))[None], dt=0.1, steps=2, dealiasing="none")
    text = str(steep)
    assert "Courant" in steep.advice[0] and "finer grid" in text and "aliased" in text
    waves = preflight(physics.KortewegDeVries(), LINE, 0.1, method=CNAB2(), **PLAN)
    assert any("ETDRK4" in sentence for sentence in waves.advice)
    assert preflight(physics.Diffusion(0.1), LINE, np.sin(X)[None], **PLAN).advice == ("Nothing stands out.",)


def test_boxes_precisions_and_times():
    walls = sciml.Grid((17,), extent=(1.0,), boundary=Dirichlet(0.0))
    report = preflight(physics.Burgers(0.1), walls, np.sin(np.pi * walls.coordinates()[0])[None], **PLAN)
    assert report.courant == pytest.approx(0.01 / walls.spacings[0]) and report.tail is None
    single = preflight(physics.Burgers(0.1), LINE, np.sin(X)[None].astype(np.float32), measure=True, **PLAN)
    assert single.precision == "float32" and single.seconds is not None and 0 < single.seconds < 10
    with pytest.raises(ValueError, match="`measure` needs"):
        preflight(physics.Burgers(0.1), LINE, 1.0, measure=True, **PLAN)
