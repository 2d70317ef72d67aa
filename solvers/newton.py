"""Newton's method with inexact linear solves and a line search."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Inexact

from sciml.solvers.steady_linear import LinearSolver
from sciml.solvers.steady_solution import SteadyResult

HALVINGS = 12
"""Most halvings of a step."""


class NewtonState(NamedTuple):
    """One iterate: state, residual, its 2-norm, the tolerance that rounding leaves, counts, how it ended."""

    u: Array
    rows: Array
    norm: Array
    floor: Array
    forcing: Array
    steps: Array
    linear_steps: Array
    result: Array


def newton(
    residual: Callable[[Array], Array],
    u: Inexact[Array, "components *grid"],
    solver: LinearSolver,
    *,
    rtol: Array,
    atol: Array,
    max_steps: Array,
) -> tuple[NewtonState, Array]:
    """Solve `residual(u) = 0`.

    The tolerance of each linear solve follows the progress of the one before (Eisenstat, Walker, SIAM J. Sci. Comput. 17 (1996) 16);
    steps are halved until the residual falls.

    Args:
        residual: function of arrays.
        u: first guess.
        solver: of the linear systems.
        rtol: tolerance relative to the residual of the first guess.
        atol: absolute tolerance of the 2-norm.
        max_steps: most steps.

    Returns:
        The last iterate and the 2-norm of the first residual.
    """
    rows = residual(u)
    first = norm_of(rows)
    target = jnp.maximum(rtol * first, atol)
    zero = jnp.zeros((), jnp.int32)
    start = NewtonState(u, rows, first, jnp.zeros_like(first), jnp.full_like(first, 0.1), zero, zero, zero)

    def body(state: NewtonState) -> NewtonState:
        apply = jax.linearize(residual, state.u)[1]
        cycle = solver.prepare(apply, state.u)
        system = solver.system(apply, cycle, -state.rows, definite=False)
        tolerance = 0.5 * jnp.maximum(target, state.floor)
        direction, _, stats = system.run(state.forcing, tolerance)
        u, rows, norm, found = _line_search(residual, state, direction)
        floor = rounding(apply, u)
        gain = norm / jnp.where(state.norm == 0, jnp.ones_like(norm), state.norm)
        forcing = jnp.clip(0.9 * gain**2, 1e-4, 0.3).astype(norm.dtype)
        stuck = jnp.where(jnp.isfinite(state.norm), SteadyResult.NO_DESCENT, SteadyResult.NOT_FINITE)
        done = found | (state.norm <= jnp.maximum(target, floor))
        return NewtonState(
            u, rows, norm, floor, forcing, state.steps + 1,
            state.linear_steps + stats["num_steps"].astype(jnp.int32),
            jnp.where(done, SteadyResult.SUCCESSFUL, stuck).astype(jnp.int32),
        )  # fmt: skip

    def going(state: NewtonState) -> Array:
        unsolved = ~(state.norm <= jnp.maximum(target, state.floor))
        return unsolved & (state.steps < max_steps) & (state.result == SteadyResult.SUCCESSFUL)

    end = jax.lax.while_loop(going, body, start)
    solved = end.norm <= jnp.maximum(target, end.floor)
    short = jnp.where(jnp.isfinite(end.norm), SteadyResult.MAX_STEPS_REACHED, SteadyResult.NOT_FINITE)
    failure = jnp.where(end.result == SteadyResult.SUCCESSFUL, short, end.result)
    result = jnp.where(solved, SteadyResult.SUCCESSFUL, failure).astype(jnp.int32)
    return end._replace(result=result), first


def rounding(apply: Callable[[Array], Array], u: Inexact[Array, "components *grid"]) -> Array:
    """About what rounding leaves of a residual: epsilon times the size of the terms that cancel in it."""
    epsilon = jnp.finfo(u.dtype).eps
    scale = jnp.max(jnp.abs(u))
    # The response to odd-even noise of the state's size is as large as the diagonal times the state.
    noise = jnp.where(checkerboard(u), scale, -scale)
    return 0.5 * epsilon * norm_of(apply(noise.astype(u.dtype)))


def checkerboard(u: Inexact[Array, "components *grid"]) -> Bool[Array, "components *grid"]:
    """Whether the indices of a node have an even sum."""
    places = [jax.lax.broadcasted_iota(jnp.int32, u.shape, axis) for axis in range(1, u.ndim)]
    return sum(places[1:], start=places[0]) % 2 == 0


def _line_search(
    residual: Callable[[Array], Array], state: NewtonState, direction: Array
) -> tuple[Array, Array, Array, Array]:
    """The longest of the halved steps that makes the residual smaller; whether there is one."""

    def trial(step: Array) -> tuple[Array, Array, Array]:
        u = state.u + step.astype(direction.dtype) * direction
        rows = residual(u)
        return u, rows, norm_of(rows)

    def falls(step: Array, norm: Array) -> Array:
        return norm <= (1 - 1e-4 * step) * state.norm

    def body(carry: tuple[Any, ...]) -> tuple[Any, ...]:
        step, _, count = carry
        return 0.5 * step, trial(0.5 * step), count + 1

    # Before the first trial, so that it occurs once in the program.
    before = (jnp.full_like(state.norm, 2.0), (state.u, state.rows, jnp.full_like(state.norm, jnp.inf)))
    last = jax.lax.while_loop(
        lambda c: ~falls(c[0], c[1][2]) & (c[2] <= HALVINGS), body, (*before, jnp.zeros((), jnp.int32))
    )
    found = falls(last[0], last[1][2])
    kept = [jnp.where(found, new, old) for new, old in zip(last[1], (state.u, state.rows, state.norm))]
    return kept[0], kept[1], kept[2], found


def norm_of(rows: Inexact[Array, "..."]) -> Float[Array, ""]:
    """2-norm."""
    return jnp.sqrt(jnp.sum(jnp.abs(rows) ** 2))
