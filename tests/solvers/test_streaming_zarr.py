"""Solves written to a zarr folder: what holds of an HDF5 file holds of it."""

import builtins
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import sciml
from sciml import physics
from sciml.cli import main
from sciml.data import DataFormatError, read_dataset, read_frames, read_hdf5
from sciml.solvers import CNAB2, DivergenceError, Stepper, rollout_to_file, solve_to_file

zarr = pytest.importorskip("zarr")

GRID = sciml.Grid((32,), extent=(2 * np.pi,))
U0 = (np.sin(GRID.coordinates()[0]) + 0.3 * np.cos(2 * GRID.coordinates()[0]))[None]
RUN = {"steps": 24, "save_every": 2, "t0": 0.5, "chunk": 3}


@pytest.fixture(scope="module")
def stepper():
    return Stepper.build(physics.Burgers(0.05), GRID, dt=0.01, method=CNAB2(), precision="float64")


@pytest.fixture(scope="module")
def whole(stepper, tmp_path_factory):
    return read_hdf5(rollout_to_file(stepper, U0, tmp_path_factory.mktemp("whole") / "run.h5", **RUN).path)


def test_the_folder_holds_what_the_file_does(tmp_path, stepper, whole):
    done = rollout_to_file(stepper, U0, tmp_path / "run.zarr", **RUN)
    kept = read_frames(done.path)
    np.testing.assert_array_equal(kept.trajectories, whole.trajectories)
    np.testing.assert_array_equal(kept.times, whole.times)
    np.testing.assert_array_equal(kept.coordinates[0], whole.coordinates[0])
    assert kept.parameters == whole.parameters and kept.attributes == whole.attributes
    assert read_dataset(done.path).trajectories.shape == (1, 13, 1, 32)
    some = read_frames(done.path, [0, 5, 12])
    np.testing.assert_array_equal(some.trajectories, whole.trajectories[:, [0, 5, 12]])
    # Without this package.
    np.testing.assert_array_equal(zarr.open_group(str(done.path), mode="r")["trajectories"][0], whole.trajectories[0])


@pytest.mark.parametrize("chunks", [1, 2])
def test_an_interrupted_run_goes_on_bit_by_bit_and_is_made_longer(tmp_path, stepper, whole, chunks):
    left = [chunks]

    def interrupt(done, wanted):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt

    path = tmp_path / "cut.zarr"
    with pytest.raises(KeyboardInterrupt):
        rollout_to_file(stepper, U0, path, **RUN | {"steps": 18}, on_chunk=interrupt)
    assert read_frames(path).trajectories.shape == (1, 3 * chunks, 1, 32)
    part = rollout_to_file(stepper, U0, path, **RUN | {"steps": 18})
    assert (part.frames, part.resumed) == (10, 3 * chunks)
    done = rollout_to_file(stepper, U0, path, **RUN)
    assert (done.frames, done.resumed) == (13, 10)
    np.testing.assert_array_equal(read_frames(path).trajectories, whole.trajectories)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["cut.zarr"]


def test_a_torn_slot_falls_back_to_the_one_before(tmp_path, stepper, whole):
    path = tmp_path / "run.zarr"
    rollout_to_file(stepper, U0, path, **RUN | {"steps": 16})
    root = zarr.open_group(str(path), mode="r+")
    newest = max((root[f"stream/slot{number}"] for number in (0, 1)), key=lambda slot: slot["seal"][0])
    newest["0"][0, 3] = 7.0
    done = rollout_to_file(stepper, U0, path, **RUN)
    assert done.resumed == 6
    np.testing.assert_array_equal(read_frames(path).trajectories, whole.trajectories)


def test_adaptive_steps_and_complex_states(tmp_path):
    equation = physics.NonlinearSchroedinger()
    psi0 = np.exp(1j * GRID.coordinates()[0])[None].astype(np.complex64)
    runs = [solve_to_file(equation, GRID, psi0, tmp_path / name, interval=0.1, frames=3) for name in ("u.h5", "u.zarr")]
    one, other = (read_frames(run.path) for run in runs)
    assert other.trajectories.dtype == np.complex64
    np.testing.assert_array_equal(one.trajectories, other.trajectories)


