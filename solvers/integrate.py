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
from sciml.solvers.method import Method
from sciml.solvers.solution import DivergenceError, Result, Solution, is_traced
from sciml.solvers.step_levels import level_tables, walk
from sciml.solvers.stepper import basis_for, checked_state, parameters_as_arrays, precision_of

LEVELS = 10
"""Step lengths unless told."""

_LARGEST_TABLES = 2**28
"""Bytes of tables, at most, up to which levels are taken without being asked for."""

SHIFT = 6
"""Halvings by which the lengths are shifted down when all are too long."""

FINEST = 22
"""Halvings of the distance between saved times that are tried before a solve is given up."""


def solve(
    equation: Evolution,
    grid: Grid,
    u0: Inexact[Array, "components *grid"] | np.ndarray,
    *,
    ts: Real[Array, " times"] | np.ndarray | Sequence[float],
    rtol: float | None = None,
    atol: float | None = None,
    method: Method | None = None,
    step_levels: int | None = None,
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
        step_levels: number of step lengths, each half the one before, from the distance of the times in `ts` downwards (at most 24).
            Their tables are computed once, the state stays in coefficients, and the tolerances hold for the root mean square of each
            component. Needs known, evenly spaced `ts`. Where the shortest is too long and nothing is traced, shorter ones are tried.
            `0`: steps of any length by diffrax, new tables at each. By default 10 levels where nothing is traced, `ts` is even,
            `first_step` and `adjoint` are not given and the tables take less than 256 MiB; else steps of any length.
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
    method = checked_method(method)
    u0 = checked_state(equation, grid, u0)
    precision = precision_of(u0)
    times = _checked_times(ts, precision)
    rtol = (1e-4 if precision == "float32" else 1e-6) if rtol is None else rtol
    # Arrays, so that another tolerance does not mean another program.
    tolerances = tuple(jnp.asarray(number, precision) for number in (rtol, rtol / 100 if atol is None else atol))
    free = first_step is not None or adjoint is not None
    if step_levels is None:
        step_levels = _default_levels(equation, grid, u0, method) if _even(ts) and not free else 0
    if step_levels:
        interval = _checked_interval(ts, step_levels, free)
        solution = _by_levels(
            equation, grid, u0, times, interval, tolerances, method, step_levels, max_steps, dealiasing
        )
    else:
        solution = _by_any_length(
            equation, grid, u0, times, tolerances, method, first_step, max_steps, dealiasing, adjoint
        )
    if throw and not is_traced(solution) and not solution.successful:
        raise _failure(equation, solution)
    return solution


def _by_any_length(
    equation: Evolution,
    grid: Grid,
    u0: Array,
    times: Array,
    tolerances: tuple[Array, ...],
    method: ExponentialMethod,
    first_step: float | None,
    max_steps: int,
    dealiasing: Dealiasing,
    adjoint: diffrax.AbstractAdjoint | None,
) -> Solution:
    """`solve` by the adaptive door of diffrax."""
    precision = precision_of(u0)
    term = EvolutionTerm.build(equation, grid, precision=precision, dealiasing=dealiasing)
    controller = diffrax.PIDController(
        rtol=tolerances[0],
        atol=tolerances[1],
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
    return _as_solution(term, raw, times, method, grid)


def checked_method(method: Method | None) -> ExponentialMethod:
    """The method, if it has an error estimate to choose steps by; `ETDRK4()` for none."""
    method = ETDRK4() if method is None else method
    advice = "has no error estimate to choose steps by; use `solvers.rollout(..., dt=...)` with it."
    if not isinstance(method, ExponentialMethod):
        raise TypeError(f"solve: {type(method).__name__} {advice}")
    if isinstance(method, ETDRK1):
        raise ValueError(f"solve: ETDRK1 {advice}")
    return method


def _checked_interval(ts: Any, levels: int, free: bool) -> float:
    """Distance of the times, where steps of a few lengths are possible."""
    if free:
        raise ValueError(
            "solve: `first_step` and `adjoint` are for steps of any length; leave them out or set `step_levels=0`."
        )
    if not 1 <= levels <= 24 or not _even(ts):
        raise ValueError(
            f"solve: `step_levels` must be 0 to 24 and `ts` known and evenly spaced, got {levels} and ts={ts}."
        )
    known = np.asarray(ts, np.float64)
    return float(known[-1] - known[0]) / (len(known) - 1)


def _default_levels(equation: Evolution, grid: Grid, u0: Array, method: ExponentialMethod) -> int:
    """Levels where everything is known and the tables are not too large, else none."""
    if is_traced(equation, u0):
        return 0
    count = len(equation.component_names(grid.dimension))
    largest = grid.size * count**2 * np.dtype(np.complex128).itemsize * len(method.weights()) * LEVELS
    return LEVELS if largest <= _LARGEST_TABLES else 0


def _even(ts: Any) -> bool:
    """Whether the times are known and evenly spaced, to the precision in which they are given."""
    if is_traced(ts):
        return False
    spacing = np.diff(np.asarray(ts, np.float64))
    slack = 1e-6 if np.asarray(ts).dtype != np.float32 else 1e-3
    return bool(np.all(np.abs(spacing - spacing.mean()) <= slack * spacing.mean()))


def _by_levels(
    equation: Evolution,
    grid: Grid,
    u0: Array,
    times: Array,
    interval: float,
    tolerances: tuple[Array, ...],
    method: ExponentialMethod,
    levels: int,
    max_steps: int,
    dealiasing: Dealiasing,
) -> Solution:
    """`solve` by steps of a few lengths; where the shortest is too long the lengths are shifted down, if anything is known."""
    basis = basis_for(equation, grid, dealiasing=dealiasing, precision=precision_of(u0))
    symbol = equation.symbol(basis)
    equation, shift = parameters_as_arrays(equation, basis), 0
    while True:
        longest = interval / 2**shift
        units = jnp.asarray(2 ** (shift + levels - 1), jnp.int32)
        tables = level_tables(method, symbol, longest, levels, basis)
        values, result, counts = walk(
            equation,
            basis,
            method,
            tables,
            u0.astype(basis.dtype),
            times,
            units,
            tolerances[0],
            tolerances[1],
            max_steps,
        )
        finest = shift + levels
        if is_traced(values, result) or int(result) != Result.STEP_TOO_SMALL or finest + SHIFT > FINEST:
            break
        shift += SHIFT
    steps = counts["accepted"] + counts["rejected"]
    statistics = {"steps": steps} | counts | {"stages": steps * method.stages}
    statistics["diverged_at_step"] = jnp.where(result == Result.DIVERGED.value, steps, -1)
    return Solution(values, times, result, statistics, grid)


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
