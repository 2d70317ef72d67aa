"""The full approximation scheme: multigrid for nonlinear equations, whose coarse levels evaluate the equation itself.

The coarse problem of a cycle is `N_H(v) = N_H(I u) + R (f - N_h(u))`: its solution differs from the restricted iterate `I u` by the
correction, and where the iterate is the solution it is the solution on the coarse grid too.

Source: Brandt, Math. Comp. 31 (1977) 333; Trottenberg, Oosterlee, Schueller, Multigrid (2001), chapter 5.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Inexact

from sciml.fields.nested_grids import can_halve
from sciml.grid import Grid
from sciml.solvers.multigrid.coarsening import AxisTransfer, coarse_count
from sciml.solvers.multigrid.smoothers.chebyshev import chebyshev_weights
from sciml.solvers.newton import checkerboard, norm_of, rounding
from sciml.solvers.steady_problem import SteadyProblem
from sciml.solvers.steady_solution import SteadyResult

COARSEST = 60
"""Most unknowns on the coarsest level, which is solved by Newton's method with a dense matrix."""


class FasLevel(NamedTuple):
    """One level: the equation there, and the way to the next coarser one (none on the coarsest)."""

    grid: Grid
    residual: Callable[[Array], Array]
    weights: Array
    transfers: tuple[AxisTransfer, ...]


def fas_levels(problem: SteadyProblem) -> list[FasLevel]:
    """The equation on nested grids, from fine to coarse.

    Raises:
        ValueError: where the grid cannot be halved often enough.
    """
    levels = []
    while True:
        small = problem.grid.size * problem.shape[0] <= COARSEST
        transfers = () if small else _transfers(problem.grid, problem.dtype)
        levels.append(FasLevel(problem.grid, jax.jit(problem.residual()), problem.weights(), transfers))
        if small:
            return levels
        if not can_halve(problem.grid):
            finest = problem.finest or problem.grid
            raise ValueError(
                f"method='fas' needs nested grids: {finest.shape} cannot be halved down to {COARSEST} unknowns. Take nodes='vertex' "
                "and 2^p k + 1 nodes between walls, 2^p k on periodic axes, with a small k; or method='newton'."
            )
        problem = problem.coarser()


def full_approximation(
    problem: SteadyProblem, u: Inexact[Array, "components *grid"], *, reference: Inexact[Array, "components *grid"],
    rtol: Array, atol: Array, max_steps: Array,
) -> tuple[Array, tuple[Array, ...]]:  # fmt: skip
    """V(2,1) cycles of the full approximation scheme until the residual is small enough.

    Args:
        problem: on the finest grid.
        u: first iterate.
        reference: state to whose residual `rtol` is relative.
        rtol: relative tolerance.
        atol: absolute tolerance.
        max_steps: most cycles.

    Returns:
        State; result, norm of the residual, that of the first guess, cycles, zero.
    """
    levels = fas_levels(problem)
    residual, sign = levels[0].residual, _sign(levels[0], u)
    first = norm_of(residual(reference))
    target = jnp.maximum(rtol * first, atol)
    zero = jnp.zeros((), jnp.int32)

    def body(state: tuple[Array, ...]) -> tuple[Array, ...]:
        u, norm, _, steps = state
        new = fas_cycle(levels, 0, u, jnp.zeros_like(u), sign)
        return new, norm_of(residual(new)), norm, steps + 1

    def going(state: tuple[Array, ...]) -> Array:
        _, norm, before, steps = state
        # Below the target, at what rounding leaves, or away to infinity.
        return (norm > target) & (norm < 0.99 * before) & (steps < max_steps)

    state = (u, norm_of(residual(u)), jnp.full_like(first, jnp.inf), zero)
    u, norm, before, steps = jax.lax.while_loop(going, body, state)
    still = (norm >= 0.99 * before) & (norm <= 2 * rounding(lambda v: jax.jvp(residual, (u,), (v,))[1], u))
    solved = (norm <= target) | still
    failure = jnp.where(steps < max_steps, SteadyResult.NO_DESCENT, SteadyResult.MAX_STEPS_REACHED)
    failure = jnp.where(jnp.isfinite(norm), failure, SteadyResult.NOT_FINITE)
    result = jnp.where(solved, SteadyResult.SUCCESSFUL, failure).astype(jnp.int32)
    return u, (result, norm, first, steps, zero)


