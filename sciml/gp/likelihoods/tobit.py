"""Observations cut off at limits."""

import math

import equinox as eqx
import jax.numpy as jnp
from jax.scipy.special import log_ndtr, ndtr
from jaxtyping import Array, Float, Shaped

from sciml.gp.likelihoods.likelihood import Likelihood
from sciml.parameters.field import Parameter, positive


class Tobit(Likelihood):
    """Normal noise, but what falls below or above a limit is recorded as the limit: detection limits, saturated sensors, capacities.

    A value at a limit, or beyond it, counts as the probability of everything beyond; J. Tobin, Econometrica 26 (1958) 24.

    Attributes:
        noise_variance: variance of the noise.
        lower: lower limit; minus infinity for none.
        upper: upper limit; infinity for none.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.gp import Tobit
        >>> law = Tobit(0.25, lower=0.0)
        >>> law.log_prob(jnp.array([0.0, 1.0]), jnp.array([0.0, 1.0])).round(4).tolist() == [-0.6931, -0.2258]
        True
    """

    noise_variance: Float[Parameter, ""] = positive()
    lower: float = eqx.field(static=True, default=-math.inf)
    upper: float = eqx.field(static=True, default=math.inf)

    def __check_init__(self) -> None:
        if not self.lower < self.upper:
            raise ValueError(f"Tobit: `lower` must be below `upper`, got {self.lower} and {self.upper}.")

    def log_prob(self, values: Shaped[Array, " n"], latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """Normal density between the limits, logarithm of a normal probability at them."""
        values, scale = values.astype(latent.dtype), self._scale(latent)
        result = -0.5 * (((values - latent) / scale) ** 2 + math.log(2 * math.pi)) - jnp.log(scale)
        if self.lower > -math.inf:
            result = jnp.where(values <= self.lower, log_ndtr((self.lower - latent) / scale), result)
        if self.upper < math.inf:
            result = jnp.where(values >= self.upper, log_ndtr((latent - self.upper) / scale), result)
        return result

    def mean(self, latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """Mean of what is recorded."""
        return latent + self._scale(latent) * self._moments(latent)[0]

    def variance(self, latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """Variance of what is recorded."""
        first, second = self._moments(latent)
        return self._scale(latent) ** 2 * jnp.maximum(second - first**2, 0)

    def _scale(self, latent: Array) -> Array:
        return jnp.sqrt(self.noise_variance.astype(latent.dtype))

    def _moments(self, latent: Array) -> tuple[Array, Array]:
        """Of what is recorded less the latent value, in units of the noise."""
        first, second = jnp.zeros_like(latent), jnp.ones_like(latent)
        for limit, side in ((self.lower, -1), (self.upper, 1)):
            if math.isfinite(limit):
                edge = side * (limit - latent) / self._scale(latent)
                beyond, density = ndtr(-edge), jnp.exp(-0.5 * edge**2) / math.sqrt(2 * math.pi)
                first = first + side * (edge * beyond - density)
                second = second + (edge**2 - 1) * beyond - edge * density
        return first, second
