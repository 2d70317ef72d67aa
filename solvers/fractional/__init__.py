"""Fractional noise: exact paths, Markov approximations with a learnable Hurst index, and drivers for diffrax."""

from sciml.solvers.fractional.augmented_terms import FractionalState, fractional_state, fractional_terms
from sciml.solvers.fractional.exact_covariance import fbm_covariance
from sciml.solvers.fractional.exact_sampling import sample_fbm, sample_fgn
from sciml.solvers.fractional.exponential_steps import (
    ExponentialHeun,
    FractionalPath,
    FractionalTerm,
    solve_fractional,
)
from sciml.solvers.fractional.fractional_ornstein_uhlenbeck import fou_covariance
from sciml.solvers.fractional.gaussian_process import condition, gaussian_log_likelihood, markov_fou_covariance
from sciml.solvers.fractional.markov_fbm import MarkovFBM
from sciml.solvers.fractional.mixing_weights import approximation_error, optimal_weights
from sciml.solvers.fractional.rate_grid import gamma_grid
from sciml.solvers.fractional.riemann_sum import riemann_weights
from sciml.solvers.fractional.rough_bergomi import RoughBergomi
from sciml.solvers.fractional.rough_volterra import VolterraTerm, solve_rough_volterra
from sciml.solvers.fractional.sampled_path import SampledPath

__all__ = [
    "ExponentialHeun",
    "FractionalPath",
    "FractionalState",
    "FractionalTerm",
    "MarkovFBM",
    "RoughBergomi",
    "SampledPath",
    "VolterraTerm",
    "approximation_error",
    "condition",
    "fbm_covariance",
    "fou_covariance",
    "fractional_state",
    "fractional_terms",
    "gamma_grid",
    "gaussian_log_likelihood",
    "markov_fou_covariance",
    "optimal_weights",
    "riemann_weights",
    "sample_fbm",
    "sample_fgn",
    "solve_fractional",
    "solve_rough_volterra",
]