def test_what_is_refused(tmp_path, stepper):
    with pytest.raises(FileNotFoundError):
        read_frames(tmp_path / "none.zarr")
    (tmp_path / "text.zarr").write_text("no folder")
    (tmp_path / "empty.zarr").mkdir()
    for name in ("text.zarr", "empty.zarr"):
        with pytest.raises(DataFormatError, match=name):
            rollout_to_file(stepper, U0, tmp_path / name, **RUN)
    foreign = zarr.open_group(str(tmp_path / "foreign.zarr"), mode="w")
    foreign.create_array("u", shape=(3,), dtype="float32")
    with pytest.raises(DataFormatError, match="no file of `rollout_to_file`"):
        rollout_to_file(stepper, U0, tmp_path / "foreign.zarr", **RUN)
    rollout_to_file(stepper, U0, tmp_path / "run.zarr", **RUN)
    with pytest.raises(ValueError, match="differs in u0;"):
        rollout_to_file(stepper, 2 * U0, tmp_path / "run.zarr", **RUN)
    assert rollout_to_file(stepper, 2 * U0, tmp_path / "run.zarr", if_exists="replace", **RUN).resumed == 0
    assert not list(tmp_path.glob("*.old*")) and not list(tmp_path.glob("*.tmp*"))


def test_divergence_keeps_what_was_finite(tmp_path):
    stepper = Stepper.build(physics.Burgers(1e-3), GRID, dt=0.5, method=CNAB2(), precision="float64")
    with pytest.raises(DivergenceError, match="holds the"):
        rollout_to_file(stepper, 3 * U0, tmp_path / "run.zarr", steps=200, chunk=4)
    kept = read_frames(tmp_path / "run.zarr")
    assert 1 < len(kept.times) < 201 and np.isfinite(kept.trajectories).all()


def test_without_zarr_the_message_says_what_to_install(tmp_path, stepper, monkeypatch):
    real = builtins.__import__

    def missing(name, *rest):
        if name == "zarr":
            raise ModuleNotFoundError("No module named 'zarr'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'sciml\[zarr\]'"):
        rollout_to_file(stepper, U0, tmp_path / "run.zarr", **RUN)


def test_from_the_shell(tmp_path, monkeypatch):
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "cache"))
    call = [
        "solve",
        "burgers",
        "--grid",
        "32",
        "--dt",
        "0.05",
        "--until",
        "0.5",
        "--frames",
        "6",
        "--initial",
        "sin(x)",
    ]
    assert main([*call, "--stream", str(tmp_path / "u.zarr"), "--plot", str(tmp_path / "u.png")]) == 0
    assert read_frames(tmp_path / "u.zarr").trajectories.shape == (1, 6, 1, 32)
    assert (tmp_path / "u.png").stat().st_size > 1000


def test_a_killed_process_leaves_a_folder_to_go_on_from(tmp_path, stepper, whole):
    program = """
        import os, signal, sys
        import jax
        jax.config.update("jax_enable_x64", True)
        import numpy as np
        import sciml
        from sciml.solvers import CNAB2, Stepper, rollout_to_file
        grid = sciml.Grid((32,), extent=(2 * np.pi,))
        x = grid.coordinates()[0]
        stepper = Stepper.build(sciml.physics.Burgers(0.05), grid, method=CNAB2(), dt=0.01, precision="float64")
        def kill(done, wanted):
            if done >= 6:
                os.kill(os.getpid(), signal.SIGKILL)
        u0 = (np.sin(x) + 0.3 * np.cos(2 * x))[None]
        rollout_to_file(stepper, u0, sys.argv[1], steps=24, save_every=2, t0=0.5, chunk=3, on_chunk=kill)
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "run.zarr")],
        env=os.environ,
        capture_output=True,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert rollout_to_file(stepper, U0, tmp_path / "run.zarr", **RUN).resumed == 6
    np.testing.assert_array_equal(read_frames(tmp_path / "run.zarr").trajectories, whole.trajectories)
