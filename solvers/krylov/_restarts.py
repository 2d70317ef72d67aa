"""Cycles of Arnoldi's method until the true residual is small enough."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from sciml.solvers.krylov import _trees as trees
from sciml.solvers.krylov._arnoldi import Cycle, coefficients, expand, start_cycle
from sciml.solvers.krylov.base import Outcome, System, first_residual, flat_system

STALLS = 3
"""Cycles in a row without gain after which nothing more is to be expected."""


class Space(NamedTuple):
    """A recycled space: rows, their orthonormal images under `A`, and whether there is one."""

    rows: Array
    images: Array
    active: Array


class _State(NamedTuple):
    x: Array
    r: Array
    norm: Array
    steps: Array
    matvecs: Array
    stalls: Array
    broken: Array
    space: Space | None


def run_cycles(
    system: System,
    m: int,
    *,
    keep_search: bool,
    space: Space | None = None,
    renew: Callable[[Cycle, Array, Space], Space] | None = None,
    set_up: Array | None = None,
) -> tuple[Outcome, Space | None]:
    """Cycles of `m` search vectors, recycled ones among them.

    Args:
        system: what to solve.
        m: size of the space.
        keep_search: store the preconditioned vectors, which may then come from a preconditioner that changes.
        space: recycled space, for this operator.
        renew: makes the space of the next cycle.
        set_up: products with `A` that the space took.
    """
    apply, precondition = flat_system(system)
    x, r, products = first_residual(system)
    x, r, b = trees.flatten(x), trees.flatten(r), trees.flatten(system.b)
    zero = jnp.zeros((), jnp.int32)
    state = _State(x, r, trees.norm(r), zero, products + (zero if set_up is None else set_up), zero, zero > 0, space)

    def body(state: _State) -> _State:
        x, r, space = state.x, state.r, state.space
        if space is not None:
            share = jnp.where(space.active, trees.against(space.images, r), 0)
            x, r = x + trees.combine(share, space.rows), r - trees.combine(share, space.images)
        cycle, offset = start_cycle(r, m, keep_search=keep_search, space=space)
        left = system.limit - state.steps
        cycle = expand(cycle, offset, apply, precondition, tolerance=system.tolerance, limit=left)
        y = coefficients(cycle, offset, trees.norm(r))
        x = x + _combination(cycle, y, precondition, space, offset)
        r = b - apply(x)
        norm = trees.norm(r)
        stalls = jnp.where(norm < (1 - 1e-6) * state.norm, 0, state.stalls + 1)
        if renew is not None and space is not None:
            space = renew(cycle, offset, space)
        # A space that can not grow holds the solution, unless the operator is singular.
        broken = cycle.broken & (norm > system.tolerance) & (norm > 0.5 * state.norm)
        return _State(
            x,
            r,
            norm,
            state.steps + cycle.steps,
            state.matvecs + cycle.steps + 1,
            stalls,
            broken | ~jnp.isfinite(norm),
            space,
        )

    def unfinished(state: _State) -> Array:
        going = (state.steps < system.limit) & (state.stalls < STALLS) & ~state.broken
        return (state.norm > system.tolerance) & going

    end = jax.lax.while_loop(unfinished, body, state)
    solution: Any = trees.unflatten(end.x, system.b)
    return Outcome(solution, end.steps, end.matvecs, end.norm, end.broken, end.stalls >= STALLS, {}), end.space


def _combination(
    cycle: Cycle, y: Array, precondition: Callable[[Array], Array] | None, space: Space | None, offset: Array
) -> Array:
    """The change of the iterate."""
    if cycle.search is not None:
        return trees.combine(y, cycle.search)
    m = cycle.relation.shape[1]
    if space is not None:
        return trees.combine(y, searched(cycle, space, offset))
    change = trees.combine(y, cycle.basis[:m])
    return change if precondition is None else precondition(change)


def searched(cycle: Cycle, space: Space, offset: Array) -> Array:
    """Rows of search vectors: where there is no preconditioner, the recycled ones in place of their images."""
    if cycle.search is not None:
        return cycle.search
    m, k = cycle.relation.shape[1], space.rows.shape[0]
    lengths = jnp.diagonal(cycle.relation)[:k]
    own = jnp.where(offset > 0, space.rows * lengths[:, None], cycle.basis[:k])
    return cycle.basis[:m].at[:k].set(own)
