"""The FNO of the later library: two-layer lifting, gated channel networks in each block."""

from collections.abc import Callable, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models._channel_linear import ChannelLinear, over_channels
from sciml.models._grid_features import GridFeatures, append_coordinates, check_grid_features
from sciml.models._sample import check_sample
from sciml.models.activations import exact_gelu
from sciml.models.spectral_conv import SpectralConv, check_modes


class GatedBlock(eqx.Module):
    """Spectral convolution with a linear skip, then a channel network with a gated skip.

    Attributes:
        spectral: convolution on the low modes.
        skip: linear map beside it; its bias is the only one of the two.
        inner: first layer of the channel network.
        outer: second layer of the channel network.
        gate: factor of each channel of the block's input, added to the channel network's output.
    """

    spectral: SpectralConv
    skip: ChannelLinear
    inner: ChannelLinear
    outer: ChannelLinear
    gate: Float[Array, " c"]
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __init__(
        self,
        dimension: int,
        width: int,
        modes: Sequence[int],
        hidden: int,
        *,
        activation: Callable[[Array], Array],
        key: PRNGKeyArray,
    ):
        """Draw the weights; the gate starts at one."""
        keys = jax.random.split(key, 4)
        self.spectral = SpectralConv(dimension, width, width, modes, initialization="normal", key=keys[0])
        self.skip = ChannelLinear(width, width, key=keys[1])
        self.inner = ChannelLinear(width, hidden, key=keys[2])
        self.outer = ChannelLinear(hidden, width, key=keys[3])
        self.gate = jnp.ones(width)
        self.activation = activation

    def __call__(self, x: Float[Array, "*grid c"], *, last: bool) -> Float[Array, "*grid c"]:
        """Apply to values with channels last; the last block has no activation on its two outputs."""
        y = self.spectral.channels_last(x, bias=self.skip.bias) + self.skip.without_bias(x)
        y = y if last else self.activation(y)
        y = self.outer(self.activation(self.inner(y))) + x * over_channels(self.gate, x.ndim)
        return y if last else self.activation(y)


class GatedFNO(eqx.Module):
    """Fourier neural operator with the blocks of the library `neuraloperator` 2.0.

    Lifting `C -> 2 width -> width`; blocks of a spectral convolution with linear skip, activation, and a channel
    network `width -> width/2 -> width` with a gated skip from the block's input; projection `width -> 2 width ->
    C_out`. With the same weights it equals that library's `FNO` of `n_modes = (2 m_1, .., 2 m_{d-1}, 2 (m_d - 1))`,
    default arguments and grids without end point; `sciml.models.load_neuraloperator` takes them over.

    Attributes:
        lift: the two layers of the lifting.
        blocks: Fourier blocks.
        project: the two layers of the projection.

    Source: Kossaifi et al., "A library for learning neural operators" (arXiv 2412.10354); Li et al., arXiv 2010.08895.

    Example:
        >>> import jax
        >>> model = GatedFNO(2, 1, 1, width=8, modes=(3, 4), layers=2, key=jax.random.key(0))
        >>> model(jax.numpy.ones((1, 32, 32))).shape
        (1, 32, 32)
    """

    lift: tuple[ChannelLinear, ChannelLinear]
    blocks: tuple[GatedBlock, ...]
    project: tuple[ChannelLinear, ChannelLinear]
    dimension: int = eqx.field(static=True)
    in_channels: int = eqx.field(static=True)
    out_channels: int = eqx.field(static=True)
    grid_features: str = eqx.field(static=True)
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __init__(
        self,
        dimension: int,
        in_channels: int,
        out_channels: int,
        *,
        width: int,
        modes: int | Sequence[int],
        layers: int = 4,
        lifting_width: int | None = None,
        hidden_width: int | None = None,
        projection_width: int | None = None,
        grid_features: GridFeatures = True,
        activation: Callable[[Array], Array] = exact_gelu,
        key: PRNGKeyArray,
    ):
        """Draw the weights.

        Args:
            dimension: number of spatial axes, 1 to 3.
            in_channels: channels of the input, coordinates not counted.
            out_channels: channels of the output.
            width: channels inside.
            modes: wavenumbers kept per axis (of each sign, except on the last axis).
            layers: number of blocks.
            lifting_width: hidden channels of the lifting, default `2 width`.
            hidden_width: hidden channels of each block's channel network, default `width / 2`.
            projection_width: hidden channels of the projection, default `2 width`.
            grid_features: append coordinates: `True` or `"periodic"` for `i/n`, `"bounded"` for `i/(n-1)`, `False` for
                none.
            activation: a named elementwise function.
            key: random key.

        Raises:
            ValueError: `dimension`, `modes`, `layers` or `grid_features` is not allowed.
        """
        modes = check_modes(modes, dimension)
        if layers < 1:
            raise ValueError(f"GatedFNO: `layers` must be at least 1, got {layers}.")
        self.dimension, self.in_channels, self.out_channels = dimension, in_channels, out_channels
        self.grid_features, self.activation = check_grid_features(grid_features), activation
        lifted = in_channels + (0 if self.grid_features == "none" else dimension)
        lifting, projection = lifting_width or 2 * width, projection_width or 2 * width
        keys = jax.random.split(key, layers + 4)
        self.lift = (ChannelLinear(lifted, lifting, key=keys[0]), ChannelLinear(lifting, width, key=keys[1]))
        self.project = (
            ChannelLinear(width, projection, key=keys[2]),
            ChannelLinear(projection, out_channels, key=keys[3]),
        )
        hidden = hidden_width or max(width // 2, 1)
        self.blocks = tuple(GatedBlock(dimension, width, modes, hidden, activation=activation, key=k) for k in keys[4:])

    def __call__(
        self, x: Float[Array, "in_channels *grid"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "out_channels *grid"]:
        """Map one sample on a periodic grid of any size.

        Args:
            x: real field, shape `(in_channels, *grid)`.
            key: not used.

        Returns:
            Real field, shape `(out_channels, *grid)`.

        Raises:
            ValueError: the shape of `x` does not fit.
        """
        check_sample("GatedFNO", x, self.dimension, self.in_channels)
        x = append_coordinates(jnp.moveaxis(x, 0, -1), self.grid_features)
        x = self.lift[1](self.activation(self.lift[0](x)))
        for index, block in enumerate(self.blocks):
            x = block(x, last=index == len(self.blocks) - 1)
        return jnp.moveaxis(self.project[1](self.activation(self.project[0](x))), -1, 0)
