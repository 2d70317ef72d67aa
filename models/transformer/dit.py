"""A transformer as velocity of images."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from sciml.models._channel_linear import ChannelLinear
from sciml.models.flow.conditioning import ConditionEmbedding
from sciml.models.transformer.dit_block import DiTBlock, modulated, zero_linear
from sciml.models.transformer.positions import sine_positions


class DiT(eqx.Module):
    """`v(t, x, args)` of one image by a transformer on its patches; `args` is the class, None where it is not told.

    Time and class enter by scale, shift and gate of every block, all zero at the start, so that the first velocity is zero. Positions
    are fixed sines: one model takes images of any size that its patches divide. The values of the attention can be recorded and
    replaced (`with_values`), which is what image editing builds on.

    A label is an integer from 0 to `classes - 1`, or -1 as None. Another label is an error where its value is known, and gives NaN
    where it is traced.

    Attributes:
        patches: from the pixels of a patch to a token.
        condition: of time and class.
        blocks: of the transformer; every array has a leading axis of `depth`.
        modulation: shift and scale before the last map.
        pixels: from a token to the pixels of a patch.
        channels: of the images.
        patch: pixels per side of a patch.
        depth: number of blocks.

    Example:
        >>> model = DiT(3, patch=4, width=32, depth=2, heads=4, classes=5, key=jax.random.key(0))
        >>> image = jnp.ones((3, 16, 8))
        >>> velocity, values = model.with_values(0.5, image, 2)
        >>> velocity.shape, values.shape
        ((3, 16, 8), (2, 8, 32))
        >>> replaced, _ = model.with_values(0.5, image, 4, given=values, inject=jnp.array([False, True]))
        >>> batch = jax.vmap(model, (None, 0, 0))(0.5, jnp.ones((6, 3, 16, 8)), jnp.arange(6) % 5)

    Source: W. Peebles & S. Xie, Scalable Diffusion Models with Transformers, ICCV 2023 (arXiv 2212.09748).
    """

    patches: ChannelLinear
    condition: ConditionEmbedding
    blocks: DiTBlock
    modulation: ChannelLinear
    pixels: ChannelLinear
    channels: int = eqx.field(static=True)
    patch: int = eqx.field(static=True)
    depth: int = eqx.field(static=True)

    def __init__(
        self,
        channels: int,
        *,
        patch: int = 4,
        width: int = 128,
        depth: int = 4,
        heads: int = 4,
        classes: int = 0,
        expansion: int = 4,
        key: PRNGKeyArray,
    ):
        """Draw the weights.

        Args:
            channels: of the images.
            patch: pixels per side of a patch.
            width: of a token, a multiple of four and of `heads`.
            depth: number of blocks.
            heads: of the attention.
            classes: number of classes, 0 for a model of images without labels.
            expansion: hidden units of a block's dense network per component of a token.
            key: random key.

        Raises:
            ValueError: sizes that do not fit.
        """
        if min(channels, patch, depth, heads, expansion) < 1 or classes < 0:
            raise ValueError(
                f"DiT: sizes must be positive, got channels={channels}, patch={patch}, depth={depth}, heads={heads}, "
                f"expansion={expansion}, classes={classes}."
            )
        if width < 4 or width % 4 or width % heads:
            raise ValueError(f"DiT: `width` must be a multiple of 4 and of heads={heads}, got {width}.")
        keys = jax.random.split(key, 3)
        self.patches = ChannelLinear(channels * patch**2, width, key=keys[0])
        self.condition = ConditionEmbedding(width, classes=classes, key=keys[1])
        self.blocks = eqx.filter_vmap(lambda key: DiTBlock(width, heads, expansion, key=key))(
            jax.random.split(keys[2], depth)
        )
        self.modulation = zero_linear(width, 2 * width)
        self.pixels = zero_linear(width, channels * patch**2)
        self.channels, self.patch, self.depth = channels, patch, depth

    @property
    def classes(self) -> int:
        """Number of classes."""
        return self.condition.classes

    def __call__(
        self, t: Any, x: Float[Array, "c n m"], args: Any = None, *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "c n m"]:
        """The velocity at one image.

        Args:
            t: time.
            x: image, channels first.
            args: class, or None.
            key: not used.

        Raises:
            ValueError: an image that does not fit, or a label that is not a class.
        """
        return self.with_values(t, x, args)[0]

    def with_values(
        self,
        t: Any,
        x: Float[Array, "c n m"],
        args: Any = None,
        *,
        given: Float[Array, "blocks tokens width"] | None = None,
        inject: Bool[Array, " blocks"] | Sequence[bool] | bool | None = None,
    ) -> tuple[Float[Array, "c n m"], Float[Array, "blocks tokens width"]]:
        """The velocity, and the values that the attention of each block used.

        Args:
            t: time.
            x: image, channels first.
            args: class, or None.
            given: values to be used in place of a block's own.
            inject: which blocks take them, all by default.

        Raises:
            ValueError: an image, values or a mask that do not fit, or a label that is not a class.
        """
        tokens = self._tokens(x)
        condition = jax.nn.silu(self.condition(t, args, x.dtype))
        replacing = self._replacing(given, inject, tokens.shape)

        def apply(tokens: Array, part: tuple[DiTBlock, Any]) -> tuple[Array, Array]:
            block, instead = part
            return block(tokens, condition, *instead)

        tokens, values = jax.lax.scan(apply, tokens, (self.blocks, replacing))
        shift, scale = self.modulation(condition).reshape(2, 1, -1)
        return self._image(self.pixels(modulated(tokens, shift, scale)), x.shape), values

    def _replacing(self, given: Array | None, inject: Any, shape: tuple[int, ...]) -> tuple[Array, ...]:
        if given is None:
            if inject is not None:
                raise ValueError("DiT: `inject` says which blocks take the values `given`, of which there are none.")
            return ()
        if given.shape != (self.depth, *shape):
            raise ValueError(
                f"DiT: `given` must have shape (blocks, tokens, width) = {(self.depth, *shape)}, got {given.shape}."
            )
        mask = jnp.asarray(True if inject is None else inject)
        if mask.dtype != bool or mask.shape not in ((), (self.depth,)):
            raise ValueError(
                f"DiT: `inject` must be one boolean or {self.depth}, one per block; got {mask.dtype} of shape {mask.shape}."
            )
        return given, jnp.broadcast_to(mask, (self.depth,))

    def _tokens(self, x: Array) -> Array:
        if (
            x.ndim != 3
            or x.shape[0] != self.channels
            or x.shape[1] % self.patch
            or x.shape[2] % self.patch
            or not x.size
        ):
            raise ValueError(
                f"DiT: `x` must be one image of shape ({self.channels}, n, m), n and m multiples of the patch of {self.patch} pixels; "
                f"got {x.shape}. Batches go through jax.vmap."
            )
        c, p = self.channels, self.patch
        rows, columns = x.shape[1] // p, x.shape[2] // p
        cut = x.reshape(c, rows, p, columns, p).transpose(1, 3, 0, 2, 4).reshape(rows * columns, c * p * p)
        tokens = self.patches(cut)
        return tokens + sine_positions(rows, columns, tokens.shape[1]).astype(tokens.dtype)

    def _image(self, cut: Array, shape: tuple[int, ...]) -> Array:
        c, p = self.channels, self.patch
        rows, columns = shape[1] // p, shape[2] // p
        return cut.reshape(rows, columns, c, p, p).transpose(2, 0, 3, 1, 4).reshape(shape)
