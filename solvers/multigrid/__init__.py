"""Multigrid for elliptic problems on boxes: stencils, coarsening, cycles, and the solver made of them."""

from sciml.solvers.multigrid.coarsening import AxisTransfer, axis_transfer, galerkin
from sciml.solvers.multigrid.cycles import Multigrid
from sciml.solvers.multigrid.elliptic import EllipticSolution, EllipticSolver, solve_elliptic
from sciml.solvers.multigrid.finite_volumes import FiniteVolumes, finite_volumes
from sciml.solvers.multigrid.helmholtz import solve_indefinite_helmholtz
from sciml.solvers.multigrid.hierarchy import Hierarchy, Level, coarsening_plan
from sciml.solvers.multigrid.preconditioner import MultigridPreconditioner
from sciml.solvers.multigrid.probing import probe_stencil
from sciml.solvers.multigrid.smoothers import Chebyshev, ColouredGaussSeidel, Jacobi, LineJacobi, Smoother
from sciml.solvers.multigrid.stencil import StencilOperator

__all__ = [
    "AxisTransfer",
    "Chebyshev",
    "ColouredGaussSeidel",
    "EllipticSolution",
    "EllipticSolver",
    "FiniteVolumes",
    "Hierarchy",
    "Jacobi",
    "Level",
    "LineJacobi",
    "Multigrid",
    "MultigridPreconditioner",
    "Smoother",
    "StencilOperator",
    "axis_transfer",
    "coarsening_plan",
    "finite_volumes",
    "galerkin",
    "probe_stencil",
    "solve_elliptic",
    "solve_indefinite_helmholtz",
]
