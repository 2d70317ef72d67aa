"""Errors by scale: shells of integer wave number, bands of shells, energy spectra."""

from collections.abc import Sequence
from itertools import pairwise

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from sciml.metrics._error import difference, ratio, root
from sciml.metrics._spectrum import mode_power, outer_sum

PDEBENCH_BORDERS = (4, 12)
"""Last shell of the low and of the middle band in PDEBench: 0-4, 5-12, 13 and above."""


def energy_spectrum(field: Inexact[Array, "c *shape"], *, density: float = 0.5) -> Float[Array, "shells"]:
    """Energy in each shell of waves: `density` times the sum of `|u_m|^2` over `k - 1/2 <= |m| < k + 1/2`.

    The waves `m` are counted per box, whatever its extent. The spectrum ends with the largest complete shell, so its
    sum is the mean energy less that of the corners of the spectrum (none in 1-D).

    Args:
        field: sample, shape `(channels, *shape)`; energies of channels (of the components of a velocity) add up.
        density: factor of the square, one half for kinetic energy.

    Returns:
        Energies of shells `0, 1, ..., min(shape) // 2`.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.metrics import energy_spectrum
        >>> x = jnp.arange(16) / 16
        >>> [round(float(e), 3) for e in energy_spectrum(2 * jnp.sin(2 * jnp.pi * 3 * x)[None])[:5]]
        [0.0, 0.0, 0.0, 1.0, 0.0]
    """
    return density * _shell_power(field)[: min(field.shape[1:]) // 2 + 1]


def band_rmse(
    prediction: Inexact[Array, "c *shape"],
    target: Inexact[Array, "c *shape"],
    *,
    borders: Sequence[int] = PDEBENCH_BORDERS,
) -> Float[Array, "bands"]:
    """Root mean squared error of the part of the error in each band of waves; their squares add up to that of `rmse`.

    Args:
        prediction: what was computed, shape `(channels, *shape)`.
        target: what it should be, same shape.
        borders: last shell of each band but the last, rising.

    Returns:
        One figure per band, low to high: `(len(borders) + 1,)`.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.metrics import band_rmse
        >>> x = jnp.arange(64) / 64
        >>> error = jnp.sin(2 * jnp.pi * 3 * x) + 2 * jnp.sin(2 * jnp.pi * 20 * x)
        >>> [round(float(e), 3) for e in band_rmse(error[None], jnp.zeros((1, 64)))]
        [0.707, 0.0, 1.414]
    """
    error = difference(prediction, target)
    return root(_band_sums(_shell_power(error), borders) / error.shape[0])


def relative_band_errors(
    prediction: Inexact[Array, "c *shape"],
    target: Inexact[Array, "c *shape"],
    *,
    borders: Sequence[int] = PDEBENCH_BORDERS,
) -> Float[Array, "bands"]:
    """Relative L2 error within each band: error of the band by the target's content of the band.

    Infinite or NaN where the target has nothing in a band. Arguments as in `band_rmse`.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.metrics import relative_band_errors
        >>> x = jnp.linspace(0.0, 2 * jnp.pi, 64, endpoint=False)
        >>> target = (jnp.sin(x) + jnp.sin(8 * x) + jnp.sin(20 * x))[None]
        >>> [round(float(e), 3) for e in relative_band_errors(0.9 * target, target)]
        [0.1, 0.1, 0.1]
    """
    size = band_rmse(jnp.zeros_like(target), target, borders=borders)
    return ratio(band_rmse(prediction, target, borders=borders), size)


def fourier_rmse(
    prediction: Inexact[Array, "c *shape"],
    target: Inexact[Array, "c *shape"],
    *,
    borders: Sequence[int] = PDEBENCH_BORDERS,
) -> Float[Array, "bands"]:
    """PDEBench's fRMSE: root of the summed squared error of the Fourier modes of a band, by its number of shells.

    Coefficients are amplitudes (transform divided by the number of nodes), so that grids compare; shells are rounded
    to the nearest integer. The last band ends at the largest complete shell. Arguments as in `band_rmse`.

    Source: Takamoto et al. 2022 (PDEBench, arXiv:2210.07182), appendix on metrics.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.metrics import fourier_rmse
        >>> [round(float(e), 3) for e in fourier_rmse(jnp.ones((1, 64)), jnp.zeros((1, 64)))]
        [0.2, 0.0, 0.0]
    """
    error = difference(prediction, target)
    power = _shell_power(error)[: min(error.shape[1:]) // 2 + 1]
    edges = _edges(borders, power.shape[0])
    counts = jnp.asarray(np.maximum(np.diff(edges), 1), power.dtype)
    return root(_band_sums(power, borders) / error.shape[0]) / counts


def _shell_power(field: Inexact[Array, "c *shape"]) -> Float[Array, "shells"]:
    """Power of every shell, corners of the spectrum included."""
    if field.ndim < 2:
        raise ValueError(f"spectral metric: a sample has shape (channels, *shape), got {field.shape}.")
    power, waves = mode_power(field)
    shell = np.floor(np.sqrt(outer_sum([wave**2 for wave in waves])) + 0.5).astype(int)
    total = jnp.zeros(int(shell.max()) + 1, power.dtype)
    return total.at[shell.ravel()].add(jnp.sum(power, axis=0).ravel())


def _edges(borders: Sequence[int], shells: int) -> np.ndarray:
    borders = tuple(borders)
    if any(b < 0 for b in borders) or any(b >= c for b, c in pairwise(borders)):
        raise ValueError(f"spectral metric: `borders` must rise from 0 on, got {borders}.")
    return np.minimum(np.array([0, *(border + 1 for border in borders), max(shells, 1)]), shells)


def _band_sums(power: Float[Array, "shells"], borders: Sequence[int]) -> Float[Array, "bands"]:
    edges = _edges(borders, power.shape[0])
    return jnp.stack([jnp.sum(power[first:last]) for first, last in pairwise(edges)])
