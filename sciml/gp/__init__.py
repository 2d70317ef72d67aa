"""Gaussian processes: one object, solvers by structure, likelihoods, differential equations."""

from typing import TYPE_CHECKING

from sciml._lazy import attach

if TYPE_CHECKING:
    from sciml.gp.choice import choose_solver as choose_solver
    from sciml.gp.covariance_solver import CovarianceSolver as CovarianceSolver
    from sciml.gp.covariance_solver import Factorisation as Factorisation
    from sciml.gp.dense import Dense as Dense
    from sciml.gp.feature_space import FeatureSpace as FeatureSpace
    from sciml.gp.functional import Functional as Functional
    from sciml.gp.functional import Functionals as Functionals
    from sciml.gp.given import log_prob_given as log_prob_given
    from sciml.gp.inducing_points import InducingPoints as InducingPoints
    from sciml.gp.iterative import Iterative as Iterative
    from sciml.gp.kronecker import Kronecker as Kronecker
    from sciml.gp.laplace import LatentGP as LatentGP
    from sciml.gp.likelihoods.bernoulli import Bernoulli as Bernoulli
    from sciml.gp.likelihoods.gaussian import GaussianLikelihood as GaussianLikelihood
    from sciml.gp.likelihoods.likelihood import Likelihood as Likelihood
    from sciml.gp.likelihoods.poisson import PoissonLikelihood as PoissonLikelihood
    from sciml.gp.likelihoods.student_t import StudentTLikelihood as StudentTLikelihood
    from sciml.gp.likelihoods.tobit import Tobit as Tobit
    from sciml.gp.process import GP as GP
    from sciml.gp.process import Posterior as Posterior
    from sciml.gp.state_space import StateSpaceSolver as StateSpaceSolver
    from sciml.gp.student_t import StudentTProcess as StudentTProcess
    from sciml.gp.svgp import SVGP as SVGP
    from sciml.gp.svgp import SVGPLoss as SVGPLoss
    from sciml.gp.toeplitz import Toeplitz as Toeplitz

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Bernoulli": "sciml.gp.likelihoods.bernoulli",
        "CovarianceSolver": "sciml.gp.covariance_solver",
        "Dense": "sciml.gp.dense",
        "Factorisation": "sciml.gp.covariance_solver",
        "FeatureSpace": "sciml.gp.feature_space",
        "Functional": "sciml.gp.functional",
        "Functionals": "sciml.gp.functional",
        "GP": "sciml.gp.process",
        "GaussianLikelihood": "sciml.gp.likelihoods.gaussian",
        "InducingPoints": "sciml.gp.inducing_points",
        "Iterative": "sciml.gp.iterative",
        "Kronecker": "sciml.gp.kronecker",
        "LatentGP": "sciml.gp.laplace",
        "Likelihood": "sciml.gp.likelihoods.likelihood",
        "PoissonLikelihood": "sciml.gp.likelihoods.poisson",
        "Posterior": "sciml.gp.process",
        "SVGP": "sciml.gp.svgp",
        "SVGPLoss": "sciml.gp.svgp",
        "StateSpaceSolver": "sciml.gp.state_space",
        "StudentTLikelihood": "sciml.gp.likelihoods.student_t",
        "StudentTProcess": "sciml.gp.student_t",
        "Tobit": "sciml.gp.likelihoods.tobit",
        "Toeplitz": "sciml.gp.toeplitz",
        "choose_solver": "sciml.gp.choice",
        "log_prob_given": "sciml.gp.given",
    },
)
