"""Two real fields in one complex transform.

`fft(a + i b)` holds the transforms of both: on two real fields a complex transform costs about two thirds of two real ones. The
spectra are combined and separated here, on the retained modes only.
"""

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array


def pack(half: Array, modes: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    """Full spectrum of `a + i b` from the stored halves of the spectra of a and b.

    Args:
        half: `(pairs, 2, *storage)`; the last axis holds non-negative modes, the others `0..K, -K..-1`.
        modes: highest retained mode per axis.
        shape: points per axis.

    Returns:
        `(pairs, *shape)`, zero above the retained modes.
    """
    a, b = half[:, 0], half[:, 1]
    positive = lax.complex(a.real - b.imag, a.imag + b.real)
    # Z(-k) = conj(a(k) - i b(k)) with k > 0 along the last axis.
    mirrored = lax.complex(a.real + b.imag, b.real - a.imag)[..., 1:]
    for axis in range(1, mirrored.ndim - 1):
        mirrored = negate_modes(mirrored, axis)
    missing = shape[-1] - 2 * modes[-1] - 1
    zeros = jnp.zeros((*positive.shape[:-1], missing), positive.dtype)
    whole = jnp.concatenate([positive, zeros, jnp.flip(mirrored, -1)], axis=-1)
    for axis, (highest, count) in enumerate(zip(modes[:-1], shape[:-1]), start=1):
        whole = insert_zeros(whole, axis, highest, count)
    return whole


def unpack(whole: Array, modes: tuple[int, ...]) -> Array:
    """Stored halves of the spectra of a and b from the full spectrum of `a + i b`; inverse of `pack` on retained modes.

    Args:
        whole: `(pairs, *shape)`.
        modes: highest retained mode per axis.

    Returns:
        `(pairs, 2, *storage)`.
    """
    for axis, highest in enumerate(modes[:-1], start=1):
        whole = keep_low_modes(whole, axis, highest)
    last, highest = whole.ndim - 1, modes[-1]
    positive = lax.slice_in_dim(whole, 0, highest + 1, axis=last)
    negative = lax.slice_in_dim(whole, whole.shape[last] - highest, whole.shape[last], axis=last)
    mirrored = jnp.concatenate([positive[..., :1], jnp.flip(negative, -1)], axis=-1)
    for axis in range(1, last):
        mirrored = negate_modes(mirrored, axis)
    a = lax.complex(0.5 * (positive.real + mirrored.real), 0.5 * (positive.imag - mirrored.imag))
    b = lax.complex(0.5 * (positive.imag + mirrored.imag), 0.5 * (mirrored.real - positive.real))
    return jnp.stack([a, b], axis=1)


def negate_modes(spectrum: Array, axis: int) -> Array:
    """Exchange modes k and -k along an axis in the order `0..K, -K..-1`."""
    zero = lax.slice_in_dim(spectrum, 0, 1, axis=axis)
    rest = lax.slice_in_dim(spectrum, 1, spectrum.shape[axis], axis=axis)
    return jnp.concatenate([zero, jnp.flip(rest, axis)], axis=axis)


def keep_low_modes(spectrum: Array, axis: int, highest: int) -> Array:
    """Drop the modes above `highest` from a full axis."""
    count = spectrum.shape[axis]
    if 2 * highest + 1 == count:
        return spectrum
    low = lax.slice_in_dim(spectrum, 0, highest + 1, axis=axis)
    high = lax.slice_in_dim(spectrum, count - highest, count, axis=axis)
    return jnp.concatenate([low, high], axis=axis)


def insert_zeros(spectrum: Array, axis: int, highest: int, count: int) -> Array:
    """Undo `keep_low_modes` with zeros, to an axis of `count` modes."""
    missing = count - 2 * highest - 1
    if missing == 0:
        return spectrum
    low = lax.slice_in_dim(spectrum, 0, highest + 1, axis=axis)
    high = lax.slice_in_dim(spectrum, highest + 1, 2 * highest + 1, axis=axis)
    zeros = jnp.zeros((*spectrum.shape[:axis], missing, *spectrum.shape[axis + 1 :]), spectrum.dtype)
    return jnp.concatenate([low, zeros, high], axis=axis)
