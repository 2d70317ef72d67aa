"""The variance-exploding diffusion."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.models.diffusion.linear_process import LinearProcess


class VarianceExploding(LinearProcess):
    """`X_t = X_0 + s(t) noise`, `s` growing geometrically from `least` to `largest` over the unit of time, less what it is at 0.

    Attributes:
        least: standard deviation of the noise where the data are told apart.
        largest: standard deviation at the horizon, several times the spread of the data.
        horizon: 1.

    Source: Song et al. 2021 (arXiv 2011.13456), equation 9.
    """

    least: float = eqx.field(static=True, default=0.01)
    largest: float = eqx.field(static=True, default=50.0)
    horizon: float = eqx.field(static=True, default=1.0)

    def data_scale(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """1."""
        return jnp.ones_like(t)

    def noise_variance(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`least^2 ((largest / least)^(2 t) - 1)`."""
        return self.least**2 * jnp.expm1(2 * t * jnp.log(jnp.asarray(self.largest / self.least, t.dtype)))
