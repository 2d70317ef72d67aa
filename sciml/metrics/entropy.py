"""Entropies of a field: how its intensity `|u|^2` is spread over nodes or waves, how irregular a series is.

A field of shape `(channels, *shape)` becomes a distribution `p` over the nodes, intensities of channels added up and divided by the
sum. Natural logarithms. The entropies over nodes depend on the grid: `S = h - ln(dx)` with the differential entropy `h` of the
density `p / dx`, which `spacing=` gives.
"""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact

_NOTHING = 1e-15
"""A probability below this counts as none."""


def shannon_entropy(
    field: Inexact[Array, "c *shape"], *, spacing: float | None = None, normalised: bool = False
) -> Float[Array, ""]:
    """Shannon's entropy of the intensity, `-sum p ln p`.

    Args:
        field: sample, shape `(channels, *shape)`.
        spacing: volume of a cell: the differential entropy of the density, the same on every grid.
        normalised: divide by `ln` of the number of nodes, so that a constant field has 1.

    Raises:
        ValueError: for `spacing` and `normalised` together.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.metrics import shannon_entropy
        >>> round(float(shannon_entropy(jnp.ones((1, 8)), normalised=True)), 6)
        1.0
    """
    if normalised and spacing is not None:
        raise ValueError(
            "shannon_entropy: give `spacing` or `normalised`, not both: one depends on no grid, one on its nodes."
        )
    return _shannon(_distribution(field), spacing, normalised)


def renyi_entropy(
    field: Inexact[Array, "c *shape"], *, order: float = 2.0, spacing: float | None = None
) -> Float[Array, ""]:
    """Renyi's entropy of the intensity, `ln(sum p^q) / (1 - q)`.

    Args:
        field: sample, shape `(channels, *shape)`.
        order: `q >= 0`. 0 counts the nodes with something, 1 is Shannon's, `math.inf` is `-ln max p`.
        spacing: volume of a cell: that of the density, the same on every grid.

    Raises:
        ValueError: for a negative order.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.metrics import renyi_entropy
        >>> round(float(renyi_entropy(jnp.array([[1.0, 1.0, 0.0, 0.0]]), order=0.0)), 4)
        0.6931
    """
    if not order >= 0:
        raise ValueError(f"renyi_entropy: `order` must not be negative, got {order}.")
    p = _distribution(field)
    shift = 0.0 if spacing is None else math.log(spacing)
    if order == 0:
        return jnp.log(jnp.sum(p >= _NOTHING).astype(p.dtype)) + shift
    if order == 1:
        return _shannon(p, spacing, False)
    if math.isinf(order):
        return -jnp.log(jnp.max(p)) + shift
    return jnp.log(_power_sum(p, order)) / (1 - order) + shift


def tsallis_entropy(field: Inexact[Array, "c *shape"], *, order: float = 2.0) -> Float[Array, ""]:
    """Tsallis' entropy of the intensity, `(1 - sum p^q) / (q - 1)`; Shannon's for `q = 1`.

    Args:
        field: sample, shape `(channels, *shape)`.
        order: `q`, positive.

    Raises:
        ValueError: for an order that is not positive.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.metrics import tsallis_entropy
        >>> round(float(tsallis_entropy(jnp.ones((1, 4)))), 4)
        0.75
    """
    if not order > 0:
        raise ValueError(f"tsallis_entropy: `order` must be positive, got {order}.")
    p = _distribution(field)
    return _shannon(p, None, False) if order == 1 else (1 - _power_sum(p, order)) / (order - 1)


def spectral_entropy(field: Inexact[Array, "c *shape"], *, normalised: bool = False) -> Float[Array, ""]:
    """Shannon's entropy of the power of the Fourier modes, those of both signs counted.

    Args:
        field: sample, shape `(channels, *shape)`, periodic.
        normalised: divide by `ln` of the number of modes, so that an impulse has 1.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.metrics import spectral_entropy
        >>> round(float(spectral_entropy(jnp.array([[1.0, 0.0, 0.0, 0.0]]), normalised=True)), 6)
        1.0
    """
    _check("spectral_entropy", field)
    return _shannon(_distribution(jnp.fft.fftn(field, axes=tuple(range(1, field.ndim)))), None, normalised)


def statistical_complexity(field: Inexact[Array, "c *shape"]) -> Float[Array, ""]:
    """Normalised Shannon entropy times the distance from the uniform distribution, `S / ln(N) * N sum (p - 1/N)^2`.

    Zero for a constant field and for a single peak's entropy of zero; large for structures in between.

    Source: R. Lopez-Ruiz, H. Mancini, X. Calbet, Phys. Lett. A 209 (1995) 321, here with the distance times `N`.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.metrics import statistical_complexity
        >>> round(float(statistical_complexity(jnp.array([[1.0, 1.0, 0.0, 0.0]]))), 4)
        0.5
    """
    p = _distribution(field)
    return _shannon(p, None, True) * p.size * jnp.sum((p - 1 / p.size) ** 2)


