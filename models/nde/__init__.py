"""Neural differential equations."""

from sciml.models.nde.control_network import ControlNetwork
from sciml.models.nde.fractional_sde import EvidenceBound, FractionalSDE
from sciml.models.nde.initial_state import FixedStart, GaussianStart
from sciml.models.nde.neural_ode import NeuralODE
from sciml.models.nde.regularised_solve import NeuralODESolution
from sciml.models.nde.trajectory_loss import TrajectoryLoss
from sciml.models.nde.vector_fields import DenseField, HybridField, SecondOrderField

__all__ = [
    "ControlNetwork",
    "DenseField",
    "EvidenceBound",
    "FixedStart",
    "FractionalSDE",
    "GaussianStart",
    "HybridField",
    "NeuralODE",
    "NeuralODESolution",
    "SecondOrderField",
    "TrajectoryLoss",
]
