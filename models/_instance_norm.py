"""Normalisation of each channel over the grid."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.models._channel_linear import over_channels


class InstanceNorm(eqx.Module):
    """Shift and scale each channel of one sample (channels last) to mean 0 and variance 1, then by learned numbers."""

    scale: Float[Array, " c"]
    shift: Float[Array, " c"]

    def __init__(self, channels: int):
        """Start with scale one and shift zero."""
        self.scale, self.shift = jnp.ones(channels), jnp.zeros(channels)

    def __call__(self, x: Float[Array, "*grid c"]) -> Float[Array, "*grid c"]:
        """Normalise over all axes but the last."""
        axes = tuple(range(x.ndim - 1))
        mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
        normal = (x - mean) * jax.lax.rsqrt(variance + 1e-5)
        return normal * over_channels(self.scale, x.ndim) + over_channels(self.shift, x.ndim)
