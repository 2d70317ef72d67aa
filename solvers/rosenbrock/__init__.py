"""Rosenbrock methods for stiff equations and index-1 differential-algebraic equations, as diffrax solvers."""

from sciml.solvers.rosenbrock.banded import BandedJacobian
from sciml.solvers.rosenbrock.coloured import ColouredJacobian, sparsity_pattern
from sciml.solvers.rosenbrock.jacobian import DenseJacobian, Jacobian
from sciml.solvers.rosenbrock.method import Rosenbrock
from sciml.solvers.rosenbrock.rodas4 import Rodas4
from sciml.solvers.rosenbrock.rodas5p import Rodas5P

__all__ = [
    "BandedJacobian",
    "ColouredJacobian",
    "DenseJacobian",
    "Jacobian",
    "Rodas4",
    "Rodas5P",
    "Rosenbrock",
    "sparsity_pattern",
]
