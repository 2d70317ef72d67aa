"""One cycle of Arnoldi's method behind a recycled space, with its least-squares problem; GMRES is the case of an empty space."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from sciml.solvers.krylov import _trees as trees


class Cycle(NamedTuple):
    """A cycle after `steps` steps: `A Z = W G`, rows of `basis` being `W` and rows of `search` being `Z`.

    Attributes:
        basis: orthonormal rows `(m + 1, n)`; the first `offset` span the image of the recycled space.
        search: rows `(m, n)`: recycled vectors of length one, then preconditioned ones; None where they equal the basis.
        relation: `G`, `(m + 1, m)`.
        rotation: unitary `Q`, `(m + 1, m + 1)`, that makes `G` triangular.
        triangle: `Q G`.
        steps: products with `A` so far.
        estimate: norm of the residual.
        broken: the space can not grow.
    """

    basis: Array
    search: Array | None
    relation: Array
    rotation: Array
    triangle: Array
    steps: Array
    estimate: Array
    broken: Array


def start_cycle(
    residual: Array, m: int, *, keep_search: bool, space: tuple[Array, Array, Array] | None = None
) -> tuple[Cycle, Array]:
    """The cycle before its first step, and where the new vectors start.

    `space` holds recycled rows, their orthonormal images and whether they are to be used.
    """
    dtype, norm = residual.dtype, trees.norm(residual)
    first = residual / jnp.where(norm > 0, norm, 1).astype(dtype)
    basis = jnp.zeros((m + 1, residual.size), dtype)
    relation = jnp.zeros((m + 1, m), dtype)
    search = jnp.zeros((m, residual.size), dtype) if keep_search else None
    offset = jnp.zeros((), jnp.int32)
    if space is not None:
        rows, images, active = space
        k = rows.shape[0]
        lengths = jnp.sqrt(jnp.real(jnp.sum(rows * jnp.conj(rows), axis=1)))
        inverse = jnp.where(active & (lengths > 0), 1 / jnp.where(lengths > 0, lengths, 1), 0).astype(dtype)
        offset = jnp.where(active, k, 0).astype(jnp.int32)
        basis = basis.at[:k].set(jnp.where(active, images, 0))
        relation = relation.at[jnp.arange(k), jnp.arange(k)].set(inverse)
        if search is not None:
            search = search.at[:k].set(rows * inverse[:, None])
    basis = jax.lax.dynamic_update_slice(basis, first[None], (offset, jnp.zeros_like(offset)))
    return Cycle(
        basis, search, relation, jnp.eye(m + 1, dtype=dtype), relation, jnp.zeros((), jnp.int32), norm, norm == 0
    ), offset


def expand(
    cycle: Cycle,
    offset: Array,
    apply: Callable[[Array], Array],
    precondition: Callable[[Array], Array] | None,
    *,
    tolerance: Array,
    limit: Array,
) -> Cycle:
    """Take steps until the residual is small enough, the space is full or `limit` steps are done."""
    m = cycle.relation.shape[1]
    room = jnp.minimum(limit, m - offset)

    def going(cycle: Cycle) -> Array:
        return (cycle.steps < room) & (cycle.estimate > tolerance) & ~cycle.broken

    return jax.lax.while_loop(going, lambda c: _step(c, offset, apply, precondition), cycle)


def _step(
    cycle: Cycle, offset: Array, apply: Callable[[Array], Array], precondition: Callable[[Array], Array] | None
) -> Cycle:
    column = offset + cycle.steps
    v = jax.lax.dynamic_index_in_dim(cycle.basis, column, keepdims=False)
    z = v if precondition is None else precondition(v)
    search = cycle.search if cycle.search is None else _set_row(cycle.search, z, column)
    w, entries, length, broken = orthogonalise(cycle.basis, apply(z))
    basis = _set_row(cycle.basis, w, column + 1)
    entries = entries.at[column + 1].add(length.astype(entries.dtype))
    rotated = trees.combine(cycle.rotation, entries)
    turn = _plane_rotation(rotated[column], rotated[column + 1])
    pair = jax.lax.dynamic_slice_in_dim(cycle.rotation, column, 2)
    rotation = jax.lax.dynamic_update_slice_in_dim(cycle.rotation, trees.combine(turn, pair), column, axis=0)
    triangle = _set_column(cycle.triangle, trees.combine(rotation, entries), column)
    norm = cycle.estimate
    # |r| is what the last row of the rotation leaves of the first entry; the ratio to the one before is |sine|.
    estimate = norm * jnp.abs(turn[1, 0])
    return Cycle(
        basis,
        search,
        _set_column(cycle.relation, entries, column),
        rotation,
        triangle,
        cycle.steps + 1,
        estimate,
        broken,
    )


def orthogonalise(basis: Array, w: Array) -> tuple[Array, Array, Array, Array]:
    """Classical Gram-Schmidt, twice: rows not yet filled are zero and have no effect."""
    before = trees.norm(w)
    entries = trees.against(basis, w)
    w = w - trees.combine(entries, basis)
    again = trees.against(basis, w)
    w = w - trees.combine(again, basis)
    length = trees.norm(w)
    # What remains of a vector inside the space is round-off; as a direction it would be noise.
    broken = ~(length > 10 * jnp.finfo(w.dtype).eps * before)
    length = jnp.where(broken, 0, length)
    return jnp.where(broken, 0, w / jnp.where(broken, 1, length).astype(w.dtype)), entries + again, length, broken


def _plane_rotation(a: Array, b: Array) -> Array:
    """The unitary 2 x 2 matrix that takes `(a, b)` to `(r, 0)`."""
    r = jnp.sqrt(jnp.abs(a) ** 2 + jnp.abs(b) ** 2)
    safe = jnp.where(r > 0, r, 1).astype(a.dtype)
    c, s = jnp.where(r > 0, a / safe, 0), jnp.where(r > 0, b / safe, 1)
    return jnp.stack([jnp.stack([jnp.conj(c), jnp.conj(s)]), jnp.stack([-s, c])])


def _set_row(rows: Array, row: Array, index: Array) -> Array:
    return jax.lax.dynamic_update_slice(rows, row[None], (index, jnp.zeros_like(index)))


def _set_column(matrix: Array, column: Array, index: Array) -> Array:
    return jax.lax.dynamic_update_slice(matrix, column[:, None], (jnp.zeros_like(index), index))


def used_columns(cycle: Cycle, offset: Array) -> Array:
    """Which columns of `G` hold something."""
    return jnp.arange(cycle.relation.shape[1], dtype=offset.dtype) < offset + cycle.steps


def coefficients(cycle: Cycle, offset: Array, norm: Array) -> Array:
    """The combination of search vectors that makes the residual, of norm `norm` at the start, smallest."""
    m = cycle.relation.shape[1]
    used = used_columns(cycle, offset)
    right = (norm.astype(cycle.rotation.dtype) * jnp.take(cycle.rotation, offset, axis=1))[:m]
    diagonal = jnp.diagonal(cycle.triangle)
    good = used & (jnp.abs(diagonal) > 0)
    triangle = jnp.where(good[:, None] & good[None, :], jnp.triu(cycle.triangle[:m]), 0)
    triangle = triangle + jnp.diag(jnp.where(good, 0, 1).astype(triangle.dtype))
    return jax.scipy.linalg.solve_triangular(triangle, jnp.where(good, right, 0))
