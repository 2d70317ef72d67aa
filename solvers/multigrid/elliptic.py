"""Elliptic problems: one call, or set-up and solve apart."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
from jaxtyping import Array, Float, Inexact, Int

from sciml.equation import Parameter
from sciml.grid import Grid
from sciml.solvers.krylov import ConjugateGradients, LowPrecision
from sciml.solvers.multigrid.cycles import Multigrid
from sciml.solvers.multigrid.finite_volumes import FaceMean, FiniteVolumes, Side, finite_volumes
from sciml.solvers.multigrid.hierarchy import Axes, Hierarchy, coarsening_plan
from sciml.solvers.multigrid.preconditioner import MultigridPreconditioner
from sciml.solvers.solution import is_traced


class EllipticSolution(eqx.Module):
    """What an elliptic solve returns.

    Attributes:
        values: `u` at the nodes.
        iterations: of conjugate gradients.
        residual: 2-norm of the residual relative to that of the right-hand side, by the recurrence of conjugate gradients. That of the
            rounded solution is larger for high contrasts and in single precision, without the solution being worse for it.
    """

    values: Inexact[Array, "*grid"]
    iterations: Int[Array, ""]
    residual: Float[Array, ""]


class EllipticSolver(eqx.Module):
    """`-div(K grad u) + c u = f`, set up once and solved for any number of right-hand sides.

    A pytree: pass it through `jit`, close over it in `vmap` (many right-hand sides share one hierarchy), save it. Solutions are
    differentiable in what it was made of, and in `f`; derivatives are implicit and cost one more solve with the same hierarchy.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> import sciml
        >>> grid = sciml.Grid((33, 33), extent=(1.0, 1.0), boundary=sciml.boundary.Dirichlet())
        >>> solver = sciml.solvers.EllipticSolver.set_up(grid, jnp.ones(grid.shape))
        >>> loads = jnp.stack([jnp.ones(grid.shape), 2 * jnp.ones(grid.shape)])
        >>> u = jax.vmap(lambda f: solver.solve(f, rtol=1e-5).values)(loads)
        >>> bool(abs(u[0, 16, 16] - 0.0736) < 2e-4), bool(abs(u[1] - 2 * u[0]).max() < 1e-5)
        (True, True)

    Attributes:
        volumes: the discretised problem.
        hierarchy: of its operator, without derivatives.
        multigrid: how cycles are done.
        grid: where.
    """

    volumes: FiniteVolumes
    hierarchy: Hierarchy
    multigrid: Multigrid = eqx.field(static=True)
    grid: Grid = eqx.field(static=True)

    @staticmethod
    def set_up(
        grid: Grid,
        coefficient: Inexact[Array, "..."] | np.ndarray | float = 1.0,
        c: Parameter = 0.0,
        *,
        multigrid: Multigrid | None = None,
        faces: FaceMean = "harmonic",
        boundary_data: Mapping[Side, Any] | None = None,
        time: Parameter = 0.0,
        dtype: Any = None,
        precision: Any = jnp.float32,
    ) -> "EllipticSolver":
        """Discretise and build the hierarchy.

        Args:
            grid: see `finite_volumes`, as for `coefficient`, `c` (not negative), `faces`, `boundary_data`, `time`, `dtype`.
            coefficient: `K`.
            c: factor of `u`.
            multigrid: how; by default V(1,1) cycles with a Chebyshev smoother of degree two, semi-coarsened for unequal spacings and
                for a tensor that is anisotropic, if it is known (inside `jit` give `Multigrid(axes=...)`).
            faces: mean that gives `K` between nodes.
            boundary_data: data of single ends.
            time: of boundary data.
            dtype: precision of the solve.
            precision: of the hierarchy; single precision does not change the number of iterations.
        """
        volumes = eqx.filter_jit(finite_volumes)(
            grid, coefficient, c, faces=faces, boundary_data=dict(boundary_data or {}), time=time, dtype=dtype
        )
        if jnp.issubdtype(volumes.weights.dtype, jnp.complexfloating):
            raise TypeError(
                "EllipticSolver: needs a real coefficient and a real c; use `HelmholtzSolver` for complex ones."
            )
        operator = jax.lax.stop_gradient(volumes.operator)
        _check_positive(coefficient)
        multigrid = multigrid or Multigrid(axes=_plan(grid, coefficient))
        inside = jnp.promote_types(precision, jnp.float32)
        inside = inside if jnp.finfo(inside).bits < jnp.finfo(operator.centre.dtype).bits else operator.centre.dtype
        hierarchy = multigrid.set_up(operator.without_surplus().astype(inside))
        return EllipticSolver(volumes, hierarchy, multigrid, grid)

    def solve(
        self,
        f: Inexact[Array, "*grid"] | np.ndarray,
        *,
        rtol: float | None = None,
        max_steps: int = 200,
        throw: bool = True,
    ) -> EllipticSolution:
        """Solve for one right-hand side by conjugate gradients with one cycle as preconditioner.

        Args:
            f: values at the nodes.
            rtol: tolerance of the 2-norm of the residual relative to that of the right-hand side; by default 1e-8 in double and 1e-6 in
                single precision.
            max_steps: most iterations.
            throw: raise where the tolerance is not reached; otherwise the result says so by its `residual`.

        Raises:
            ValueError: for a wrong shape.
        """
        values = jnp.asarray(f, self.volumes.weights.dtype)
        if values.shape != self.grid.shape:
            raise ValueError(f"EllipticSolver: `f` must have the grid's shape {self.grid.shape}, got {values.shape}.")
        operator = self.volumes.operator
        load = _consistent(operator.singular, self.volumes.load(values), self.volumes.weights)
        tolerance = rtol if rtol is not None else (1e-8 if load.dtype == jnp.float64 else 1e-6)
        # Not verified: rounding u alone leaves a residual of epsilon times the condition number, and u is right all the same.
        solver = ConjugateGradients(
            rtol=tolerance, max_steps=max_steps, flexible=not self.multigrid.is_symmetric, verify=False
        )
        solution = lx.linear_solve(
            operator.as_lineax(),
            load,
            solver,
            options={"preconditioner": self.preconditioner()},
            throw=throw,
        )
        scale = jnp.linalg.norm(load)
        residual = solution.stats["residual_norm"] / jnp.where(scale == 0, jnp.ones_like(scale), scale)
        # Masked, so that what comes back in reverse mode lies in the range of the operator.
        unknown = jnp.where(self.volumes.weights == 0, jnp.zeros_like(load), solution.value)
        values = self.volumes.complete(_centred(operator.singular, unknown, self.volumes.weights))
        return EllipticSolution(values, solution.stats["num_steps"], residual)

    def preconditioner(self) -> lx.AbstractLinearOperator:
        """One cycle as a lineax operator in the precision of the solve."""
        cycle = MultigridPreconditioner(self.multigrid, self.hierarchy)
        outside, inside = self.volumes.weights.dtype, self.hierarchy.coarsest.dtype
        return cycle if outside == inside else LowPrecision(cycle, inside, outside=outside)


def solve_elliptic(
    grid: Grid,
    f: Inexact[Array, "*grid"] | np.ndarray,
    coefficient: Inexact[Array, "..."] | np.ndarray | float = 1.0,
    c: Parameter = 0.0,
    *,
    multigrid: Multigrid | None = None,
    faces: FaceMean = "harmonic",
    boundary_data: Mapping[Side, Any] | None = None,
    time: Parameter = 0.0,
    rtol: float | None = None,
    max_steps: int = 200,
    throw: bool = True,
) -> EllipticSolution:
    """Solve `-div(K grad u) + c u = f` to second order on a box by multigrid-preconditioned conjugate gradients.

    Outside `jit` set-up and solve are one compiled program. Differentiable in `f`, `coefficient`, `c` and boundary data, forward and
    reverse; `jax.vmap` runs many coefficients at once. For many right-hand sides of one operator use `EllipticSolver`; for a constant
    coefficient `solve_helmholtz` is direct and of spectral accuracy.

    Args:
        grid: where, with the boundary conditions. A periodic axis with an odd count is not coarsened: prefer even ones.
        f: values at the nodes.
        coefficient: `K`: a number, `(*grid.shape)` at the nodes, or `(dimension, *grid.shape)` for a diagonal tensor.
        c: a number or `(*grid.shape)`, not negative.
        multigrid: how; see `EllipticSolver.set_up` for the default.
        faces: mean that gives `K` between nodes.
        boundary_data: data of single ends in place of the grid's.
        time: at which boundary data that depend on it are taken.
        rtol: tolerance of the residual relative to the right-hand side.
        max_steps: most iterations.
        throw: raise where the tolerance is not reached.

    Example:
        >>> import numpy as np
        >>> import sciml
        >>> grid = sciml.Grid((65, 65), extent=(1.0, 1.0), boundary=sciml.boundary.Dirichlet())
        >>> x, y = grid.coordinates()
        >>> K = np.where(x > 0.5, 12.0, 3.0).astype(np.float32)
        >>> solution = sciml.solvers.solve_elliptic(grid, np.ones_like(K), K)
        >>> solution.values.shape, int(solution.iterations) < 10
        ((65, 65), True)
    """
    values = jnp.asarray(f)
    if not jnp.issubdtype(values.dtype, jnp.inexact):
        raise TypeError(f"solve_elliptic: `f` must be a floating-point array, got {values.dtype}.")
    _check_positive(coefficient)
    plan = multigrid or Multigrid(axes=_plan(grid, coefficient))
    return _solve(
        grid,
        values,
        coefficient,
        c,
        plan,
        faces,
        dict(boundary_data or {}),
        time,
        rtol,
        max_steps,
        throw,
    )


@eqx.filter_jit
def _solve(
    grid: Grid, f: Array, coefficient: Any, c: Any, multigrid: Multigrid, faces: FaceMean, boundary_data: dict[Side, Any],
    time: Any, rtol: float | None, max_steps: int, throw: bool,
) -> EllipticSolution:  # fmt: skip
    solver = EllipticSolver.set_up(
        grid, coefficient, c, multigrid=multigrid, faces=faces, boundary_data=boundary_data, time=time, dtype=f.dtype
    )
    return solver.solve(f, rtol=rtol, max_steps=max_steps, throw=throw)


def _check_positive(coefficient: Any) -> None:
    if is_traced(coefficient):
        return
    # NumPy, since inside `jit` the result of any JAX operation is a tracer.
    wrong = int(np.sum(~(np.asarray(coefficient) > 0)))
    if wrong:
        raise ValueError(
            f"solve_elliptic: `coefficient` must be positive everywhere; {wrong} value(s) are not, or are no numbers."
        )


def _plan(grid: Grid, coefficient: Any) -> tuple[Axes, ...] | None:
    """Semi-coarsening for unequal spacings and, where it is known, for an anisotropic coefficient."""
    mean = np.ones(grid.dimension)
    if np.ndim(coefficient) == grid.dimension + 1 and not is_traced(coefficient):
        mean = np.asarray(coefficient, np.float64).reshape(grid.dimension, -1).mean(axis=1)
    strengths = mean / np.square([axis.spacing for axis in grid.axes])
    return coarsening_plan(strengths.tolist(), grid.shape) or None


def _consistent(singular: bool, load: Array, weights: Array) -> Array:
    """A right-hand side without the mean that a singular operator cannot produce."""
    return load - weights * (jnp.sum(load) / jnp.sum(weights)) if singular else load


def _centred(singular: bool, u: Array, weights: Array) -> Array:
    """The solution with mean zero, where only that is missing."""
    return u - jnp.sum(u * weights) / jnp.sum(weights) if singular else u
