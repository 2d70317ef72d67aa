"""Lanczos' process with full re-orthogonalisation: Ritz values and vectors."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
from jaxtyping import Array, Float, Int, PyTree

from sciml.solvers.krylov import _trees as trees
from sciml.solvers.krylov._arnoldi import orthogonalise


class RitzPairs(NamedTuple):
    """Approximate eigenpairs, values ascending.

    Attributes:
        values: Ritz values; infinite beyond `count`.
        vectors: orthonormal Ritz vectors, one per leading index, in the shape of the unknowns; zero beyond `count`.
        residuals: 2-norm of `A v - value v` for each, from the process.
        count: how many there are: less than asked where the start lies in a smaller invariant space.
    """

    values: Float[Array, "steps"]
    vectors: PyTree[Array]
    residuals: Float[Array, "steps"]
    count: Int[Array, ""]


@eqx.filter_jit
def ritz_pairs(operator: lx.AbstractLinearOperator, start: PyTree[Array], steps: int) -> RitzPairs:
    """Ritz values and vectors of a real symmetric operator from `steps` steps of Lanczos' process.

    Every vector is orthogonalised against all before, twice, so that no eigenvalue appears as a false copy. Memory: `2 steps` vectors.

    Args:
        operator: real and symmetric.
        start: first vector, not zero; a random one finds every eigenvalue, each once.
        steps: products with the operator, at most the count of unknowns.

    Raises:
        ValueError: for an operator not tagged symmetric, or too many steps.
        TypeError: for a complex one.

    Source: Golub, Van Loan, *Matrix Computations*, 10.3.

    Example:
        >>> import jax.numpy as jnp, lineax
        >>> from sciml.solvers import ritz_pairs
        >>> operator = lineax.TaggedLinearOperator(
        ...     lineax.DiagonalLinearOperator(jnp.arange(1.0, 6.0)), lineax.symmetric_tag
        ... )
        >>> [round(value, 3) for value in ritz_pairs(operator, jnp.ones(5), 5).values.tolist()]
        [1.0, 2.0, 3.0, 4.0, 5.0]
    """
    dtype, size = trees.dtype_of(start), trees.size_of(start)
    if jnp.issubdtype(dtype, jnp.complexfloating):
        raise TypeError("ritz_pairs: `operator` and `start` must be real.")
    if not (lx.is_symmetric(operator) or lx.is_positive_semidefinite(operator)):
        raise ValueError("ritz_pairs: `operator` must be symmetric; tag it with `lineax.symmetric_tag`.")
    if not 1 <= steps <= size:
        raise ValueError(f"ritz_pairs: `steps` must be between 1 and the {size} unknowns, got {steps}.")
    operator = lx.linearise(operator)

    def body(i: Array, state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        basis, matrix, going, count = state
        v = basis[i]
        w = trees.flatten(operator.mv(trees.unflatten(v, start)))
        w, entries, length, broken = orthogonalise(basis, w)
        # Round-off is relative to the largest Ritz value, however short this image is.
        scale = jnp.maximum(jnp.max(jnp.abs(matrix)), jnp.max(jnp.abs(entries)))
        broken = broken | ~(length > 1000 * jnp.finfo(dtype).eps * scale)
        length = jnp.where(broken, 0, length)
        matrix = matrix.at[:, i].set(jnp.where(going, entries, 0).at[i + 1].add(jnp.where(going, length, 0)))
        basis = basis.at[i + 1].set(jnp.where(going & ~broken, w, 0))
        return basis, matrix, going & ~broken, count + going.astype(jnp.int32)

    first = trees.flatten(start)
    basis = jnp.zeros((steps + 1, size), dtype).at[0].set(first / trees.norm(first))
    matrix = jnp.zeros((steps + 1, steps), dtype)
    going, count = jnp.ones((), bool), jnp.zeros((), jnp.int32)
    basis, matrix, _, count = jax.lax.fori_loop(0, steps, body, (basis, matrix, going, count))
    return _rayleigh_ritz(basis, matrix, count, start)


def _rayleigh_ritz(basis: Array, matrix: Array, count: Array, like: PyTree[Array]) -> RitzPairs:
    steps = matrix.shape[1]
    used = jnp.arange(steps, dtype=count.dtype) < count
    square = jnp.where(used[:, None] & used[None, :], matrix[:steps], 0)
    beyond = 10 * jnp.sqrt(jnp.sum(square**2)) + 1
    square = 0.5 * (square + square.T) + jnp.diag(jnp.where(used, 0, beyond))
    values, weights = jnp.linalg.eigh(square)
    last = jnp.take(jnp.diagonal(matrix, offset=-1), count - 1)
    residuals = jnp.abs(last * jnp.take(weights, count - 1, axis=0))
    vectors = jnp.where(used[:, None], trees.combine(weights.T, basis[:steps]), 0)
    shaped = jax.vmap(lambda row: trees.unflatten(row, like))(vectors)
    return RitzPairs(jnp.where(used, values, jnp.inf), shaped, jnp.where(used, residuals, jnp.inf), count)