def full_multigrid(problem: SteadyProblem, *, cycles: int = 1) -> Inexact[Array, "components *grid"]:
    """Full multigrid: the coarsest solution, interpolated cubically and improved by some cycles level by level.

    One V(2,1) cycle per level is enough for the error of the discretisation. From zero on the coarsest grid; where that is too far
    from the solution wanted, start `solve_steady` from a guess instead.

    Args:
        problem: on the finest grid.
        cycles: per level.

    Returns:
        The state on the finest grid, Dirichlet values put in.
    """
    levels = fas_levels(problem)
    problems = [problem]
    for _ in levels[1:]:
        problems.append(problems[-1].coarser())
    u = jnp.zeros(problems[-1].shape, problem.dtype)
    sign = _sign(levels[-1], u)
    u = _solve_coarsest(levels[-1], u, jnp.zeros_like(u), steps=20)
    for depth in reversed(range(len(levels) - 1)):
        coarse = problems[depth + 1]
        u = cubic_interpolation(coarse.complete(u), coarse.grid)
        for _ in range(cycles):
            u = fas_cycle(levels, depth, u, jnp.zeros_like(u), sign)
    return problem.complete(u)


def fas_cycle(
    levels: list[FasLevel], depth: int, u: Inexact[Array, "components *grid"], f: Inexact[Array, "components *grid"],
    sign: Array,
) -> Inexact[Array, "components *grid"]:  # fmt: skip
    """One V(2,1) cycle for `residual(u) = f` from some level downwards."""
    level = levels[depth]
    if depth == len(levels) - 1:
        return _solve_coarsest(level, u, f, steps=4)
    u = _smooth(level, u, f, sign, sweeps=2)
    below = levels[depth + 1]
    coarse = u[(slice(None), *(slice(None, None, 2),) * level.grid.dimension)]
    defect = _restrict(level, f - level.residual(u))
    rows = below.residual(coarse)
    target = rows + jnp.where(below.weights == 0, jnp.zeros_like(defect), defect)
    # A barrier, so that a level is not computed anew by whatever reads it.
    coarse, target = jax.lax.optimization_barrier((coarse, target))
    correction = fas_cycle(levels, depth + 1, coarse, target, sign) - coarse
    return _smooth(level, u + _prolong(level, correction), f, sign, sweeps=1)


def cubic_interpolation(values: Inexact[Array, "components *grid"], grid: Grid) -> Inexact[Array, "components *fine"]:
    """Values on a grid, interpolated to twice as many intervals."""
    for index, axis in enumerate(grid.axes):
        values = _interpolated(values, index + 1, axis.periodic)
    return values


def _smooth(level: FasLevel, u: Array, f: Array, sign: Array, *, sweeps: int) -> Array:
    """Jacobi sweeps with Chebyshev's weights; the diagonal is that of the linearisation at the first iterate."""
    diagonal = sign * _diagonal(level, u)
    # Where a reaction makes the diagonal small or negative the step would be wild.
    typical = jnp.sum(jnp.abs(diagonal)) / jnp.sum(level.weights != 0).astype(diagonal.dtype)
    safe = jnp.maximum(diagonal, 0.1 * typical)
    inverse = jnp.where(level.weights == 0, jnp.zeros_like(safe), 1 / safe)
    weights = jnp.asarray(chebyshev_weights(2, 2.0, 4.0) * sweeps, inverse.dtype)
    return jax.lax.fori_loop(
        0, 2 * sweeps, lambda k, u: u + weights[k] * (sign * inverse).astype(u.dtype) * (f - level.residual(u)), u
    )


