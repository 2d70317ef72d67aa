"""Counts."""

import jax.numpy as jnp
from jax.scipy.special import gammaln
from jaxtyping import Array, Float, Shaped

from sciml.gp.likelihoods.likelihood import Likelihood


class PoissonLikelihood(Likelihood):
    """Counts whose rate is the exponential of the latent value.

    Put the logarithm of the exposure (time, area) and of a typical rate into the `mean` of the process: a mean of zero says that
    counts are about one.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.gp import PoissonLikelihood
        >>> float(PoissonLikelihood().log_prob(jnp.array([0]), jnp.array([0.0]))[0])
        -1.0
    """

    def log_prob(self, values: Shaped[Array, " n"], latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """Logarithm of the probability of the count."""
        return self.expected_log_prob(values, latent, jnp.zeros_like(latent))

    def mean(self, latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """The rate."""
        return jnp.exp(latent)

    def variance(self, latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """The rate."""
        return jnp.exp(latent)

    def expected_log_prob(
        self, values: Shaped[Array, " n"], mean: Float[Array, " n"], variance: Float[Array, " n"]
    ) -> Float[Array, " n"]:
        """Closed form."""
        counts = values.astype(mean.dtype)
        return counts * mean - jnp.exp(mean + variance / 2) - gammaln(counts + 1)
