"""Latent neural ODEs: a variational autoencoder of irregular time series whose latent state follows an equation."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.mlp import MLP
from sciml.models.nde.neural_ode import NeuralODE
from sciml.models.nde.vector_fields import DenseField


class LatentODE(eqx.Module):
    """`z(t0) ~ N(m, s^2)` from the observations, `z' = f(z)`, observations `~ N(g(z(t)), noise^2)`.

    A gated recurrent unit reads the observations from the last to the first: values, which of them are there, and the time to the
    observation after. NaN marks what is missing, in the input and in the likelihood.

    Attributes:
        cell: the recurrent unit.
        head: from its state to mean and logarithm of the deviation of the latent state.
        ode: of the latent state, with its regulariser.
        decoder: from the latent state to the channels.
        log_noise: logarithm of the deviation of the observations, trained.

    Example:
        >>> model = LatentODE(2, 3, hidden=8, width=16, depth=1, key=jax.random.key(0))
        >>> ts = jnp.asarray([0.0, 0.2, 0.9])
        >>> xs = jnp.asarray([[0.0, 1.0], [jnp.nan, 1.0], [2.0, jnp.nan]])
        >>> mean, log_scale = model.encode(ts, xs)
        >>> model.decode(mean[None]).shape
        (1, 2)

    Source:
        Rubanova, Chen and Duvenaud 2019 (arXiv 1907.03907); Chen et al. 2018 (1806.07366).
    """

    cell: eqx.nn.GRUCell
    head: MLP
    ode: NeuralODE
    decoder: MLP
    log_noise: Float[Array, ""]

    def __init__(
        self,
        channels: int,
        latent: int,
        *,
        hidden: int,
        width: int,
        depth: int,
        noise: float = 0.1,
        key: PRNGKeyArray,
        **options: Any,
    ):
        """Draw the networks.

        Args:
            channels: of the data.
            latent: components of the latent state.
            hidden: units of the recurrent unit.
            width: units of the hidden layers of field and decoder.
            depth: number of these layers.
            noise: deviation of the observations at the start of training.
            key: random key.
            **options: of `NeuralODE`: solver, tolerances, gradient, regulariser.

        Raises:
            ValueError: the noise is not positive.
        """
        if not noise > 0:
            raise ValueError(f"LatentODE: `noise` must be positive, got {noise}.")
        one, two, three, four = jax.random.split(key, 4)
        self.cell = eqx.nn.GRUCell(2 * channels + 1, hidden, key=one)
        self.head = MLP(hidden, 2 * latent, width=width, depth=0, key=two)
        self.ode = NeuralODE(DenseField(latent, width=width, depth=depth, time=False, key=three), **options)
        self.decoder = MLP(latent, channels, width=width, depth=depth, key=four)
        self.log_noise = jnp.asarray(math.log(noise), self.decoder.biases[-1].dtype)

    def encode(
        self, ts: Float[Array, " times"], xs: Float[Array, "times channels"]
    ) -> tuple[Float[Array, " latent"], Float[Array, " latent"]]:
        """Mean and logarithm of the deviation of the latent state at the first time."""
        there = ~jnp.isnan(xs)
        gaps = jnp.diff(ts, append=ts[-1:]).astype(xs.dtype)
        inputs = jnp.concatenate([jnp.where(there, xs, 0), there.astype(xs.dtype), gaps[:, None]], axis=1)
        start = jnp.zeros(self.cell.hidden_size, xs.dtype)
        state, _ = jax.lax.scan(lambda h, x: (self.cell(x, h), None), start, inputs, reverse=True)
        mean, log_scale = jnp.split(self.head(state), 2)
        return mean, log_scale

    def decode(self, z: Float[Array, "times latent"]) -> Float[Array, "times channels"]:
        """Means of the observations."""
        return jax.vmap(self.decoder)(z)

    def __call__(
        self,
        ts: Float[Array, " times"] | np.ndarray,
        xs: Float[Array, "times channels"],
        *,
        at: Float[Array, " asked"] | np.ndarray | None = None,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "asked channels"]:
        """Predict one series.

        Args:
            ts: increasing times of the observations.
            xs: observations, NaN where missing.
            at: times of the result, the first of them `ts[0]`; the times of the observations by default.
            key: for a draw of the latent state; its mean is taken without one.
        """
        ts = jnp.asarray(ts, xs.dtype)
        mean, log_scale = self.encode(ts, xs)
        z0 = mean if key is None else mean + jnp.exp(log_scale) * jax.random.normal(key, mean.shape, mean.dtype)
        return self.decode(self.ode(z0, ts=ts if at is None else at))

    def sample(self, ts: Float[Array, " times"], *, key: PRNGKeyArray) -> Float[Array, "times channels"]:
        """Draw means of a series from the prior, whose latent state at `ts[0]` is standard normal."""
        bias = self.head.biases[-1]
        z0 = jax.random.normal(key, (bias.shape[0] // 2,), bias.dtype)
        return self.decode(self.ode(z0, ts=ts))

    def bound(
        self, ts: Float[Array, " times"], xs: Float[Array, "times channels"], *, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Float[Array, ""], Float[Array, ""]]:
        """Log-likelihood of one draw, divergence of the latent state from its prior, regulariser of the equation.

        Args:
            ts: times.
            xs: observations, NaN where missing.
            key: random key.
        """
        latent_key, solve_key = jax.random.split(key)
        mean, log_scale = self.encode(ts, xs)
        z0 = mean + jnp.exp(log_scale) * jax.random.normal(latent_key, mean.shape, mean.dtype)
        found = self.ode.solve(z0, ts=ts, key=solve_key)
        divergence = 0.5 * jnp.sum(mean**2 + jnp.exp(2 * log_scale) - 2 * log_scale - 1)
        return self.log_likelihood(self.decode(found.ys), xs), divergence, found.regulariser

    def log_likelihood(
        self, means: Float[Array, "times channels"], xs: Float[Array, "times channels"]
    ) -> Float[Array, ""]:
        """Of the observations that are there."""
        there = ~jnp.isnan(xs)
        gap = jnp.where(there, xs - means, 0) * jnp.exp(-self.log_noise)
        each = -0.5 * gap**2 - self.log_noise - 0.5 * math.log(2 * math.pi)
        return jnp.sum(jnp.where(there, each, 0))


class LatentODELoss(eqx.Module):
    """Negative evidence bound of a `LatentODE`, mean over the batch, plus `weight` times the regulariser of its equation.

    Attributes:
        ts: times of all series, or None where the batch is a pair of times `(batch, times)` and series.
        divergence_weight: of the divergence, below one at the start of training.
        weight: of the regulariser.

    Example:
        >>> model = LatentODE(2, 3, hidden=8, width=8, depth=1, regulariser="error", key=jax.random.key(0))
        >>> loss = LatentODELoss(jnp.linspace(0.0, 1.0, 4), weight=0.1)
        >>> value, metrics = loss(model, jnp.ones((3, 4, 2)), jax.random.key(1))
        >>> sorted(metrics)
        ['divergence', 'log_likelihood', 'regulariser']
    """

    ts: Float[Array, " times"] | None = None
    divergence_weight: float = eqx.field(static=True, default=1.0)
    weight: float = eqx.field(static=True, default=0.0)

    def __call__(
        self, model: LatentODE, batch: Any, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        """Evaluate the loss.

        Args:
            model: the latent ODE.
            batch: series `(batch, times, channels)`, or times and series.
            key: random key.
        """
        ts, xs = (self.ts, batch) if self.ts is not None else batch
        axes = (None if self.ts is not None else 0, 0, 0)
        keys = jax.random.split(key, xs.shape[0])
        terms = jax.vmap(lambda t, x, k: model.bound(t, x, key=k), in_axes=axes)(ts, xs, keys)
        fit, divergence, penalty = (jnp.mean(term) for term in terms)
        value = self.divergence_weight * divergence - fit + self.weight * penalty
        return value, {"log_likelihood": fit, "divergence": divergence, "regulariser": penalty}
