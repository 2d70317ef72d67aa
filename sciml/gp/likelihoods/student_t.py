"""Noise with outliers."""

import math

import jax.numpy as jnp
from jax.scipy.special import gammaln
from jaxtyping import Array, Float, Shaped

from sciml.gp.likelihoods.likelihood import Likelihood
from sciml.parameters.field import Parameter, positive


class StudentTLikelihood(Likelihood):
    """Student-t noise, which lets single observations be far off.

    Not log-concave: the law of the latent values may have several modes, of which the Laplace approximation takes the one that Newton
    finds from the prior mean, and it counts observations in the tail as saying nothing (their negative curvature as zero).

    Attributes:
        scale: of the noise.
        degrees_of_freedom: the fewer, the heavier the tails.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.gp import StudentTLikelihood
        >>> float(StudentTLikelihood(1.0, 4.0).variance(jnp.array([0.0]))[0])
        2.0
    """

    scale: Float[Parameter, ""] = positive()
    degrees_of_freedom: Float[Parameter, ""] = positive()

    def log_prob(self, values: Shaped[Array, " n"], latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """Student-t density."""
        scale, nu = self.scale.astype(latent.dtype), self.degrees_of_freedom.astype(latent.dtype)
        distance = (values.astype(latent.dtype) - latent) / scale
        constant = (
            gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * jnp.log(nu) - jnp.log(scale) - 0.5 * math.log(math.pi)
        )
        return constant - (nu + 1) / 2 * jnp.log1p(distance**2 / nu)

    def mean(self, latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """The latent value; none with one degree of freedom or fewer."""
        return jnp.where(self.degrees_of_freedom > 1, latent, jnp.nan)

    def variance(self, latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """`scale^2 nu / (nu - 2)`; infinite with two degrees of freedom or fewer."""
        scale, nu = self.scale.astype(latent.dtype), self.degrees_of_freedom.astype(latent.dtype)
        finite = nu > 2
        value = jnp.where(finite, scale**2 * nu / jnp.where(finite, nu - 2, 1), jnp.inf)
        return jnp.broadcast_to(value, latent.shape)
