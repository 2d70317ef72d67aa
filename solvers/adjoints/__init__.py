"""Gradients through solves with diffrax: reversible steps, and one object to choose how."""

from sciml.solvers.adjoints.coupled_solver import CoupledSolver
from sciml.solvers.adjoints.gradient_estimate import GradientEstimate
from sciml.solvers.adjoints.gradient_strategy import GradientStrategy, choose_gradient
from sciml.solvers.adjoints.reversible_adjoint import ReversibleAdjoint
from sciml.solvers.adjoints.reversible_solve import ReversibleSolution, solve_reversible

__all__ = [
    "CoupledSolver",
    "GradientEstimate",
    "GradientStrategy",
    "ReversibleAdjoint",
    "ReversibleSolution",
    "choose_gradient",
    "solve_reversible",
]
