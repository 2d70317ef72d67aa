"""Statistics of one step of a diffrax solver: what its error estimate and its stages tell at no further evaluation."""

from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from sciml.equation import Parameter


class StepStatistics(eqx.Module):
    """Of one step.

    Attributes:
        error: root mean square of the embedded error, divided by `atol + rtol max(|y0|, |y1|)` where tolerances were given: then a
            controller accepts the step where it is below one.
        stiffness: estimate of the largest `|eigenvalue|` of the Jacobian, one over time; `None` where the solver gives none.
    """

    error: Float[Array, ""]
    stiffness: Float[Array, ""] | None


def measures_stiffness(solver: diffrax.AbstractSolver) -> bool:
    """Whether the solver has two stages at the end of its step, from which stiffness is estimated: `Tsit5`, `Dopri5`, `Dopri8`."""
    return _stage_difference(solver) is not None


def step_statistics(
    terms: PyTree[diffrax.AbstractTerm],
    solver: diffrax.AbstractSolver,
    t0: Parameter,
    t1: Parameter,
    y0: PyTree,
    args: PyTree = None,
    *,
    rtol: Parameter | None = None,
    atol: Parameter | None = None,
) -> StepStatistics:
    """Statistics of the step from `(t0, y0)` to `t1`.

    The stiffness is Shampine's: two stages `k` at the same time but with other arguments `g` give the Lipschitz ratio
    `|k_i - k_j| / |g_i - g_j|` along the direction that power iteration by the solver favours.

    Args:
        terms: of the differential equation, as for `diffrax.diffeqsolve`.
        solver: with an error estimate.
        t0: start of the step.
        t1: end of the step.
        y0: state at `t0`.
        args: for the vector field.
        rtol: relative tolerance by which the error is divided; both tolerances `None` leave it unscaled.
        atol: absolute tolerance.

    Raises:
        ValueError: where the solver gives no error estimate.

    Example:
        >>> import diffrax
        >>> import jax.numpy as jnp
        >>> from sciml.solvers.statistics import step_statistics
        >>> decay = diffrax.ODETerm(lambda t, y, args: -40.0 * y)
        >>> found = step_statistics(decay, diffrax.Tsit5(), 0.0, 1e-3, jnp.ones(2))
        >>> round(float(found.stiffness), 2)
        40.0
    """
    checked_solver(solver, "step_statistics")
    dtype = real_dtype(y0)
    start, end = jnp.asarray(t0, dtype), jnp.asarray(t1, dtype)
    state = solver.init(terms, start, end, y0, args)
    y1, error, dense, _, _ = solver.step(terms, start, end, y0, args, state, made_jump=False)
    return statistics_of_step(solver, end - start, y0, y1, error, dense, rtol, atol)


def statistics_of_step(
    solver: diffrax.AbstractSolver,
    length: Array,
    y0: PyTree,
    y1: PyTree,
    error: PyTree,
    dense: Any,
    rtol: Parameter | None,
    atol: Parameter | None,
) -> StepStatistics:
    """Of a step already taken; `error` and `dense` are what `solver.step` returned."""
    if error is None:
        raise ValueError(
            f"{type(solver).__name__} returned no error estimate for these terms; take another solver, or diffrax.HalfSolver(...)."
        )
    dtype = real_dtype(y0)
    scaled = error if rtol is None and atol is None else _scaled(error, y0, y1, rtol, atol)
    # A step that blew up will be rejected; its values must not reach the gradient as zero times infinity.
    scaled = jax.tree.map(lambda leaf: jnp.where(jnp.isfinite(leaf), leaf, jnp.zeros_like(leaf)), scaled)
    count = sum(leaf.size for leaf in jax.tree.leaves(scaled))
    size = _safe_root(_sum_of_squares(scaled) / max(count, 1)).astype(dtype)
    return StepStatistics(size, _stiffness(solver, length, dense, dtype))


