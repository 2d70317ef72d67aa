"""Gradients through solves with diffrax: reversible steps, and one object to choose how."""

from sciml.solvers.adjoints.coupled_solver import CoupledSolver
from sciml.solvers.adjoints.reversible_adjoint import ReversibleAdjoint
from sciml.solvers.adjoints.reversible_solve import ReversibleSolution, solve_reversible

__all__ = ["CoupledSolver", "ReversibleAdjoint", "ReversibleSolution", "solve_reversible"]
