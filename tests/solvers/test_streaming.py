"""Rollouts written to disk: the same numbers as in memory, after interruptions too; what is refused."""

import os
import signal
import subprocess
import sys
import textwrap

import h5py
import numpy as np
import pytest

import sciml
from sciml import physics
from sciml.data import DataFormatError, read_dataset, read_frames, read_hdf5
from sciml.solvers import CNAB2, ETDRK2, DivergenceError, Result, Stepper, rollout_to_file, rollout_with

GRID = sciml.Grid((32,), extent=(2 * np.pi,))
U0 = (np.sin(GRID.coordinates()[0]) + 0.3 * np.cos(2 * GRID.coordinates()[0]))[None]
RUN = {"steps": 24, "save_every": 2, "t0": 0.5, "chunk": 3}


@pytest.fixture(scope="module")
def steppers():
    burgers = physics.Burgers(0.05)
    build = {"dt": 0.01, "precision": "float64"}
    return {
        "one-step": Stepper.build(burgers, GRID, method=ETDRK2(), **build),
        "multistep": Stepper.build(burgers, GRID, method=CNAB2(), **build),
    }


def interrupt_after(chunks):
    left = [chunks]

    def on_chunk(done, wanted):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt

    return on_chunk


@pytest.mark.parametrize("kind", ["one-step", "multistep"])
def test_the_file_holds_what_the_rollout_returns(tmp_path, steppers, kind):
    done = rollout_to_file(steppers[kind], U0, tmp_path / "run.h5", **RUN)
    assert (done.frames, done.resumed, done.result) == (13, 0, Result.SUCCESSFUL)
    kept = read_hdf5(done.path)
    expected = rollout_with(steppers[kind], U0, steps=24, save_every=2, t0=0.5)
    np.testing.assert_allclose(kept.trajectories[0], expected.values, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(kept.times, expected.times, rtol=1e-15)
    np.testing.assert_array_equal(kept.coordinates[0], GRID.coordinates()[0])
    assert kept.parameters["viscosity"] == 0.05
    assert kept.attributes["equation"] == "Burgers" and kept.attributes["extent"] == [[0.0, 2 * np.pi]]


@pytest.mark.parametrize("kind", ["one-step", "multistep"])
@pytest.mark.parametrize("chunks", [1, 2, 4])
def test_an_interrupted_run_goes_on_bit_by_bit(tmp_path, steppers, kind, chunks):
    whole = rollout_to_file(steppers[kind], U0, tmp_path / "whole.h5", **RUN | {"chunk": 13})
    with pytest.raises(KeyboardInterrupt):
        rollout_to_file(steppers[kind], U0, tmp_path / "cut.h5", on_chunk=interrupt_after(chunks), **RUN)
    assert read_dataset(tmp_path / "cut.h5").trajectories.shape == (1, 3 * chunks, 1, 32)
    done = rollout_to_file(steppers[kind], U0, tmp_path / "cut.h5", **RUN | {"chunk": 5})
    assert (done.frames, done.resumed) == (13, 3 * chunks)
    np.testing.assert_array_equal(read_hdf5(done.path).trajectories, read_hdf5(whole.path).trajectories)
    np.testing.assert_array_equal(read_hdf5(done.path).times, read_hdf5(whole.path).times)


def test_a_torn_slot_falls_back_to_the_one_before(tmp_path, steppers):
    whole = rollout_to_file(steppers["one-step"], U0, tmp_path / "whole.h5", **RUN)
    with pytest.raises(KeyboardInterrupt):
        rollout_to_file(steppers["one-step"], U0, tmp_path / "cut.h5", on_chunk=interrupt_after(3), **RUN)
    with h5py.File(tmp_path / "cut.h5", "r+") as file:
        newest = max(file["stream"].values(), key=lambda slot: slot["seal"][0])
        newest["0"][0, 3] = 7.0
    done = rollout_to_file(steppers["one-step"], U0, tmp_path / "cut.h5", **RUN)
    assert done.resumed == 6
    np.testing.assert_array_equal(read_hdf5(done.path).trajectories, read_hdf5(whole.path).trajectories)


def test_a_finished_run_is_left_alone_or_made_longer(tmp_path, steppers):
    whole = rollout_to_file(steppers["one-step"], U0, tmp_path / "whole.h5", **RUN)
    short = rollout_to_file(steppers["one-step"], U0, tmp_path / "short.h5", **RUN | {"steps": 10})
    again = rollout_to_file(steppers["one-step"], U0, short.path, **RUN | {"steps": 10})
    assert (again.frames, again.resumed) == (6, 6)
    longer = rollout_to_file(steppers["one-step"], U0, short.path, **RUN)
    assert (longer.frames, longer.resumed) == (13, 6)
    np.testing.assert_array_equal(read_hdf5(longer.path).trajectories, read_hdf5(whole.path).trajectories)
    with pytest.raises(ValueError, match="more than the 6 wanted"):
        rollout_to_file(steppers["one-step"], U0, short.path, **RUN | {"steps": 10})


def test_parts_of_a_file_are_read_by_number(tmp_path, steppers):
    done = rollout_to_file(steppers["one-step"], U0, tmp_path / "run.h5", include_initial=False, **RUN)
    assert done.frames == 12
    whole = read_hdf5(done.path)
    some = read_frames(done.path, slice(-4, None, 2))
    np.testing.assert_array_equal(some.trajectories, whole.trajectories[:, -4::2])
    np.testing.assert_array_equal(some.times, whole.times[-4::2])
    assert whole.times[0] == pytest.approx(0.52)


@pytest.mark.parametrize(
    ("change", "named"),
    [({"save_every": 4}, "save_every"), ({"t0": 0.0}, "t0"), ({"include_initial": False}, "include_initial")],
)
def test_another_run_is_refused_by_name(tmp_path, steppers, change, named):
    path = tmp_path / "run.h5"
    rollout_to_file(steppers["one-step"], U0, path, **RUN)
    with pytest.raises(ValueError, match=f"differs in {named};"):
        rollout_to_file(steppers["one-step"], U0, path, **RUN | change)
    with pytest.raises(ValueError, match="differs in method"):
        rollout_to_file(steppers["multistep"], U0, path, **RUN)
    with pytest.raises(ValueError, match="differs in u0"):
        rollout_to_file(steppers["one-step"], 2 * U0, path, **RUN)
    with pytest.raises(FileExistsError):
        rollout_to_file(steppers["one-step"], U0, path, if_exists="error", **RUN)
    assert rollout_to_file(steppers["one-step"], 2 * U0, path, if_exists="replace", **RUN).resumed == 0


def test_what_is_no_such_file_is_refused(tmp_path, steppers):
    (tmp_path / "text.h5").write_text("not a file of ours")
    with pytest.raises(DataFormatError):
        rollout_to_file(steppers["one-step"], U0, tmp_path / "text.h5", **RUN)
    with pytest.raises(ValueError, match="multiple"):
        rollout_to_file(steppers["one-step"], U0, tmp_path / "run.h5", steps=3, save_every=2)
    with pytest.raises(TypeError, match="precision='float32'"):
        rollout_to_file(steppers["one-step"], U0.astype(np.float32), tmp_path / "run.h5", steps=2)


def test_divergence_keeps_what_was_finite(tmp_path):
    stepper = Stepper.build(physics.Burgers(1e-3), GRID, dt=0.5, method=ETDRK2(), precision="float64")
    options = {"steps": 60, "chunk": 4}
    with pytest.raises(DivergenceError, match="holds the") as caught:
        rollout_to_file(stepper, 3 * U0, tmp_path / "run.h5", **options)
    kept = read_hdf5(tmp_path / "run.h5")
    expected = rollout_with(stepper, 3 * U0, steps=60, throw=False).before_failure()
    assert 1 < len(kept.times) < 61 and abs(len(kept.times) - len(expected.times)) <= 1
    assert np.isfinite(kept.trajectories).all()
    np.testing.assert_array_equal(
        caught.value.solution.values, kept.trajectories[0, -len(caught.value.solution.times) :]
    )
    again = rollout_to_file(stepper, 3 * U0, tmp_path / "run.h5", throw=False, **options)
    assert again.result == Result.DIVERGED and again.frames == len(kept.times)


def test_a_killed_process_leaves_a_file_to_go_on_from(tmp_path, steppers):
    program = """
        import os, signal, sys
        import jax
        jax.config.update("jax_enable_x64", True)
        import numpy as np
        import sciml
        from sciml.solvers import ETDRK2, Stepper, rollout_to_file
        grid = sciml.Grid((32,), extent=(2 * np.pi,))
        x = grid.coordinates()[0]
        stepper = Stepper.build(sciml.physics.Burgers(0.05), grid, method=ETDRK2(), dt=0.01, precision="float64")
        def kill(done, wanted):
            if done >= 6:
                os.kill(os.getpid(), signal.SIGKILL)
        u0 = (np.sin(x) + 0.3 * np.cos(2 * x))[None]
        rollout_to_file(stepper, u0, sys.argv[1], steps=24, save_every=2, t0=0.5, chunk=3, on_chunk=kill)
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "run.h5")],
        env=os.environ,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    done = rollout_to_file(steppers["one-step"], U0, tmp_path / "run.h5", **RUN)
    assert done.resumed == 6
    whole = rollout_to_file(steppers["one-step"], U0, tmp_path / "whole.h5", **RUN)
    np.testing.assert_array_equal(read_hdf5(done.path).trajectories, read_hdf5(whole.path).trajectories)
