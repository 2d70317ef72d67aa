"""Denoising score matching."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.diffusion.forward_process import ForwardProcess


class DenoisingLoss(eqx.Module):
    """`loss(model, batch, key)`: mean of `|s score(t, X_t) + noise|^2` over random times, least for the score of the noised data.

    The weight `s^2` makes all times count alike; without it times near zero rule, whose variance is `1 / s^2`.

    Attributes:
        process: the forward process.
        earliest: times are drawn from this to the horizon.
        concentration: times are `earliest + (horizon - earliest) u^concentration`, u uniform: above 1 more of them are early.

    Example:
        >>> from sciml.models.diffusion import OrnsteinUhlenbeck, ScorePotential
        >>> model = ScorePotential(2, width=8, depth=1, key=jax.random.key(0))
        >>> value, metrics = DenoisingLoss(OrnsteinUhlenbeck())(model, jnp.ones((5, 2)), jax.random.key(1))
        >>> sorted(metrics)
        ['denoising']

    Source: P. Vincent, Neural Computation 23 (2011) 1661; Song et al. 2021 (arXiv 2011.13456).
    """

    process: ForwardProcess
    earliest: float = eqx.field(static=True, default=1e-3)
    concentration: float = eqx.field(static=True, default=1.0)

    def __call__(
        self, model: Any, batch: Float[Array, "batch *shape"], key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        """Evaluate the loss.

        Args:
            model: has a method `score(t, x)` for one sample.
            batch: data.
            key: for times and noise.
        """
        time_key, noise_key = jax.random.split(key)
        count = batch.shape[0]
        # One time per stratum, in random order.
        offset = jax.random.uniform(time_key, (), batch.dtype)
        levels = jax.random.permutation(
            jax.random.fold_in(time_key, 1), (jnp.arange(count, dtype=batch.dtype) + offset) / count
        )
        times = self.earliest + (self.process.horizon - self.earliest) * levels**self.concentration
        noise = jax.random.normal(noise_key, batch.shape, batch.dtype)

        def one(t: Array, data: Array, noise: Array) -> Array:
            found = model.score(t, self.process.noised(t, data, noise))
            return jnp.mean((jnp.sqrt(self.process.noise_variance(t)) * found + noise) ** 2)

        loss = jnp.mean(jax.vmap(one)(times, batch, noise))
        return loss, {"denoising": loss}
