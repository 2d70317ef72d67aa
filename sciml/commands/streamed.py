"""`sciml solve --stream FILE`: a long solve written while it runs, gone on with by the same command."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from sciml.commands import problems
from sciml.commands.errors import UsageError
from sciml.commands.output import say
from sciml.commands.pictures import View, frames_wanted
from sciml.commands.stepping import ADAPTIVE, fixed_steps, integrator

ENDINGS = (".h5", ".hdf5", ".zarr")
_SECONDS = 5.0


def check(output: Any, domain: problems.DomainOptions) -> None:
    """See that the options go together.

    Raises:
        UsageError: in one sentence, if not.
    """
    if output.stream.suffix not in ENDINGS:
        raise UsageError(f"--stream must end in one of {', '.join(ENDINGS)}, got {output.stream}")
    if output.out is not None:
        raise UsageError("--stream writes the solution already; leave --out out, or --stream")
    if domain.dt is None and domain.method not in ADAPTIVE:
        raise UsageError(f"--method {domain.method} has fixed steps only; give --dt too")


def run(path: Path, name: str, equation: Any, grid: Any, state: Any, times: np.ndarray, options: Any) -> dict[str, Any]:
    """Write what is missing of a solve and say what was done: frames, those there before, steps in all.

    Raises:
        UsageError: if the file holds another run.
        KeyboardInterrupt: with how to go on.
    """
    from sciml.data.trajectory_file import AnotherRun

    progress = _Progress(path)
    shared = {"attributes": {"equation": name, "boundary": options.domain.boundary}, "on_chunk": progress}
    solve = _adaptive if options.domain.dt is None else _fixed
    try:
        with progress.bar(name, len(times)):
            done = solve(path, equation, grid, state, times, options.domain, shared)
    except AnotherRun as error:
        differing = f"differs in {', '.join(error.differing)}" if error.differing else "is longer"
        raise UsageError(f"--stream: {path} holds another run, which {differing}; name another file") from None
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"{path} holds {progress.known}; the same command goes on from there") from None
    if done.resumed:
        say(f"{done.resumed} of {done.frames} states were in {path} before")
    return {"steps": done.steps, "frames": done.frames, "resumed": done.resumed}


def _fixed(path: Path, equation: Any, grid: Any, state: Any, times: np.ndarray, domain: Any, shared: Any) -> Any:
    from sciml import solvers

    each, dt = fixed_steps(times, domain.dt)
    precision = "float64" if domain.precision == "double" else "float32"
    stepper = solvers.Stepper.build(equation, grid, dt=dt, method=integrator(domain.method), precision=precision)
    steps = each * (len(times) - 1)
    return solvers.rollout_to_file(stepper, state, path, steps=steps, save_every=each, t0=float(times[0]), **shared)


def _adaptive(path: Path, equation: Any, grid: Any, state: Any, times: np.ndarray, domain: Any, shared: Any) -> Any:
    from sciml import solvers

    interval = (times[-1] - times[0]) / (len(times) - 1)
    if not np.allclose(np.diff(times), interval, rtol=1e-6):
        raise UsageError("--stream needs evenly spaced times, which the file of --like does not have")
    # Rounded, so that a solve with more frames has the same interval and makes the file longer.
    options = {"interval": float(f"{interval:.12g}"), "frames": len(times), "t0": float(times[0])}
    method = integrator(domain.method)
    return solvers.solve_to_file(equation, grid, state, path, **options, rtol=domain.tolerance, method=method, **shared)


def view(path: Path, grid: Any, equation: Any, plot: Path) -> View:
    """What a picture needs of the file."""
    from sciml.data import read_frames
    from sciml.data.trajectory_file import count_frames

    found = read_frames(path, frames_wanted(count_frames(path), grid.dimension, plot))
    return View(np.asarray(found.trajectories)[0], np.asarray(found.times), grid, equation)


class _Progress:
    """A bar where somebody sees it, else a line now and then."""

    def __init__(self, path: Path) -> None:
        self._path, self._said, self._bar = path, time.monotonic(), None
        self.known = "what was there before"

    def bar(self, name: str, total: int) -> Any:
        """The bar, to be entered."""
        from sciml.progress import Silent, make_progress

        made = make_progress(True, name, total, 0)
        self._bar = None if isinstance(made, Silent) else made
        return made

    def __call__(self, done: int, wanted: int) -> None:
        self.known = f"{done} of {wanted} states"
        if self._bar is not None:
            self._bar.update(done, "states")
        elif time.monotonic() - self._said > _SECONDS:
            self._said = time.monotonic()
            say(f"{self.known} in {self._path}")
