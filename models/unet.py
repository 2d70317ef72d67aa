"""The U-Net baseline."""

import itertools
from collections.abc import Callable, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models._convolution import Convolution, Padding, pad_grid
from sciml.models._frame import check_residual, with_coordinates
from sciml.models._grid_features import GridFeatures, check_grid_features
from sciml.models._group_norm import GroupNorm
from sciml.models._sample import check_sample


class DoubleConvolution(eqx.Module):
    """Twice: convolution of 3 points per axis, group normalisation, activation."""

    convolutions: tuple[Convolution, Convolution]
    norms: tuple[GroupNorm, GroupNorm]
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __init__(
        self,
        dimension: int,
        in_channels: int,
        out_channels: int,
        *,
        padding: str,
        groups: int,
        activation: Callable[[Array], Array],
        key: PRNGKeyArray,
    ):
        """Draw the weights."""
        keys = jax.random.split(key)
        self.convolutions = (
            Convolution(dimension, in_channels, out_channels, 3, padding=padding, key=keys[0]),
            Convolution(dimension, out_channels, out_channels, 3, padding=padding, key=keys[1]),
        )
        self.norms = (GroupNorm(out_channels, groups), GroupNorm(out_channels, groups))
        self.activation = activation

    def __call__(self, x: Float[Array, "c *grid"]) -> Float[Array, "c2 *grid"]:
        """Apply to one sample."""
        for convolution, norm in zip(self.convolutions, self.norms):
            x = self.activation(norm(convolution(x)))
        return x


class UNet(eqx.Module):
    """Encoder and decoder with skips on one sample, any grid size, 1 to 3 axes: a strong baseline on a fixed grid.

    Each level has two 3-point convolutions with group normalisation; a strided convolution halves the grid (an odd axis
    is first extended by one point according to the padding), linear interpolation doubles it and is cut to the skip's
    size, so the output has the grid of the input. Widths are `width * 2^level`, at most `8 * width`.

    Attributes:
        enter: convolutions of the finest level.
        down: strided convolutions, finest first.
        encode: convolutions after each of them.
        decode: convolutions after each skip, coarsest first.
        leave: map of the channels at each point to the output.

    Source: Ronneberger et al., "U-Net" (arXiv 1505.04597); the variants used beside neural operators.

    Example:
        >>> import jax
        >>> model = UNet(2, 1, 1, width=8, levels=2, key=jax.random.key(0))
        >>> model(jax.numpy.ones((1, 21, 16))).shape
        (1, 21, 16)
    """

    enter: DoubleConvolution
    down: tuple[Convolution, ...]
    encode: tuple[DoubleConvolution, ...]
    decode: tuple[DoubleConvolution, ...]
    leave: Convolution
    dimension: int = eqx.field(static=True)
    in_channels: int = eqx.field(static=True)
    out_channels: int = eqx.field(static=True)
    padding: str = eqx.field(static=True)
    grid_features: str = eqx.field(static=True)
    residual: bool = eqx.field(static=True)

    def __init__(
        self,
        dimension: int,
        in_channels: int,
        out_channels: int,
        *,
        width: int = 32,
        levels: int = 4,
        padding: Padding = "periodic",
        groups: int = 8,
        activation: Callable[[Array], Array] = jax.nn.gelu,
        grid_features: GridFeatures = False,
        residual: bool = False,
        key: PRNGKeyArray,
    ):
        """Draw the weights.

        Args:
            dimension: number of spatial axes, 1 to 3.
            in_channels: channels of the input, coordinates not counted.
            out_channels: channels of the output.
            width: channels of the finest level.
            levels: number of times the grid is halved.
            padding: `"periodic"`, `"replicate"` or `"zero"`; interpolation replicates where the others put zeros.
            groups: groups of channels that are normalised together.
            activation: a named elementwise function.
            grid_features: append coordinates: `True` or `"periodic"` for `i/n`, `"bounded"` for `i/(n-1)`.
            residual: add the last `out_channels` input channels to the output, for networks that step in time.
            key: random key.

        Raises:
            ValueError: an argument is not one of those allowed.
        """
        self.dimension, self.in_channels, self.out_channels = dimension, in_channels, out_channels
        self.grid_features, self.padding = check_grid_features(grid_features), padding
        self.residual = check_residual("UNet", residual, in_channels, out_channels)
        lifted = in_channels + (0 if self.grid_features == "none" else dimension)
        widths = [width * min(2**level, 8) for level in range(levels + 1)]
        keys = iter(jax.random.split(key, 3 * levels + 2))

        def double(inputs: int, outputs: int) -> DoubleConvolution:
            options = {"padding": padding, "groups": groups, "activation": activation, "key": next(keys)}
            return DoubleConvolution(dimension, inputs, outputs, **options)

        self.enter = double(lifted, width)
        self.down = tuple(
            Convolution(dimension, w, w, 2, padding=padding, stride=2, key=next(keys)) for w in widths[:-1]
        )
        self.encode = tuple(double(fine, coarse) for fine, coarse in itertools.pairwise(widths))
        self.decode = tuple(double(c + f, f) for f, c in reversed(list(itertools.pairwise(widths))))
        self.leave = Convolution(dimension, width, out_channels, 1, padding=padding, key=next(keys))

    def __call__(
        self, x: Float[Array, "in_channels *grid"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "out_channels *grid"]:
        """Map one sample.

        Args:
            x: real field, shape `(in_channels, *grid)`.
            key: not used.

        Returns:
            Real field, shape `(out_channels, *grid)`.

        Raises:
            ValueError: the shape of `x` does not fit.
        """
        return self.forward(x)

    def forward(
        self,
        x: Float[Array, "in_channels *grid"],
        after: Sequence[Callable[[Array], Array]] | None = None,
    ) -> Float[Array, "out_channels *grid"]:
        """The same with a function applied after each pair of convolutions, for instance to tell the network what time it is.

        Args:
            x: real field, shape `(in_channels, *grid)`.
            after: one function per pair: the finest, then down, then up, `2 * levels + 1` in all; nothing by default.
        """
        check_sample("UNet", x, self.dimension, self.in_channels)
        following = iter(after or (lambda y: y,) * (1 + 2 * len(self.down)))
        y = next(following)(self.enter(with_coordinates(x, self.grid_features)))
        skips = []
        for down, encode in zip(self.down, self.encode):
            skips.append(y)
            y = next(following)(encode(down(y)))
        for decode, skip in zip(self.decode, reversed(skips)):
            y = double_grid(y, self.padding)[(slice(None), *(slice(n) for n in skip.shape[1:]))]
            y = next(following)(decode(jnp.concatenate([skip, y])))
        y = self.leave(y)
        return y + x[-self.out_channels :] if self.residual else y


def double_grid(x: Float[Array, "c *grid"], padding: str) -> Float[Array, "c *grid2"]:
    """Interpolate linearly to twice as many cells per axis; each cell becomes two, centred at its quarters."""
    mode = "periodic" if padding == "periodic" else "replicate"
    for axis in range(1, x.ndim):
        widths = [(1, 1) if a == axis else (0, 0) for a in range(1, x.ndim)]
        padded, count = pad_grid(x, widths, mode), x.shape[axis]
        left, right = (jax.lax.slice_in_dim(padded, s, s + count, axis=axis) for s in (0, 2))
        pair = jnp.stack([0.75 * x + 0.25 * left, 0.75 * x + 0.25 * right], axis=axis + 1)
        x = pair.reshape(*x.shape[:axis], 2 * count, *x.shape[axis + 1 :])
    return x
