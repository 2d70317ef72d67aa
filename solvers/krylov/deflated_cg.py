"""Deflated conjugate gradients."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from sciml.solvers.krylov import _trees as trees
from sciml.solvers.krylov._cg_loop import Deflation, conjugate_gradients
from sciml.solvers.krylov.base import KrylovSolver, Outcome, System, flat_system
from sciml.solvers.krylov.recycle_state import RecycleState, recycled


class DeflatedConjugateGradients(KrylovSolver):
    """Preconditioned conjugate gradients conjugate to a space that is given, or recycled from the solve before.

    Directions stay conjugate to the space and the residual orthogonal to it, so that convergence is that of what remains of the
    spectrum. While it runs it records its first `window` directions; with the space they yield the `keep` harmonic Ritz vectors of
    smallest value for the next solve. The operator may change between solves; the `keep` products with the space are counted.

    Memory: `2 (keep + window)` vectors.

    `options`: `preconditioner` (a positive definite lineax operator), `y0`, `recycle` (a `RecycleState`; to give a space, put its rows
    into `vectors` and set `active`).
    `stats`: `num_steps`, `matvecs`, `residual_norm`, `recycle`.

    Attributes:
        rtol: tolerance relative to the 2-norm of `b`.
        atol: absolute tolerance.
        max_steps: most steps, or None for ten times the count of unknowns.
        keep: size of the space, `k`.
        window: recorded directions; 0 to keep the space as it is.

    Source: Saad, Yeung, Erhel, Guyomarc'h, SIAM J. Sci. Comput. 21 (2000) 1909.

    Example:
        >>> import jax.numpy as jnp, lineax
        >>> from sciml.solvers import DeflatedConjugateGradients, RecycleState
        >>> spectrum = jnp.concatenate([jnp.asarray([1e-3, 2e-3]), jnp.linspace(1.0, 2.0, 62)])
        >>> operator = lineax.TaggedLinearOperator(
        ...     lineax.DiagonalLinearOperator(spectrum), lineax.positive_semidefinite_tag
        ... )
        >>> rows = jnp.eye(2, 64)
        >>> space = RecycleState(rows, rows, jnp.asarray(True))
        >>> solver = DeflatedConjugateGradients(rtol=1e-5, keep=2, window=0)
        >>> solution = lineax.linear_solve(operator, jnp.ones(64), solver, options={"recycle": space})
        >>> bool(solution.stats["num_steps"] < 12)
        True
    """

    rtol: float = 1e-6
    atol: float = 0.0
    max_steps: int | None = None
    keep: int = eqx.field(static=True, default=10)
    window: int = eqx.field(static=True, default=20)

    def __check_init__(self) -> None:
        if self.keep < 1 or (self.window != 0 and self.window < self.keep):
            raise ValueError(
                f"DeflatedConjugateGradients: `keep` must be at least 1 and `window` 0 or at least `keep`, got {self.keep} and "
                f"{self.window}; a first solve must record as many directions as it is to keep."
            )

    @property
    def accepted_options(self) -> tuple[str, ...]:
        """Names that `options` may contain."""
        return ("preconditioner", "y0", "recycle")

    @property
    def needs(self) -> str:
        """A positive definite operator."""
        return "positive"

    def iterate(self, system: System) -> Outcome:
        """Solve the scaled system."""
        state = recycled("DeflatedConjugateGradients", system.options.get("recycle"), self.keep, system.b)
        apply, _ = flat_system(system)
        space = _prepare(state, apply)
        rows = jnp.zeros((self.window, state.vectors.shape[1]), state.vectors.dtype)
        memory = _Record(rows, rows, jnp.zeros((), jnp.int32))
        deflation = _deflation(space, system.b, memory, self.window)
        outcome, memory = conjugate_gradients(system, flexible=False, verify=True, deflation=deflation)
        kept = RecycleState(space.rows, space.images, space.active)
        if self.window > 0:
            kept = _harmonic_ritz(space, memory, self.keep)
        set_up = jnp.where(state.active, self.keep, 0).astype(jnp.int32)
        return outcome._replace(matvecs=outcome.matvecs + set_up, extra={"recycle": kept})


class _Space(NamedTuple):
    """Rows, their images, and the inverse of the Gram matrix `rows A rows^T`."""

    rows: Array
    images: Array
    inverse: Array
    active: Array


class _Record(NamedTuple):
    directions: Array
    images: Array
    count: Array


def _prepare(state: RecycleState, apply: Callable[[Array], Array]) -> _Space:
    """The space for this operator, rows of length one in its norm; none where they depend on each other."""
    images = jax.vmap(apply)(state.vectors)
    lengths = jnp.sqrt(jnp.maximum(jnp.sum(state.vectors * images, axis=1), 0))
    inverse = jnp.where(lengths > 0, 1 / jnp.where(lengths > 0, lengths, 1), 0)
    rows, images = state.vectors * inverse[:, None], images * inverse[:, None]
    gram = trees.combine(rows, images.T)
    values, vectors = jnp.linalg.eigh(0.5 * (gram + gram.T))
    sound = jnp.min(values) > 100 * jnp.finfo(values.dtype).eps * jnp.max(values)
    active = state.active & sound
    inverse = trees.combine(vectors / jnp.where(active, values, 1)[None], vectors.T)
    return _Space(jnp.where(active, rows, 0), jnp.where(active, images, 0), jnp.where(active, inverse, 0), active)


def _deflation(space: _Space, like: Any, memory: _Record, window: int) -> Deflation:
    def correct(x: Any, r: Any) -> tuple[Any, Any]:
        share = trees.combine(space.inverse, trees.against(space.rows, trees.flatten(r)))
        more, less = (trees.unflatten(trees.combine(share, rows), like) for rows in (space.rows, space.images))
        return jax.tree.map(jnp.add, x, more), trees.subtract(r, less)

    def remove(z: Any) -> Any:
        share = trees.combine(space.inverse, trees.against(space.images, trees.flatten(z)))
        return trees.unflatten(trees.combine(share, space.rows), like)

    def record(memory: _Record, step: Array, p: Any, q: Any, curvature: Array) -> _Record:
        if window == 0:
            return memory
        length = jnp.sqrt(jnp.where(curvature > 0, curvature, 1))
        usable = (step < window) & (curvature > 0)
        place = jnp.where(usable, step, window)
        rows = [
            old.at[place].set(trees.flatten(new) / length, mode="drop")
            for old, new in ((memory.directions, p), (memory.images, q))
        ]
        return _Record(rows[0], rows[1], memory.count + usable.astype(jnp.int32))

    return Deflation(correct, remove, record, memory)


def _harmonic_ritz(space: _Space, memory: _Record, k: int) -> RecycleState:
    """The `k` harmonic Ritz vectors of smallest value in the span of space and directions; the old space while there are too few."""
    rows = jnp.concatenate([space.rows, memory.directions])
    images = jnp.concatenate([space.images, memory.images])
    total = rows.shape[0]
    window = memory.directions.shape[0]
    used = jnp.concatenate([jnp.broadcast_to(space.active, (k,)), jnp.arange(window, dtype=jnp.int32) < memory.count])
    energy, square = trees.combine(rows, images.T), trees.combine(images, images.T)
    # Both are diagonal where a row is not used, with the value last in order.
    last = 10 * jnp.trace(square) + 1
    energy = _patched(0.5 * (energy + energy.T), used, jnp.ones_like(last))
    square = _patched(0.5 * (square + square.T), used, last)
    lower = jnp.linalg.cholesky(energy)
    inverse = jax.scipy.linalg.solve_triangular(lower, jnp.eye(total, dtype=lower.dtype), lower=True)
    vectors = jnp.linalg.eigh(trees.combine(trees.combine(inverse, square), inverse.T))[1]
    picked = trees.combine(vectors[:, :k].T, inverse)
    sound = jnp.all(jnp.isfinite(picked)) & (jnp.sum(used.astype(jnp.int32)) >= k)
    kept = [
        jnp.where(sound, trees.combine(jnp.where(sound, picked, 0), new), old)
        for new, old in ((rows, space.rows), (images, space.images))
    ]
    return RecycleState(kept[0], kept[1], space.active | sound)


def _patched(matrix: Array, used: Array, diagonal: Array) -> Array:
    kept = jnp.where(used[:, None] & used[None, :], matrix, 0)
    return kept + jnp.diag(jnp.where(used, 0, diagonal))
