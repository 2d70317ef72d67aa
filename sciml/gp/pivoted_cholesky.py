"""Which points explain most of a covariance: the pivots of a partial Cholesky factorisation."""

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from sciml.kernels.kernel import Kernel


def cholesky_pivots(
    kernel: Kernel, points: Float[Array, "n *dimension"], rank: int, floor: float
) -> tuple[Int[Array, " rank"], Bool[Array, " rank"]]:
    """Greedy pivots: each is the point whose variance is least explained by those before.

    Time `n rank^2`, memory `n rank`; the matrix is seen by columns.

    Args:
        kernel: covariance function.
        points: the points.
        rank: number of pivots, at most `n`.
        floor: pivots of a remaining variance below this share of the largest variance do not count.

    Returns:
        Indices of the pivots, and which of them count.
    """
    variances = kernel.diagonal(points)
    least = floor * jnp.max(variances)
    rows = jnp.zeros((rank, points.shape[0]), points.dtype)

    def step(carry: tuple[Array, Array], index: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        rows, left = carry
        pivot = jnp.argmax(left)
        counts = left[pivot] > least
        column = kernel.gram(points[pivot][None], points)[0]
        row = (column - rows[:, pivot] @ rows) / jnp.sqrt(jnp.where(counts, left[pivot], 1))
        row = jnp.where(counts, row, 0)
        left = (left - row * row).at[pivot].set(0)
        return (rows.at[index].set(row), left), (pivot, counts)

    _, (pivots, counting) = lax.scan(step, (rows, variances), jnp.arange(rank))
    return pivots, counting
