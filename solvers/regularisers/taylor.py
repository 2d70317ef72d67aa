"""The Taylor-mode regulariser: how far the solution is from a polynomial of low degree."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from sciml.solvers.regularisers.running_cost import Cost
from sciml.solvers.taylor.solution_derivatives import solution_derivatives


def taylor_regulariser(vector_field: Callable[[Any, PyTree, PyTree], PyTree], order: int = 2) -> Cost:
    """A cost for `with_running_cost`: `|d^K y / dt^K|^2` along the solution, by its number of components.

    Kelly, Bettencourt, Johnson and Duvenaud, 2020. Derivatives of the solution come from Taylor-mode differentiation, whose price
    grows as the square of the order. Penalised at K, a solver of order near K takes fewer steps.

    Args:
        vector_field: f(t, y, args).
        order: K, at least one.

    Raises:
        ValueError: for another order.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.solvers.regularisers import taylor_regulariser
        >>> cost = taylor_regulariser(lambda t, y, args: -2.0 * y, order=3)
        >>> float(cost(jnp.asarray(0.0), jnp.ones(4), None))  # y''' = -8 y
        64.0
    """
    if order < 1:
        raise ValueError(f"taylor_regulariser: `order` must be at least one, got {order}.")

    def cost(t: Any, y: PyTree, args: PyTree) -> Float[Array, ""]:
        derivative = ravel_pytree(solution_derivatives(vector_field, order, t, y, args)[-1])[0]
        return jnp.mean(derivative**2)

    return cost
