"""A U-Net as velocity of images."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models._channel_linear import ChannelLinear
from sciml.models._convolution import Padding
from sciml.models.flow.conditioning import ConditionEmbedding
from sciml.models.unet import UNet


class UNetVelocity(eqx.Module):
    """`v(t, x, args)` of one image or field by a U-Net; `args` is the class, None where it is not told.

    Time and class scale and shift every channel after each pair of convolutions; at the start they do nothing. Labels are treated as
    by `DiT`.

    Attributes:
        network: the U-Net.
        condition: of time and class.
        modulations: from the condition to scale and shift, one per pair of convolutions.

    Example:
        >>> model = UNetVelocity(2, 1, width=8, levels=2, classes=10, key=jax.random.key(0))
        >>> model(0.5, jnp.ones((1, 8, 8)), 3).shape
        (1, 8, 8)

    Source: J. Ho, A. Jain & P. Abbeel, 2020 (arXiv 2006.11239); E. Perez et al., FiLM, 2018 (1709.07871).
    """

    network: UNet
    condition: ConditionEmbedding
    modulations: tuple[ChannelLinear, ...]

    def __init__(
        self,
        dimension: int,
        channels: int,
        *,
        width: int = 32,
        levels: int = 2,
        classes: int = 0,
        padding: Padding = "zero",
        groups: int = 8,
        activation: Callable[[Array], Array] = jax.nn.silu,
        condition_width: int = 64,
        key: PRNGKeyArray,
    ):
        """Draw the weights.

        Args:
            dimension: number of spatial axes, 1 to 3.
            channels: of the images.
            width: channels of the finest level.
            levels: number of times the grid is halved.
            classes: number of classes, 0 for a model of images without labels.
            padding: `"zero"`, `"periodic"` or `"replicate"`.
            groups: groups of channels that are normalised together.
            activation: a named elementwise function.
            condition_width: length of the vector of time and class, even.
            key: random key.
        """
        keys = jax.random.split(key, 2)
        self.network = UNet(
            dimension, channels, channels, width=width, levels=levels, padding=padding, groups=groups,
            activation=activation, key=keys[0],
        )  # fmt: skip
        self.condition = ConditionEmbedding(condition_width, classes=classes, key=keys[1])
        pairs = (self.network.enter, *self.network.encode, *self.network.decode)
        self.modulations = tuple(
            jax.tree.map(jnp.zeros_like, ChannelLinear(condition_width, 2 * pair.norms[1].scale.shape[0], key=key))
            for pair in pairs
        )

    def __call__(
        self, t: Any, x: Float[Array, "c *grid"], args: Any = None, *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "c *grid"]:
        """The velocity at one image.

        Args:
            t: time.
            x: image, channels first.
            args: class, or None.
            key: not used.

        Raises:
            ValueError: an image that does not fit, or a label that is not a class.
        """
        condition = jax.nn.silu(self.condition(t, args, x.dtype))

        def following(modulation: ChannelLinear) -> Callable[[Array], Array]:
            scale, shift = modulation(condition).reshape(2, -1, *(1,) * (x.ndim - 1))
            return lambda y: y * (1 + scale) + shift

        return self.network.forward(x, [following(modulation) for modulation in self.modulations])
