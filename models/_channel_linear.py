"""An affine map of the channels at every grid point, channels last."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models._channel_matmul import channel_matmul


class ChannelLinear(eqx.Module):
    """`x @ weight.T + bias` over the last axis: a convolution with a kernel of one point.

    Attributes:
        weight: shape `(out_channels, in_channels)`.
        bias: shape `(out_channels,)`, or none.
    """

    weight: Float[Array, "o i"]
    bias: Float[Array, " o"] | None

    def __init__(self, in_channels: int, out_channels: int, *, use_bias: bool = True, key: PRNGKeyArray):
        """Draw weight and bias uniformly from `±1/sqrt(in_channels)`."""
        bound = 1 / math.sqrt(in_channels)
        weight_key, bias_key = jax.random.split(key)
        self.weight = jax.random.uniform(weight_key, (out_channels, in_channels), minval=-bound, maxval=bound)
        self.bias = jax.random.uniform(bias_key, (out_channels,), minval=-bound, maxval=bound) if use_bias else None

    def __call__(self, x: Float[Array, "*points i"]) -> Float[Array, "*points o"]:
        """Apply to values with channels last."""
        out = self.without_bias(x)
        return out if self.bias is None else out + over_channels(self.bias, out.ndim)

    def without_bias(self, x: Float[Array, "*points i"]) -> Float[Array, "*points o"]:
        """Apply the weight alone; the bias is then added elsewhere."""
        return channel_matmul(x, self.weight)


def over_channels(vector: Float[Array, " c"], ndim: int) -> Float[Array, "*ones c"]:
    """Give a vector of channels the rank of a channels-last array."""
    return jnp.reshape(vector, (1,) * (ndim - 1) + (-1,))
