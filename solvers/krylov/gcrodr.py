"""GCRO-DR: restarted GMRES that keeps a space over restarts and from one system to the next."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from sciml.solvers.krylov import _trees as trees
from sciml.solvers.krylov._arnoldi import Cycle, orthogonalise, used_columns
from sciml.solvers.krylov._restarts import Space, run_cycles, searched
from sciml.solvers.krylov.base import KrylovSolver, Outcome, System, flat_system
from sciml.solvers.krylov.recycle_state import RecycleState, recycled


class GCRODR(KrylovSolver):
    """GCRO-DR(m, k) for sequences of similar systems, real or complex, with a preconditioner that may change (from the right).

    Of each cycle's space it keeps the `k` directions that the operator shrinks most, and solves the next cycle, or the next system, on
    what remains. Hand the space over: `options={"recycle": before.stats["recycle"]}`. Without one the first cycle is that of GMRES(m).
    The kept directions are the smallest right singular vectors of the projected operator: real for real operators, and compiled on
    every device, unlike harmonic Ritz vectors, which need the eigenvectors of a matrix without symmetry.

    Memory: `m + 1 + 2 k` vectors, `m` more with a preconditioner.

    `options`: `preconditioner` (as for `FlexibleGMRES`), `y0`, `recycle` (a `RecycleState`).
    `stats`: `num_steps`; `matvecs`, with the `k` of setting up a recycled space and one per cycle for the true residual;
    `residual_norm`; `recycle`.

    Attributes:
        rtol: tolerance relative to the 2-norm of `b`.
        atol: absolute tolerance.
        max_steps: most steps, or None for ten times the count of unknowns.
        restart: vectors of a cycle, `m`, recycled ones included.
        keep: recycled vectors, `k`, less than `restart`.

    Source: Parks, de Sturler, Mackey, Johnson, Maiti, SIAM J. Sci. Comput. 28 (2006) 1651.

    Example:
        >>> import jax.numpy as jnp, lineax
        >>> from sciml.solvers import GCRODR
        >>> operator = lineax.MatrixLinearOperator(jnp.diag(jnp.linspace(0.01, 1.0, 64)))
        >>> solver = GCRODR(rtol=1e-4, restart=20, keep=8)
        >>> first = lineax.linear_solve(operator, jnp.ones(64), solver)
        >>> second = lineax.linear_solve(operator, jnp.ones(64), solver, options={"recycle": first.stats["recycle"]})
        >>> bool(second.stats["matvecs"] < first.stats["matvecs"])
        True
    """

    rtol: float = 1e-6
    atol: float = 0.0
    max_steps: int | None = None
    restart: int = eqx.field(static=True, default=30)
    keep: int = eqx.field(static=True, default=10)

    def __check_init__(self) -> None:
        if not 1 <= self.keep < self.restart:
            raise ValueError(
                f"GCRODR: `keep` must be at least 1 and less than `restart`, got {self.keep} and {self.restart}; "
                "without a recycled space it is RestartedGMRES."
            )

    @property
    def accepted_options(self) -> tuple[str, ...]:
        """Names that `options` may contain."""
        return ("preconditioner", "y0", "recycle")

    @property
    def needs(self) -> str:
        """Any square operator."""
        return "square"

    def iterate(self, system: System) -> Outcome:
        """Solve the scaled system."""
        state = recycled("GCRODR", system.options.get("recycle"), self.keep, system.b)
        apply, precondition = flat_system(system)
        images = jax.vmap(apply)(state.vectors)
        space = _orthonormal(Space(state.vectors, images, state.active))
        outcome, space = run_cycles(
            system,
            self.restart,
            keep_search=precondition is not None,
            space=space,
            renew=lambda cycle, offset, space: _renewed(cycle, offset, space, self.keep),
            set_up=jnp.where(state.active, self.keep, 0).astype(jnp.int32),
        )
        if space is None:
            raise RuntimeError("GCRODR: the space got lost; this is a bug.")
        return outcome._replace(extra={"recycle": RecycleState(space.rows, space.images, space.active)})


def _orthonormal(space: Space) -> Space:
    """The same space with orthonormal images; none where they depend on each other."""
    k, dtype = space.images.shape[0], space.images.dtype

    # Gram-Schmidt twice, not a QR factorisation: that of a tall matrix is the slowest call of a small solve.
    def add(i: Array, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        q, r, sound = state
        row, entries, length, broken = orthogonalise(q, space.images[i])
        return q.at[i].set(row), r.at[:, i].set(entries.at[i].add(length.astype(dtype))), sound & ~broken

    start = (jnp.zeros_like(space.images), jnp.zeros((k, k), dtype), space.active)
    q, r, active = jax.lax.fori_loop(0, k, add, start)
    return Space(_divide(space.rows, r, active), jnp.where(active, q, 0), active)


def _divide(rows: Array, r: Array, active: Array) -> Array:
    """Rows of `U R^-1`."""
    identity = jnp.eye(r.shape[0], dtype=r.dtype)
    inverse = jax.scipy.linalg.solve_triangular(jnp.where(active, r, identity), identity)
    return jnp.where(active, trees.combine(inverse.T, rows), 0)


def _renewed(cycle: Cycle, offset: Array, space: Space, k: int) -> Space:
    """The `k` directions of the cycle's space with the shortest images; the old ones while there are fewer."""
    m = cycle.relation.shape[1]
    used = used_columns(cycle, offset)
    # Columns not reached get an image of their own, longer than all others: they come last.
    large = 10 * jnp.sqrt(jnp.sum(jnp.abs(cycle.relation) ** 2)) + 1
    filler = jnp.eye(m + 1, m, k=-1, dtype=cycle.relation.dtype) * large.astype(cycle.relation.dtype)
    relation = jnp.where(used[None], cycle.relation, filler)
    right = jnp.linalg.svd(relation, full_matrices=False)[2]
    picked = jnp.conj(right[m - k :]).T
    q, r = jnp.linalg.qr(trees.combine(relation, picked))
    diagonal = jnp.abs(jnp.diagonal(r))
    enough = (offset + cycle.steps >= k) & (cycle.steps > 0)
    sound = enough & jnp.all(jnp.isfinite(r)) & (jnp.min(diagonal) > 100 * jnp.finfo(r.dtype).eps * large)
    rows = _divide(trees.combine(picked.T, searched(cycle, space, offset)), r, sound)
    return Space(
        jnp.where(sound, rows, space.rows),
        jnp.where(sound, trees.combine(q.T, cycle.basis), space.images),
        space.active | sound,
    )
