"""The low part of a real discrete Fourier transform over all spatial axes, and its inverse, in two equal ways.

Layout: spatial axes first, channels last. Kept are, on every axis but the last, the wavenumbers `0..m-1` and `-m..-1`
in this order, and `0..m-1` on the last. Where few of them are kept, real cosine and sine tables applied as matrix
products beat the FFT by several times: half the arithmetic of complex tables, no padding, no complex number. Otherwise
the FFT is used. The inverse ignores what no real field has (the imaginary part of the modes that are their own mirror
image along the last axis), in the same way on every device.
"""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from sciml.models._axis_matmul import axis_matmul

Kept = tuple[int, int]
"""Number of non-negative and of negative wavenumbers kept on an axis."""


def stored_modes(modes: Sequence[int]) -> tuple[int, ...]:
    """Give the number of wavenumbers per axis: both signs on all axes but the last."""
    return (*(2 * m for m in modes[:-1]), modes[-1])


def clip_modes(modes: Sequence[int], shape: Sequence[int]) -> tuple[Kept, ...]:
    """Clip the modes to those that a grid resolves, each once.

    On a grid of `n` points the wavenumbers run from `-(n // 2)` to `(n - 1) // 2`; the mode at `-n/2` of an even axis
    belongs to the negative block, or, on the last axis, where there is no such block, to the positive one.
    """
    both = tuple((min(m, (n - 1) // 2 + 1), min(m, n // 2)) for m, n in zip(modes[:-1], shape[:-1]))
    return (*both, (min(modes[-1], shape[-1] // 2 + 1), 0))


def prefers_matmul(kept: Sequence[Kept], shape: Sequence[int]) -> bool:
    """Say whether matrix products are expected to be faster than the FFT.

    Measured on CPUs, gradient included: products win by 1.3 to 2.7 while the rows of each table are at most two fifths
    of the axis, in one to three dimensions, and lose with hundreds of rows however long the axis.
    """
    rows = [2 * max(p - 1, q) + 1 for p, q in kept]
    return all(5 * r <= 2 * n and r <= 64 for r, n in zip(rows, shape))


@functools.lru_cache(maxsize=256)
def _table(count: int, highest: int) -> np.ndarray:
    """Tabulate cosines 0..K, then sines 1..K of a periodic axis, shape `(2K+1, count)`, exact to rounding."""
    turns = (np.arange(highest + 1)[:, None] * np.arange(count)[None, :]) % count
    angle = 2 * np.pi * turns / count
    return np.concatenate([np.cos(angle), np.sin(angle[1:])])


def _split(x: Array, axis: int, highest: int) -> tuple[Array, Array]:
    """Split the rows of a table's product into cosine and sine coefficients 0..K; the sine of 0 is zero."""
    cosine = jax.lax.slice_in_dim(x, 0, highest + 1, axis=axis)
    sine = jax.lax.slice_in_dim(x, highest + 1, 2 * highest + 1, axis=axis)
    return cosine, jnp.concatenate([jnp.zeros_like(jax.lax.slice_in_dim(cosine, 0, 1, axis=axis)), sine], axis=axis)


def _complex_from_real(x: Array, kept: tuple[Kept, ...]) -> tuple[Array, Array]:
    """Combine products of cosines and sines over all axes to real and imaginary parts of the kept modes (linear)."""
    last = len(kept) - 1
    real, sine = _split(x, last, kept[last][0] - 1)
    imag = -sine
    for axis in range(last):
        positive, negative = kept[axis]
        highest = max(positive - 1, negative)
        (real_cos, real_sin), (imag_cos, imag_sin) = _split(real, axis, highest), _split(imag, axis, highest)
        take = functools.partial(jax.lax.slice_in_dim, axis=axis)
        up = (real_cos + imag_sin, imag_cos - real_sin)
        down = (real_cos - imag_sin, imag_cos + real_sin)
        real, imag = (
            jnp.concatenate([take(u, 0, positive), jnp.flip(take(d, 1, negative + 1), axis)], axis=axis)
            for u, d in zip(up, down)
        )
    return real, imag


def _mirror_weights(count: int, kept: int, dtype: np.dtype) -> np.ndarray:
    """Say how often each mode of the last axis counts in the inverse: once if its own mirror image, else twice."""
    wavenumber = np.arange(kept)
    return np.where((wavenumber == 0) | (2 * wavenumber == count), 1.0, 2.0).astype(dtype)


def matmul_analysis(x: Float[Array, "*grid c"], kept: tuple[Kept, ...]) -> tuple[Array, Array]:
    """Give real and imaginary parts of the kept Fourier coefficients by matrix products along each axis."""
    for axis, (positive, negative) in enumerate(kept):
        x = axis_matmul(_table(x.shape[axis], max(positive - 1, negative)), x, axis)
    return _complex_from_real(x, kept)


def matmul_synthesis(real: Array, imag: Array, kept: tuple[Kept, ...], shape: tuple[int, ...]) -> Array:
    """Evaluate kept Fourier coefficients on a grid: the transposed analysis of weighted coefficients."""
    rows = [2 * max(p - 1, q) + 1 for p, q in kept]
    weights = _mirror_weights(shape[-1], kept[-1][0], np.dtype(real.dtype)) / np.prod(shape)
    weights = jnp.asarray(weights, real.dtype).reshape((1,) * (len(shape) - 1) + (-1, 1))
    source = jax.ShapeDtypeStruct((*rows, real.shape[-1]), real.dtype)
    combine = functools.partial(_complex_from_real, kept=kept)
    (out,) = jax.linear_transpose(combine, source)((real * weights, imag * weights))
    for axis in reversed(range(len(shape))):
        out = axis_matmul(_table(shape[axis], max(kept[axis][0] - 1, kept[axis][1])).T, out, axis)
    return out


def _rows(kept: Kept, count: int) -> np.ndarray:
    """Give the indices of the kept modes in an FFT's output."""
    return np.concatenate([np.arange(kept[0]), np.arange(count - kept[1], count)])


def fft_analysis(x: Float[Array, "*grid c"], kept: tuple[Kept, ...]) -> tuple[Array, Array]:
    """Give the same coefficients by the fast Fourier transform."""
    dimension = len(kept)
    spectrum = jnp.fft.rfftn(jnp.moveaxis(x, -1, 0), axes=tuple(range(1, dimension + 1)))
    spectrum = spectrum[..., : kept[-1][0]]
    for axis in range(dimension - 1):
        spectrum = jnp.take(spectrum, _rows(kept[axis], x.shape[axis]), axis=axis + 1)
    spectrum = jnp.moveaxis(spectrum, 0, -1)
    return spectrum.real, spectrum.imag


def fft_synthesis(real: Array, imag: Array, kept: tuple[Kept, ...], shape: tuple[int, ...]) -> Array:
    """Evaluate kept coefficients on a grid by the fast Fourier transform."""
    dimension = len(kept)
    spectrum = jnp.moveaxis(jax.lax.complex(real, imag), -1, 0)
    for axis in range(dimension - 1):
        positive, missing = kept[axis][0], shape[axis] - sum(kept[axis])
        gap = jnp.zeros((*spectrum.shape[: axis + 1], missing, *spectrum.shape[axis + 2 :]), spectrum.dtype)
        low, high = jnp.split(spectrum, [positive], axis=axis + 1)
        spectrum = jnp.concatenate([low, gap, high], axis=axis + 1)
    if dimension > 1:
        spectrum = jnp.fft.ifftn(spectrum, axes=tuple(range(1, dimension)))
    # Back-ends differ in what they do with imaginary parts that no real signal has: take them out.
    free = _mirror_weights(shape[-1], kept[-1][0], np.dtype(real.dtype)) > 1
    free = jnp.asarray(free, real.dtype).reshape((1,) * dimension + (-1,))
    spectrum = jax.lax.complex(spectrum.real, spectrum.imag * free)
    return jnp.moveaxis(jnp.fft.irfft(spectrum, n=shape[-1], axis=-1), 0, -1)
