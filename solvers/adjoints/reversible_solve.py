"""Fixed steps whose gradient is exact to round-off and whose memory does not grow with their number."""

from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from sciml.equation import Parameter
from sciml.solvers.adjoints.coupled_solver import CoupledSolver, CoupledSteps
from sciml.solvers.adjoints.open_terms import open_terms
from sciml.solvers.adjoints.reversible_heun import ReversibleHeunSteps
from sciml.solvers.adjoints.reversible_method import ReversibleMethod
from sciml.solvers.adjoints.reversible_scan import EvenTimes, ListedTimes, reversible_scan


class ReversibleSolution(eqx.Module):
    """What `solve_reversible` returns.

    Attributes:
        ts: saved times.
        ys: states there, along the first axis.
    """

    ts: Float[Array, " times"]
    ys: PyTree


def solve_reversible(
    terms: diffrax.AbstractTerm,
    solver: diffrax.AbstractSolver,
    t0: Parameter,
    t1: Parameter,
    y0: PyTree,
    args: PyTree = None,
    *,
    steps: int | None = None,
    save_every: int | None = None,
    step_ts: Float[Array, " times"] | np.ndarray | None = None,
) -> ReversibleSolution:
    """Solve with fixed steps; reverse mode stores the last state and undoes the steps.

    The gradient with respect to `y0`, `args`, the arrays within `terms` and those the vector field closes over is that of the
    discrete solve to round-off. Derivatives with respect to times, and forward mode, are refused.

    Args:
        terms: `diffrax.ODETerm`, or for Stratonovich equations `diffrax.MultiTerm` with a control that can be asked again for the
            same increments, such as `diffrax.VirtualBrownianTree`.
        solver: `diffrax.ReversibleHeun()` (one evaluation a step, weakly stable), or `CoupledSolver(diffrax.Tsit5())`.
        t0: start.
        t1: end.
        y0: initial state, arrays in any tree; its dtype is that of the solve.
        args: for the vector field.
        steps: number of equal steps.
        save_every: steps between saved states, a divisor of `steps`; the end alone by default.
        step_ts: times of uneven steps instead of `steps`, from `t0` to `t1`.

    Raises:
        ValueError: for wrong counts or a solver that cannot be undone.

    Example:
        >>> import diffrax
        >>> import jax
        >>> import jax.numpy as jnp
        >>> from sciml.solvers.adjoints import solve_reversible
        >>> term = diffrax.ODETerm(lambda t, y, rate: -rate * y)
        >>> def end(rate):
        ...     return solve_reversible(term, diffrax.ReversibleHeun(), 0.0, 1.0, jnp.ones(()), rate, steps=100).ys[-1]
        >>> round(float(jax.grad(end)(jnp.asarray(1.0))), 3)
        -0.368
    """
    method = reversible_method(solver)
    if (steps is None) == (step_ts is None):
        raise ValueError("solve_reversible: give either `steps` or `step_ts`.")
    dtype = jnp.finfo(jnp.result_type(*jax.tree.leaves(y0))).dtype
    if step_ts is not None:
        times: EvenTimes | ListedTimes = ListedTimes(jnp.asarray(step_ts, dtype))
    else:
        if _has_unsafe_noise(terms):
            raise ValueError(
                "solve_reversible: the increments of diffrax.UnsafeBrownianPath are others for times that differ in the last bit, as "
                "computed ones may on the way back; list the times (`step_ts`), or take diffrax.VirtualBrownianTree."
            )
        begin, end = jnp.asarray(t0, dtype), jnp.asarray(t1, dtype)
        count = 0 if steps is None else steps
        if count < 1:
            raise ValueError(f"solve_reversible: `steps` must be positive, got {steps}.")
        times = EvenTimes(begin, (end - begin) / count, count)
    every = times.steps if save_every is None else save_every
    if times.steps < 1 or every < 1 or times.steps % every:
        raise ValueError(
            f"solve_reversible: the number of steps must be a positive multiple of `save_every`, got {times.steps} and {every}."
        )
    terms = open_terms(terms, times.at(jnp.asarray(0)), y0, args)
    ys = reversible_scan((y0, terms, args), method, times, every)
    saved = jnp.arange(every, times.steps + 1, every)
    return ReversibleSolution(times.at(saved), ys)


def _has_unsafe_noise(terms: Any) -> bool:
    def is_unsafe(node: Any) -> bool:
        return isinstance(node, diffrax.UnsafeBrownianPath)

    return any(is_unsafe(leaf) for leaf in jax.tree.leaves(terms, is_leaf=is_unsafe))


def is_reversible(solver: Any) -> bool:
    """Whether the steps of a solver can be undone."""
    return isinstance(solver, CoupledSolver | diffrax.ReversibleHeun)


def reversible_method(solver: Any) -> ReversibleMethod:
    """The steps of a solver and their inverse."""
    if isinstance(solver, CoupledSolver):
        return CoupledSteps(solver)
    if isinstance(solver, diffrax.ReversibleHeun):
        return ReversibleHeunSteps()
    raise ValueError(
        f"The steps of {type(solver).__name__} cannot be undone: take diffrax.ReversibleHeun(), or CoupledSolver(...) around an "
        "explicit Runge-Kutta method."
    )
