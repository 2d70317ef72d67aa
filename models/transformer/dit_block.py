"""A transformer block whose normalisations are told time and class."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from sciml.models._channel_linear import ChannelLinear


class DiTBlock(eqx.Module):
    """Attention and a dense network on tokens; scale, shift and gate of both come from a condition, and start at zero.

    At the start of training a block is the identity ("adaLN-zero").

    Attributes:
        modulation: from the condition to six vectors.
        project: from tokens to queries, keys and values.
        mix: of the heads.
        enter: dense network, first layer.
        leave: and second.
        heads: of the attention.
    """

    modulation: ChannelLinear
    project: ChannelLinear
    mix: ChannelLinear
    enter: ChannelLinear
    leave: ChannelLinear
    heads: int = eqx.field(static=True)

    def __init__(self, width: int, heads: int, expansion: int, *, key: PRNGKeyArray):
        """Draw the weights.

        Args:
            width: of a token and of the condition.
            heads: of the attention.
            expansion: hidden units of the dense network per component of a token.
            key: random key.
        """
        keys = jax.random.split(key, 5)
        self.modulation = zero_linear(width, 6 * width)
        self.project = ChannelLinear(width, 3 * width, key=keys[1])
        self.mix = ChannelLinear(width, width, key=keys[2])
        self.enter = ChannelLinear(width, expansion * width, key=keys[3])
        self.leave = ChannelLinear(expansion * width, width, key=keys[4])
        self.heads = heads

    def __call__(
        self,
        x: Float[Array, "tokens width"],
        condition: Float[Array, " width"],
        given: Float[Array, "tokens width"] | None = None,
        inject: Bool[Array, ""] | None = None,
    ) -> tuple[Float[Array, "tokens width"], Float[Array, "tokens width"]]:
        """Tokens, and the values that the attention used.

        Args:
            x: tokens.
            condition: after the activation.
            given: values to be used instead of the block's own.
            inject: whether to use them.
        """
        parts = self.modulation(condition).reshape(6, 1, -1)
        queries, keys, values = jnp.split(self.project(modulated(x, parts[0], parts[1])), 3, axis=-1)
        if given is not None and inject is not None:
            values = jnp.where(inject, given, values)
        x = x + parts[2] * self.mix(_attend(queries, keys, values, self.heads))
        hidden = jax.nn.gelu(self.enter(modulated(x, parts[3], parts[4])))
        return x + parts[5] * self.leave(hidden), values


def modulated(x: Float[Array, "tokens width"], shift: Array, scale: Array) -> Float[Array, "tokens width"]:
    """Each token shifted and scaled to mean 0 and variance 1, then as told."""
    centred = x - jnp.mean(x, axis=-1, keepdims=True)
    normal = centred * jax.lax.rsqrt(jnp.mean(centred**2, axis=-1, keepdims=True) + 1e-6)
    return normal * (1 + scale) + shift


def zero_linear(inputs: int, outputs: int) -> ChannelLinear:
    """An affine map that starts at zero."""
    linear: Any = ChannelLinear(inputs, outputs, key=jax.random.key(0))
    return jax.tree.map(jnp.zeros_like, linear)


def _attend(queries: Array, keys: Array, values: Array, heads: int) -> Array:
    tokens, width = queries.shape
    queries, keys, values = (part.reshape(tokens, heads, -1) for part in (queries, keys, values))
    scores = jnp.einsum("qhd,khd->hqk", queries, keys) / math.sqrt(width // heads)
    return jnp.einsum("hqk,khd->qhd", jax.nn.softmax(scores, axis=-1), values).reshape(tokens, width)
