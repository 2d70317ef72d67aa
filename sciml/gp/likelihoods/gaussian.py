"""Normal noise."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float, Shaped

from sciml.gp.likelihoods.likelihood import Likelihood
from sciml.parameters.field import Parameter, positive


class GaussianLikelihood(Likelihood):
    """Normal noise: for comparison, and for `SVGP`; `GP` does it exactly.

    Attributes:
        noise_variance: variance of the noise.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.gp import GaussianLikelihood
        >>> float(GaussianLikelihood(1.0).log_prob(jnp.array([0.5]), jnp.array([0.5]))[0].round(4))
        -0.9189
    """

    noise_variance: Float[Parameter, ""] = positive()

    def log_prob(self, values: Shaped[Array, " n"], latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """Normal density."""
        return self.expected_log_prob(values, latent, jnp.zeros_like(latent))

    def mean(self, latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """The latent value."""
        return latent

    def variance(self, latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """That of the noise."""
        return jnp.broadcast_to(self.noise_variance.astype(latent.dtype), latent.shape)

    def expected_log_prob(
        self, values: Shaped[Array, " n"], mean: Float[Array, " n"], variance: Float[Array, " n"]
    ) -> Float[Array, " n"]:
        """Closed form."""
        noise = self.noise_variance.astype(mean.dtype)
        square = (values.astype(mean.dtype) - mean) ** 2 + variance
        return -0.5 * (square / noise + jnp.log(noise) + math.log(2 * math.pi))
