"""The rational quadratic kernel."""

import math

import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln
from jaxtyping import Array, Float

from sciml.kernels.radial import Radial
from sciml.kernels.spectrum import Spectrum, scale_mixture
from sciml.parameters.field import Parameter, positive
from sciml.special.bessel import log_kv


class RationalQuadratic(Radial):
    """`(1 + |x - y|^2 / (2 a l^2))^-a`: squared-exponential kernels with a Gamma law of inverse squared lengthscales.

    Attributes:
        lengthscale: `l`, one number or one per coordinate.
        shape_parameter: `a`; towards infinity the kernel becomes squared-exponential.

    Example:
        >>> round(float(RationalQuadratic(1.0, 0.5)(0.0, 1.0)), 6)  # 1 / sqrt(2)
        0.707107
    """

    lengthscale: Float[Parameter, "*dimension"] = positive(default=1.0)
    shape_parameter: Float[Parameter, ""] = positive(default=1.0)

    @property
    def smoothness(self) -> float:
        """Derivatives of all orders exist."""
        return math.inf

    def shape(self, s: Float[Array, "*s"], order: int) -> Float[Array, "*s"]:
        """`(-1 / 2a)^order a (a + 1) ... (1 + s / 2a)^(-a - order)`."""
        a = self.shape_parameter
        factor = jnp.ones_like(a)
        for i in range(order):
            factor = factor * (a + i) / (-2 * a)
        return factor * jnp.exp(-(a + order) * jnp.log1p(s / (2 * a)))

    def spectrum(self) -> Spectrum | None:
        """Normal frequencies with squared scales of a Gamma law; the density is a Bessel function of the second kind."""
        a = self.shape_parameter

        def precision(key: Array, count: int) -> Array:
            return jax.random.gamma(key, a, (count,), a.dtype) / a

        def log_density(s: Array, dimension: int) -> Array:
            order = a - 0.5 * dimension
            constant = math.log(2) + 0.5 * dimension * math.log(2 * math.pi) + a * jnp.log(a) - gammaln(a)
            apart = s > 0
            inside = jnp.where(apart, s, 1)
            away = constant + 0.5 * order * jnp.log(inside / (2 * a)) + log_kv(order, jnp.sqrt(2 * a * inside))
            # K_v(z) is near gamma(v) (2 / z)^v / 2; without moments of that order the density has a pole.
            bounded = order > 0
            limit = gammaln(jnp.where(bounded, order, 1)) - gammaln(a) + 0.5 * dimension * jnp.log(2 * math.pi * a)
            return jnp.where(apart, away, jnp.where(bounded, limit, jnp.inf))

        return scale_mixture(self.lengthscale, precision, log_density)
