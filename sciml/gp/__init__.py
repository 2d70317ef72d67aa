"""Gaussian processes: one object, solvers by structure, likelihoods, differential equations."""

from typing import TYPE_CHECKING

from sciml._lazy import attach

if TYPE_CHECKING:
    from sciml.gp.covariance_solver import CovarianceSolver as CovarianceSolver
    from sciml.gp.covariance_solver import Factorisation as Factorisation

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "CovarianceSolver": "sciml.gp.covariance_solver",
        "Factorisation": "sciml.gp.covariance_solver",
    },
)
