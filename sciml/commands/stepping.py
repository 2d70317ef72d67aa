"""How the options of a solve become steps."""

from typing import Any

import numpy as np

from sciml.commands import problems
from sciml.commands.errors import UsageError
from sciml.commands.output import say

ADAPTIVE = ("etdrk2", "etdrk3", "etdrk4", "ifrk4")


def solve_times(domain: problems.DomainOptions, frames: int) -> np.ndarray:
    """Times of the frames."""
    if frames < 2:
        raise UsageError(f"--frames must be at least 2, the first and the last state; got {frames}")
    return np.linspace(0.0, domain.until, frames)


def run_solver(
    equation: Any, grid: Any, state: Any, times: np.ndarray, domain: problems.DomainOptions, *, throw: bool
) -> Any:
    """Solve by fixed or adaptive steps, as the options say; may be mapped over states."""
    import sciml

    method = integrator(domain.method)
    if domain.dt is None:
        if domain.method not in ADAPTIVE:
            raise UsageError(f"--method {domain.method} has fixed steps only; give --dt too")
        return sciml.solve(equation, grid, state, ts=times, method=method, rtol=domain.tolerance, throw=throw)
    each, dt = fixed_steps(times, domain.dt)
    steps = each * (len(times) - 1)
    return sciml.solvers.rollout(
        equation, grid, state, dt=dt, steps=steps, save_every=each, method=method, t0=float(times[0]), throw=throw
    )


def fixed_steps(times: np.ndarray, wanted: float) -> tuple[int, float]:
    """Steps from one frame to the next, and their length: the one wanted, or that nearest to it with which frames are met."""
    interval = (times[-1] - times[0]) / (len(times) - 1)
    if not np.allclose(np.diff(times), interval, rtol=1e-6):
        raise UsageError("--dt needs evenly spaced times; leave it out")
    each = max(1, round(interval / wanted))
    dt = interval / each
    if abs(dt - wanted) <= 1e-6 * wanted:
        # As it was written: a solve with more frames is then the same one, made longer.
        return each, wanted
    say(f"dt {wanted:g} becomes {dt:g}, so that {each} steps reach the next frame")
    return each, dt


def integrator(name: str) -> Any:
    """The integrator of a name in lower case."""
    from sciml import solvers

    named = {known.lower(): known for known in solvers.__all__}
    return getattr(solvers, named[name])()
