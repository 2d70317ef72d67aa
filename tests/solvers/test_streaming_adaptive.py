"""Adaptive solves written to disk: the same numbers as in memory, after interruptions too; shorter steps where need be."""

import numpy as np
import pytest

import sciml
from sciml import physics
from sciml.boundary import Dirichlet
from sciml.data import read_hdf5
from sciml.solvers import CNAB2, ETDRK2, DivergenceError, Result, solve, solve_to_file

GRID = sciml.Grid((32,), extent=(2 * np.pi,))
U0 = (np.sin(GRID.coordinates()[0]) + 0.3 * np.cos(2 * GRID.coordinates()[0]))[None]
BURGERS = physics.Burgers(0.05)
RUN = {"interval": 0.25, "frames": 7, "t0": 0.5, "rtol": 1e-6}


def to_file(path, **changes):
    return solve_to_file(BURGERS, GRID, U0, path, **RUN | changes)


def test_the_file_holds_what_solve_returns(tmp_path):
    done = to_file(tmp_path / "run.h5", chunk=3)
    assert (done.frames, done.resumed, done.result) == (7, 0, Result.SUCCESSFUL)
    expected = solve(BURGERS, GRID, U0, ts=0.5 + 0.25 * np.arange(7), rtol=1e-6, step_levels=10)
    kept = read_hdf5(done.path)
    np.testing.assert_allclose(kept.trajectories[0], expected.values, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(kept.times, expected.times, rtol=1e-15)
    assert done.steps == int(expected.statistics["steps"])
    assert kept.attributes["interval"] == 0.25 and kept.parameters["viscosity"] == 0.05


@pytest.mark.parametrize("chunks", [1, 2])
def test_an_interrupted_run_goes_on_bit_by_bit_and_may_be_made_longer(tmp_path, chunks):
    left = [chunks]

    def interrupt(done, wanted):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt

    whole = to_file(tmp_path / "whole.h5", chunk=7)
    with pytest.raises(KeyboardInterrupt):
        to_file(tmp_path / "cut.h5", frames=5, chunk=2, on_chunk=interrupt)
    part = to_file(tmp_path / "cut.h5", frames=5)
    assert (part.frames, part.resumed) == (5, 2 * chunks)
    done = to_file(tmp_path / "cut.h5", chunk=4)
    assert (done.frames, done.resumed, done.steps) == (7, 5, whole.steps)
    np.testing.assert_array_equal(read_hdf5(done.path).trajectories, read_hdf5(whole.path).trajectories)
    np.testing.assert_array_equal(read_hdf5(done.path).times, read_hdf5(whole.path).times)
    assert to_file(tmp_path / "cut.h5").resumed == 7


def test_steps_become_shorter_than_all_levels(tmp_path):
    """Two lengths of step are too long: the run shifts them down, and stays there after an interruption."""
    done = to_file(tmp_path / "run.h5", step_levels=2, interval=0.5, frames=4, rtol=1e-8, chunk=1)
    expected = solve(BURGERS, GRID, U0, ts=0.5 + 0.5 * np.arange(4), rtol=1e-10)
    np.testing.assert_allclose(read_hdf5(done.path).trajectories[0], expected.values, atol=1e-6)
    assert done.steps >= 3 * 2**6
    to_file(tmp_path / "again.h5", step_levels=2, interval=0.5, frames=2, rtol=1e-8)
    again = to_file(tmp_path / "again.h5", step_levels=2, interval=0.5, frames=4, rtol=1e-8)
    assert (again.resumed, again.steps) == (2, done.steps)
    np.testing.assert_array_equal(read_hdf5(again.path).trajectories, read_hdf5(done.path).trajectories)


def test_between_walls_and_in_single_precision(tmp_path):
    grid = sciml.Grid((17,), extent=(1.0,), boundary=Dirichlet(lambda t: 0.0 * t))
    u0 = np.sin(np.pi * grid.coordinates()[0])[None].astype(np.float32)
    run = {"interval": 0.1, "frames": 3}
    done = solve_to_file(physics.Diffusion(0.1), grid, u0, tmp_path / "u.h5", **run)
    kept = read_hdf5(done.path)
    assert kept.trajectories.dtype == np.float32
    np.testing.assert_allclose(kept.trajectories[0, :, 0, 8], np.exp(-0.1 * np.pi**2 * kept.times), rtol=1e-5)
    # The boundary data are another function object, which computes the same.
    same = sciml.Grid((17,), extent=(1.0,), boundary=Dirichlet(lambda t: 0.0 * t))
    assert solve_to_file(physics.Diffusion(0.1), same, u0, tmp_path / "u.h5", **run).resumed == 3
    other = sciml.Grid((17,), extent=(1.0,), boundary=Dirichlet(lambda t: 1.0 * t))
    with pytest.raises(ValueError, match="differs in boundary data;"):
        solve_to_file(physics.Diffusion(0.1), other, u0, tmp_path / "u.h5", **run)


def test_what_is_refused_and_what_is_not_reached(tmp_path):
    path = tmp_path / "run.h5"
    with pytest.raises(ValueError, match="must be positive"):
        to_file(path, interval=0.0)
    with pytest.raises(TypeError, match="CNAB2 has no error estimate"):
        to_file(path, method=CNAB2())
    with pytest.raises(DivergenceError, match="The allowed number of adaptive steps"):
        to_file(path, max_steps=3, rtol=1e-9, chunk=1)
    assert read_hdf5(path).times.tolist() == [0.5]
    assert to_file(path, max_steps=3, rtol=1e-9, throw=False).result == Result.MAX_STEPS_REACHED
    # More steps are no other run.
    assert to_file(path, rtol=1e-9).resumed == 1
    for change, named in (
        ({"interval": 0.125}, "interval"),
        ({"rtol": 1e-5}, "rtol, atol"),
        ({"method": ETDRK2()}, "method"),
    ):
        with pytest.raises(ValueError, match=f"differs in {named}"):
            to_file(path, **{"rtol": 1e-9} | change)
