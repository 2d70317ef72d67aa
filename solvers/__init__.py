"""How equations are solved: exponential, implicit-explicit and splitting methods behind a fixed-step door and a diffrax door."""

from typing import TYPE_CHECKING

if __name__ == "solvers":
    raise ImportError(
        "Import `sciml.solvers`: this folder is part of the sciml package, linked into it as `sciml/solvers`."
    )

from sciml._lazy import attach

if TYPE_CHECKING:
    from sciml.solvers.adaptive_streaming import solve_to_file as solve_to_file
    from sciml.solvers.diffrax_door import EvolutionTerm as EvolutionTerm
    from sciml.solvers.diffrax_door import ExponentialSolver as ExponentialSolver
    from sciml.solvers.diffrax_imex import SymbolRootFinder as SymbolRootFinder
    from sciml.solvers.diffrax_imex import split_terms as split_terms
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
    from sciml.solvers.forecast import Preflight as Preflight
    from sciml.solvers.forecast import preflight as preflight
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
    from sciml.solvers.steady import solve_steady as solve_steady
    from sciml.solvers.steady_solution import ConvergenceError as ConvergenceError
    from sciml.solvers.steady_solution import SteadyResult as SteadyResult
    from sciml.solvers.steady_solution import SteadySolution as SteadySolution
    from sciml.solvers.stepper import Stepper as Stepper
    from sciml.solvers.streaming import rollout_to_file as rollout_to_file

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "BandedJacobian": "sciml.solvers.rosenbrock",
        "ColouredJacobian": "sciml.solvers.rosenbrock",
        "DenseJacobian": "sciml.solvers.rosenbrock",
        "Rodas4": "sciml.solvers.rosenbrock",
        "Rodas5P": "sciml.solvers.rosenbrock",
        "sparsity_pattern": "sciml.solvers.rosenbrock",
        "ARS111": "sciml.solvers.imex",
        "ARS222": "sciml.solvers.imex",
        "ARS232": "sciml.solvers.imex",
        "ARS343": "sciml.solvers.imex",
        "ARS443": "sciml.solvers.imex",
        "CNAB2": "sciml.solvers.imex",
        "CNRK3": "sciml.solvers.imex",
        "CNRK4": "sciml.solvers.imex",
        "ConjugateGradients": "sciml.solvers.krylov",
        "Conservation": "sciml.solvers.invariants",
        "ConvergenceError": "sciml.solvers.steady_solution",
        "DeepConjugateDirections": "sciml.solvers.krylov",
        "DeflatedConjugateGradients": "sciml.solvers.krylov",
        "DivergenceError": "sciml.solvers.solution",
        "ETDRK1": "sciml.solvers.exponential",
        "ETDRK2": "sciml.solvers.exponential",
        "ETDRK3": "sciml.solvers.exponential",
        "ETDRK4": "sciml.solvers.exponential",
        "EllipticSolution": "sciml.solvers.multigrid",
        "EllipticSolver": "sciml.solvers.multigrid",
        "EvolutionTerm": "sciml.solvers.diffrax_door",
        "ExponentialMethod": "sciml.solvers.exponential",
        "ExponentialSolver": "sciml.solvers.diffrax_door",
        "FlexibleGMRES": "sciml.solvers.krylov",
        "GCRODR": "sciml.solvers.krylov",
        "IFRK4": "sciml.solvers.exponential",
        "InnerSolve": "sciml.solvers.krylov",
        "KrylovSolver": "sciml.solvers.krylov",
        "Lie": "sciml.solvers.splitting",
        "LowPrecision": "sciml.solvers.krylov",
        "Method": "sciml.solvers.method",
        "MinimalResidual": "sciml.solvers.krylov",
        "Multigrid": "sciml.solvers.multigrid",
        "MultigridPreconditioner": "sciml.solvers.multigrid",
        "Preflight": "sciml.solvers.forecast",
        "RecycleState": "sciml.solvers.krylov",
        "RestartedGMRES": "sciml.solvers.krylov",
        "Result": "sciml.solvers.solution",
        "RitzPairs": "sciml.solvers.krylov",
        "SBDF2": "sciml.solvers.imex",
        "SBDF3": "sciml.solvers.imex",
        "SIL3": "sciml.solvers.imex",
        "SequenceSolution": "sciml.solvers.krylov",
        "Solution": "sciml.solvers.solution",
        "StationaryIteration": "sciml.solvers.krylov",
        "SteadyResult": "sciml.solvers.steady_solution",
        "SteadySolution": "sciml.solvers.steady_solution",
        "StencilOperator": "sciml.solvers.multigrid",
        "StencilRates": "sciml.solvers.method_of_lines",
        "Stepper": "sciml.solvers.stepper",
        "Strang": "sciml.solvers.splitting",
        "StreamedRollout": "sciml.solvers.file_filling",
        "SymbolRootFinder": "sciml.solvers.diffrax_imex",
        "Yoshida4": "sciml.solvers.splitting",
        "greedy_order": "sciml.solvers.krylov",
        "measure_invariants": "sciml.solvers.invariants",
        "preflight": "sciml.solvers.forecast",
        "ritz_pairs": "sciml.solvers.krylov",
        "rollout": "sciml.solvers.fixed_step",
        "rollout_to_file": "sciml.solvers.streaming",
        "rollout_with": "sciml.solvers.fixed_step",
        "solve": "sciml.solvers.integrate",
        "solve_elliptic": "sciml.solvers.multigrid",
        "solve_helmholtz": "sciml.solvers.fast_poisson",
        "solve_indefinite_helmholtz": "sciml.solvers.multigrid",
        "solve_poisson": "sciml.solvers.fast_poisson",
        "solve_sequence": "sciml.solvers.krylov",
        "solve_steady": "sciml.solvers.steady",
        "solve_to_file": "sciml.solvers.adaptive_streaming",
        "split_terms": "sciml.solvers.diffrax_imex",
    },
)
