"""Stochastic equations with fixed steps and noise drawn beforehand; conversion of the calculus; divergence along a path."""

from sciml.solvers.stochastic.brownian_increments import brownian_increments
from sciml.solvers.stochastic.brownian_tree import brownian_tree_values
from sciml.solvers.stochastic.drift_conversion import ito_to_stratonovich, stratonovich_to_ito
from sciml.solvers.stochastic.euler_maruyama import EulerMaruyama
from sciml.solvers.stochastic.method import StochasticMethod
from sciml.solvers.stochastic.milstein import Milstein
from sciml.solvers.stochastic.path_divergence import divergence_rate, path_divergence, with_divergence
from sciml.solvers.stochastic.reversible_heun import ReversibleHeun
from sciml.solvers.stochastic.solve import StochasticPath, solve_sde
from sciml.solvers.stochastic.stratonovich_heun import StratonovichHeun

__all__ = [
    "EulerMaruyama",
    "Milstein",
    "ReversibleHeun",
    "StochasticMethod",
    "StochasticPath",
    "StratonovichHeun",
    "brownian_increments",
    "brownian_tree_values",
    "divergence_rate",
    "ito_to_stratonovich",
    "path_divergence",
    "solve_sde",
    "stratonovich_to_ito",
    "with_divergence",
]
