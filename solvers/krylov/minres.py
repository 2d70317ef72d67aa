"""MINRES: symmetric operators of any sign."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from sciml.solvers.krylov import _trees as trees
from sciml.solvers.krylov.base import KrylovSolver, Outcome, System, first_residual

CHECKS = 3
"""Checks of the true residual without gain after which the attainable accuracy is reached."""


class MinimalResidual(KrylovSolver):
    """MINRES for symmetric operators, indefinite ones too, with a positive definite preconditioner.

    Three-term recurrences: memory does not grow. Without a preconditioner the 2-norm of the residual is smallest at each step; with one
    `M` it is the norm `sqrt(r^T M r)`, while the stopping rule stays the 2-norm, carried along by one vector more.

    `options`: `preconditioner` (a positive definite lineax operator), `y0`.
    `stats`: `num_steps`, `matvecs` (one more per check of the residual), `residual_norm`.

    Attributes:
        rtol: tolerance relative to the 2-norm of `b`.
        atol: absolute tolerance.
        max_steps: most steps, or None for ten times the count of unknowns.

    Source: Paige, Saunders, SIAM J. Numer. Anal. 12 (1975) 617.

    Example:
        >>> import jax.numpy as jnp, lineax
        >>> from sciml.solvers import MinimalResidual
        >>> operator = lineax.MatrixLinearOperator(jnp.asarray([[1.0, 2.0], [2.0, 1.0]]), lineax.symmetric_tag)
        >>> solution = lineax.linear_solve(operator, jnp.asarray([3.0, 3.0]), MinimalResidual(rtol=1e-5))
        >>> [round(x, 4) for x in solution.value.tolist()]
        [1.0, 1.0]
    """

    rtol: float = 1e-6
    atol: float = 0.0
    max_steps: int | None = None

    @property
    def accepted_options(self) -> tuple[str, ...]:
        """Names that `options` may contain."""
        return ("preconditioner", "y0")

    @property
    def needs(self) -> str:
        """A symmetric operator."""
        return "symmetric"

    def iterate(self, system: System) -> Outcome:
        """Solve the scaled system."""
        x, r, products = first_residual(system)
        dtype, zero = trees.real_dtype_of(system.b), jnp.zeros((), jnp.int32)

        def body(outer: _Outer) -> _Outer:
            start = _start(outer.x, outer.r, outer.steps)
            walk = jax.lax.while_loop(
                lambda w: (w.norm > outer.target) & (w.steps < system.limit) & ~w.broken,
                lambda w: _step(system, w),
                start,
            )
            r = trees.subtract(system.b, system.operator.mv(walk.x))
            norm = trees.norm(r)
            failures = jnp.where(norm > 0.9 * outer.norm, outer.failures + 1, 0)
            return _Outer(
                walk.x,
                r,
                norm,
                0.5 * outer.target,
                walk.steps,
                outer.products + walk.products + 1,
                failures,
                walk.broken,
            )

        def unfinished(outer: _Outer) -> Array:
            going = (outer.steps < system.limit) & (outer.failures < CHECKS) & ~outer.broken
            return (outer.norm > system.tolerance) & going

        first = _Outer(x, r, trees.norm(r), system.tolerance.astype(dtype), zero, products, zero, zero > 0)
        end = jax.lax.while_loop(unfinished, body, first)
        return Outcome(end.x, end.steps, end.products, end.norm, end.broken, end.failures >= CHECKS, {})


class _Outer(NamedTuple):
    x: Any
    r: Any
    norm: Array
    target: Array
    steps: Array
    products: Array
    failures: Array
    broken: Array


class _Walk(NamedTuple):
    """State before a pass: it normalises the next Lanczos vector, closes the column of the one before, opens the next.

    Attributes:
        x: iterate.
        v: the last Lanczos vector, of unit length in the norm of `M`.
        u: the next one, not normalised yet.
        z: `M v`.
        w1: the last search direction.
        w2: the one before.
        q: direction of the residual.
        column: entries above the diagonal, diagonal and subdiagonal-to-be of the open column, after the rotations so far.
        cosine: of the last rotation.
        sine: of the last rotation.
        phi: residual in the norm of `M`, with sign.
        norm: 2-norm of the residual.
        steps: closed columns.
        products: with `A`.
        opened: whether a column is open.
        broken: the preconditioner is not positive.
    """

    x: Any
    v: Any
    u: Any
    z: Any
    w1: Any
    w2: Any
    q: Any
    column: tuple[Array, Array, Array]
    cosine: Array
    sine: Array
    phi: Array
    norm: Array
    steps: Array
    products: Array
    opened: Array
    broken: Array


def _start(x: Any, r: Any, steps: Array) -> _Walk:
    nothing, dtype, zero = trees.zeros_like(r), trees.real_dtype_of(r), jnp.zeros((), jnp.int32)
    none, one = jnp.zeros((), dtype), jnp.ones((), dtype)
    return _Walk(
        x, nothing, r, nothing, nothing, nothing, nothing, (none, none, one), one, none, none, trees.norm(r), steps, zero,
        zero > 0, zero > 0,
    )  # fmt: skip


def _step(system: System, walk: _Walk) -> _Walk:
    image = walk.u if system.precondition is None else system.precondition(walk.u)
    square = trees.dot(walk.u, image)
    # Zero says that the space holds the solution, a negative number or NaN that the preconditioner is no metric.
    broken = ~(square >= 0)
    beta = jnp.sqrt(jnp.where(broken, 0, square))
    inverse = jnp.where(beta > 0, 1 / jnp.where(beta > 0, beta, 1), 0)
    v, z = trees.scaled(walk.u, inverse), trees.scaled(image, inverse)
    walk = _close(walk, beta, v, ~broken)
    product = system.operator.mv(z)
    alpha = trees.dot(product, z)
    u = trees.add_scaled(trees.add_scaled(product, -alpha, v), -beta, walk.v)
    # The first vector has no predecessor: `walk.v` is zero there. The rotations before turn the column's upper entries.
    c, s, c_old, s_old = walk.cosine, walk.sine, walk.column[0], walk.column[1]
    middle = c_old * beta
    column = (s_old * beta, c * middle + s * alpha, c * alpha - s * middle)
    return walk._replace(
        v=v, u=u, z=z, column=column, products=walk.products + 1, opened=jnp.ones_like(walk.opened), broken=broken
    )


def _close(walk: _Walk, beta: Array, v: Any, sound: Array) -> _Walk:
    """Rotate the subdiagonal entry `beta` of the open column away and move the iterate; at the first pass open the residual."""
    upper, middle, lower = walk.column
    length = jnp.sqrt(lower**2 + beta**2)
    safe = jnp.where(length > 0, length, 1)
    c, s = jnp.where(length > 0, lower / safe, 1), jnp.where(length > 0, beta / safe, 0)
    move = walk.opened & sound
    w = trees.add_scaled(trees.add_scaled(walk.z, -middle, walk.w1), -upper, walk.w2)
    w = trees.scaled(w, jnp.where(length > 0, 1 / safe, 0))
    step = jnp.where(move, c * walk.phi, 0)
    q = trees.select(walk.opened, trees.add_scaled(trees.scaled(walk.q, -s), c, v), v)
    phi = jnp.where(walk.opened, -s * walk.phi, beta)
    # (cosine, sine) of this rotation, and in the column's place those of the one before, which the next column needs.
    return walk._replace(
        x=trees.add_scaled(walk.x, step, w),
        w1=trees.select(walk.opened, w, walk.w1),
        w2=walk.w1,
        q=q,
        phi=phi,
        norm=jnp.where(sound, jnp.abs(phi) * trees.norm(q), walk.norm),
        column=(jnp.where(walk.opened, walk.cosine, 1), jnp.where(walk.opened, walk.sine, 0), lower),
        cosine=jnp.where(walk.opened, c, 1),
        sine=jnp.where(walk.opened, s, 0),
        steps=walk.steps + walk.opened.astype(jnp.int32),
    )
