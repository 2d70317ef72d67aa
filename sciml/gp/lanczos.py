"""Functions of a symmetric matrix that is known by its products alone, by Lanczos' method for many vectors at once."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

Apply = Callable[[Float[Array, "n columns"]], Float[Array, "n columns"]]


class Krylov(eqx.Module):
    """An orthonormal basis for each start vector, and the matrix in it, which is tridiagonal, with its eigenvalues.

    Attributes:
        basis: `(steps, n, columns)`.
        diagonal: `(steps, columns)`.
        off_diagonal: `(steps - 1, columns)`.
        lengths: norms of the start vectors.
        values: eigenvalues, `(columns, steps)`.
        vectors: eigenvectors, `(columns, steps, steps)`.
    """

    basis: Float[Array, "steps n columns"]
    diagonal: Float[Array, "steps columns"]
    off_diagonal: Float[Array, "fewer columns"]
    lengths: Float[Array, " columns"]
    values: Float[Array, "columns steps"]
    vectors: Float[Array, "columns steps steps"]

    def quadratic_form(self, function: Callable[[Array], Array]) -> Float[Array, " columns"]:
        """`z . f(M) z` for each start vector, by Gauss quadrature; for the logarithm it is never too small."""
        return self.lengths**2 * jnp.sum(self.vectors[:, 0, :] ** 2 * function(self.values), axis=1)

    def quadratic_form_with_node(
        self, function: Callable[[Array], Array], lowest: Float[Array, ""]
    ) -> Float[Array, " columns"]:
        """By Gauss-Radau quadrature with a node at `lowest`, below all eigenvalues; for the logarithm it is never too large."""
        values, vectors = _ritz(self._radau(lowest), self.off_diagonal)
        return self.lengths**2 * jnp.sum(vectors[:, 0, :] ** 2 * function(values), axis=1)

    def apply(self, function: Callable[[Array], Array]) -> Float[Array, "n columns"]:
        """`f(M) z` for each start vector."""
        weights = jnp.einsum("csk,ck,ck->sc", self.vectors, function(self.values), self.vectors[:, 0, :])
        return self.lengths[None, :] * jnp.einsum("snc,sc->nc", self.basis, weights)

    def _radau(self, lowest: Float[Array, ""]) -> Float[Array, "steps columns"]:
        """The diagonal with its last entry such that `lowest` is an eigenvalue."""

        def pivot(previous: Array, entries: tuple[Array, Array]) -> tuple[Array, None]:
            alpha, beta = entries
            return _positive(alpha - lowest - beta**2 / previous), None

        first = _positive(self.diagonal[0] - lowest)
        last, _ = lax.scan(pivot, first, (self.diagonal[1:-1], self.off_diagonal[:-1]))
        return self.diagonal.at[-1].set(lowest + self.off_diagonal[-1] ** 2 / last)


def lanczos(apply: Apply, start: Float[Array, "n columns"], steps: int) -> Krylov:
    """Lanczos' method with full reorthogonalisation.

    Where a Krylov space is exhausted early, the remaining steps are empty and count nothing.

    Args:
        apply: the matrix, symmetric and positive.
        start: start vectors as columns.
        steps: size of the spaces, at most `n`.
    """
    size, columns = start.shape
    lengths = jnp.linalg.norm(start, axis=0)
    first = start / jnp.where(lengths > 0, lengths, 1)[None, :]
    basis = jnp.zeros((steps, size, columns), start.dtype)
    small = 10 * jnp.finfo(start.dtype).eps

    def step(carry: tuple[Array, Array], index: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        basis, vector = carry
        basis = basis.at[index].set(vector)
        image = apply(vector)
        alpha = jnp.sum(vector * image, axis=0)
        rest = image
        for _ in range(2):  # twice is enough (Kahan)
            rest = rest - jnp.einsum("snc,sc->nc", basis, jnp.einsum("snc,nc->sc", basis, rest))
        beta = jnp.linalg.norm(rest, axis=0)
        alive = beta > small * jnp.abs(alpha)
        following = jnp.where(alive[None, :], rest / jnp.where(alive, beta, 1)[None, :], 0)
        # An empty step is a row of the identity, whose logarithm is zero.
        present = jnp.sum(vector * vector, axis=0) > 0.5
        return (basis, following), (jnp.where(present, alpha, 1), jnp.where(alive & present, beta, 0))

    (basis, _), (diagonal, off_diagonal) = lax.scan(step, (basis, first), jnp.arange(steps))
    return Krylov(basis, diagonal, off_diagonal[:-1], lengths, *_ritz(diagonal, off_diagonal[:-1]))


def _ritz(diagonal: Array, off_diagonal: Array) -> tuple[Array, Array]:
    """Eigenvalues and vectors of tridiagonal matrices, one matrix at a time: batched LAPACK calls may block each other."""

    def one(entries: tuple[Array, Array]) -> tuple[Array, Array]:
        matrix = jnp.diag(entries[0]) + jnp.diag(entries[1], 1) + jnp.diag(entries[1], -1)
        return jnp.linalg.eigh(matrix)

    values, vectors = lax.map(one, (diagonal.T, off_diagonal.T))
    return jnp.maximum(values, jnp.finfo(values.dtype).tiny), vectors


def _positive(values: Array) -> Array:
    return jnp.maximum(values, jnp.finfo(values.dtype).eps)


def rademacher(shape: tuple[int, ...], dtype: jnp.dtype, *, key: jax.Array) -> Array:
    """Random signs."""
    return jax.random.rademacher(key, shape, dtype)
