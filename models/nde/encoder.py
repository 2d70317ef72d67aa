"""What a posterior is told of the data: a summary of a trajectory, and where a path starts given it."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.mlp import MLP


class TrajectoryEncoder(eqx.Module):
    """A gated recurrent unit that reads a trajectory from its end to its start, and a linear map to the context.

    Attributes:
        cell: the recurrent unit.
        head: the linear map.
        sequence: whether there is a context for each time, of the values from there on: what a posterior may know of the future.

    Example:
        >>> encoder = TrajectoryEncoder(2, 8, width=16, key=jax.random.key(0))
        >>> encoder(jnp.ones((10, 2))).shape
        (8,)
    """

    cell: eqx.nn.GRUCell
    head: MLP
    sequence: bool = eqx.field(static=True)

    def __init__(self, channels: int, context_size: int, *, width: int, sequence: bool = False, key: PRNGKeyArray):
        """Draw the weights.

        Args:
            channels: of the data.
            context_size: length of the context.
            width: units of the recurrent state.
            sequence: give a context for each time.
            key: random key.
        """
        one, two = jax.random.split(key)
        self.sequence = sequence
        self.cell = eqx.nn.GRUCell(channels, width, key=one)
        self.head = MLP(width, context_size, width=width, depth=0, key=two)

    def __call__(
        self, values: Float[Array, "times channels"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "*contexts"]:
        """Summarise one trajectory: `(context,)`, or `(times, context)` for a sequence."""
        first = jnp.zeros(self.cell.hidden_size, values.dtype)

        def read(state: Array, value: Array) -> tuple[Array, Any]:
            state = self.cell(value, state)
            return state, state if self.sequence else None

        state, states = jax.lax.scan(read, first, values, reverse=True)
        return jax.vmap(self.head)(states) if self.sequence else self.head(state)


class EncodedStart(eqx.Module):
    """A standard normal prior of the first value with learned mean and scale, and a posterior read off the context.

    Of a context for each time, shape `(times, context)`, the first one counts, which has seen them all.

    Attributes:
        prior_mean: shape `(d,)`.
        prior_log_scale: `(d,)`.
        head: from the context to mean and logarithm of the scale of the posterior.

    Example:
        >>> start = EncodedStart(2, 8, key=jax.random.key(0))
        >>> start.posterior(jnp.ones(8), key=jax.random.key(1)).shape
        (2,)
    """

    prior_mean: Float[Array, " d"]
    prior_log_scale: Float[Array, " d"]
    head: MLP

    def __init__(self, size: int, context_size: int, *, key: PRNGKeyArray):
        """Draw the linear map.

        Args:
            size: components d of the state.
            context_size: length of the context.
            key: random key.
        """
        self.prior_mean, self.prior_log_scale = jnp.zeros(size), jnp.zeros(size)
        self.head = MLP(context_size, 2 * size, width=1, depth=0, key=key)

    def prior(self, *, key: PRNGKeyArray) -> Float[Array, " d"]:
        """Draw from the prior."""
        drawn = jax.random.normal(key, self.prior_mean.shape, self.prior_mean.dtype)
        return self.prior_mean + jnp.exp(self.prior_log_scale) * drawn

    def posterior(self, context: Any, *, key: PRNGKeyArray) -> Float[Array, " d"]:
        """Draw given the context."""
        mean, log_scale = self._read(context)
        return mean + jnp.exp(log_scale) * jax.random.normal(key, mean.shape, mean.dtype)

    def divergence(self, context: Any) -> Float[Array, ""]:
        """Kullback-Leibler divergence of the posterior from the prior."""
        mean, log_scale = self._read(context)
        log_ratio = log_scale - self.prior_log_scale
        moved = (mean - self.prior_mean) * jnp.exp(-self.prior_log_scale)
        return 0.5 * jnp.sum(jnp.exp(2 * log_ratio) + moved**2 - 1 - 2 * log_ratio)

    def _read(self, context: Array) -> tuple[Float[Array, " d"], Float[Array, " d"]]:
        """Mean and logarithm of the scale."""
        mean, log_scale = jnp.split(self.head(context[0] if context.ndim == 2 else context), 2)
        return mean, log_scale
