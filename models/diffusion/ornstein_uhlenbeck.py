"""The Ornstein-Uhlenbeck process."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.models.diffusion.linear_process import LinearProcess


class OrnsteinUhlenbeck(LinearProcess):
    """`dX = -X dt + dW`: stationary law normal of variance 1/2.

    Attributes:
        horizon: 10 by default, where `a` is 5e-5.

    Example:
        >>> process = OrnsteinUhlenbeck()
        >>> float(process.rate(0.3)), round(float(process.squared_diffusion(0.3)), 6)
        (1.0, 1.0)
    """

    horizon: float = eqx.field(static=True, default=10.0)

    def data_scale(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`exp(-t)`."""
        return jnp.exp(-t)

    def noise_variance(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`(1 - exp(-2 t)) / 2`."""
        return -jnp.expm1(-2 * t) / 2
