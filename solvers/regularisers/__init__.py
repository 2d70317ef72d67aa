"""What to add to a loss so that the learned equation is cheap to solve."""

from sciml.solvers.regularisers.kinetic_jacobian import kinetic_jacobian_regulariser
from sciml.solvers.regularisers.local import local_regulariser, random_step, random_time
from sciml.solvers.regularisers.running_cost import with_running_cost
from sciml.solvers.regularisers.steer import steer_end_time
from sciml.solvers.regularisers.taylor import taylor_regulariser

__all__ = [
    "kinetic_jacobian_regulariser",
    "local_regulariser",
    "random_step",
    "random_time",
    "steer_end_time",
    "taylor_regulariser",
    "with_running_cost",
]
