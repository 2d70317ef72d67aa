"""A score from a denoiser whose inputs and outputs have unit size at every noise."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.models.diffusion.linear_process import LinearProcess


class DenoiserScore(eqx.Module):
    """Score of noised data through the mean of the clean data: the normal law of the data, corrected by a network.

    With `x / a = data + level noise`, `level = s / a` and `size^2 = spread^2 + level^2`, the denoiser is
    `spread^2 / size^2 x / a + level spread / size network(log(level) / 4, x / (a size))`: a network at zero gives the score of normal
    data exactly, at all times.

    Attributes:
        network: `network(t, x, args)` of one sample, as vector fields are; its time is the logarithm of the level.
        process: the forward process.
        spread: standard deviation of the data, whose mean should be near zero.

    Example:
        >>> import jax
        >>> from sciml.models import DenseField
        >>> from sciml.models.diffusion import BrownianMotion
        >>> field = DenseField(2, width=8, depth=2, zero=True, key=jax.random.key(0))
        >>> score = DenoiserScore(field, BrownianMotion()).score(3.0, jnp.ones(2))
        >>> [round(float(value), 6) for value in score]
        [-0.25, -0.25]

    Source: Karras et al., Elucidating the Design Space of Diffusion-Based Generative Models, NeurIPS 2022 (arXiv 2206.00364), table 1.
    """

    network: Callable[[Any, Array, Any], Array]
    process: LinearProcess
    spread: float = eqx.field(static=True, default=1.0)

    def score(self, t: Any, x: Float[Array, "*shape"], args: Any = None) -> Float[Array, "*shape"]:
        """Gradient of the logarithm of the density of the data at time t.

        Args:
            t: above 0.
            x: one sample.
            args: for the network.
        """
        t = jnp.asarray(t, x.dtype)
        scale = self.process.data_scale(t)
        level = jnp.sqrt(self.process.noise_variance(t)) / scale
        size = jnp.sqrt(self.spread**2 + level**2)
        inside = x / (scale * size)
        # (denoised - x / a) / (a level^2), written so that nothing cancels at small levels.
        return (self.spread / level * self.network(jnp.log(level) / 4, inside, args) - inside) / (scale * size)
