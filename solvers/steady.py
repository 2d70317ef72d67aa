"""Steady equations of the field algebra: one call, linear and nonlinear."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
from jaxtyping import Array, Inexact

from sciml.equation import Parameter, Steady
from sciml.fields.face_means import FaceMean
from sciml.fields.wall_conditions import Side
from sciml.grid import Grid
from sciml.solvers.krylov import KrylovSolver, MinimalResidual
from sciml.solvers.multigrid.cycles import Multigrid
from sciml.solvers.multigrid.fas import full_approximation, full_multigrid
from sciml.solvers.newton import newton, norm_of, rounding
from sciml.solvers.solution import is_traced
from sciml.solvers.steady_linear import LinearSolver, default_multigrid
from sciml.solvers.steady_problem import SteadyProblem
from sciml.solvers.steady_solution import ConvergenceError, SteadyResult, SteadySolution

SteadyMethod: TypeAlias = Literal["newton", "fas", "fmg"]
"""Newton's method, the full approximation scheme, or that scheme started by full multigrid."""


def solve_steady(
    equation: Steady,
    grid: Grid,
    *,
    u0: Inexact[Array, "components *grid"] | np.ndarray | None = None,
    method: SteadyMethod = "newton",
    rtol: float | None = None,
    atol: float = 0.0,
    max_steps: int = 30,
    boundary_data: Mapping[Side, Any] | None = None,
    time: Parameter | None = None,
    faces: FaceMean = "harmonic",
    multigrid: Multigrid | None = None,
    linear_solver: KrylovSolver | None = None,
    precision: Any = jnp.float32,
    dtype: Any = None,
    throw: bool = True,
) -> SteadySolution:
    """Solve a steady equation on a box by finite differences of second order and multigrid.

    What the equation is like is found from its expression: an affine one is one linear solve, any other is solved by Newton's method
    with a line search. Linear systems that are symmetric go to conjugate gradients (within Newton's method, or where the operator
    turns out to be indefinite, to MINRES), others to flexible GMRES; the preconditioner is a multigrid cycle of the stencil that
    probing the equation shows. Derivatives with respect to parameters of the equation and boundary data are implicit, forward and
    reverse: one more linear solve. `jax.vmap` solves for many parameters at once.

    Args:
        equation: what to solve; any `Steady`.
        grid: uniform nodes on one to three axes, on vertices or cells, with any boundary conditions.
        u0: first guess `(components, *grid.shape)`; zero by default. Where there are several solutions it decides which one is found.
        method: `"newton"`; `"fas"`, cycles of the full approximation scheme on nested grids, whose coarse levels evaluate the equation
            itself; or `"fmg"`, which starts these on the coarsest grid and is as exact as the discretisation before the first cycle on
            the finest one is repeated (`max_steps=0, throw=False` leaves it at that).
        rtol: tolerance of the 2-norm of the residual relative to that of the first guess (of zero, for affine equations); by default
            1e-8 in double and 1e-5 in single precision. What rounding leaves is accepted too.
        atol: absolute tolerance of that norm, whose rows are weighted by the part of a cell that belongs to the node.
        max_steps: most steps of Newton's method, or cycles.
        boundary_data: data of single ends, `{(axis, "lower"): values}`, in place of the grid's: numbers, or arrays of the shape of the
            other axes (with the components in front, if there are several).
        time: for sources and boundary data that depend on it.
        faces: mean of the coefficient of `diffusion` between two nodes; see `finite_volumes`.
        multigrid: how cycles are done.
        linear_solver: a Krylov solver in place of the one chosen; its tolerances are replaced.
        precision: of the hierarchies.
        dtype: of the state; by default that of `u0` or of the arrays in the equation.
        throw: raise where the tolerance is not reached; otherwise `solution.result` says so.

    Raises:
        ValueError: for wrong shapes, Chebyshev nodes, or where nothing fixes the level of the solution and the sources do not balance.
        ConvergenceError: where the tolerance is not reached (outside `jit`; inside, the error of `equinox.error_if`).

    Example:
        >>> import jax.numpy as jnp
        >>> import sciml
        >>> grid = sciml.Grid((33, 33), extent=(1.0, 1.0), boundary=sciml.boundary.Dirichlet())
        >>> linear = sciml.solvers.solve_steady(sciml.physics.Poisson(), grid)
        >>> nonlinear = sciml.solvers.solve_steady(sciml.physics.Bratu(1.0), grid)
        >>> linear.values.shape, round(float(linear.values.max()), 3), round(float(nonlinear.values.max()), 3)
        ((1, 33, 33), 0.074, 0.078)
    """
    if method not in ("newton", "fas", "fmg"):
        raise ValueError(f"solve_steady: `method` must be 'newton', 'fas' or 'fmg', got {method!r}.")
    if method == "fmg" and u0 is not None:
        raise ValueError("solve_steady: method='fmg' starts on the coarsest grid; leave `u0` out or take method='fas'.")
    data = dict(boundary_data or {})
    dtype = _dtype(equation, u0, data, dtype)
    problem = SteadyProblem(equation, data, time, grid, faces, dtype)
    start = _start(problem, u0)
    tolerance = rtol if rtol is not None else (1e-8 if jnp.finfo(dtype).bits >= 64 else 1e-5)
    plan = multigrid or default_multigrid(grid)
    # As arrays, so that another tolerance needs no other program.
    real = jnp.finfo(dtype).dtype
    limits = jnp.asarray(tolerance, real), jnp.asarray(atol, real), jnp.asarray(max_steps, jnp.int32)
    options = (plan, linear_solver, precision, method, *limits)
    traced = is_traced(problem, start)
    solution = _solve(problem, start, *options, throw and traced)
    if traced:
        return solution
    if int(solution.result) == SteadyResult.NOT_DEFINITE and linear_solver is None:
        solution = _solve(problem, start, plan, MinimalResidual(max_steps=1000), *options[2:], False)
    if throw:
        _check(problem, solution)
    return solution


