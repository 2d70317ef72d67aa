"""Taylor methods, and midpoint methods that stand for them, as diffrax solvers."""

from sciml.solvers.taylor.midpoint_reuse import MidpointReuse
from sciml.solvers.taylor.solution_derivatives import solution_derivatives
from sciml.solvers.taylor.taylor import Taylor

__all__ = ["MidpointReuse", "Taylor", "solution_derivatives"]
