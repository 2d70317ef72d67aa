"""Krylov methods as lineax solvers, with preconditioners that transposed solves keep and spaces that sequences recycle."""

from sciml.solvers.krylov.base import KrylovSolver
from sciml.solvers.krylov.conjugate_gradients import ConjugateGradients
from sciml.solvers.krylov.deep_conjugate_directions import DeepConjugateDirections
from sciml.solvers.krylov.deflated_cg import DeflatedConjugateGradients
from sciml.solvers.krylov.flexible_gmres import FlexibleGMRES
from sciml.solvers.krylov.gcrodr import GCRODR
from sciml.solvers.krylov.gmres import RestartedGMRES
from sciml.solvers.krylov.inner_solve import InnerSolve
from sciml.solvers.krylov.lanczos import RitzPairs, ritz_pairs
from sciml.solvers.krylov.low_precision import LowPrecision
from sciml.solvers.krylov.minres import MinimalResidual
from sciml.solvers.krylov.recycle_state import RecycleState
from sciml.solvers.krylov.sequence import SequenceSolution, solve_sequence
from sciml.solvers.krylov.sorting import greedy_order
from sciml.solvers.krylov.stationary import StationaryIteration

__all__ = [
    "GCRODR",
    "ConjugateGradients",
    "DeepConjugateDirections",
    "DeflatedConjugateGradients",
    "FlexibleGMRES",
    "InnerSolve",
    "KrylovSolver",
    "LowPrecision",
    "MinimalResidual",
    "RecycleState",
    "RestartedGMRES",
    "RitzPairs",
    "SequenceSolution",
    "StationaryIteration",
    "greedy_order",
    "ritz_pairs",
    "solve_sequence",
]