@eqx.filter_jit
def _solve(
    problem: SteadyProblem, start: Array, multigrid: Multigrid, linear_solver: Any, precision: Any, method: SteadyMethod,
    rtol: Array, atol: Array, max_steps: Array, throw: bool,
) -> SteadySolution:  # fmt: skip
    structure = problem.structure()
    linear = LinearSolver(
        problem.grid, structure, problem.singular(), multigrid, precision, linear_solver, structure.affine
    )
    residual, real = problem.residual(), jnp.finfo(problem.dtype).dtype

    def solve(residual: Any, u: Array) -> tuple[Array, Array]:
        if method != "newton":
            start = full_multigrid(problem) if method == "fmg" else u
            u, facts = full_approximation(problem, start, reference=u, rtol=rtol, atol=atol, max_steps=max_steps)
        elif structure.affine:
            u, facts = _solve_affine(residual, u, linear, rtol, atol)
        else:
            end, first = newton(residual, u, linear, rtol=rtol, atol=atol, max_steps=max_steps)
            u, facts = end.u, (end.result, end.norm, first, end.steps, end.linear_steps)
        # As numbers of one kind, because `custom_root` has no tangents for integers.
        return u, jnp.stack([fact.astype(real) for fact in facts])

    def solve_tangent(apply: Any, y: Array) -> Array:
        system = linear.system(apply, linear.prepare(apply, y), y, definite=linear.definite)
        if jnp.finfo(real).bits >= 64:
            return system.solve(jnp.minimum(rtol, 1e-6), throw=throw)
        # In single precision a residual of 1e-5 may be out of reach although the solution is right: no reason to raise.
        return system.solve(1e-5, throw=False, max_steps=100)

    frozen = jax.lax.stop_gradient(start)
    u, facts = jax.lax.custom_root(residual, frozen, solve, solve_tangent, has_aux=True)
    facts = jax.lax.stop_gradient(facts)
    result, steps, linear_steps = (facts[k].astype(jnp.int32) for k in (0, 3, 4))
    norm, first = facts[1], facts[2]
    values = problem.complete(u)
    if throw:
        values = eqx.error_if(
            values, result != SteadyResult.SUCCESSFUL, "solve_steady: the residual is not as small as asked for."
        )
    return SteadySolution(
        values,
        result,
        norm / jnp.where(first == 0, jnp.ones_like(first), first),
        {"steps": steps, "linear_steps": linear_steps, "imbalance": problem.imbalance(frozen)},
        problem.grid,
    )


