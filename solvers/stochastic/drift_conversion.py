"""The same stochastic equation in the calculus of Ito and in that of Stratonovich."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.solvers.fractional.augmented_terms import Field


def ito_to_stratonovich(drift: Field, diffusion: Field, *, elementwise: bool = False) -> Field:
    """The drift with which the Stratonovich equation has the solution of the Ito equation: `f - 1/2 sum_j (g_j . grad) g_j`.

    Exact, by forward-mode derivatives.

    Args:
        drift: Ito drift `f(t, y, args)`, shape `(d,)`.
        diffusion: `g(t, y, args)`, shape `(d,)`: diagonal, or `(d, channels)`: the columns `g_j`.
        elementwise: promise that every component of a diagonal diffusion depends on its own component of the state alone; then one
            derivative is taken instead of d.

    Returns:
        The Stratonovich drift.

    Example:
        Geometric Brownian motion.

        >>> drift = ito_to_stratonovich(lambda t, y, args: 0.3 * y, lambda t, y, args: 0.4 * y)
        >>> round(float(drift(0.0, jnp.ones(1), None)[0]), 6)
        0.22

    Source:
        Kloeden and Platen, "Numerical Solution of Stochastic Differential Equations", section 4.9.
    """
    return lambda t, y, args: drift(t, y, args) - calculus_correction(diffusion, t, y, args, elementwise=elementwise)


def stratonovich_to_ito(drift: Field, diffusion: Field, *, elementwise: bool = False) -> Field:
    """The drift with which the Ito equation has the solution of the Stratonovich equation: `f + 1/2 sum_j (g_j . grad) g_j`.

    Args:
        drift: Stratonovich drift.
        diffusion: as in `ito_to_stratonovich`.
        elementwise: as in `ito_to_stratonovich`.

    Returns:
        The Ito drift.

    Example:
        >>> drift = stratonovich_to_ito(lambda t, y, args: 0.22 * y, lambda t, y, args: 0.4 * y[:, None])
        >>> round(float(drift(0.0, jnp.ones(1), None)[0]), 6)
        0.3
    """
    return lambda t, y, args: drift(t, y, args) + calculus_correction(diffusion, t, y, args, elementwise=elementwise)


def calculus_correction(
    diffusion: Field, t: Any, y: Float[Array, " d"], args: Any, *, elementwise: bool = False
) -> Float[Array, " d"]:
    """`1/2 sum_j (g_j . grad) g_j`, the Ito drift less the Stratonovich drift."""

    def along(direction: Array) -> Array:
        return jax.jvp(lambda state: diffusion(t, state, args), (y,), (direction,))[1]

    value = diffusion(t, y, args)
    if value.ndim == 1 and elementwise:
        return 0.5 * along(value)
    index = jnp.arange(value.shape[-1])
    if value.ndim == 1:
        return 0.5 * jax.vmap(lambda column, one: along(column)[one])(jnp.diag(value), index)
    return 0.5 * jnp.sum(jax.vmap(lambda column, one: along(column)[:, one])(value.T, index), axis=0)
