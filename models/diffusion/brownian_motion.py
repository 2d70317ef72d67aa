"""Brownian motion that starts at the data."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.models.diffusion.linear_process import LinearProcess


class BrownianMotion(LinearProcess):
    """`dX = volatility dW`: a variance-exploding diffusion in its simplest time.

    Attributes:
        volatility: `g`.
        horizon: `volatility^2 horizon` is the variance of the noise at the end, many times that of the data.

    Example:
        >>> float(BrownianMotion(volatility=2.0).noise_variance(jnp.asarray(3.0)))
        12.0
    """

    volatility: float = eqx.field(static=True, default=1.0)
    horizon: float = eqx.field(static=True, default=25.0)

    def data_scale(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """1."""
        return jnp.ones_like(t)

    def noise_variance(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`volatility^2 t`."""
        return self.volatility**2 * t
