"""Methods and measurements of the experiment `skr`; all of it runs with 64-bit JAX."""

import dataclasses
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
from jaxtyping import Array, Float64, Int

from sciml.experiments import _skr_systems as systems
from sciml.experiments._skr_systems import Coefficients, Family
from sciml.solvers import (
    GCRODR,
    ConjugateGradients,
    DeflatedConjugateGradients,
    RestartedGMRES,
    SequenceSolution,
    solve_sequence,
)

REPEATS = 2
"""Timed runs of which the faster counts: the machine may do other things."""


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Space of GMRES and GCRO-DR, recycled part of it, most steps."""

    restart: int
    keep: int
    max_steps: int


@dataclasses.dataclass(frozen=True)
class Measured:
    """One method on one draw of systems, in the order in which they were solved."""

    steps: Int[np.ndarray, "systems"]
    matvecs: Int[np.ndarray, "systems"]
    seconds: float
    converged: int
    values: Float64[np.ndarray, "systems n n"]


@dataclasses.dataclass(frozen=True)
class Method:
    """A column of the tables: to add one (a multigrid preconditioner, say), add an entry to `METHODS`.

    Attributes:
        title: for the report.
        solve: `(coefficients, right sides, family, sizes)` to what was found, compiled at the first call.
        only_positive: whether it needs positive definite operators.
        once: whether it is measured for the first seed alone, for its time.
    """

    title: str
    solve: Callable[[Coefficients, Array, Family, Sizes], SequenceSolution]
    only_positive: bool = False
    once: bool = False


def _sequence(
    coefficients: Coefficients, right_sides: Array, family: Family, sizes: Sizes, *, method: str, **options: Any
) -> SequenceSolution:
    common = {"rtol": family.tolerance, "max_steps": sizes.max_steps}
    solver = {
        "gmres": lambda: RestartedGMRES(**common, restart=sizes.restart),
        "gcrodr": lambda: GCRODR(**common, restart=sizes.restart, keep=sizes.keep),
        "cg": lambda: ConjugateGradients(**common),
        "multigrid": lambda: ConjugateGradients(**common),
        "deflated": lambda: DeflatedConjugateGradients(**common, keep=sizes.keep, window=sizes.restart),
    }[method]()
    build = systems.positive_operator if method in ("cg", "deflated", "multigrid") else systems.symmetric_operator
    preconditioner = systems.jacobi if family.jacobi else None
    preconditioner = systems.multigrid if method == "multigrid" else preconditioner
    return solve_sequence(build, coefficients, right_sides, solver, preconditioner=preconditioner, **options)


def _batched_gmres(coefficients: Coefficients, right_sides: Array, family: Family, sizes: Sizes) -> SequenceSolution:
    found = _gmres_together(coefficients, right_sides, family.jacobi, family.tolerance, sizes)
    return SequenceSolution(*found, order=np.arange(len(right_sides)), recycle=None)


@partial(jax.jit, static_argnums=(2, 3, 4))
def _gmres_together(
    coefficients: Coefficients, right_sides: Array, with_jacobi: bool, tolerance: float, sizes: Sizes
) -> tuple[Array, Array, Array, Array, Array]:
    solver = RestartedGMRES(rtol=tolerance, restart=sizes.restart, max_steps=sizes.max_steps)

    def one(own: Coefficients, b: Array) -> tuple[Array, Array, Array, Array, Array]:
        options = {"preconditioner": systems.jacobi(own)} if with_jacobi else {}
        found = lx.linear_solve(systems.symmetric_operator(own), b, solver, options=options, throw=False)
        stats = found.stats
        good = found.result == lx.RESULTS.successful
        return found.value, stats["num_steps"], stats["matvecs"], stats["residual_norm"], good

    return jax.vmap(one)(coefficients, right_sides)


METHODS = {
    "gmres": Method("GMRES", partial(_sequence, method="gmres", order="given")),
    "warm": Method("GMRES, warm start, sorted", partial(_sequence, method="gmres", warm_start=True)),
    "given": Method("recycled, given order", partial(_sequence, method="gcrodr", order="given")),
    "sorted": Method("recycled, sorted (SKR)", partial(_sequence, method="gcrodr")),
    "cg": Method("CG", partial(_sequence, method="cg", order="given"), only_positive=True),
    "deflated": Method("deflated CG, sorted", partial(_sequence, method="deflated"), only_positive=True),
    "multigrid": Method(
        "CG, multigrid (4 more per product)", partial(_sequence, method="multigrid", order="given"), only_positive=True
    ),
    "batched": Method("GMRES, all at once", _batched_gmres, once=True),
}


def measure(
    method: Method, coefficients: Coefficients, right_sides: Array, family: Family, sizes: Sizes, *, compiled: bool
) -> Measured:
    """Solve all systems, sorting and set-up included in the time, compilation not.

    Args:
        method: how.
        coefficients: of all systems.
        right_sides: of all systems.
        family: tolerance, preconditioner.
        sizes: of the spaces.
        compiled: whether this program has run before.
    """
    solve = partial(method.solve, coefficients, right_sides, family, sizes)
    if not compiled:
        jax.block_until_ready(solve())
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        found = jax.block_until_ready(solve())
        times.append(time.perf_counter() - begin)
    order = found.order
    return Measured(
        np.asarray(found.num_steps)[order],
        np.asarray(found.matvecs)[order],
        min(times),
        int(jnp.sum(found.successful)),
        np.asarray(found.values),
    )


def largest_error(coefficients: Coefficients, values: Float64[np.ndarray, "systems n n"], checked: int) -> float:
    """Largest relative difference from SciPy's sparse direct solver, of the first `checked` systems."""
    errors = []
    for i in range(min(checked, len(values))):
        exact = systems.solve_directly(jax.tree.map(lambda part, i=i: part[i], coefficients))
        errors.append(float(np.linalg.norm(values[i] - exact) / np.linalg.norm(exact)))
    return max(errors)
