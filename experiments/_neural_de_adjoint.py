"""Gradients of the experiment `neural-de`: what they differ by, what they keep in memory."""

from collections.abc import Callable
from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

from sciml.models import DenseField
from sciml.solvers.adjoints import GradientStrategy, ReversibleAdjoint, solve_reversible

GRADIENTS = ("reversible", "reversible, through diffrax", "checkpoints", "adjoint equation")
"""Compared with that of all steps stored (`diffrax.DirectAdjoint`)."""
MEMORIES = ("reversible", "checkpoints", "all stored")


class Problem(NamedTuple):
    """A batch of states that one network moves from time 0 on."""

    size: int
    width: int
    batch: int
    horizon: float


class Gradients(NamedTuple):
    """Relative differences by gradient and number of steps, one value per seed, and bytes by gradient and number of steps."""

    differences: dict[str, dict[int, list[float]]]
    midpoint: dict[int, list[float]]
    memory: dict[str, dict[int, int]]


def measure(
    problem: Problem, steps: tuple[int, ...], memory_steps: tuple[int, ...], keys: list[jax.Array]
) -> Gradients:
    """Differences of gradients for each key, and the compiled programs' temporary memory; double precision."""
    given = [_drawn(problem, key) for key in keys]
    differences: dict[str, dict[int, list[float]]] = {name: {} for name in GRADIENTS}
    midpoint: dict[int, list[float]] = {}
    for count in steps:
        truth = _all(_program(problem, count, "direct"), given)
        for name in GRADIENTS:
            differences[name][count] = _apart(_all(_program(problem, count, name), given), truth)
        both = [
            _all(_program(problem, count, name, diffrax.Midpoint()), given) for name in ("adjoint equation", "direct")
        ]
        midpoint[count] = _apart(*both)
    memory = {
        name: {count: _bytes(_program(problem, count, name), given[0]) for count in memory_steps} for name in MEMORIES
    }
    return Gradients(differences, midpoint, memory)


def _drawn(problem: Problem, key: jax.Array) -> tuple[DenseField, jax.Array]:
    """A network and the states at time 0."""
    one, two = jax.random.split(key)
    field = DenseField(problem.size, width=problem.width, depth=1, time=False, key=one)
    return field, jax.random.normal(two, (problem.batch, problem.size))


def _program(problem: Problem, steps: int, kind: str, solver: Any = None) -> Callable[..., Any]:
    """The gradient of half the square of the end, in the network and the states."""
    solver = diffrax.ReversibleHeun() if solver is None else solver
    term = diffrax.ODETerm(lambda t, y, field: jax.vmap(lambda one: field(t, one))(y))

    def end(given: tuple[DenseField, jax.Array]) -> jax.Array:
        field, y0 = given
        if kind == "reversible":
            return solve_reversible(term, solver, 0.0, problem.horizon, y0, field, steps=steps).ys[-1]
        grid = diffrax.StepTo(jnp.linspace(0.0, problem.horizon, steps + 1, dtype=y0.dtype))
        even = kind == "adjoint equation"
        solution = diffrax.diffeqsolve(
            term, solver, 0.0, problem.horizon, problem.horizon / steps if even else None, y0, field, max_steps=steps + 2,
            stepsize_controller=diffrax.ConstantStepSize() if even else grid, adjoint=_adjoint(kind, steps),
        )  # fmt: skip
        if solution.ys is None:
            raise ValueError("the solve saved nothing")
        return solution.ys[-1]

    return jax.jit(jax.grad(lambda given: 0.5 * jnp.sum(end(given) ** 2)))


def _adjoint(kind: str, steps: int) -> diffrax.AbstractAdjoint:
    if kind == "direct":
        return diffrax.DirectAdjoint()
    if kind == "adjoint equation":
        return diffrax.BacksolveAdjoint()
    if kind == "reversible, through diffrax":
        return ReversibleAdjoint()
    return GradientStrategy("store" if kind == "all stored" else "checkpoint").adjoint(steps=steps)


def _all(program: Callable[..., Any], given: list[Any]) -> list[np.ndarray]:
    """One vector for each key."""
    return [np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(program(one))]) for one in given]


def _apart(found: list[np.ndarray], truth: list[np.ndarray]) -> list[float]:
    return [float(np.linalg.norm(one - other) / np.linalg.norm(other)) for one, other in zip(found, truth)]


def _bytes(program: Any, given: Any) -> int:
    """Temporary memory of the compiled program, which is not run."""
    return int(program.lower(given).compile().memory_analysis().temp_size_in_bytes)
