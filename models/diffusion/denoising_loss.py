"""Denoising score matching."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.diffusion._draws import times_and_noise
from sciml.models.diffusion.forward_process import ForwardProcess


class DenoisingLoss(eqx.Module):
    """`loss(model, batch, key)`: mean square of the noise less what the score says of it, at random times.

    For additive noise it is `|s score(t, X_t) + noise|^2`, for geometric Brownian motion `|sigma sqrt(t) (1 + X_t score) + noise|^2`
    (multiplicative denoising score matching); least for the score of the noised data. The weight makes all times count alike: without
    it times near zero rule.

    Attributes:
        process: the forward process.
        earliest: times are drawn from this to the horizon.
        concentration: times are `earliest + (horizon - earliest) u^concentration`, u uniform: above 1 more of them are early; infinite,
            they are uniform in their logarithm.

    Example:
        >>> from sciml.models.diffusion import OrnsteinUhlenbeck, ScorePotential
        >>> model = ScorePotential(2, width=8, depth=1, key=jax.random.key(0))
        >>> value, metrics = DenoisingLoss(OrnsteinUhlenbeck())(model, jnp.ones((5, 2)), jax.random.key(1))
        >>> sorted(metrics)
        ['denoising']

    Source: P. Vincent, Neural Computation 23 (2011) 1661; Song et al. 2021 (arXiv 2011.13456); Shetty et al. 2025 (2510.02730).
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
        times, noise = times_and_noise(batch, self.earliest, self.process.horizon, self.concentration, key)

        def one(t: Array, data: Array, noise: Array) -> Array:
            x = self.process.noised(t, data, noise)
            return jnp.mean((self.process.predicted_noise(t, x, model.score(t, x)) - noise) ** 2)

        loss = jnp.mean(jax.vmap(one)(times, batch, noise))
        return loss, {"denoising": loss}
