"""Smoothers: what damps the part of an error that the next coarser level cannot see."""

from sciml.solvers.multigrid.smoothers.base import Smoother
from sciml.solvers.multigrid.smoothers.chebyshev import Chebyshev
from sciml.solvers.multigrid.smoothers.coloured import ColouredGaussSeidel
from sciml.solvers.multigrid.smoothers.jacobi import Jacobi
from sciml.solvers.multigrid.smoothers.line import LineJacobi

__all__ = ["Chebyshev", "ColouredGaussSeidel", "Jacobi", "LineJacobi", "Smoother"]
