"""Two classes."""

from typing import Literal

import equinox as eqx
import jax
from jax.scipy.special import log_ndtr, ndtr
from jaxtyping import Array, Float, Shaped

from sciml.gp.likelihoods.likelihood import Likelihood


class Bernoulli(Likelihood):
    """Observations 0 or 1 (or booleans), with a probability of 1 that rises with the latent value.

    Attributes:
        link: `"logit"`: the latent value is the logarithm of the odds; `"probit"`: the quantile of the normal law.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.gp import Bernoulli
        >>> float(Bernoulli().mean(jnp.array([0.0]))[0])
        0.5
    """

    link: Literal["logit", "probit"] = eqx.field(static=True, default="logit")

    def __check_init__(self) -> None:
        if self.link not in ("logit", "probit"):
            raise ValueError(f"Bernoulli: `link` is 'logit' or 'probit', got {self.link!r}.")

    def log_prob(self, values: Shaped[Array, " n"], latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """Logarithm of the probability of the class, without underflow."""
        towards = (2 * values.astype(latent.dtype) - 1) * latent
        return jax.nn.log_sigmoid(towards) if self.link == "logit" else log_ndtr(towards)

    def mean(self, latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """Probability of 1."""
        return jax.nn.sigmoid(latent) if self.link == "logit" else ndtr(latent)

    def variance(self, latent: Float[Array, " n"]) -> Float[Array, " n"]:
        """`p (1 - p)`."""
        return self.mean(latent) * self.mean(-latent)
