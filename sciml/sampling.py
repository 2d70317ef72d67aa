"""Points in a box: uniform, stratified and low-discrepancy sets for collocation, and points on its faces.

Every function takes a `Grid` (its box is meant) or a sequence of `(lower, upper)` pairs, so that time is one more
pair, and returns points of shape `(count, dimension)`. All run under `jit` and `vmap` over the key.
"""

import math
from collections.abc import Sequence
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, DTypeLike, Float, Key

from sciml.grid import Grid

Box: TypeAlias = Grid | Sequence[tuple[float, float]]

_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)


def uniform_points(
    box: Box, count: int, *, dtype: DTypeLike | None = None, key: Key[Array, ""]
) -> Float[Array, "count dimension"]:
    """Independent uniform points; the error of a mean falls like `count^(-1/2)`.

    Args:
        box: grid or bounds per axis.
        count: number of points.
        dtype: floating type, JAX's default if None.
        key: random key.

    Returns:
        Points, shape `(count, dimension)`.

    Example:
        >>> import jax
        >>> from sciml.sampling import uniform_points
        >>> uniform_points([(-1.0, 1.0), (0.0, 2.0)], 100, key=jax.random.key(0)).shape
        (100, 2)
    """
    bounds = _bounds(box, count)
    unit = jax.random.uniform(key, (count, len(bounds)), _dtype(dtype))
    return _scale(unit, bounds)


def latin_hypercube_points(
    box: Box, count: int, *, dtype: DTypeLike | None = None, key: Key[Array, ""]
) -> Float[Array, "count dimension"]:
    """One point in each of `count` equal slices of every axis (McKay, Beckman and Conover 1979).

    Arguments and result as in `uniform_points`. Needs one permutation per axis.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from sciml.sampling import latin_hypercube_points
        >>> points = latin_hypercube_points([(0.0, 1.0)], 4, key=jax.random.key(0))
        >>> jnp.sort(jnp.floor(4 * points[:, 0])).tolist()
        [0.0, 1.0, 2.0, 3.0]
    """
    bounds = _bounds(box, count)
    order, inside = jax.random.split(key)
    slices = jnp.broadcast_to(jnp.arange(count)[:, None], (count, len(bounds)))
    slices = jax.random.permutation(order, slices, axis=0, independent=True).astype(_dtype(dtype))
    # The last float below one keeps a point out of the next slice.
    offset = jax.random.uniform(inside, slices.shape, slices.dtype, maxval=1 - float(jnp.finfo(slices.dtype).eps))
    return _scale((slices + offset) / count, bounds)


def halton_points(
    box: Box, count: int, *, dtype: DTypeLike | None = None, key: Key[Array, ""]
) -> Float[Array, "count dimension"]:
    """Halton's sequence, shifted modulo one by a random vector; the error of a mean falls nearly like `count^(-1)`.

    Any `count` is as good as its neighbour; up to twelve axes. Arguments and result as in `uniform_points`.

    Source: Halton 1960; shift: Cranley and Patterson 1976.

    Example:
        >>> import jax
        >>> from sciml.sampling import halton_points
        >>> halton_points([(0.0, 1.0)] * 3, 50, key=jax.random.key(0)).shape
        (50, 3)
    """
    bounds = _bounds(box, count)
    if len(bounds) > len(_PRIMES):
        raise ValueError(f"halton_points: up to {len(_PRIMES)} axes, got {len(bounds)}; use sobol_points.")
    sequence = np.stack([_radical_inverse(count, prime) for prime in _PRIMES[: len(bounds)]], axis=-1)
    return _shifted(sequence, bounds, dtype, key)


