"""How equations are solved: exponential integrators behind a fixed-step door and a diffrax door."""

from typing import TYPE_CHECKING

if __name__ == "solvers":
    raise ImportError(
        "Import `sciml.solvers`: this folder is part of the sciml package, linked into it as `sciml/solvers`."
    )

from sciml._lazy import attach

if TYPE_CHECKING:
    from sciml.solvers.diffrax_door import EvolutionTerm as EvolutionTerm
    from sciml.solvers.diffrax_door import ExponentialSolver as ExponentialSolver
    from sciml.solvers.exponential import ETDRK1 as ETDRK1
    from sciml.solvers.exponential import ETDRK2 as ETDRK2
    from sciml.solvers.exponential import ETDRK3 as ETDRK3
    from sciml.solvers.exponential import ETDRK4 as ETDRK4
    from sciml.solvers.exponential import IFRK4 as IFRK4
    from sciml.solvers.exponential import ExponentialMethod as ExponentialMethod
    from sciml.solvers.fast_poisson import solve_helmholtz as solve_helmholtz
    from sciml.solvers.fast_poisson import solve_poisson as solve_poisson
    from sciml.solvers.fixed_step import rollout as rollout
    from sciml.solvers.fixed_step import rollout_with as rollout_with
    from sciml.solvers.integrate import solve as solve
    from sciml.solvers.solution import DivergenceError as DivergenceError
    from sciml.solvers.solution import Result as Result
    from sciml.solvers.solution import Solution as Solution
    from sciml.solvers.stepper import Stepper as Stepper

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "DivergenceError": "sciml.solvers.solution",
        "ETDRK1": "sciml.solvers.exponential",
        "ETDRK2": "sciml.solvers.exponential",
        "ETDRK3": "sciml.solvers.exponential",
        "ETDRK4": "sciml.solvers.exponential",
        "EvolutionTerm": "sciml.solvers.diffrax_door",
        "ExponentialMethod": "sciml.solvers.exponential",
        "ExponentialSolver": "sciml.solvers.diffrax_door",
        "IFRK4": "sciml.solvers.exponential",
        "Result": "sciml.solvers.solution",
        "Solution": "sciml.solvers.solution",
        "Stepper": "sciml.solvers.stepper",
        "rollout": "sciml.solvers.fixed_step",
        "rollout_with": "sciml.solvers.fixed_step",
        "solve": "sciml.solvers.integrate",
        "solve_helmholtz": "sciml.solvers.fast_poisson",
        "solve_poisson": "sciml.solvers.fast_poisson",
    },
)
