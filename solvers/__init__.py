"""How equations are solved: exponential, implicit-explicit and splitting methods behind a fixed-step door and a diffrax door."""

from typing import TYPE_CHECKING

if __name__ == "solvers":
    raise ImportError(
        "Import `sciml.solvers`: this folder is part of the sciml package, linked into it as `sciml/solvers`."
    )

from sciml._lazy import attach

if TYPE_CHECKING:
    from sciml.solvers.adaptive_streaming import solve_to_file as solve_to_file
    from sciml.solvers.adjoints import CoupledSolver as CoupledSolver
    from sciml.solvers.adjoints import GradientEstimate as GradientEstimate
    from sciml.solvers.adjoints import GradientStrategy as GradientStrategy
    from sciml.solvers.adjoints import ReversibleAdjoint as ReversibleAdjoint
    from sciml.solvers.adjoints import ReversibleSolution as ReversibleSolution
    from sciml.solvers.adjoints import choose_gradient as choose_gradient
    from sciml.solvers.adjoints import solve_reversible as solve_reversible
    from sciml.solvers.anderson import AndersonAcceleration as AndersonAcceleration
    from sciml.solvers.diffrax_door import EvolutionTerm as EvolutionTerm
    from sciml.solvers.diffrax_door import ExponentialSolver as ExponentialSolver
    from sciml.solvers.diffrax_imex import SymbolRootFinder as SymbolRootFinder
    from sciml.solvers.diffrax_imex import split_terms as split_terms
    from sciml.solvers.evaluations import count_nfe as count_nfe
    from sciml.solvers.exponential import ETDRK1 as ETDRK1
    from sciml.solvers.exponential import ETDRK2 as ETDRK2
    from sciml.solvers.exponential import ETDRK3 as ETDRK3
    from sciml.solvers.exponential import ETDRK4 as ETDRK4
    from sciml.solvers.exponential import IFRK4 as IFRK4
    from sciml.solvers.exponential import ExponentialMethod as ExponentialMethod
    from sciml.solvers.fast_poisson import solve_helmholtz as solve_helmholtz
    from sciml.solvers.fast_poisson import solve_poisson as solve_poisson
    from sciml.solvers.file_filling import StreamedRollout as StreamedRollout
    from sciml.solvers.fixed_step import rollout as rollout
    from sciml.solvers.fixed_step import rollout_with as rollout_with
    from sciml.solvers.fixed_times import solve_on_times as solve_on_times
    from sciml.solvers.forecast import Preflight as Preflight
    from sciml.solvers.forecast import preflight as preflight
    from sciml.solvers.fractional import ExponentialHeun as ExponentialHeun
    from sciml.solvers.fractional import FractionalPath as FractionalPath
    from sciml.solvers.fractional import FractionalState as FractionalState
    from sciml.solvers.fractional import FractionalTerm as FractionalTerm
    from sciml.solvers.fractional import MarkovFBM as MarkovFBM
    from sciml.solvers.fractional import RoughBergomi as RoughBergomi
    from sciml.solvers.fractional import SampledPath as SampledPath
    from sciml.solvers.fractional import VolterraTerm as VolterraTerm
    from sciml.solvers.fractional import approximation_error as approximation_error
    from sciml.solvers.fractional import fbm_covariance as fbm_covariance
    from sciml.solvers.fractional import fou_covariance as fou_covariance
    from sciml.solvers.fractional import fractional_state as fractional_state
    from sciml.solvers.fractional import fractional_terms as fractional_terms
    from sciml.solvers.fractional import gamma_grid as gamma_grid
    from sciml.solvers.fractional import markov_fou_covariance as markov_fou_covariance
    from sciml.solvers.fractional import optimal_weights as optimal_weights
    from sciml.solvers.fractional import riemann_weights as riemann_weights
    from sciml.solvers.fractional import sample_fbm as sample_fbm
    from sciml.solvers.fractional import sample_fgn as sample_fgn
    from sciml.solvers.fractional import solve_fractional as solve_fractional
    from sciml.solvers.fractional import solve_rough_volterra as solve_rough_volterra
    from sciml.solvers.gaussian_process.collocation import GPSolution as GPSolution
    from sciml.solvers.gaussian_process.collocation import solve_by_gp as solve_by_gp
    from sciml.solvers.gaussian_process.joint_density import GridProcess as GridProcess
    from sciml.solvers.gaussian_process.joint_density import JointDensityLoss as JointDensityLoss
    from sciml.solvers.gaussian_process.lattice import LatticeSolution as LatticeSolution
    from sciml.solvers.gaussian_process.lattice import solve_on_lattice as solve_on_lattice
    from sciml.solvers.imex import ARS111 as ARS111
    from sciml.solvers.imex import ARS222 as ARS222
    from sciml.solvers.imex import ARS232 as ARS232
    from sciml.solvers.imex import ARS343 as ARS343
    from sciml.solvers.imex import ARS443 as ARS443
    from sciml.solvers.imex import CNAB2 as CNAB2
    from sciml.solvers.imex import CNRK3 as CNRK3
    from sciml.solvers.imex import CNRK4 as CNRK4
    from sciml.solvers.imex import SBDF2 as SBDF2
    from sciml.solvers.imex import SBDF3 as SBDF3
    from sciml.solvers.imex import SIL3 as SIL3
    from sciml.solvers.integrate import solve as solve
    from sciml.solvers.invariants import Conservation as Conservation
    from sciml.solvers.invariants import measure_invariants as measure_invariants
    from sciml.solvers.jumps import Jump as Jump
    from sciml.solvers.jumps import JumpSolution as JumpSolution
    from sciml.solvers.jumps import solve_with_jumps as solve_with_jumps
    from sciml.solvers.krylov import GCRODR as GCRODR
    from sciml.solvers.krylov import ConjugateGradients as ConjugateGradients
    from sciml.solvers.krylov import DeepConjugateDirections as DeepConjugateDirections
    from sciml.solvers.krylov import DeflatedConjugateGradients as DeflatedConjugateGradients
    from sciml.solvers.krylov import FlexibleGMRES as FlexibleGMRES
    from sciml.solvers.krylov import InnerSolve as InnerSolve
    from sciml.solvers.krylov import KrylovSolver as KrylovSolver
    from sciml.solvers.krylov import LowPrecision as LowPrecision
    from sciml.solvers.krylov import MinimalResidual as MinimalResidual
    from sciml.solvers.krylov import RecycleState as RecycleState
    from sciml.solvers.krylov import RestartedGMRES as RestartedGMRES
    from sciml.solvers.krylov import RitzPairs as RitzPairs
    from sciml.solvers.krylov import SequenceSolution as SequenceSolution
    from sciml.solvers.krylov import StationaryIteration as StationaryIteration
    from sciml.solvers.krylov import greedy_order as greedy_order
    from sciml.solvers.krylov import ritz_pairs as ritz_pairs
    from sciml.solvers.krylov import solve_sequence as solve_sequence
    from sciml.solvers.method import Method as Method
    from sciml.solvers.method_of_lines import StencilRates as StencilRates
    from sciml.solvers.multigrid import EllipticSolution as EllipticSolution
    from sciml.solvers.multigrid import EllipticSolver as EllipticSolver
    from sciml.solvers.multigrid import Multigrid as Multigrid
    from sciml.solvers.multigrid import MultigridPreconditioner as MultigridPreconditioner
    from sciml.solvers.multigrid import StencilOperator as StencilOperator
    from sciml.solvers.multigrid import solve_elliptic as solve_elliptic
    from sciml.solvers.multigrid import solve_indefinite_helmholtz as solve_indefinite_helmholtz
    from sciml.solvers.regularisers import kinetic_jacobian_regulariser as kinetic_jacobian_regulariser
    from sciml.solvers.regularisers import local_regulariser as local_regulariser
    from sciml.solvers.regularisers import random_step as random_step
    from sciml.solvers.regularisers import random_time as random_time
    from sciml.solvers.regularisers import steer_end_time as steer_end_time
    from sciml.solvers.regularisers import taylor_regulariser as taylor_regulariser
    from sciml.solvers.regularisers import with_running_cost as with_running_cost
    from sciml.solvers.rosenbrock import BandedJacobian as BandedJacobian
    from sciml.solvers.rosenbrock import ColouredJacobian as ColouredJacobian
    from sciml.solvers.rosenbrock import DenseJacobian as DenseJacobian
    from sciml.solvers.rosenbrock import Rodas4 as Rodas4
    from sciml.solvers.rosenbrock import Rodas5P as Rodas5P
    from sciml.solvers.rosenbrock import sparsity_pattern as sparsity_pattern
    from sciml.solvers.solution import DivergenceError as DivergenceError
    from sciml.solvers.solution import Result as Result
    from sciml.solvers.solution import Solution as Solution
    from sciml.solvers.splitting import Lie as Lie
    from sciml.solvers.splitting import Strang as Strang
    from sciml.solvers.splitting import Yoshida4 as Yoshida4
    from sciml.solvers.statistics import RecordStatistics as RecordStatistics
    from sciml.solvers.statistics import SolverStatistics as SolverStatistics
    from sciml.solvers.statistics import StatisticsSolution as StatisticsSolution
    from sciml.solvers.statistics import StepStatistics as StepStatistics
    from sciml.solvers.statistics import recording_controller as recording_controller
    from sciml.solvers.statistics import recording_terms as recording_terms
    from sciml.solvers.statistics import solve_with_statistics as solve_with_statistics
    from sciml.solvers.statistics import step_statistics as step_statistics
    from sciml.solvers.steady import solve_steady as solve_steady
    from sciml.solvers.steady_solution import ConvergenceError as ConvergenceError
    from sciml.solvers.steady_solution import SteadyResult as SteadyResult
    from sciml.solvers.steady_solution import SteadySolution as SteadySolution
    from sciml.solvers.stepper import Stepper as Stepper
    from sciml.solvers.stochastic import EulerMaruyama as EulerMaruyama
    from sciml.solvers.stochastic import Milstein as Milstein
    from sciml.solvers.stochastic import ReversibleHeun as ReversibleHeun
    from sciml.solvers.stochastic import StochasticMethod as StochasticMethod
    from sciml.solvers.stochastic import StochasticPath as StochasticPath
    from sciml.solvers.stochastic import StratonovichHeun as StratonovichHeun
    from sciml.solvers.stochastic import brownian_increments as brownian_increments
    from sciml.solvers.stochastic import brownian_tree_values as brownian_tree_values
    from sciml.solvers.stochastic import divergence_rate as divergence_rate
    from sciml.solvers.stochastic import ito_to_stratonovich as ito_to_stratonovich
    from sciml.solvers.stochastic import path_divergence as path_divergence
    from sciml.solvers.stochastic import solve_sde as solve_sde
    from sciml.solvers.stochastic import stratonovich_to_ito as stratonovich_to_ito
    from sciml.solvers.stochastic import with_divergence as with_divergence
    from sciml.solvers.streaming import rollout_to_file as rollout_to_file
    from sciml.solvers.symplectic import SymplecticYoshida4 as SymplecticYoshida4
    from sciml.solvers.symplectic import SymplecticYoshida6 as SymplecticYoshida6
    from sciml.solvers.symplectic import SymplecticYoshida8 as SymplecticYoshida8
    from sciml.solvers.symplectic import Verlet as Verlet
    from sciml.solvers.taylor import MidpointReuse as MidpointReuse
    from sciml.solvers.taylor import Taylor as Taylor

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "ARS111": "sciml.solvers.imex",
        "ARS222": "sciml.solvers.imex",
        "ARS232": "sciml.solvers.imex",
        "ARS343": "sciml.solvers.imex",
        "ARS443": "sciml.solvers.imex",
        "AndersonAcceleration": "sciml.solvers.anderson",
        "BandedJacobian": "sciml.solvers.rosenbrock",
        "CNAB2": "sciml.solvers.imex",
        "CNRK3": "sciml.solvers.imex",
        "CNRK4": "sciml.solvers.imex",
        "ColouredJacobian": "sciml.solvers.rosenbrock",
        "ConjugateGradients": "sciml.solvers.krylov",
        "Conservation": "sciml.solvers.invariants",
        "ConvergenceError": "sciml.solvers.steady_solution",
        "CoupledSolver": "sciml.solvers.adjoints",
        "DeepConjugateDirections": "sciml.solvers.krylov",
        "DeflatedConjugateGradients": "sciml.solvers.krylov",
        "DenseJacobian": "sciml.solvers.rosenbrock",
        "DivergenceError": "sciml.solvers.solution",
        "ETDRK1": "sciml.solvers.exponential",
        "ETDRK2": "sciml.solvers.exponential",
        "ETDRK3": "sciml.solvers.exponential",
        "ETDRK4": "sciml.solvers.exponential",
        "EllipticSolution": "sciml.solvers.multigrid",
        "EllipticSolver": "sciml.solvers.multigrid",
        "EulerMaruyama": "sciml.solvers.stochastic",
        "EvolutionTerm": "sciml.solvers.diffrax_door",
        "ExponentialHeun": "sciml.solvers.fractional",
        "ExponentialMethod": "sciml.solvers.exponential",
        "ExponentialSolver": "sciml.solvers.diffrax_door",
        "FlexibleGMRES": "sciml.solvers.krylov",
        "FractionalPath": "sciml.solvers.fractional",
        "FractionalState": "sciml.solvers.fractional",
        "FractionalTerm": "sciml.solvers.fractional",
        "GCRODR": "sciml.solvers.krylov",
        "GPSolution": "sciml.solvers.gaussian_process.collocation",
        "GradientEstimate": "sciml.solvers.adjoints",
        "GradientStrategy": "sciml.solvers.adjoints",
        "GridProcess": "sciml.solvers.gaussian_process.joint_density",
        "IFRK4": "sciml.solvers.exponential",
        "InnerSolve": "sciml.solvers.krylov",
        "JointDensityLoss": "sciml.solvers.gaussian_process.joint_density",
        "Jump": "sciml.solvers.jumps",
        "JumpSolution": "sciml.solvers.jumps",
        "KrylovSolver": "sciml.solvers.krylov",
        "LatticeSolution": "sciml.solvers.gaussian_process.lattice",
        "Lie": "sciml.solvers.splitting",
        "LowPrecision": "sciml.solvers.krylov",
        "MarkovFBM": "sciml.solvers.fractional",
        "Method": "sciml.solvers.method",
        "MidpointReuse": "sciml.solvers.taylor",
        "Milstein": "sciml.solvers.stochastic",
        "MinimalResidual": "sciml.solvers.krylov",
        "Multigrid": "sciml.solvers.multigrid",
        "MultigridPreconditioner": "sciml.solvers.multigrid",
        "Preflight": "sciml.solvers.forecast",
        "RecordStatistics": "sciml.solvers.statistics",
        "RecycleState": "sciml.solvers.krylov",
        "RestartedGMRES": "sciml.solvers.krylov",
        "Result": "sciml.solvers.solution",
        "ReversibleAdjoint": "sciml.solvers.adjoints",
        "ReversibleHeun": "sciml.solvers.stochastic",
        "ReversibleSolution": "sciml.solvers.adjoints",
        "RitzPairs": "sciml.solvers.krylov",
        "Rodas4": "sciml.solvers.rosenbrock",
        "Rodas5P": "sciml.solvers.rosenbrock",
        "RoughBergomi": "sciml.solvers.fractional",
        "SBDF2": "sciml.solvers.imex",
        "SBDF3": "sciml.solvers.imex",
        "SIL3": "sciml.solvers.imex",
        "SampledPath": "sciml.solvers.fractional",
        "SequenceSolution": "sciml.solvers.krylov",
        "Solution": "sciml.solvers.solution",
        "SolverStatistics": "sciml.solvers.statistics",
        "StationaryIteration": "sciml.solvers.krylov",
        "StatisticsSolution": "sciml.solvers.statistics",
        "SteadyResult": "sciml.solvers.steady_solution",
        "SteadySolution": "sciml.solvers.steady_solution",
        "StencilOperator": "sciml.solvers.multigrid",
        "StencilRates": "sciml.solvers.method_of_lines",
        "StepStatistics": "sciml.solvers.statistics",
        "Stepper": "sciml.solvers.stepper",
        "StochasticMethod": "sciml.solvers.stochastic",
        "StochasticPath": "sciml.solvers.stochastic",
        "Strang": "sciml.solvers.splitting",
        "StratonovichHeun": "sciml.solvers.stochastic",
        "StreamedRollout": "sciml.solvers.file_filling",
        "SymbolRootFinder": "sciml.solvers.diffrax_imex",
        "SymplecticYoshida4": "sciml.solvers.symplectic",
        "SymplecticYoshida6": "sciml.solvers.symplectic",
        "SymplecticYoshida8": "sciml.solvers.symplectic",
        "Taylor": "sciml.solvers.taylor",
        "Verlet": "sciml.solvers.symplectic",
        "VolterraTerm": "sciml.solvers.fractional",
        "Yoshida4": "sciml.solvers.splitting",
        "approximation_error": "sciml.solvers.fractional",
        "brownian_increments": "sciml.solvers.stochastic",
        "brownian_tree_values": "sciml.solvers.stochastic",
        "choose_gradient": "sciml.solvers.adjoints",
        "count_nfe": "sciml.solvers.evaluations",
        "divergence_rate": "sciml.solvers.stochastic",
        "fbm_covariance": "sciml.solvers.fractional",
        "fou_covariance": "sciml.solvers.fractional",
        "fractional_state": "sciml.solvers.fractional",
        "fractional_terms": "sciml.solvers.fractional",
        "gamma_grid": "sciml.solvers.fractional",
        "greedy_order": "sciml.solvers.krylov",
        "ito_to_stratonovich": "sciml.solvers.stochastic",
        "kinetic_jacobian_regulariser": "sciml.solvers.regularisers",
        "local_regulariser": "sciml.solvers.regularisers",
        "markov_fou_covariance": "sciml.solvers.fractional",
        "measure_invariants": "sciml.solvers.invariants",
        "optimal_weights": "sciml.solvers.fractional",
        "path_divergence": "sciml.solvers.stochastic",
        "preflight": "sciml.solvers.forecast",
        "random_step": "sciml.solvers.regularisers",
        "random_time": "sciml.solvers.regularisers",
        "recording_controller": "sciml.solvers.statistics",
        "recording_terms": "sciml.solvers.statistics",
        "riemann_weights": "sciml.solvers.fractional",
        "ritz_pairs": "sciml.solvers.krylov",
        "rollout": "sciml.solvers.fixed_step",
        "rollout_to_file": "sciml.solvers.streaming",
        "rollout_with": "sciml.solvers.fixed_step",
        "sample_fbm": "sciml.solvers.fractional",
        "sample_fgn": "sciml.solvers.fractional",
        "solve": "sciml.solvers.integrate",
        "solve_by_gp": "sciml.solvers.gaussian_process.collocation",
        "solve_elliptic": "sciml.solvers.multigrid",
        "solve_fractional": "sciml.solvers.fractional",
        "solve_helmholtz": "sciml.solvers.fast_poisson",
        "solve_indefinite_helmholtz": "sciml.solvers.multigrid",
        "solve_on_lattice": "sciml.solvers.gaussian_process.lattice",
        "solve_on_times": "sciml.solvers.fixed_times",
        "solve_poisson": "sciml.solvers.fast_poisson",
        "solve_reversible": "sciml.solvers.adjoints",
        "solve_rough_volterra": "sciml.solvers.fractional",
        "solve_sde": "sciml.solvers.stochastic",
        "solve_sequence": "sciml.solvers.krylov",
        "solve_steady": "sciml.solvers.steady",
        "solve_to_file": "sciml.solvers.adaptive_streaming",
        "solve_with_jumps": "sciml.solvers.jumps",
        "solve_with_statistics": "sciml.solvers.statistics",
        "sparsity_pattern": "sciml.solvers.rosenbrock",
        "split_terms": "sciml.solvers.diffrax_imex",
        "steer_end_time": "sciml.solvers.regularisers",
        "step_statistics": "sciml.solvers.statistics",
        "stratonovich_to_ito": "sciml.solvers.stochastic",
        "taylor_regulariser": "sciml.solvers.regularisers",
        "with_divergence": "sciml.solvers.stochastic",
        "with_running_cost": "sciml.solvers.regularisers",
    },
)
