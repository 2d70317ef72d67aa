"""Networks inside linear solvers, and how they are trained."""

from sciml.models.linear_solvers.direction_cnn import DirectionCNN
from sciml.models.linear_solvers.direction_loss import DirectionLoss
from sciml.models.linear_solvers.mode_mixtures import ritz_mixtures, sine_mixtures

__all__ = ["DirectionCNN", "DirectionLoss", "ritz_mixtures", "sine_mixtures"]