def _solve_affine(
    residual: Any, u: Array, solver: LinearSolver, rtol: Array, atol: Array
) -> tuple[Array, tuple[Array, ...]]:
    """One linear solve; the tolerance is relative to the residual of zero."""
    rows, apply = jax.linearize(residual, u)
    first = norm_of(rows - apply(u))
    target = jnp.maximum(rtol * first, atol)
    system = solver.system(apply, solver.prepare(apply, u), -rows, definite=solver.definite)
    tolerance = 0.9 * target
    if jnp.finfo(first.dtype).bits < 64 and not (solver.definite and solver.symmetric(u)):
        # The residual that rounding leaves, for a guess of the solution's size: asking for less would go on in vain.
        tolerance = jnp.maximum(tolerance, 2 * rounding(apply, system.cycle(system.b)))
    change, outcome, stats = system.run(jnp.zeros_like(target), tolerance)
    u = u + change
    norm = norm_of(residual(u))
    # Rounding is no failure: in single precision it leaves a residual much larger than the error.
    solved = norm <= jnp.maximum(target, 4 * rounding(apply, u))
    broken = (outcome == lx.RESULTS.breakdown) if solver.definite and solver.method is None else jnp.zeros((), bool)
    broken = broken & solver.symmetric(u)
    failure = jnp.where(broken, SteadyResult.NOT_DEFINITE, SteadyResult.LINEAR_SOLVE_FAILED)
    failure = jnp.where(jnp.isfinite(norm), failure, SteadyResult.NOT_FINITE)
    result = jnp.where(solved, SteadyResult.SUCCESSFUL, failure).astype(jnp.int32)
    steps = stats["num_steps"].astype(jnp.int32)
    return u, (result, norm, first, jnp.ones((), jnp.int32), steps)


def _start(problem: SteadyProblem, u0: Any) -> Array:
    """The first guess, checked."""
    if u0 is None:
        return jnp.zeros(problem.shape, problem.dtype)
    if np.shape(u0) != problem.shape:
        raise ValueError(f"solve_steady: `u0` must have shape {problem.shape}, got {np.shape(u0)}.")
    return jnp.asarray(u0, problem.dtype)


def _dtype(equation: Steady, u0: Any, data: dict[Side, Any], given: Any) -> Any:
    """Precision of the state."""
    if given is None and u0 is not None:
        given = u0.dtype
    if given is None:
        known = jax.Array | np.ndarray | np.generic
        found = [leaf.dtype for leaf in jax.tree.leaves((equation, data)) if isinstance(leaf, known)]
        found = [kind for kind in found if jnp.issubdtype(kind, jnp.inexact)]
        given = np.result_type(*found) if found else jnp.result_type(float)
    dtype = jax.dtypes.canonicalize_dtype(given)
    if not jnp.issubdtype(dtype, jnp.inexact):
        raise TypeError(f"solve_steady: the state must be of a floating-point type, got {dtype}.")
    return jax.dtypes.canonicalize_dtype(np.result_type(dtype, np.complex64)) if equation.is_complex else dtype


def _check(problem: SteadyProblem, solution: SteadySolution) -> None:
    imbalance = float(solution.statistics["imbalance"])
    if problem.singular() and imbalance > 1e-2:
        raise ValueError(
            f"solve_steady: no solution. Nothing fixes the level of {type(problem.equation).__name__}'s solution on this grid "
            "(periodic or Neumann throughout), so the sources and the boundary fluxes must balance; they miss by "
            f"{imbalance:.3g} of their size. "
            "Subtract the mean of the source, or pass throw=False to have it dropped."
        )
    if not solution.successful:
        steps = int(solution.statistics["steps"])
        raise ConvergenceError(
            f"solve_steady: {type(problem.equation).__name__} after {steps} step(s), relative residual {float(solution.residual):.3g}. "
            f"{solution.message}",
            solution=solution,
        )
