"""Adaptive solves with sensible defaults."""

from collections.abc import Sequence
from typing import Any

import diffrax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact, Real

from sciml.equation import Evolution
from sciml.fields.basis import Dealiasing
from sciml.grid import Grid
from sciml.solvers.diffrax_door import EvolutionTerm, ExponentialSolver
from sciml.solvers.exponential import ETDRK1, ETDRK4, ExponentialMethod
from sciml.solvers.solution import DivergenceError, Result, Solution, is_traced
from sciml.solvers.stepper import checked_state, precision_of


def solve(
    equation: Evolution,
    grid: Grid,
    u0: Inexact[Array, "components *grid"] | np.ndarray,
    *,
    ts: Real[Array, " times"] | np.ndarray | Sequence[float],
    rtol: float | None = None,
    atol: float | None = None,
    method: ExponentialMethod | None = None,
    first_step: float | None = None,
    max_steps: int = 100_000,
    dealiasing: Dealiasing = "truncation",
    adjoint: diffrax.AbstractAdjoint | None = None,
    throw: bool = True,
) -> Solution:
    """Solve with steps chosen from the error estimate, landing exactly on the times asked for.

    Args:
        equation: what to solve.
        grid: periodic, or a box with bounded axes.
        u0: values at `ts[0]`, shape `(components, *grid.shape)`; the dtype is the precision of the solve.
        ts: rising times, the first of them the start.
        rtol: relative tolerance of a step in every node, default 1e-4 in single and 1e-6 in double precision.
        atol: absolute tolerance, in the units of the state, default `rtol / 100`.
        method: exponential method with an error estimate, `ETDRK4()` by default.
        first_step: length of the first step, chosen by diffrax when not given.
        max_steps: most steps allowed, rejected ones included.
        dealiasing: see `sciml.fields.make_basis`.
        adjoint: how reverse mode goes, `diffrax.RecursiveCheckpointAdjoint()` by default.
        throw: raise where the end is not reached; inside `jit` only the result code can tell.

    Returns:
        A `Solution` at `ts`.

    Raises:
        ValueError: for wrong shapes, times or a method without an error estimate.
        DivergenceError: where the end is not reached; its `solution` holds the states before.

    Example:
        >>> import jax.numpy as jnp
        >>> import sciml
        >>> grid = sciml.Grid((64,), extent=(2 * jnp.pi,))
        >>> u0 = jnp.sin(jnp.asarray(grid.coordinates()[0], jnp.float32))[None]
        >>> sciml.solve(sciml.physics.Burgers(viscosity=0.1), grid, u0, ts=[0.0, 0.5, 1.0]).values.shape
        (3, 1, 64)
    """
    method = ETDRK4() if method is None else method
    if isinstance(method, ETDRK1):
        raise ValueError(
            "solve: ETDRK1 has no error estimate to choose steps by; use `solvers.rollout(..., dt=...)` with it."
        )
    u0 = checked_state(equation, grid, u0)
    precision = precision_of(u0)
    times = _checked_times(ts, precision)
    rtol = (1e-4 if precision == "float32" else 1e-6) if rtol is None else rtol
    term = EvolutionTerm.build(equation, grid, precision=precision, dealiasing=dealiasing)
    controller = diffrax.PIDController(
        # Arrays, so that another tolerance does not mean another program.
        rtol=jnp.asarray(rtol, precision),
        atol=jnp.asarray(rtol / 100 if atol is None else atol, precision),
        # Below the resolution of the clock: the remainder of a step that just missed a saving time is no failure.
        dtmin=0.25 * jnp.finfo(precision).eps * jnp.max(jnp.abs(times)),
        force_dtmin=False,
    )
    raw = diffrax.diffeqsolve(
        term,
        ExponentialSolver(method),
        times[0],
        times[-1],
        first_step,
        term.pack(u0, times[0]),
        saveat=diffrax.SaveAt(ts=times),
        stepsize_controller=diffrax.ClipStepSizeController(controller, step_ts=times),
        adjoint=diffrax.RecursiveCheckpointAdjoint() if adjoint is None else adjoint,
        max_steps=max_steps,
        throw=False,
    )
    solution = _as_solution(term, raw, times, method, grid)
    if throw and not is_traced(solution) and not solution.successful:
        raise _failure(equation, solution)
    return solution


def _as_solution(
    term: EvolutionTerm, raw: diffrax.Solution, times: Array, method: ExponentialMethod, grid: Grid
) -> Solution:
    # diffrax fills what it did not reach with infinity; not a number cannot be mistaken for a state.
    states: Any = raw.ys
    reached = jnp.where(jnp.isfinite(states), states, jnp.nan)
    values = term.unpack(reached, times)
    failed = jnp.where(
        raw.result == diffrax.RESULTS.max_steps_reached,
        Result.MAX_STEPS_REACHED.value,
        jnp.where(raw.result == diffrax.RESULTS.dt_min_reached, Result.STEP_TOO_SMALL.value, Result.DIVERGED.value),
    )
    finite = jnp.all(jnp.isfinite(reached))
    ended = jnp.where(finite, Result.SUCCESSFUL.value, Result.DIVERGED.value)
    result = jnp.where(raw.result == diffrax.RESULTS.successful, ended, failed)
    statistics: dict[str, Any] = {
        "steps": raw.stats["num_steps"],
        "accepted": raw.stats["num_accepted_steps"],
        "rejected": raw.stats["num_rejected_steps"],
        "stages": raw.stats["num_steps"] * method.stages,
        "diverged_at_step": jnp.where(result == Result.DIVERGED.value, raw.stats["num_steps"], -1),
    }
    return Solution(values, times, result, statistics, grid)


def _checked_times(ts: Any, precision: str) -> Array:
    times = jnp.asarray(ts, precision)
    if times.ndim != 1 or times.shape[0] < 2:
        raise ValueError(f"solve: `ts` must hold two or more times, the start first, got shape {times.shape}.")
    if not is_traced(times) and not bool(jnp.all(jnp.diff(times) > 0)):
        raise ValueError(f"solve: `ts` must rise, got {np.asarray(times)}.")
    return times


def _failure(equation: Evolution, solution: Solution) -> DivergenceError:
    kept = solution.before_failure()
    last = float(kept.times[-1]) if len(kept.times) else float("nan")
    reached = f"the last state saved is at t={last:.6g}" if len(kept.times) else "no state was saved"
    message = (
        f"{type(equation).__name__}: {solution.message} It took {int(solution.statistics['steps'])} steps, {reached}, the end is "
        f"t={float(solution.times[-1]):.6g}. Try a finer grid than {solution.grid.shape}, more dissipation, or looser `rtol`; "
        "`throw=False` returns instead of raising."
    )
    return DivergenceError(message, solution=kept, step=int(solution.statistics["diverged_at_step"]), time=last)
