"""Equations read off a learned vector field: sparse regression, evolution of expressions, constants tuned through the solve."""

from sciml.models.symbolic.elimination import eliminate_least_squares
from sciml.models.symbolic.evolution import Candidate, choose_candidate, evolve_expressions, evolve_field
from sciml.models.symbolic.expression import ExpressionField, expression_text
from sciml.models.symbolic.fine_tuning import tune_constants
from sciml.models.symbolic.function_library import FunctionLibrary
from sciml.models.symbolic.sparse_field import SparseField, fit_sparse_field, threshold_least_squares

__all__ = [
    "Candidate",
    "ExpressionField",
    "FunctionLibrary",
    "SparseField",
    "choose_candidate",
    "eliminate_least_squares",
    "evolve_expressions",
    "evolve_field",
    "expression_text",
    "fit_sparse_field",
    "threshold_least_squares",
    "tune_constants",
]
