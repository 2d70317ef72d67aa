"""Right-hand sides to train on: random mixtures of an operator's modes, the low ones weighted up."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.solvers.krylov import RitzPairs

Sampler = Callable[[PRNGKeyArray], Float[Array, "*grid"]]


def sine_mixtures(shape: tuple[int, ...], *, low: float = 0.55, emphasis: float = 9.0) -> Sampler:
    """Mixtures of the modes of the Laplacian on a box with zero values at its walls.

    The unknowns lie inside the walls; the modes are `sin(pi k j / (n + 1))` along each axis, exact for the second difference, and their
    order is that of its eigenvalues on a cube of cells.

    Args:
        shape: unknowns per axis.
        low: share of the modes, lowest first, that is weighted up; the paper's is 0.55.
        emphasis: factor of their coefficients.

    Returns:
        `sample(key) -> b` of 2-norm one, for `sciml.data.Generator`, in single precision.

    Raises:
        ValueError: `low` is no share.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from sciml.models import sine_mixtures
        >>> b = sine_mixtures((8, 8))(jax.random.key(0))
        >>> b.shape, round(float(jnp.linalg.norm(b)), 4)
        ((8, 8), 1.0)
    """
    lines = [np.sin(np.pi / (n + 1) * np.outer(np.arange(1, n + 1), np.arange(1, n + 1))) for n in shape]
    values = functools.reduce(
        np.add.outer, [2 - 2 * np.cos(np.pi / (n + 1) * np.arange(1, n + 1)) for n in shape], np.zeros(())
    )
    weights = _weights(values, low, emphasis)

    def sample(key: PRNGKeyArray) -> Array:
        b = jax.random.normal(key, shape, jnp.float32) * jnp.asarray(weights, jnp.float32)
        for axis, line in enumerate(lines):
            b = jnp.moveaxis(jnp.tensordot(jnp.asarray(line, jnp.float32), b, (1, axis)), 0, axis)
        return b / jnp.linalg.norm(b.ravel())

    return sample


def ritz_mixtures(pairs: RitzPairs, *, low: float = 0.55, emphasis: float = 9.0) -> Sampler:
    """Mixtures of Ritz vectors: of any operator, without knowing its modes.

    Args:
        pairs: from `ritz_pairs`; values that are zero to rounding do not count, vectors beyond `count` neither.
        low: share of the vectors, lowest first, that is weighted up; the paper's is 0.55.
        emphasis: factor of their coefficients.

    Returns:
        `sample(key) -> b` of 2-norm one, for `sciml.data.Generator`, in single precision.

    Raises:
        ValueError: `low` is no share.
        TypeError: the unknowns are not one array.

    Example:
        >>> import jax, jax.numpy as jnp, lineax
        >>> from sciml.models import ritz_mixtures
        >>> from sciml.solvers import ritz_pairs
        >>> operator = lineax.TaggedLinearOperator(
        ...     lineax.DiagonalLinearOperator(jnp.arange(1.0, 9.0)), lineax.symmetric_tag
        ... )
        >>> ritz_mixtures(ritz_pairs(operator, jnp.ones(8), 8))(jax.random.key(0)).shape
        (8,)
    """
    if not isinstance(pairs.vectors, jax.Array):
        raise TypeError(f"ritz_mixtures: the unknowns must be one array, got {jax.tree.structure(pairs.vectors)}.")
    values = np.asarray(pairs.values, np.float64)
    finite = np.isfinite(values)
    largest = float(np.max(np.abs(values[finite]), initial=0.0))
    used = finite & (np.abs(values) > 1e4 * float(jnp.finfo(pairs.values.dtype).eps) * largest)
    weights = np.where(used, _weights(np.where(used, values, np.inf), low, emphasis, int(used.sum())), 0.0)
    rows = pairs.vectors.astype(jnp.float32)

    def sample(key: PRNGKeyArray) -> Array:
        share = jax.random.normal(key, weights.shape, jnp.float32) * jnp.asarray(weights, jnp.float32)
        b = jnp.tensordot(share, rows, 1)
        return b / jnp.linalg.norm(b.ravel())

    return sample


def _weights(values: Float[np.ndarray, "..."], low: float, emphasis: float, count: int | None = None) -> np.ndarray:
    """`emphasis` for the lowest share of the values, one for the others."""
    if not 0 <= low <= 1:
        raise ValueError(f"mixtures: `low` must be a share between 0 and 1, got {low}.")
    rank = np.empty(values.size, np.int64)
    rank[np.argsort(values, axis=None, kind="stable")] = np.arange(values.size)
    lowest = rank < round(low * (values.size if count is None else count))
    return np.where(lowest, emphasis, 1.0).reshape(values.shape)
