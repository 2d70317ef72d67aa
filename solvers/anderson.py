"""Anderson's acceleration of fixed-point iterations, as a solver of optimistix."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import optimistix
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Int, PyTree


class AndersonState(eqx.Module):
    """Differences of the last values and residuals, one per row, and the size of the last residual in units of the tolerance."""

    values: Float[Array, "memory n"]
    residuals: Float[Array, "memory n"]
    value: Float[Array, " n"]
    residual: Float[Array, " n"]
    count: Int[Array, ""]
    error: Float[Array, ""]


class AndersonAcceleration(optimistix.AbstractFixedPointSolver):
    """Next iterate: the combination of the last values of f whose residuals, combined so, are smallest.

    On linear problems it equals GMRES of as many steps as it remembers. Pass it to `optimistix.fixed_point`, whose gradients are
    implicit.

    Attributes:
        rtol: relative tolerance of `f(y) - y`.
        atol: absolute tolerance.
        norm: of the residual in units of the tolerance.
        memory: how many differences are combined.
        ridge: regularises the combination, relative to its squares; ten times round-off by default.

    Example:
        >>> import optimistix
        >>> solver = AndersonAcceleration(1e-6, 1e-6, memory=2)
        >>> found = optimistix.fixed_point(lambda y, args: jnp.cos(y), solver, jnp.ones(()))
        >>> round(float(found.value), 4), int(found.stats["num_steps"]) < 8
        (0.7391, True)

    Source:
        Walker and Ni, "Anderson acceleration for fixed-point iterations", SIAM J. Numer. Anal. 49 (2011).
    """

    rtol: float
    atol: float
    norm: Any = optimistix.max_norm
    memory: int = eqx.field(static=True, default=5)
    ridge: float | None = eqx.field(static=True, default=None)

    def init(
        self, fn: Any, y: PyTree, args: PyTree, options: dict[str, Any], f_struct: Any, aux_struct: Any, tags: Any
    ) -> AndersonState:
        """No differences yet; called by optimistix."""
        flat, _ = ravel_pytree(y)
        none = jnp.zeros((self.memory, flat.size), flat.dtype)
        infinite = jnp.asarray(jnp.inf, flat.dtype)
        return AndersonState(none, none, jnp.zeros_like(flat), jnp.zeros_like(flat), jnp.zeros((), jnp.int32), infinite)

    def step(
        self, fn: Any, y: PyTree, args: PyTree, options: dict[str, Any], state: AndersonState, tags: Any
    ) -> tuple[PyTree, AndersonState, Any]:
        """One evaluation and one combination."""
        at, shaped = ravel_pytree(y)
        result, aux = fn(y, args)
        value, _ = ravel_pytree(result)
        residual = value - at
        slot, known = state.count % self.memory, state.count > 0
        rise = jnp.where(known, value - state.value, 0)
        change = jnp.where(known, residual - state.residual, 0)
        values, residuals = state.values.at[slot].set(rise), state.residuals.at[slot].set(change)
        gram = residuals @ residuals.T
        # Rows that are still zero get no weight, because of the ridge.
        small = 10 * jnp.finfo(at.dtype).eps if self.ridge is None else self.ridge
        floor = jnp.asarray(small, at.dtype) * jnp.trace(gram) + jnp.finfo(at.dtype).tiny
        weights = jnp.linalg.solve(gram + floor * jnp.eye(self.memory, dtype=at.dtype), residuals @ residual)
        ahead = value - weights @ values
        scale = self.atol + self.rtol * jnp.abs(value)
        error = jnp.asarray(self.norm(residual / scale), at.dtype)
        after = AndersonState(values, residuals, value, residual, state.count + 1, error)
        return shaped(jnp.where(jnp.isfinite(ahead), ahead, value)), after, aux

    def terminate(
        self, fn: Any, y: PyTree, args: PyTree, options: dict[str, Any], state: AndersonState, tags: Any
    ) -> tuple[Bool[Array, ""], optimistix.RESULTS]:
        """Whether the last residual was within the tolerance."""
        return state.error < 1, optimistix.RESULTS.successful

    def postprocess(
        self, fn: Any, y: PyTree, aux: Any, args: PyTree, options: dict[str, Any], state: AndersonState, tags: Any,
        result: Any,
    ) -> tuple[PyTree, Any, dict[str, Any]]:  # fmt: skip
        """Nothing to add."""
        return y, aux, {}