def _diagonal(level: FasLevel, u: Array) -> Array:
    """The diagonal of the linearisation, from two colours: neighbours along the axes have the other one."""
    apply = jax.linearize(level.residual, u)[1]
    # Several components are probed together; what couples them within a node is small beside diffusion.
    even = checkerboard(u)
    white = even.astype(u.dtype)
    return jnp.where(even, apply(white), apply(1 - white)).real


def _solve_coarsest(level: FasLevel, u: Array, f: Array, *, steps: int) -> Array:
    """Newton's method with a dense matrix, halving steps that go up."""
    free = jnp.broadcast_to(level.weights != 0, u.shape).reshape(-1)

    def rows_of(flat: Array) -> Array:
        return (level.residual(flat.reshape(u.shape)) - f).reshape(-1)

    def step(_: Array, flat: Array) -> Array:
        rows = rows_of(flat)
        matrix = jax.jacfwd(rows_of)(flat)
        # Nodes that are no unknowns stay; the smallest change where the level is free.
        matrix = matrix + jnp.diag((~free).astype(matrix.dtype))
        change = -(jnp.linalg.pinv(matrix) @ rows)
        sizes = jnp.asarray([1.0, 0.5, 0.25, 0.0625], flat.dtype)
        norms = jax.vmap(lambda t: norm_of(rows_of(flat + t * change)))(sizes)
        return flat + sizes[jnp.nanargmin(jnp.where(jnp.isfinite(norms), norms, jnp.inf))] * change

    return jax.lax.fori_loop(0, steps, step, u.reshape(-1)).reshape(u.shape)


def _sign(level: FasLevel, u: Array) -> Array:
    total = jnp.sum(_diagonal(level, u))
    return jnp.where(total < 0, -1, 1).astype(total.dtype)


def _transfers(grid: Grid, dtype: Any) -> tuple[AxisTransfer, ...]:
    """Linear interpolation along one axis after the other."""
    shape, made = list(grid.shape), []
    for index, axis in enumerate(grid.axes):
        coarse = coarse_count(axis.count)
        half = jnp.full((*shape[:index], coarse + 1, *shape[index + 1 :]), 0.5, dtype)
        made.append(AxisTransfer(half, half, index, axis.count, axis.periodic))
        shape[index] = coarse
    return tuple(made)


def _restrict(level: FasLevel, rows: Array) -> Array:
    """Full weighting of rows weighted by volumes: the transpose of interpolation over the ratio of volumes."""

    def one(values: Array) -> Array:
        for transfer in level.transfers:
            values = transfer.restrict(values)
        return values / 2**level.grid.dimension

    return jax.vmap(one)(rows)


def _prolong(level: FasLevel, correction: Array) -> Array:
    def one(values: Array) -> Array:
        for transfer in reversed(level.transfers):
            values = transfer.prolong(values)
        return values

    return jax.vmap(one)(correction)


def _interpolated(values: Array, position: int, periodic: bool) -> Array:
    """Along one axis: the values, and between each two of them the cubic through their neighbours (a parabola at walls)."""
    lines = jnp.moveaxis(values, position, 0)
    if periodic:
        around = [jnp.roll(lines, shift, 0) for shift in (1, 0, -1, -2)]
        middle = (9 * (around[1] + around[2]) - around[0] - around[3]) / 16
        both = jnp.stack([lines, middle], 1)
        return jnp.moveaxis(both.reshape(-1, *lines.shape[1:]), 0, position)
    inner = (9 * (lines[1:-2] + lines[2:-1]) - lines[:-3] - lines[3:]) / 16
    first = (3 * lines[0] + 6 * lines[1] - lines[2]) / 8
    last = (3 * lines[-1] + 6 * lines[-2] - lines[-3]) / 8
    middle = jnp.concatenate([first[None], inner, last[None]])
    pairs = jnp.stack([lines[:-1], middle], 1).reshape(-1, *lines.shape[1:])
    return jnp.moveaxis(jnp.concatenate([pairs, lines[-1:]]), 0, position)
