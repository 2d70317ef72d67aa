"""Kinetic energy and Jacobian norm of a vector field: straight trajectories, gently varying."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from sciml.equation import Parameter
from sciml.solvers.regularisers.running_cost import Cost


def kinetic_jacobian_regulariser(
    vector_field: Callable[[Any, PyTree, PyTree], PyTree],
    y0: PyTree,
    *,
    kinetic: Parameter = 1.0,
    jacobian: Parameter = 1.0,
    key: PRNGKeyArray,
) -> Cost:
    """A cost for `with_running_cost`: `kinetic |f|^2 + jacobian |e^T df/dy|^2`, by the number of components.

    Finlay, Jacobsen, Nurbekyan and Oberman, 2020. The second part estimates the squared Frobenius norm of the Jacobian without bias,
    with one direction e of random signs for the whole solve: draw a new key in each training step.

    Args:
        vector_field: f(t, y, args).
        y0: a state, for its shape.
        kinetic: weight of the kinetic energy.
        jacobian: weight of the Jacobian.
        key: random key.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> from sciml.solvers.regularisers import kinetic_jacobian_regulariser
        >>> cost = kinetic_jacobian_regulariser(lambda t, y, args: -2.0 * y, jnp.ones(4), key=jax.random.key(0))
        >>> float(cost(0.0, jnp.ones(4), None))  # 4 + 4
        8.0
    """
    flat, _ = ravel_pytree(y0)
    signs = jax.random.rademacher(key, flat.shape, flat.dtype)

    def cost(t: Any, y: PyTree, args: PyTree) -> Float[Array, ""]:
        at, shaped = ravel_pytree(y)

        def field(at: Array) -> Array:
            return ravel_pytree(vector_field(t, shaped(at), args))[0]

        rate, pull = jax.vjp(field, at)
        (row,) = pull(signs)
        return kinetic * jnp.mean(rate**2) + jacobian * jnp.mean(row**2)

    return cost
