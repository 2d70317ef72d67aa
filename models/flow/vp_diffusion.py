"""The variance-preserving diffusion path."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.models.flow.gaussian_path import GaussianPath


class VPDiffusion(GaussianPath):
    """The marginals of the variance-preserving diffusion: `a = exp(-T(1 - t) / 2)`, `m = sqrt(1 - a^2)`.

    `T(s) = b0 s + (b1 - b0) s^2 / 2`. At `t = 0` a remainder `a = exp(-(b0 + b1) / 4)` of the data is left, 0.7 % by default. The
    noise ends with a vertical tangent: stop velocities at `t = 1 - 1e-4` or so.

    Attributes:
        slowest: `b0`, the rate of noise at the data.
        fastest: `b1`, the rate at the noise.

    Source: Song et al. 2021 (arXiv 2011.13456).
    """

    slowest: float = 0.1
    fastest: float = 20.0

    def data_scale(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`exp(-T(1 - t) / 2)`."""
        return jnp.exp(-self._noise_time(t) / 2)

    def noise_scale(self, t: Float[Array, ""]) -> Float[Array, ""]:
        """`sqrt(1 - a^2)`, without cancellation near the data."""
        return jnp.sqrt(-jnp.expm1(-self._noise_time(t)))

    def _noise_time(self, t: Float[Array, ""]) -> Float[Array, ""]:
        s = 1 - t
        return self.slowest * s + (self.fastest - self.slowest) * s**2 / 2
