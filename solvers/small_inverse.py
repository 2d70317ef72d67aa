"""Inverses of matrices of up to four rows, written out: no library call, no loop, batches at no cost."""

import jax.numpy as jnp
from jaxtyping import Array, Inexact

LARGEST = 4


def small_inverse(matrix: Inexact[Array, "n n"]) -> Inexact[Array, "n n"]:
    """The inverse by cofactors.

    Rows and columns are scaled first, so that stiff kinetics with rates from 1e-2 to 1e8 stay within range in single precision.

    Raises:
        ValueError: more than four rows.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.solvers.small_inverse import small_inverse
        >>> small_inverse(jnp.array([[2.0, 1.0], [1.0, 1.0]])).tolist()
        [[1.0, -1.0], [-1.0, 2.0]]
    """
    size = matrix.shape[0]
    if size > LARGEST:
        raise ValueError(f"small_inverse: needs at most {LARGEST} rows, got {size}.")
    rows = _reciprocal(jnp.max(jnp.abs(matrix), axis=1)).astype(matrix.dtype)
    matrix = rows[:, None] * matrix
    columns = _reciprocal(jnp.max(jnp.abs(matrix), axis=0)).astype(matrix.dtype)
    return columns[:, None] * _by_cofactors(matrix * columns[None, :]) * rows[None, :]


def _reciprocal(sizes: Array) -> Array:
    return 1 / jnp.where(sizes == 0, 1.0, sizes)


def _by_cofactors(matrix: Array) -> Array:
    size = matrix.shape[0]
    everything = tuple(range(size))
    cofactors = jnp.stack(
        [
            jnp.stack([(-1.0) ** (i + j) * _minor(matrix, _without(everything, j), _without(everything, i)) for j in everything])
            for i in everything
        ]
    )  # fmt: skip
    determinant = jnp.sum(matrix[0] * cofactors[:, 0])
    return cofactors / determinant


def _without(indices: tuple[int, ...], left_out: int) -> tuple[int, ...]:
    return tuple(index for index in indices if index != left_out)


def _minor(matrix: Array, rows: tuple[int, ...], columns: tuple[int, ...]) -> Array:
    """Determinant of the chosen rows and columns, by expansion along the first row."""
    if not rows:
        return jnp.ones((), matrix.dtype)
    return sum(
        (
            (-1.0) ** place * matrix[rows[0], column] * _minor(matrix, rows[1:], _without(columns, column))
            for place, column in enumerate(columns)
        ),
        jnp.zeros((), matrix.dtype),
    )
