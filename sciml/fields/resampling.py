"""Fourier resampling between periodic grids."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact


def resample(
    values: Inexact[Array, "*components_and_grid"] | np.ndarray, shape: Sequence[int]
) -> Inexact[Array, "..."]:
    """Values of the trigonometric interpolant on a periodic grid with other node counts.

    Exact for band-limited data; going up and down again returns the data, also those with a Nyquist mode, which is split evenly
    between its two signs.

    Args:
        values: `(*components, *old shape)`, nodes at `lower + i * spacing`; as many trailing axes are resampled as `shape` has entries.
        shape: new node counts.

    Returns:
        `(*components, *shape)`, real for real input.

    Example:
        >>> import numpy as np
        >>> from sciml.fields.resampling import resample
        >>> coarse = np.cos(2 * np.pi * np.arange(8) / 8)
        >>> fine = resample(coarse, (16,))
        >>> bool(abs(fine[1] - np.cos(2 * np.pi / 16)) < 1e-6)
        True
    """
    array = jnp.asarray(values)
    if array.ndim < len(shape) or min(shape) < 1:
        raise ValueError(f"resample: `shape` {tuple(shape)} does not fit values of shape {array.shape}.")
    for axis, count in zip(range(-len(shape), 0), shape):
        if array.shape[axis] != count:
            array = _along(array, axis, count)
    return array


def _along(values: Array, axis: int, count: int) -> Array:
    old = values.shape[axis]
    spectrum = jnp.moveaxis(jnp.fft.fft(values, axis=axis), axis, -1) * (count / old)
    kept = min(old, count)
    positive, negative = (kept + 1) // 2, kept // 2
    low, high = spectrum[..., :positive], spectrum[..., old - negative :]
    if kept % 2 == 0:
        # The Nyquist mode of the coarser grid: half at each sign of the finer one.
        low, high = _with_split_nyquist(spectrum, low, high, kept, upward=count > old)
    middle = jnp.zeros((*spectrum.shape[:-1], count - low.shape[-1] - high.shape[-1]), spectrum.dtype)
    resampled = jnp.fft.ifft(jnp.concatenate([low, middle, high], axis=-1), axis=-1)
    resampled = jnp.moveaxis(resampled, -1, axis)
    return resampled if jnp.iscomplexobj(values) else resampled.real


def _with_split_nyquist(spectrum: Array, low: Array, high: Array, kept: int, *, upward: bool) -> tuple[Array, Array]:
    half = kept // 2
    old = spectrum.shape[-1]
    if upward:
        nyquist = 0.5 * spectrum[..., half : half + 1]
        return jnp.concatenate([low, nyquist], -1), jnp.concatenate([nyquist, high[..., 1:]], -1)
    nyquist = spectrum[..., half : half + 1] + spectrum[..., old - half : old - half + 1]
    return low, jnp.concatenate([nyquist, high[..., 1:]], -1)
