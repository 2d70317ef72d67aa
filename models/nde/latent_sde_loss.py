"""Loss of a latent stochastic equation on trajectories seen through noise."""

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.nde.latent_sde import LatentPath, LatentSDE


class ObservedLatentSDE(eqx.Module):
    """A latent equation, what its posterior is told of the data, and how the data are seen.

    Attributes:
        latent: the equation.
        encoder: from a trajectory `(times, channels)` to the context (`TrajectoryEncoder`).
        decoder: from a latent state to the channels (`MLP`).
        log_noise: logarithm of the standard deviation of the observations, `(channels,)`.

    Example:
        >>> from sciml.models import MLP, DenseField, EncodedStart, PositiveField, TrajectoryEncoder
        >>> keys = jax.random.split(jax.random.key(0), 6)
        >>> sizes = {"width": 16, "depth": 1}
        >>> model = ObservedLatentSDE(
        ...     LatentSDE(
        ...         prior=DenseField(2, **sizes, key=keys[0]), posterior=DenseField(2, context_size=4, **sizes, key=keys[1]),
        ...         diffusion=PositiveField(2, **sizes, key=keys[2]), start=EncodedStart(2, 4, key=keys[3])),
        ...     TrajectoryEncoder(3, 4, width=16, key=keys[4]), MLP(2, 3, width=1, depth=0, key=keys[5]), jnp.zeros(3))
        >>> loss = LatentSDELoss(t0=0.0, t1=1.0, steps_between=2)
        >>> value, metrics = loss(model, jnp.zeros((5, 11, 3)), jax.random.key(1))
        >>> sorted(metrics)
        ['initial_divergence', 'log_likelihood', 'path_divergence']
    """

    latent: LatentSDE
    encoder: Callable[[Array], Array]
    decoder: Callable[[Array], Array]
    log_noise: Float[Array, " channels"]

    def log_likelihood(self, path: LatentPath, observed: Float[Array, "times channels"]) -> Float[Array, ""]:
        """Normal log density of a trajectory given the latent path at the same times; values that are NaN are missing."""
        missing = jnp.isnan(observed)
        means = jax.vmap(self.decoder)(path.values)
        gap = (jnp.where(missing, means, observed) - means) * jnp.exp(-self.log_noise)[None, :]
        terms = -0.5 * gap**2 - self.log_noise[None, :] - 0.5 * math.log(2 * math.pi)
        return jnp.sum(jnp.where(missing, 0.0, terms))


class LatentSDELoss(eqx.Module):
    """Negative evidence bound, mean over a batch of trajectories `(batch, times, channels)` at equally spaced times.

    Attributes:
        t0: time of the first observation.
        t1: of the last.
        steps_between: steps of the solver from one observation to the next.
        divergence_weight: of both divergences; values below one at the start of training keep the posterior from collapsing.
        samples: posterior paths per trajectory.
    """

    t0: float = eqx.field(static=True)
    t1: float = eqx.field(static=True)
    steps_between: int = eqx.field(static=True, default=1)
    divergence_weight: float = eqx.field(static=True, default=1.0)
    samples: int = eqx.field(static=True, default=1)

    def __call__(
        self, model: ObservedLatentSDE, batch: Float[Array, "batch times channels"], key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Any]]:
        """Evaluate the loss; metrics are the three terms of the bound."""
        steps = self.steps_between * (batch.shape[1] - 1)

        def one(observed: Array, one_key: PRNGKeyArray) -> Any:
            # What is missing is told to the encoder as zero.
            context = model.encoder(jnp.nan_to_num(observed))
            return model.latent.bound(
                lambda path: model.log_likelihood(path, observed), context, t0=self.t0, t1=self.t1, steps=steps,
                save_every=self.steps_between, samples=self.samples, key=one_key,
            )  # fmt: skip

        bounds = jax.vmap(one)(batch, jax.random.split(key, batch.shape[0]))
        terms = {name: jnp.mean(value) for name, value in bounds._asdict().items()}
        divergence = terms["initial_divergence"] + terms["path_divergence"]
        return self.divergence_weight * divergence - terms["log_likelihood"], terms
