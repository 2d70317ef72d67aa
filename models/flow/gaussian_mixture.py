"""A law for which everything is known in closed form."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.flow.gaussian_path import GaussianPath


class GaussianMixture(eqx.Module):
    """A mixture of normal laws of one variance, and the exact velocity, score and density of every path that ends there.

    With variance zero it is a finite set of points, and the velocity that of all data. For tests, for comparisons of samplers without a
    network's error, and as prior.

    Attributes:
        means: of the components.
        variance: of all components and coordinates, not negative.
        log_weights: of the components; any constant may be added.

    Example:
        >>> from sciml.models.flow import CondOT
        >>> law = GaussianMixture(jnp.asarray([[2.0, 0.0], [-2.0, 0.0]]), jnp.asarray(0.1))
        >>> law.velocity(CondOT(), 0.0, jnp.zeros((1, 2))).tolist()
        [[0.0, 0.0]]
    """

    means: Float[Array, "components d"]
    variance: Float[Array, ""]
    log_weights: Float[Array, " components"] | None = None

    def sample(self, count: int, *, key: PRNGKeyArray) -> Float[Array, "count d"]:
        """Draw samples."""
        pick, draw = jax.random.split(key)
        logits = jnp.zeros(len(self.means), self.means.dtype) if self.log_weights is None else self.log_weights
        centres = self.means[jax.random.categorical(pick, logits, shape=(count,))]
        return centres + jnp.sqrt(self.variance) * jax.random.normal(draw, centres.shape, centres.dtype)

    def log_density(
        self, x: Float[Array, "*batch d"], path: GaussianPath | None = None, t: Any = 1.0
    ) -> Float[Array, "*batch"]:
        """Logarithm of the density, of the law or of a path's marginal at `t`."""
        a, m = (jnp.ones(()), jnp.zeros(())) if path is None else path.scales(t)
        width = a**2 * self.variance + m**2
        logits = self._logits(x, a, width)
        weights = math.log(len(self.means)) if self.log_weights is None else jax.nn.logsumexp(self.log_weights)
        return jax.nn.logsumexp(logits, axis=-1) - weights - x.shape[-1] / 2 * jnp.log(2 * jnp.pi * width)

    def denoised(self, path: GaussianPath, t: Any, x: Float[Array, "*batch d"]) -> Float[Array, "*batch d"]:
        """Mean of the data given `x_t = x`."""
        return self._means(path, t, x)[0]

    def velocity(self, path: GaussianPath, t: Any, x: Float[Array, "*batch d"]) -> Float[Array, "*batch d"]:
        """Velocity of the marginal law of the path."""
        data, noise = self._means(path, t, x)
        return path.velocity(t, data, noise)

    def score(self, path: GaussianPath, t: Any, x: Float[Array, "*batch d"]) -> Float[Array, "*batch d"]:
        """Gradient of the logarithm of the marginal density: minus the mean noise by `m`; at `t < 1`."""
        return -self._means(path, t, x)[1] / path.scales(t)[1]

    def _means(self, path: GaussianPath, t: Any, x: Array) -> tuple[Array, Array]:
        """Of data and noise, given `x_t = x`."""
        a, m = path.scales(jnp.asarray(t, x.dtype))
        width = a**2 * self.variance + m**2
        weights = jax.nn.softmax(self._logits(x, a, width), axis=-1)
        centre = jnp.matmul(weights, self.means, precision="highest")
        rest = (x - a * centre) / width
        return centre + a * self.variance * rest, m * rest

    def _logits(self, x: Array, a: Array, width: Array) -> Array:
        lead = (1,) * (x.ndim - 1)
        squares = jnp.sum((x[..., None, :] - a * self.means.reshape(*lead, *self.means.shape)) ** 2, axis=-1)
        logits = -squares / (2 * width)
        return logits if self.log_weights is None else logits + self.log_weights.reshape(*lead, -1)
