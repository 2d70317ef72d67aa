"""The local regulariser: what the solver says of one step at a random time, for any adjoint."""

from typing import Any, Literal, TypeAlias

import diffrax
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from sciml.equation import Parameter
from sciml.solvers.statistics.step import checked_solver, measures_stiffness, real_dtype, step_statistics

Quantity: TypeAlias = Literal["error", "stiffness"]


def local_regulariser(
    terms: PyTree[diffrax.AbstractTerm],
    solver: diffrax.AbstractSolver,
    t: Parameter,
    y: PyTree,
    args: PyTree = None,
    *,
    t_end: Parameter,
    quantity: Quantity = "error",
    rtol: Parameter = 1e-6,
    atol: Parameter = 1e-6,
    step: Parameter | None = None,
) -> Float[Array, ""]:
    """Scaled error times length, or stiffness, of one step from `(t, y)`.

    Pal, Edelman and Rackauckas, 2023. No gradient passes through `y` or the length of the step, only through the vector field in that
    step, so that the solve that gave `y` may use any adjoint, `diffrax.BacksolveAdjoint` too.

    Args:
        terms: of the differential equation; arrays within and `args` are differentiated.
        solver: with an error estimate.
        t: start of the step, `random_time` or `random_step` draws it.
        y: state there.
        args: for the vector field.
        t_end: end of the solve; the step ends there at the latest.
        quantity: `"error"` or `"stiffness"`.
        rtol: relative tolerance by which the error is divided.
        atol: absolute tolerance.
        step: its length; chosen from the vector field by default, as adaptive solvers choose their first step.

    Raises:
        ValueError: for a solver without what is asked for.

    Example:
        >>> import diffrax
        >>> import jax
        >>> import jax.numpy as jnp
        >>> from sciml.solvers.regularisers import local_regulariser
        >>> decay = diffrax.ODETerm(lambda t, y, rate: -rate * y)
        >>> def penalty(rate):
        ...     return local_regulariser(
        ...         decay, diffrax.Tsit5(), 0.3, jnp.ones(2), rate, t_end=1.0, quantity="stiffness", step=0.01
        ...     )
        >>> round(float(penalty(jnp.asarray(5.0))), 2)
        5.0
    """
    checked_solver(solver, "local_regulariser")
    if quantity not in ("error", "stiffness"):
        raise ValueError(f"local_regulariser: `quantity` must be 'error' or 'stiffness', got {quantity!r}.")
    if quantity == "stiffness" and not measures_stiffness(solver):
        raise ValueError(
            f"local_regulariser: {type(solver).__name__} gives no stiffness; take diffrax.Tsit5(), Dopri5() or Dopri8()."
        )
    dtype = real_dtype(y)
    y = lax.stop_gradient(y)
    start, end = lax.stop_gradient((jnp.asarray(t, dtype), jnp.asarray(t_end, dtype)))
    if step is None:
        length = first_step(terms, solver, start, y, args, rtol=rtol, atol=atol)
    else:
        length = lax.stop_gradient(jnp.asarray(step, dtype))
    stop = jnp.minimum(start + length, end)
    found = step_statistics(terms, solver, start, stop, y, args, rtol=rtol, atol=atol)
    if quantity == "stiffness" and found.stiffness is not None:
        return found.stiffness
    return found.error * (stop - start)


def random_time(
    t0: Parameter, t1: Parameter, *, shape: tuple[int, ...] = (), dtype: Any = jnp.float32, key: PRNGKeyArray
) -> Array:
    """A time uniform in `[t0, t1)`, for the unbiased regulariser: save the solution there too.

    Args:
        t0: start of the solve.
        t1: its end.
        shape: of the result.
        dtype: of the result.
        key: random key.

    Example:
        >>> import jax
        >>> from sciml.solvers.regularisers import random_time
        >>> 0.0 <= float(random_time(0.0, 2.0, key=jax.random.key(1))) < 2.0
        True
    """
    start, end = jnp.asarray(t0, dtype), jnp.asarray(t1, dtype)
    return start + (end - start) * jax.random.uniform(key, shape, dtype)


def random_step(solution: diffrax.Solution, *, key: PRNGKeyArray) -> tuple[Array, PyTree]:
    """Time and state at the start of one of the accepted steps, each as likely, for the biased regulariser.

    Args:
        solution: with `SaveAt(steps=True, t0=True)`.
        key: random key.

    Raises:
        ValueError: where the steps were not saved.

    Example:
        >>> import diffrax
        >>> import jax
        >>> import jax.numpy as jnp
        >>> from sciml.solvers.regularisers import random_step
        >>> decay = diffrax.ODETerm(lambda t, y, args: -y)
        >>> saved = diffrax.SaveAt(steps=True, t0=True)
        >>> solution = diffrax.diffeqsolve(decay, diffrax.Tsit5(), 0.0, 1.0, 0.1, jnp.ones(2), saveat=saved)
        >>> t, y = random_step(solution, key=jax.random.key(0))
        >>> 0.0 <= float(t) < 1.0
        True
    """
    if solution.ts is None or solution.ys is None:
        raise ValueError("random_step: solve with saveat=diffrax.SaveAt(steps=True, t0=True).")
    # With the initial state at number zero, numbers below the count of steps leave out the last state.
    index = jax.random.randint(key, (), 0, solution.stats["num_accepted_steps"])
    return solution.ts[index], jax.tree.map(lambda leaf: leaf[index], solution.ys)


def first_step(
    terms: Any, solver: Any, t: Array, y: PyTree, args: PyTree, *, rtol: Parameter, atol: Parameter
) -> Float[Array, ""]:
    """Length of a first step at which the error should meet the tolerances (Hairer, Norsett and Wanner, II.4); a constant in gradients.

    For stochastic terms, where the rule does not hold, a hundredth of the unit of time.
    """
    dtype = real_dtype(y)
    order = solver.error_order(terms)
    if order is None:
        raise ValueError(f"local_regulariser: {type(solver).__name__} does not know its order; give `step`.")
    if not isinstance(terms, diffrax.ODETerm):
        return jnp.asarray(0.01, dtype)

    def scaled(tree: PyTree) -> Array:
        parts = jax.tree.map(lambda leaf, at: leaf / (jnp.asarray(atol, dtype) + rtol * jnp.abs(at)), tree, y)
        flat = jnp.concatenate([jnp.ravel(jnp.abs(leaf)) for leaf in jax.tree.leaves(parts)])
        return jnp.sqrt(jnp.mean(flat**2))

    rate = terms.vf(t, y, args)
    size, speed = scaled(y), scaled(rate)
    small = (size < 1e-5) | (speed < 1e-5)
    trial = jnp.where(small, 1e-6, 0.01 * size / jnp.where(small, 1, speed)).astype(dtype)
    moved = jax.tree.map(lambda a, b: a + trial * b, y, rate)
    turn = scaled(jax.tree.map(jnp.subtract, terms.vf(t + trial, moved, args), rate)) / trial
    fastest = jnp.maximum(speed, turn)
    flat = fastest <= 1e-15
    guess = jnp.where(flat, jnp.maximum(1e-6, trial * 1e-3), (0.01 / jnp.where(flat, 1, fastest)) ** (1 / order))
    return lax.stop_gradient(jnp.minimum(100 * trial, guess).astype(dtype))
