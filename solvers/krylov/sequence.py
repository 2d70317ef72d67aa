"""Many similar systems, solved one after another under one compiled program."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree

from sciml.solvers.krylov.base import KrylovSolver
from sciml.solvers.krylov.recycle_state import RecycleState
from sciml.solvers.krylov.sorting import greedy_order

Build = Callable[[Any], lx.AbstractLinearOperator]


class SequenceSolution(NamedTuple):
    """Solutions and statistics, all in the order in which the systems were given.

    Attributes:
        values: solutions, one per leading index.
        num_steps: steps of each.
        matvecs: products with the operator, those that set up a recycled space included.
        residual_norms: 2-norms of `b - A x`.
        successful: whether each reached its tolerance.
        order: in which they were solved.
        recycle: the space after the last one, to go on with; None for a solver without one.
    """

    values: PyTree[Array]
    num_steps: Int[Array, "systems"]
    matvecs: Int[Array, "systems"]
    residual_norms: Float[Array, "systems"]
    successful: Bool[Array, "systems"]
    order: Int[np.ndarray, "systems"]
    recycle: RecycleState | None


def solve_sequence(
    build: Build,
    parameters: PyTree[Array | np.ndarray],
    right_sides: PyTree[Array | np.ndarray],
    solver: KrylovSolver,
    *,
    preconditioner: Callable[[Any], Any] | None = None,
    order: Literal["greedy", "given"] | np.ndarray = "greedy",
    warm_start: bool = False,
    recycle: RecycleState | None = None,
) -> SequenceSolution:
    """Sort systems so that neighbours are alike, solve them in turn, hand over what each one learnt, and put the answers back in order.

    One program is compiled for all (`lax.scan`). With `GCRODR` or `DeflatedConjugateGradients` the recycled space is handed over, with
    `warm_start` the solution as first guess. Nothing raises for a system that does not converge: look at `successful`. Derivatives of
    `values` with respect to parameters and right sides are those of each solve.

    For independent solves in parallel use `jax.vmap` over `lineax.linear_solve` instead: it needs more products and may still be faster
    where hardware is wide. Many right sides of one operator: repeat the parameters, or `jax.vmap` over the right side alone.

    Args:
        build: makes the operator from one set of parameters.
        parameters: sets of parameters, one per leading index.
        right_sides: right-hand sides, one per leading index.
        solver: any of this package's solvers.
        preconditioner: makes the preconditioner from one set of parameters.
        order: `"greedy"` sorts by `greedy_order`, `"given"` keeps the order, or a permutation.
        warm_start: take each solution as the first guess of the next.
        recycle: a space from an earlier sequence.

    Raises:
        ValueError: counts that differ, or an `order` that is no permutation.

    Example:
        >>> import jax.numpy as jnp, lineax
        >>> from sciml.solvers import GCRODR, solve_sequence
        >>> def build(shift):
        ...     return lineax.MatrixLinearOperator(jnp.diag(jnp.linspace(0.01, 1.0, 64) + shift))
        >>> shifts = jnp.asarray([0.0, 0.002, 0.001])
        >>> found = solve_sequence(build, shifts, jnp.ones((3, 64)), GCRODR(rtol=1e-4, restart=20, keep=8))
        >>> found.order.tolist(), bool(found.successful.all())
        ([0, 2, 1], True)
    """
    parameters, right_sides = jax.tree.map(jnp.asarray, (parameters, right_sides))
    counts = {leaf.shape[0] if leaf.ndim else 0 for leaf in jax.tree.leaves((parameters, right_sides))}
    if len(counts) != 1 or 0 in counts:
        raise ValueError(
            "solve_sequence: `parameters` and `right_sides` must share one leading axis that is not empty, "
            f"got lengths {sorted(counts)}."
        )
    chosen = _order(order, parameters, counts.pop())
    values, stats, state = _run(
        build, preconditioner, solver, warm_start, parameters, right_sides, jnp.asarray(chosen), recycle
    )
    back = np.argsort(chosen)
    values, stats = jax.tree.map(lambda leaf: leaf[back], (values, stats))
    return SequenceSolution(values, *stats, order=chosen, recycle=state)


def _order(order: Literal["greedy", "given"] | np.ndarray, parameters: Any, count: int) -> np.ndarray:
    if isinstance(order, str):
        return greedy_order(parameters) if order == "greedy" else np.arange(count)
    chosen = np.asarray(order)
    if chosen.shape != (count,) or not np.array_equal(np.sort(chosen), np.arange(count)):
        raise ValueError(f'solve_sequence: `order` must be "greedy", "given" or a permutation of {count} indices.')
    return chosen


@eqx.filter_jit
def _run(
    build: Build,
    preconditioner: Callable[[Any], Any] | None,
    solver: KrylovSolver,
    warm_start: bool,
    parameters: Any,
    right_sides: Any,
    order: Array,
    recycle: RecycleState | None,
) -> tuple[Any, tuple[Array, Array, Array, Array], RecycleState | None]:
    recycles = "recycle" in solver.accepted_options
    first = jax.tree.map(lambda leaf: leaf[0], right_sides)

    def body(carry: tuple[RecycleState | None, Any], index: Array) -> tuple[Any, Any]:
        state, before = carry
        own, b = jax.tree.map(lambda leaf: leaf[index], (parameters, right_sides))
        options: dict[str, Any] = {} if preconditioner is None else {"preconditioner": preconditioner(own)}
        if warm_start:
            options["y0"] = before
        if recycles:
            options["recycle"] = state
        found = lx.linear_solve(build(own), b, solver, options=_constant(options), throw=False)
        stats = found.stats
        row = (stats["num_steps"], stats["matvecs"], stats["residual_norm"], found.result == lx.RESULTS.successful)
        return (stats["recycle"] if recycles else None, found.value if warm_start else None), (found.value, row)

    if recycles and recycle is None:
        recycle = RecycleState.empty(getattr(solver, "keep"), first)  # noqa: B009
    guess = jax.tree.map(jnp.zeros_like, first) if warm_start else None
    (state, _), (values, stats) = jax.lax.scan(body, (recycle if recycles else None, guess), order)
    return values, stats, state


def _constant(options: dict[str, Any]) -> dict[str, Any]:
    """Nothing that helps a solve along changes its solution, hence its derivative."""
    arrays, rest = eqx.partition(options, eqx.is_array)
    return eqx.combine(jax.lax.stop_gradient(arrays), rest)
