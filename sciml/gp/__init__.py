"""Gaussian processes: one object, solvers by structure, likelihoods, differential equations."""

from typing import TYPE_CHECKING

from sciml._lazy import attach

if TYPE_CHECKING:
    from sciml.gp.covariance_solver import CovarianceSolver as CovarianceSolver
    from sciml.gp.covariance_solver import Factorisation as Factorisation
    from sciml.gp.process import GP as GP
    from sciml.gp.process import Posterior as Posterior
    from sciml.gp.dense import Dense as Dense
    from sciml.gp.functional import Functional as Functional
    from sciml.gp.functional import Functionals as Functionals
    from sciml.gp.student_t import StudentTProcess as StudentTProcess
    from sciml.gp.choice import choose_solver as choose_solver
    from sciml.gp.state_space import StateSpaceSolver as StateSpaceSolver
    from sciml.gp.kronecker import Kronecker as Kronecker
    from sciml.gp.toeplitz import Toeplitz as Toeplitz
    from sciml.gp.inducing_points import InducingPoints as InducingPoints
    from sciml.gp.feature_space import FeatureSpace as FeatureSpace
    from sciml.gp.iterative import Iterative as Iterative

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "CovarianceSolver": "sciml.gp.covariance_solver",
        "Dense": "sciml.gp.dense",
        "Factorisation": "sciml.gp.covariance_solver",
        "FeatureSpace": "sciml.gp.feature_space",
        "Functional": "sciml.gp.functional",
        "Functionals": "sciml.gp.functional",
        "GP": "sciml.gp.process",
        "InducingPoints": "sciml.gp.inducing_points",
        "Iterative": "sciml.gp.iterative",
        "Kronecker": "sciml.gp.kronecker",
        "Posterior": "sciml.gp.process",
        "StateSpaceSolver": "sciml.gp.state_space",
        "StudentTProcess": "sciml.gp.student_t",
        "Toeplitz": "sciml.gp.toeplitz",
        "choose_solver": "sciml.gp.choice",
    },
)
