"""Normalisation of groups of channels over the grid, channels first."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


class GroupNorm(eqx.Module):
    """Shift and scale each group of channels of one sample to mean 0 and variance 1, then each channel as learned.

    The number of groups is the greatest common divisor of the one asked for and the number of channels.
    """

    scale: Float[Array, " c"]
    shift: Float[Array, " c"]
    groups: int = eqx.field(static=True)

    def __init__(self, channels: int, groups: int = 8):
        """Start with scale one and shift zero."""
        self.scale, self.shift, self.groups = jnp.ones(channels), jnp.zeros(channels), math.gcd(channels, groups)

    def __call__(self, x: Float[Array, "c *grid"]) -> Float[Array, "c *grid"]:
        """Normalise one sample."""
        grouped = x.reshape(self.groups, -1)
        centred = grouped - grouped.mean(1, keepdims=True)
        normal = (centred * jax.lax.rsqrt(jnp.square(centred).mean(1, keepdims=True) + 1e-5)).reshape(x.shape)
        shape = (-1,) + (1,) * (x.ndim - 1)
        return normal * self.scale.reshape(shape) + self.shift.reshape(shape)
