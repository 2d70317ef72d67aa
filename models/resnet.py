"""A residual convolutional network."""

from collections.abc import Callable

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models._convolution import Convolution, Padding
from sciml.models._frame import check_residual, with_coordinates
from sciml.models._grid_features import GridFeatures, check_grid_features
from sciml.models._group_norm import GroupNorm
from sciml.models._sample import check_sample


class ResidualBlock(eqx.Module):
    """Convolution, activation, convolution; the input is added to the result.

    Attributes:
        first: convolution before the activation.
        second: convolution after it.
        norms: normalisation after each convolution, or none.
    """

    first: Convolution
    second: Convolution
    norms: tuple[GroupNorm, GroupNorm] | None
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __call__(self, x: Float[Array, "c *grid"]) -> Float[Array, "c *grid"]:
        """Apply to one sample."""
        y = self.first(x)
        y = self.activation(y if self.norms is None else self.norms[0](y))
        y = self.second(y)
        return x + (y if self.norms is None else self.norms[1](y))


class ResNet(eqx.Module):
    """Residual convolutional network on one sample, any grid size, 1 to 3 axes: a baseline on a fixed grid.

    A convolution to `width` channels, `blocks` residual blocks of two convolutions, and a convolution to the output.
    Its kernels span a number of points, not a length, so it does not carry over to another resolution.

    Attributes:
        encode: first convolution.
        blocks: residual blocks.
        decode: last convolution.

    Source: He et al., "Deep residual learning for image recognition" (arXiv 1512.03385), as used beside operators in
        Li et al. (arXiv 2010.08895).

    Example:
        >>> import jax
        >>> model = ResNet(2, 1, 1, width=8, blocks=2, key=jax.random.key(0))
        >>> model(jax.numpy.ones((1, 21, 16))).shape
        (1, 21, 16)
    """

    encode: Convolution
    blocks: tuple[ResidualBlock, ...]
    decode: Convolution
    dimension: int = eqx.field(static=True)
    in_channels: int = eqx.field(static=True)
    out_channels: int = eqx.field(static=True)
    grid_features: str = eqx.field(static=True)
    residual: bool = eqx.field(static=True)
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __init__(
        self,
        dimension: int,
        in_channels: int,
        out_channels: int,
        *,
        width: int = 32,
        blocks: int = 4,
        kernel_size: int = 3,
        padding: Padding = "periodic",
        groups: int | None = None,
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
            width: channels inside.
            blocks: number of residual blocks.
            kernel_size: points of the kernel per axis, odd.
            padding: `"periodic"`, `"replicate"` or `"zero"`: what lies beyond the edges; take what the problem has.
            groups: groups of the normalisation after each convolution of a block; `None` for no normalisation.
            activation: a named elementwise function.
            grid_features: append coordinates: `True` or `"periodic"` for `i/n`, `"bounded"` for `i/(n-1)`.
            residual: add the last `out_channels` input channels to the output, for networks that step in time.
            key: random key.

        Raises:
            ValueError: an argument is not one of those allowed.
        """
        self.dimension, self.in_channels, self.out_channels = dimension, in_channels, out_channels
        self.grid_features, self.activation = check_grid_features(grid_features), activation
        self.residual = check_residual("ResNet", residual, in_channels, out_channels)
        lifted = in_channels + (0 if self.grid_features == "none" else dimension)
        keys = iter(jax.random.split(key, 2 * blocks + 2))

        def convolution(inputs: int, outputs: int) -> Convolution:
            return Convolution(dimension, inputs, outputs, kernel_size, padding=padding, key=next(keys))

        self.encode = convolution(lifted, width)
        self.blocks = tuple(
            ResidualBlock(
                convolution(width, width),
                convolution(width, width),
                None if groups is None else (GroupNorm(width, groups), GroupNorm(width, groups)),
                activation,
            )
            for _ in range(blocks)
        )
        self.decode = convolution(width, out_channels)

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
        check_sample("ResNet", x, self.dimension, self.in_channels)
        y = self.activation(self.encode(with_coordinates(x, self.grid_features)))
        for block in self.blocks:
            y = block(y)
        y = self.decode(y)
        return y + x[-self.out_channels :] if self.residual else y
