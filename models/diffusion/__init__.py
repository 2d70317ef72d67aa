"""Diffusions from data to noise and back: forward processes, scores, reverse-time equations, the Fokker-Planck residual.

Time is that of the noising process: data at `t = 0`, noise at the horizon. Flows between noise and data, whose time runs the other way
from 0 to 1, are in `sciml.models.flow`.
"""

from sciml.models.diffusion.denoising_loss import DenoisingLoss
from sciml.models.diffusion.fokker_planck import FokkerPlanckLoss, fokker_planck_residual
from sciml.models.diffusion.forward_process import ForwardProcess
from sciml.models.diffusion.ornstein_uhlenbeck import OrnsteinUhlenbeck
from sciml.models.diffusion.reverse_time import probability_flow, reverse_drift, sample_reverse
from sciml.models.diffusion.score_potential import ScorePotential
from sciml.models.diffusion.variance_exploding import VarianceExploding
from sciml.models.diffusion.variance_preserving import VariancePreserving

__all__ = [
    "DenoisingLoss",
    "FokkerPlanckLoss",
    "ForwardProcess",
    "OrnsteinUhlenbeck",
    "ScorePotential",
    "VarianceExploding",
    "VariancePreserving",
    "fokker_planck_residual",
    "probability_flow",
    "reverse_drift",
    "sample_reverse",
]
