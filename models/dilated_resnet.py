"""A residual network of dilated convolutions."""

from collections.abc import Callable, Sequence

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models._convolution import Convolution, Padding
from sciml.models._frame import check_residual, with_coordinates
from sciml.models._grid_features import GridFeatures, check_grid_features
from sciml.models._sample import check_sample


class DilatedResNet(eqx.Module):
    """Blocks of convolutions whose kernels open and close again; each block's input is added to its output.

    With kernels of 3 points a block reaches `sum(dilations)` points to each side: `1 + 2 * 22 = 45` points with the
    default, and four blocks with encoder and decoder `181`.

    Attributes:
        encode: first convolution.
        blocks: the convolutions of each block.
        decode: last convolution.

    Source: Stachenfeld et al., "Learned coarse models for efficient turbulence simulation" (arXiv 2112.15275).

    Example:
        >>> import jax
        >>> model = DilatedResNet(1, 1, 1, width=8, blocks=2, key=jax.random.key(0))
        >>> model(jax.numpy.ones((1, 50))).shape
        (1, 50)
    """

    encode: Convolution
    blocks: tuple[tuple[Convolution, ...], ...]
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
        width: int = 48,
        blocks: int = 4,
        dilations: Sequence[int] = (1, 2, 4, 8, 4, 2, 1),
        padding: Padding = "periodic",
        activation: Callable[[Array], Array] = jax.nn.relu,
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
            blocks: number of blocks.
            dilations: distance of the kernel's points in each convolution of a block.
            padding: `"periodic"`, `"replicate"` or `"zero"`.
            activation: a named elementwise function.
            grid_features: append coordinates: `True` or `"periodic"` for `i/n`, `"bounded"` for `i/(n-1)`.
            residual: add the last `out_channels` input channels to the output, for networks that step in time.
            key: random key.

        Raises:
            ValueError: an argument is not one of those allowed.
        """
        self.dimension, self.in_channels, self.out_channels = dimension, in_channels, out_channels
        self.grid_features, self.activation = check_grid_features(grid_features), activation
        self.residual = check_residual("DilatedResNet", residual, in_channels, out_channels)
        lifted = in_channels + (0 if self.grid_features == "none" else dimension)
        keys = iter(jax.random.split(key, blocks * len(dilations) + 2))

        def convolution(inputs: int, outputs: int, dilation: int = 1) -> Convolution:
            return Convolution(dimension, inputs, outputs, 3, padding=padding, dilation=dilation, key=next(keys))

        self.encode = convolution(lifted, width)
        self.blocks = tuple(tuple(convolution(width, width, d) for d in dilations) for _ in range(blocks))
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
        check_sample("DilatedResNet", x, self.dimension, self.in_channels)
        y = self.encode(with_coordinates(x, self.grid_features))
        for block in self.blocks:
            start = y
            for convolution in block:
                y = self.activation(convolution(y))
            y = start + y
        y = self.decode(y)
        return y + x[-self.out_channels :] if self.residual else y
