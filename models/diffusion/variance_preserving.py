"""The variance-preserving diffusion."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.models.diffusion.linear_process import LinearProcess


class VariancePreserving(LinearProcess):
    """`dX = -b(t)/2 X dt + sqrt(b(t)) dW`, `b` growing linearly from `slowest` to `fastest` over the unit of time.

    Attributes:
        slowest: `b(0)`.
        fastest: `b(1)`.
        horizon: 1.

    Source: Song et al. 2021 (arXiv 2011.13456), equation 11.
    """

    slowest: float = eqx.field(static=True, default=0.1)
    fastest: float = eqx.field(static=True, default=20.0)
    horizon: float = eqx.field(static=True, default=1.0)

    def data_scale(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`exp(-B(t) / 2)`, B the integral of b."""
        return jnp.exp(-self._integral(t) / 2)

    def noise_variance(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`1 - exp(-B(t))`."""
        return -jnp.expm1(-self._integral(t))

    def _integral(self, t: Float[Array, ""]) -> Float[Array, ""]:
        return self.slowest * t + (self.fastest - self.slowest) * t**2 / 2
