"""The loop of conjugate gradients, shared by the plain and the deflated method."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from sciml.solvers.krylov import _trees as trees
from sciml.solvers.krylov.base import Outcome, System, first_residual

CHECKS = 3
"""Checks of the true residual without gain after which the attainable accuracy is reached."""


class Deflation(NamedTuple):
    """What deflation adds: correct the residual at the start, keep directions conjugate to the space, record them."""

    correct: Callable[[Any, Any], tuple[Any, Any]]
    remove: Callable[[Any], Any]
    record: Callable[[Any, Array, Any, Any, Array], Any]
    memory: Any


class Walk(NamedTuple):
    """State of the loop: iterate, residual, direction, the last change of the residual (flexible method only)."""

    x: Any
    r: Any
    p: Any
    change: Any
    rho: Array
    norm: Array
    steps: Array
    broken: Array
    memory: Any


class _Outer(NamedTuple):
    walk: Walk
    target: Array
    checked: Array
    failures: Array
    checks: Array


def conjugate_gradients(
    system: System, *, flexible: bool, verify: bool, deflation: Deflation | None = None
) -> tuple[Outcome, Any]:
    """Run to the tolerance; the preconditioner occurs once in the program, the operator once, and once more to verify."""
    x, r, products = first_residual(system)
    dtype = trees.real_dtype_of(system.b)
    walk = Walk(
        x, r, trees.zeros_like(r), trees.zeros_like(r) if flexible else None, jnp.ones((), dtype), trees.norm(r),
        jnp.zeros((), jnp.int32), jnp.zeros((), bool), None if deflation is None else deflation.memory,
    )  # fmt: skip

    def descend(walk: Walk, target: Array) -> Walk:
        if deflation is not None:
            x, r = deflation.correct(walk.x, walk.r)
            walk = walk._replace(x=x, r=r, norm=trees.norm(r))
        return jax.lax.while_loop(
            lambda w: (w.norm > target) & (w.steps < system.limit) & ~w.broken,
            lambda w: _step(system, w, deflation),
            walk,
        )

    if not verify:
        walk = descend(walk, system.tolerance)
        never = jnp.zeros((), bool)
        return Outcome(walk.x, walk.steps, walk.steps + products, walk.norm, walk.broken, never, {}), walk.memory

    def body(outer: _Outer) -> _Outer:
        walk = descend(outer.walk, outer.target)
        r = trees.subtract(system.b, system.operator.mv(walk.x))
        norm = trees.norm(r)
        failures = jnp.where(norm > 0.9 * outer.checked, outer.failures + 1, 0)
        # Where round-off has made the two residuals differ, the old direction and its length mean nothing for the new one.
        p = trees.select(norm > 1.5 * walk.norm, trees.zeros_like(walk.p), walk.p)
        # A failed check asks for more before the next one, or a slow method would check at every step.
        return _Outer(walk._replace(r=r, p=p, norm=norm), 0.5 * outer.target, norm, failures, outer.checks + 1)

    def unfinished(outer: _Outer) -> Array:
        walk = outer.walk
        going = (walk.steps < system.limit) & ~walk.broken & (outer.failures < CHECKS)
        return (outer.checks == 0) | ((walk.norm > system.tolerance) & going)

    start = _Outer(
        walk, system.tolerance, jnp.full((), jnp.inf, dtype), jnp.zeros((), jnp.int32), jnp.zeros((), jnp.int32)
    )
    end = jax.lax.while_loop(unfinished, body, start)
    walk = end.walk
    count = walk.steps + products + end.checks
    return Outcome(walk.x, walk.steps, count, walk.norm, walk.broken, end.failures >= CHECKS, {}), walk.memory


def _step(system: System, walk: Walk, deflation: Deflation | None) -> Walk:
    """One step; the first has the direction zero, so that beta has no say."""
    z = walk.r if system.precondition is None else system.precondition(walk.r)
    rho = trees.dot(walk.r, z)
    beta = (rho if walk.change is None else trees.dot(walk.change, z)) / walk.rho
    p = trees.add_scaled(z, beta, walk.p)
    if deflation is not None:
        p = trees.subtract(p, deflation.remove(z))
    q = system.operator.mv(p)
    curvature = trees.dot(p, q)
    # Zero or NaN too: nothing is known about how far to go. No threshold on the size: a good preconditioner makes
    # the two numbers equal, and a bad one makes them differ by any factor.
    broken = ~((rho > 0) & (curvature > 0))
    alpha = jnp.where(broken, 0, rho / jnp.where(broken, 1, curvature))
    x = trees.add_scaled(walk.x, alpha, p)
    r = trees.add_scaled(walk.r, -alpha, q)
    change = None if walk.change is None else trees.scaled(q, -alpha)
    memory = walk.memory if deflation is None else deflation.record(walk.memory, walk.steps, p, q, curvature)
    return Walk(x, r, p, change, jnp.where(broken, 1, rho), trees.norm(r), walk.steps + 1, broken, memory)
