"""The Fourier neural operator."""

import math
from collections.abc import Callable, Sequence
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models._channel_linear import ChannelLinear
from sciml.models._grid_features import GridFeatures, append_coordinates, check_grid_features
from sciml.models._instance_norm import InstanceNorm
from sciml.models._sample import check_sample
from sciml.models.spectral_conv import SpectralConv, check_modes


class FourierLayer(eqx.Module):
    """A spectral convolution plus a linear map of the channels, channels last, before any activation.

    Attributes:
        spectral: convolution on the low modes.
        linear: map of the channels at each point, with bias.
        norm: normalisation of the sum, or none.
    """

    spectral: SpectralConv
    linear: ChannelLinear
    norm: InstanceNorm | None

    def __init__(self, dimension: int, width: int, modes: Sequence[int], *, normalise: bool = False, key: PRNGKeyArray):
        """Draw the weights."""
        spectral_key, linear_key = jax.random.split(key)
        self.spectral = SpectralConv(dimension, width, width, modes, key=spectral_key)
        self.linear = ChannelLinear(width, width, key=linear_key)
        self.norm = InstanceNorm(width) if normalise else None

    def __call__(self, x: Float[Array, "*grid c"]) -> Float[Array, "*grid c"]:
        """Apply to values with channels last."""
        y = self.spectral.channels_last(x, bias=self.linear.bias) + self.linear.without_bias(x)
        return y if self.norm is None else self.norm(y)


class FNO(eqx.Module):
    """Fourier neural operator: lift, Fourier layers, project.

    `v_0 = P(a, x)`; `v_{l+1} = σ(W_l v_l + b_l + F^{-1} R_l F v_l)`, with no activation after the last layer;
    `u = Q_2 σ(Q_1 v_L)`. One sample per call, on a grid of any size; use `jax.vmap` for a batch.

    Attributes:
        lift: `P`, a linear map of the channels.
        layers: the Fourier layers.
        project: the two layers of `Q`.

    Source: Li et al., "Fourier Neural Operator for Parametric Partial Differential Equations", ICLR 2021 (arXiv
    2010.08895).

    Example:
        >>> import jax
        >>> model = FNO(1, 1, 1, width=16, modes=8, key=jax.random.key(0))
        >>> model(jax.numpy.ones((1, 64))).shape, model(jax.numpy.ones((1, 256))).shape
        ((1, 64), (1, 256))
    """

    lift: ChannelLinear
    layers: tuple[FourierLayer, ...]
    project: tuple[ChannelLinear, ChannelLinear]
    dimension: int = eqx.field(static=True)
    in_channels: int = eqx.field(static=True)
    out_channels: int = eqx.field(static=True)
    padding: tuple[int | float, ...] = eqx.field(static=True)
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
        padding: int | float | Sequence[int | float] = 0,
        grid_features: GridFeatures = True,
        activation: Callable[[Array], Array] = jax.nn.gelu,
        normalization: Literal["none", "instance"] = "none",
        projection_width: int = 128,
        key: PRNGKeyArray,
    ):
        """Draw the weights.

        Args:
            dimension: number of spatial axes, 1 to 3 (time may be one of them).
            in_channels: channels of the input, coordinates not counted.
            out_channels: channels of the output.
            width: channels inside.
            modes: wavenumbers kept per axis (of each sign, except on the last axis, see `SpectralConv`).
            layers: number of Fourier layers.
            padding: zeros appended at the far end of each axis after lifting and cut off before projection, for fields
                that are not periodic: a whole number of points, or a float, the fraction of the axis, which keeps its
                meaning when the resolution changes. One for all axes or one per axis.
            grid_features: append coordinates: `True` or `"periodic"` for `i/n`, `"bounded"` for `i/(n-1)`, `False` for
                none.
            activation: a named elementwise function.
            normalization: `"instance"` normalises each channel of each layer's sum over the grid. The published
                Navier-Stokes networks have batch normalisation there, with as many parameters; that couples samples and
                is not offered.
            projection_width: hidden channels of the projection.
            key: random key.

        Raises:
            ValueError: an argument is not one of those allowed.
        """
        modes = check_modes(modes, dimension)
        if layers < 1:
            raise ValueError(f"FNO: `layers` must be at least 1, got {layers}.")
        if normalization not in ("none", "instance"):
            raise ValueError(f"FNO: `normalization` must be 'none' or 'instance', got {normalization!r}.")
        self.dimension, self.in_channels, self.out_channels = dimension, in_channels, out_channels
        self.padding = _check_padding(padding, dimension)
        self.grid_features, self.activation = check_grid_features(grid_features), activation
        lifted = in_channels + (0 if self.grid_features == "none" else dimension)
        keys = jax.random.split(key, layers + 3)
        self.lift = ChannelLinear(lifted, width, key=keys[0])
        self.layers = tuple(
            FourierLayer(dimension, width, modes, normalise=normalization == "instance", key=k) for k in keys[3:]
        )
        self.project = (
            ChannelLinear(width, projection_width, key=keys[1]),
            ChannelLinear(projection_width, out_channels, key=keys[2]),
        )

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
        check_sample("FNO", x, self.dimension, self.in_channels)
        x = self.lift(append_coordinates(jnp.moveaxis(x, 0, -1), self.grid_features))
        shape = x.shape[:-1]
        x = jnp.pad(x, [(0, _points(p, n)) for p, n in zip(self.padding, shape)] + [(0, 0)])
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        x = self.layers[-1](x)[tuple(slice(n) for n in shape)]
        return jnp.moveaxis(self.project[1](self.activation(self.project[0](x))), -1, 0)


def _check_padding(padding: int | float | Sequence[int | float], dimension: int) -> tuple[int | float, ...]:
    """Give the padding per axis."""
    padding = (padding,) * dimension if isinstance(padding, (int, float)) else tuple(padding)
    if len(padding) != dimension or min(padding) < 0:
        raise ValueError(f"FNO: `padding` must be a non-negative number or {dimension} of them, got {padding}.")
    return padding


def _points(padding: int | float, count: int) -> int:
    """Give the number of points to append to an axis."""
    return padding if isinstance(padding, int) else math.ceil(padding * count)