def sobol_points(
    box: Box, count: int, *, dtype: DTypeLike | None = None, key: Key[Array, ""]
) -> Float[Array, "count dimension"]:
    """Sobol's sequence, shifted modulo one by a random vector; best when `count` is a power of two.

    The sequence itself comes from SciPy when the program is traced. Arguments and result as in `uniform_points`.

    Source: Sobol 1967; direction numbers of Joe and Kuo 2008.

    Example:
        >>> import jax
        >>> from sciml.sampling import sobol_points
        >>> sobol_points([(0.0, 1.0)] * 2, 64, key=jax.random.key(0)).shape
        (64, 2)
    """
    from scipy.stats import qmc  # costs a second, and only this function needs it

    bounds = _bounds(box, count)
    exponent = math.ceil(math.log2(count)) if count > 1 else 0
    sequence = qmc.Sobol(len(bounds), scramble=False).random_base2(exponent)[:count]
    return _shifted(sequence, bounds, dtype, key)


def boundary_points(
    box: Box, count: int, *, dtype: DTypeLike | None = None, key: Key[Array, ""]
) -> tuple[Float[Array, "count dimension"], Float[Array, "count dimension"]]:
    """Uniform points on the faces of a box, each face getting points in proportion to its area.

    Args:
        box: grid or bounds per axis.
        count: number of points in all.
        dtype: floating type, JAX's default if None.
        key: random key.

    Returns:
        Points and outward unit normals, both of shape `(count, dimension)`.

    Example:
        >>> import jax
        >>> from sciml.sampling import boundary_points
        >>> points, normals = boundary_points([(0.0, 1.0), (0.0, 1.0)], 10, key=jax.random.key(0))
        >>> points.shape, normals.shape
        ((10, 2), (10, 2))
    """
    bounds = _bounds(box, count)
    inside, which = jax.random.split(key)
    points = uniform_points(bounds, count, dtype=dtype, key=inside)
    lengths = np.array([upper - lower for lower, upper in bounds])
    areas = np.repeat(np.prod(lengths) / lengths, 2)
    face = jax.random.choice(which, 2 * len(bounds), (count,), p=jnp.asarray(areas / areas.sum(), points.dtype))
    normals = np.kron(np.eye(len(bounds)), np.array([[-1.0], [1.0]]))
    ends = np.array([bound for pair in bounds for bound in pair])
    normal = jnp.asarray(normals, points.dtype)[face]
    end = jnp.asarray(ends, points.dtype)[face]
    return jnp.where(normal != 0, end[:, None], points), normal


def _bounds(box: Box, count: int) -> tuple[tuple[float, float], ...]:
    if count < 1:
        raise ValueError(f"sampling: `count` must be at least 1, got {count}.")
    pairs = [(axis.lower, axis.upper) for axis in box.axes] if isinstance(box, Grid) else box
    bounds = tuple((float(lower), float(upper)) for lower, upper in pairs)
    if not bounds or any(not (math.isfinite(a) and math.isfinite(b) and a < b) for a, b in bounds):
        raise ValueError(f"sampling: `box` needs finite lower < upper for at least one axis, got {box!r}.")
    return bounds


def _dtype(dtype: DTypeLike | None) -> DTypeLike:
    return jnp.result_type(float) if dtype is None else dtype


def _scale(unit: Float[Array, "count dimension"], bounds: tuple[tuple[float, float], ...]) -> Float[Array, "..."]:
    lower = jnp.asarray([pair[0] for pair in bounds], unit.dtype)
    length = jnp.asarray([pair[1] - pair[0] for pair in bounds], unit.dtype)
    return lower[None] + length[None] * unit


def _shifted(
    sequence: np.ndarray, bounds: tuple[tuple[float, float], ...], dtype: DTypeLike | None, key: Key[Array, ""]
) -> Float[Array, "count dimension"]:
    shift = jax.random.uniform(key, (1, len(bounds)), _dtype(dtype))
    return _scale((jnp.asarray(sequence, shift.dtype) + shift) % 1, bounds)


def _radical_inverse(count: int, base: int) -> np.ndarray:
    """The first `count` terms of van der Corput's sequence."""
    rest, weight, total = np.arange(count), 1.0, np.zeros(count)
    while rest.any():
        weight /= base
        total += weight * (rest % base)
        rest = rest // base
    return total
