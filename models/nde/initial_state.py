"""Where a latent stochastic differential equation starts."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


class GaussianStart(eqx.Module):
    """A Gaussian prior of the first value, and a Gaussian posterior that training moves; both with independent components.

    Attributes:
        prior_mean: shape `(d,)`.
        prior_log_scale: logarithm of the prior standard deviation, `(d,)`.
        posterior_mean: shape `(d,)`.
        posterior_log_scale: `(d,)`.

    Example:
        >>> start = GaussianStart(2, scale=0.5)
        >>> float(start.divergence())
        0.0
    """

    prior_mean: Float[Array, " d"]
    prior_log_scale: Float[Array, " d"]
    posterior_mean: Float[Array, " d"]
    posterior_log_scale: Float[Array, " d"]

    def __init__(self, size: int, *, scale: float = 1.0):
        if size < 1 or not scale > 0:
            raise ValueError(f"GaussianStart: `size` and `scale` must be positive, got {size} and {scale}.")
        self.prior_mean = self.posterior_mean = jnp.zeros(size)
        self.prior_log_scale = self.posterior_log_scale = jnp.full(size, jnp.log(scale))

    def prior(self, *, key: PRNGKeyArray) -> Float[Array, " d"]:
        """Draw from the prior."""
        return self.prior_mean + jnp.exp(self.prior_log_scale) * _normal(self.prior_mean, key)

    def posterior(self, context: Any = None, *, key: PRNGKeyArray) -> Float[Array, " d"]:
        """Draw from the posterior, the same for every context."""
        return self.posterior_mean + jnp.exp(self.posterior_log_scale) * _normal(self.posterior_mean, key)

    def divergence(self, context: Any = None) -> Float[Array, ""]:
        """Kullback-Leibler divergence of the posterior from the prior."""
        log_ratio = self.posterior_log_scale - self.prior_log_scale
        moved = (self.posterior_mean - self.prior_mean) * jnp.exp(-self.prior_log_scale)
        return 0.5 * jnp.sum(jnp.exp(2 * log_ratio) + moved**2 - 1 - 2 * log_ratio)


class FixedStart(eqx.Module):
    """A first value that is known.

    Attributes:
        value: shape `(d,)`.

    Example:
        >>> FixedStart(jnp.zeros(2)).prior(key=jax.random.key(0)).tolist()
        [0.0, 0.0]
    """

    value: Float[Array, " d"]

    def prior(self, *, key: PRNGKeyArray) -> Float[Array, " d"]:
        """The value."""
        return self.value

    def posterior(self, context: Any = None, *, key: PRNGKeyArray) -> Float[Array, " d"]:
        """The value."""
        return self.value

    def divergence(self, context: Any = None) -> Float[Array, ""]:
        """Zero."""
        return jnp.zeros((), self.value.dtype)


def _normal(like: Float[Array, " d"], key: PRNGKeyArray) -> Float[Array, " d"]:
    return jax.random.normal(key, like.shape, like.dtype)