def checked_solver(solver: diffrax.AbstractSolver, caller: str) -> None:
    """Refuse solvers without an error estimate, or with a state split among terms."""
    name = type(solver).__name__
    if not isinstance(solver, diffrax.AbstractAdaptiveSolver):
        raise ValueError(
            f"{caller}: {name} makes no error estimate; take another solver, for example diffrax.Tsit5(), or "
            f"diffrax.HalfSolver({name}())."
        )
    if jax.tree.structure(solver.term_structure) != jax.tree.structure(0):
        raise ValueError(f"{caller}: {name} wants its state split among its terms, which statistics do not support.")


def real_dtype(y: PyTree) -> np.dtype:
    """Real dtype of a state; complex ones give that of their parts."""
    return np.dtype(jnp.finfo(jnp.result_type(*jax.tree.leaves(y))).dtype)


def _scaled(error: PyTree, y0: PyTree, y1: PyTree, rtol: Parameter | None, atol: Parameter | None) -> PyTree:
    def divide(e: Array, a: Array, b: Array) -> Array:
        dtype = real_dtype(e)
        relative, absolute = (jnp.asarray(0.0 if value is None else value, dtype) for value in (rtol, atol))
        b = jnp.where(jnp.isfinite(b), b, a)
        return e / (absolute + relative * jnp.maximum(jnp.abs(a), jnp.abs(b)))

    return jax.tree.map(divide, error, y0, y1)


def _stiffness(solver: diffrax.AbstractSolver, length: Array, dense: Any, dtype: np.dtype) -> Array | None:
    weights = _stage_difference(solver)
    if weights is None:
        return None
    first, second, difference = weights

    def apart(k: Array) -> Array:
        return jnp.tensordot(jnp.asarray(difference, k.dtype), k, axes=1)

    # The stages k are already multiplied by the length of the step.
    stages = jax.tree.map(lambda k: jnp.where(jnp.isfinite(k), k, jnp.zeros_like(k)), dense["k"])
    rise = _safe_root(_sum_of_squares(jax.tree.map(lambda k: k[second] - k[first], stages)))
    run = length.astype(dtype) * _safe_root(_sum_of_squares(jax.tree.map(apart, stages)))
    tiny = jnp.asarray(np.finfo(dtype).tiny, dtype)
    there = run > tiny
    return jnp.where(there, rise / jnp.where(there, run, jnp.ones_like(run)), jnp.zeros_like(run))


def _stage_difference(solver: Any) -> tuple[int, int, np.ndarray] | None:
    """The last two stages at the end of the step, and the weights of the difference of their arguments."""
    solver = getattr(solver, "solver", solver) if isinstance(solver, diffrax.AbstractWrappedSolver) else solver
    tableau = getattr(solver, "tableau", None)
    if not isinstance(solver, diffrax.AbstractERK) or not isinstance(tableau, diffrax.ButcherTableau):
        return None
    at_end = [stage for stage, abscissa in enumerate((0.0, *tableau.c)) if abscissa == 1.0]
    if len(at_end) < 2:
        return None
    first, second = at_end[-2:]
    weights = np.zeros(tableau.num_stages)
    weights[:second] += tableau.a_lower[second - 1]
    weights[:first] -= tableau.a_lower[first - 1]
    return first, second, weights


def _sum_of_squares(tree: PyTree) -> Array:
    return sum((jnp.sum(jnp.real(leaf) ** 2 + jnp.imag(leaf) ** 2) if jnp.iscomplexobj(leaf) else jnp.sum(leaf**2)
                for leaf in jax.tree.leaves(tree)), start=jnp.zeros((), real_dtype(tree)))  # fmt: skip


def _safe_root(value: Array) -> Array:
    """Square root with a zero derivative at zero."""
    there = value > 0
    return jnp.where(there, jnp.sqrt(jnp.where(there, value, jnp.ones_like(value))), jnp.zeros_like(value))
