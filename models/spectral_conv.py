"""Convolution by learned weights on the low Fourier modes: the layer that makes an operator independent of the grid."""

import math
from collections.abc import Sequence
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models._truncated_fourier import (
    Kept,
    clip_modes,
    fft_analysis,
    fft_synthesis,
    matmul_analysis,
    matmul_synthesis,
    prefers_matmul,
    stored_modes,
)

Transform = Literal["auto", "matmul", "fft"]


def check_modes(modes: int | Sequence[int], dimension: int) -> tuple[int, ...]:
    """Give the modes as one positive number per axis.

    Raises:
        ValueError: the dimension is not 1, 2 or 3, or the number of modes does not fit it.
    """
    if dimension not in (1, 2, 3):
        raise ValueError(f"`dimension` must be 1, 2 or 3, got {dimension}.")
    modes = (modes,) * dimension if isinstance(modes, int) else tuple(int(m) for m in modes)
    if len(modes) != dimension or min(modes) < 1:
        raise ValueError(f"`modes` must be a positive integer or {dimension} of them, got {modes}.")
    return modes


class SpectralConv(eqx.Module):
    """Multiply the low Fourier modes of a periodic field by one complex matrix each; drop the others.

    Along the last axis the wavenumbers `0..m-1` are kept (the field is real); along every other axis the first `m` and
    the last `m` indices of the transform, `0..m-1` and `-m..-1`, each with its own weights. There is no bias and no
    coupling of modes. The same weights serve any resolution: on a grid too coarse for some modes these are left out,
    and no mode is used twice. The transform is a product with truncated cosine and sine tables where few modes are
    kept, else an FFT; both give the same values, and both allow forward and reverse differentiation.

    The library `neuraloperator` counts modes as totals: its `n_modes=(12, 12)` is `modes=(6, 7)` here.

    Attributes:
        weight_real: real parts, shape `(*stored, in_channels, out_channels)`, `stored = (2 m_1, .., 2 m_{d-1}, m_d)`.
        weight_imag: imaginary parts, same shape. Two real arrays, so optimisers and gradients treat both parts alike.

    Source: Li et al., "Fourier Neural Operator for Parametric Partial Differential Equations", ICLR 2021 (arXiv
    2010.08895).

    Example:
        >>> import jax
        >>> layer = SpectralConv(2, 3, 5, modes=4, key=jax.random.key(0))
        >>> layer(jax.numpy.ones((3, 32, 48))).shape
        (5, 32, 48)
    """

    weight_real: Float[Array, "*modes in_channels out_channels"]
    weight_imag: Float[Array, "*modes in_channels out_channels"]
    dimension: int = eqx.field(static=True)
    in_channels: int = eqx.field(static=True)
    out_channels: int = eqx.field(static=True)
    modes: tuple[int, ...] = eqx.field(static=True)

    def __init__(
        self,
        dimension: int,
        in_channels: int,
        out_channels: int,
        modes: int | Sequence[int],
        *,
        initialization: Literal["uniform", "normal"] = "uniform",
        key: PRNGKeyArray,
    ):
        """Draw the weights.

        Args:
            dimension: number of spatial axes, 1 to 3.
            in_channels: channels of the input.
            out_channels: channels of the output.
            modes: wavenumbers kept per axis (of each sign, except on the last axis).
            initialization: `"uniform"` draws both parts from `[0, 1) / (in_channels * out_channels)`, as the
                publication's code; `"normal"` a complex normal of variance `2 / (in_channels + out_channels)`, as its
                later library.
            key: random key.

        Raises:
            ValueError: `dimension`, `modes` or `initialization` is not one of those above.
        """
        self.modes = check_modes(modes, dimension)
        self.dimension, self.in_channels, self.out_channels = dimension, in_channels, out_channels
        shape = (2, *stored_modes(self.modes), in_channels, out_channels)
        if initialization == "uniform":
            weights = jax.random.uniform(key, shape) / (in_channels * out_channels)
        elif initialization == "normal":
            weights = jax.random.normal(key, shape) / math.sqrt(in_channels + out_channels)
        else:
            raise ValueError(f"SpectralConv: `initialization` must be 'uniform' or 'normal', got {initialization!r}.")
        self.weight_real, self.weight_imag = weights[0], weights[1]

    def __call__(
        self,
        x: Float[Array, "in_channels *grid"],
        *,
        key: PRNGKeyArray | None = None,
        transform: Transform = "auto",
    ) -> Float[Array, "out_channels *grid"]:
        """Apply the layer to one sample.

        Args:
            x: real field, shape `(in_channels, *grid)`.
            key: not used.
            transform: `"matmul"` or `"fft"` forces one of the two ways; `"auto"` takes the faster.

        Returns:
            Real field, shape `(out_channels, *grid)`.

        Raises:
            ValueError: the shape of `x` does not fit.
        """
        if x.ndim != self.dimension + 1 or x.shape[0] != self.in_channels:
            raise ValueError(
                f"SpectralConv: `x` must have shape ({self.in_channels}, n_1, .., n_{self.dimension}), got {x.shape}; "
                "batches go through jax.vmap."
            )
        return jnp.moveaxis(self.channels_last(jnp.moveaxis(x, 0, -1), transform=transform), -1, 0)

    def channels_last(
        self,
        x: Float[Array, "*grid in_channels"],
        *,
        bias: Float[Array, " out_channels"] | None = None,
        transform: Transform = "auto",
    ) -> Float[Array, "*grid out_channels"]:
        """Apply the layer in its own layout, channels last, which saves two copies inside a network.

        Args:
            x: real field, shape `(*grid, in_channels)`.
            bias: constant to add, put into the mean's coefficient: its gradient then costs no pass over the grid.
            transform: as in the call.

        Returns:
            Real field, shape `(*grid, out_channels)`.
        """
        shape = x.shape[:-1]
        kept = clip_modes(self.modes, shape)
        matmul = prefers_matmul(kept, shape) if transform == "auto" else transform == "matmul"
        analysis, synthesis = (matmul_analysis, matmul_synthesis) if matmul else (fft_analysis, fft_synthesis)
        real, imag = self._mix(*analysis(x, kept), kept)
        if bias is not None:
            real = real.at[(0,) * self.dimension].add(bias * math.prod(shape))
        return synthesis(real, imag, kept, shape)

    def _mix(self, real: Array, imag: Array, kept: tuple[Kept, ...]) -> tuple[Array, Array]:
        """Multiply each mode's channels by its complex matrix."""
        weight_real, weight_imag = (_clip(w, self.modes, kept) for w in (self.weight_real, self.weight_imag))

        def product(values: Array, weights: Array) -> Array:
            return jnp.einsum("...i,...io->...o", values, weights)

        return (
            product(real, weight_real) - product(imag, weight_imag),
            product(real, weight_imag) + product(imag, weight_real),
        )


def _clip(weight: Array, modes: tuple[int, ...], kept: tuple[Kept, ...]) -> Array:
    """Leave out the weights of modes that the grid does not resolve."""
    for axis, ((positive, negative), stored) in enumerate(zip(kept, stored_modes(modes))):
        if positive + negative < stored:
            low = jax.lax.slice_in_dim(weight, 0, positive, axis=axis)
            high = jax.lax.slice_in_dim(weight, stored - negative, stored, axis=axis)
            weight = jnp.concatenate([low, high], axis=axis)
    return weight
