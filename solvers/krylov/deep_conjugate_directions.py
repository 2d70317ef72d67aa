"""Conjugate directions out of a network."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, DTypeLike

from sciml.solvers.krylov import _trees as trees
from sciml.solvers.krylov.base import KrylovSolver, Outcome, System, first_residual

PATIENCE = 100
"""Steps without a smaller residual after which the method has come to a standstill."""


class DeepConjugateDirections(KrylovSolver):
    """Descent along directions that a function of the residual proposes, conjugate to the last few, with exact line search.

    Each step asks `direction` what to do about the residual, divided by its 2-norm, makes the answer conjugate to the last `n_orth`
    directions, and goes to the minimum of the energy `x.Ax / 2 - b.x` along it; the residual is then computed anew. So the energy never
    rises, whatever `direction` returns; the residual may. Where the answer is not finite or all but lies in the span of the directions
    before, the residual itself is taken.

    With the identity this is the conjugate gradient method, with the exact inverse up to any factor it is done in one step. In between
    lie trained networks (`sciml.models.DirectionCNN`) and any approximate inverse, linear or not; for one that is linear, symmetric and
    positive `ConjugateGradients` with it as preconditioner takes as many steps with half the products.

    Arrays in `direction` are constants: derivatives of the solution do not depend on it.

    Memory: `2 n_orth + 4` vectors, and what `direction` needs.

    `options`: `y0`; `project`, for operators with zero rows (a mask of the shape of `b`, true or one at the unknowns) or another null
    space (a callable, the orthogonal projection). Directions are projected; `b` must lie in the range of the operator already.
    `stats`: `num_steps`, `matvecs`, `residual_norm`, `directions` (calls of `direction`), `fallbacks` (times when it was of no use).

    Attributes:
        direction: from a residual of 2-norm one to a direction, arrays of the shape of `b`. A callable; inside `jit` one that is a
            pytree, such as an Equinox module: a closure over traced arrays does not pass lineax' door.
        rtol: tolerance relative to the 2-norm of `b`.
        atol: absolute tolerance.
        max_steps: most steps, or None for ten times the count of unknowns.
        n_orth: directions to which the next one is made conjugate; for trained networks more than two gain little.
        precision: real dtype in which `direction` works, or None for that of `b`.

    Source: Kaneda, Akar, Chen, Kala, Hyde, Teran, "A Deep Conjugate Direction Method for Iteratively Solving Linear Systems", ICML 2023
    (arXiv 2205.10763), algorithm 1.

    Example:
        >>> import jax.numpy as jnp, lineax
        >>> from sciml.solvers import DeepConjugateDirections
        >>> operator = lineax.TaggedLinearOperator(
        ...     lineax.DiagonalLinearOperator(jnp.arange(1.0, 9.0)), lineax.positive_semidefinite_tag
        ... )
        >>> solver = DeepConjugateDirections(lambda r: jnp.tanh(r) / jnp.arange(1.0, 9.0), rtol=1e-5)
        >>> solution = lineax.linear_solve(operator, jnp.ones(8), solver)
        >>> bool(solution.stats["num_steps"] < 6), int(solution.stats["fallbacks"])
        (True, 0)
    """

    direction: Callable[[Any], Any]
    rtol: float = 1e-6
    atol: float = 0.0
    max_steps: int | None = None
    n_orth: int = eqx.field(static=True, default=2)
    precision: np.dtype | None = eqx.field(static=True, default=np.dtype(np.float32))

    def __init__(
        self,
        direction: Callable[[Any], Any],
        rtol: float = 1e-6,
        atol: float = 0.0,
        max_steps: int | None = None,
        *,
        n_orth: int = 2,
        precision: DTypeLike | None = np.float32,
    ) -> None:
        """Take a direction and how long to follow it; see the attributes.

        Raises:
            ValueError: for a negative `n_orth`.
            TypeError: where `precision` is not a real floating-point type or `direction` cannot be called.
        """
        if not callable(direction):
            raise TypeError(f"DeepConjugateDirections: `direction` must be callable, got {type(direction).__name__}.")
        if n_orth < 0:
            raise ValueError(f"DeepConjugateDirections: `n_orth` must not be negative, got {n_orth}.")
        if precision is not None and not jnp.issubdtype(precision, jnp.floating):
            raise TypeError(
                f"DeepConjugateDirections: `precision` must be a real floating-point type or None, got {precision}."
            )
        self.direction, self.rtol, self.atol, self.max_steps = direction, rtol, atol, max_steps
        self.n_orth, self.precision = n_orth, None if precision is None else np.dtype(precision)

    @property
    def accepted_options(self) -> tuple[str, ...]:
        """Names that `options` may contain."""
        return ("y0", "project")

    @property
    def needs(self) -> str:
        """A positive definite operator."""
        return "positive"

    def iterate(self, system: System) -> Outcome:
        """Solve the scaled system."""
        project = _projection(system.options.get("project"), system.b)
        x, r, products = first_residual(system)
        norm, zero = trees.norm(r), jnp.zeros((), jnp.int32)
        none, one = trees.zeros_like(system.b), jnp.ones((), norm.dtype)
        past = (_Past(none, none, one),) * self.n_orth
        start = _Walk(x, r, norm, past, zero, zero, products, norm, zero, jnp.zeros((), bool))

        def going(walk: _Walk) -> Array:
            open_ = (walk.norm > system.tolerance) & (walk.steps < system.limit)
            return open_ & ~walk.broken & (walk.idle < PATIENCE)

        walk = jax.lax.while_loop(going, lambda walk: self._step(system, project, walk), start)
        extra = {"directions": walk.steps, "fallbacks": walk.fallbacks}
        stagnated = walk.idle >= PATIENCE
        return Outcome(walk.x, walk.steps, walk.matvecs, walk.norm, walk.broken, stagnated, extra)

    def _step(self, system: System, project: Callable[[Any], Any], walk: "_Walk") -> "_Walk":
        apply = system.operator.mv
        proposal = project(self._propose(walk.r, walk.norm))
        image = apply(proposal)
        first = _conjugate(proposal, image, walk.past)
        # What is left after the projection would be rounding.
        least = jnp.sqrt(jnp.asarray(jnp.finfo(walk.norm.dtype).eps, walk.norm.dtype))
        useful = first.curvature > least * trees.dot(proposal, image)
        # Orthogonal to the residual: nothing to be won. NaN is of no use either.
        length = trees.norm(first.direction) * walk.norm
        useful = useful & (jnp.abs(trees.dot(first.direction, walk.r)) > least * length)

        def instead() -> _Past:
            plain = project(walk.r)
            return _conjugate(plain, apply(plain), walk.past)

        new = jax.lax.cond(useful, lambda: first, instead)
        broken = ~(new.curvature > 0)
        alpha = jnp.where(broken, 0, trees.dot(new.direction, walk.r) / jnp.where(broken, 1, new.curvature))
        x = trees.add_scaled(walk.x, alpha, new.direction)
        r = trees.subtract(system.b, apply(x))
        norm = trees.norm(r)
        better = norm < walk.best
        kept = (*walk.past[1:], new) if self.n_orth > 0 else ()
        fallbacks = walk.fallbacks + (~useful).astype(jnp.int32)
        matvecs = walk.matvecs + jnp.where(useful, 2, 3).astype(jnp.int32)
        idle = jnp.where(better, 0, walk.idle + 1)
        best = jnp.minimum(norm, walk.best)
        return _Walk(x, r, norm, kept, walk.steps + 1, fallbacks, matvecs, best, idle, broken)

    def _propose(self, r: Any, norm: Array) -> Any:
        """The direction for a residual, cast to its precision and back."""
        unit = trees.scaled(r, 1 / norm)
        if self.precision is not None:
            unit = jax.tree.map(lambda leaf: leaf.astype(self.precision), unit)
        found = self.direction(unit)
        shapes = [jax.tree.map(jnp.shape, tree) for tree in (found, r)]
        if shapes[0] != shapes[1]:
            raise ValueError(
                f"DeepConjugateDirections: `direction` must give the shape of the residual, {shapes[1]}; got {shapes[0]}."
            )
        return jax.tree.map(lambda new, old: new.astype(old.dtype), found, r)


class _Past(NamedTuple):
    """A direction, its image, and their product."""

    direction: Any
    image: Any
    curvature: Array


class _Walk(NamedTuple):
    """State of the loop; directions oldest first, zero where there was none yet."""

    x: Any
    r: Any
    norm: Array
    past: tuple[_Past, ...]
    steps: Array
    fallbacks: Array
    matvecs: Array
    best: Array
    idle: Array
    broken: Array


def _conjugate(direction: Any, image: Any, past: tuple[_Past, ...]) -> _Past:
    """Take the past directions out, twice for rounding's sake; the image follows without a product."""
    for old in (*past, *past):
        share = -trees.dot(direction, old.image) / old.curvature
        direction, image = (
            trees.add_scaled(new, share, known) for new, known in ((direction, old.direction), (image, old.image))
        )
    return _Past(direction, image, trees.dot(direction, image))


def _projection(project: Any, b: Any) -> Callable[[Any], Any]:
    if project is None:
        return lambda vector: vector
    if callable(project):
        return project
    shapes = [jax.tree.map(jnp.shape, tree) for tree in (project, b)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"DeepConjugateDirections: the mask in `options['project']` must have the shape of `b`, {shapes[1]}; got {shapes[0]}."
        )
    return lambda vector: jax.tree.map(lambda value, mask: value * mask.astype(value.dtype), vector, project)