def permutation_entropy(
    series: Float[Array, " n"], *, order: int = 3, delay: int = 1, normalised: bool = True
) -> Float[Array, ""]:
    """Entropy of the orders in which neighbouring values of a series stand; equal values count as rising.

    Args:
        series: real values, shape `(n,)`.
        order: values in a pattern, 2 to 7.
        delay: nodes between them.
        normalised: divide by `ln(order!)`.

    Raises:
        ValueError: for such an order or a series shorter than a pattern.

    Source: C. Bandt, B. Pompe, Phys. Rev. Lett. 88 (2002) 174102.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.metrics import permutation_entropy
        >>> round(float(permutation_entropy(jnp.array([4.0, 7.0, 9.0, 10.0, 6.0, 11.0, 3.0]), order=2, normalised=False)), 4)
        0.6365
    """
    if not 2 <= order <= 7 or delay < 1:
        raise ValueError(f"permutation_entropy: `order` must be 2 to 7 and `delay` positive, got {order} and {delay}.")
    count = series.shape[0] - (order - 1) * delay
    if count < 1:
        raise ValueError(
            f"permutation_entropy: `series` must have over {(order - 1) * delay} values, got {series.shape[0]}."
        )
    windows = jnp.stack([series[i * delay : i * delay + count] for i in range(order)], axis=1)
    digits = jnp.argsort(windows, axis=1, stable=True)
    codes = sum(digits[:, i] * order**i for i in range(order))
    found = jnp.bincount(jnp.asarray(codes), length=order**order)
    entropy = _plain(found.astype(series.dtype) / count)
    return entropy / math.log(math.factorial(order)) if normalised else entropy


def sample_entropy(series: Float[Array, " n"], *, length: int = 2, tolerance: float = 0.2) -> Float[Array, ""]:
    """How seldom stretches of a series that are alike stay alike for one value more, `-ln(A / B)`.

    `B` counts pairs of different stretches of `length` values whose largest difference is at most `tolerance` standard deviations,
    `A` those of one value more. Infinite where no pair stays alike, NaN where none is. Memory O(n^2).

    Args:
        series: real values, shape `(n,)`.
        length: `m`, positive.
        tolerance: in standard deviations of the series.

    Raises:
        ValueError: for a series too short to have a pair.

    Source: J. S. Richman, J. R. Moorman, Am. J. Physiol. 278 (2000) H2039.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.metrics import sample_entropy
        >>> bool(sample_entropy(jnp.sin(jnp.arange(200.0))) < 0.3)
        True
    """
    count = series.shape[0] - length
    if length < 1 or count < 2:
        raise ValueError(f"sample_entropy: `series` must have over {length + 1} values, got {series.shape[0]}.")
    radius = tolerance * jnp.std(series)
    apart = jnp.abs(series[:, None] - series[None, :])
    short = jax.tree.reduce(jnp.maximum, [apart[i : i + count, i : i + count] for i in range(length)])
    long = jnp.maximum(short, apart[length:, length:])
    # Every stretch is like itself: these pairs are taken off.
    alike, still = (jnp.sum(distance <= radius) - count for distance in (short, long))
    return jnp.log(alike.astype(series.dtype)) - jnp.log(still.astype(series.dtype))


def _distribution(field: Array) -> Array:
    """Intensity at every node by the whole."""
    _check("entropy", field)
    intensity = jnp.sum(field.real**2 + field.imag**2, axis=0).ravel()
    return intensity / jnp.sum(intensity)


def _shannon(p: Array, spacing: float | None, normalised: bool) -> Array:
    if normalised:
        return _plain(p) / math.log(p.size)
    return _plain(p) if spacing is None else _plain(p) + math.log(spacing)


def _plain(p: Array) -> Array:
    """Shannon's sum; the inner choice keeps the gradient finite where there is nothing."""
    some = p >= _NOTHING
    return -jnp.sum(jnp.where(some, p * jnp.log(jnp.where(some, p, 1)), 0))


def _power_sum(p: Array, order: float) -> Array:
    some = p >= _NOTHING
    return jnp.sum(jnp.where(some, jnp.where(some, p, 1) ** order, 0))


def _check(name: str, field: Array) -> None:
    if field.ndim < 2:
        raise ValueError(f"{name}: a sample has shape (channels, *shape), got {field.shape}.")
