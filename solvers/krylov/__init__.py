"""Krylov methods as lineax solvers, with preconditioners that transposed solves keep and spaces that sequences recycle."""

from sciml.solvers.krylov.conjugate_gradients import ConjugateGradients
from sciml.solvers.krylov.low_precision import LowPrecision

__all__ = ["ConjugateGradients", "LowPrecision"]
