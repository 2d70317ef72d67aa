"""Diffusions from data to noise and back: forward processes, scores, reverse-time equations, the Fokker-Planck residual.

Time is that of the noising process: data at `t = 0`, noise at the horizon. Flows between noise and data, whose time runs the other way
from 0 to 1, are in `sciml.models.flow`.
"""

from sciml.models.diffusion.anchored_potential import AnchoredPotential
from sciml.models.diffusion.brownian_motion import BrownianMotion
from sciml.models.diffusion.dale_langevin import sample_dale_langevin
from sciml.models.diffusion.denoiser_score import DenoiserScore
from sciml.models.diffusion.denoising_loss import DenoisingLoss
from sciml.models.diffusion.fokker_planck import FokkerPlanckLoss, fokker_planck_residual
from sciml.models.diffusion.forward_process import ForwardProcess
from sciml.models.diffusion.geometric_brownian import GeometricBrownian
from sciml.models.diffusion.implicit_loss import ImplicitScoreLoss
from sciml.models.diffusion.linear_process import LinearProcess
from sciml.models.diffusion.multiplicative_score import MultiplicativeScore
from sciml.models.diffusion.ornstein_uhlenbeck import OrnsteinUhlenbeck
from sciml.models.diffusion.reverse_time import probability_flow, reverse_drift, sample_reverse
from sciml.models.diffusion.score_potential import ScorePotential
from sciml.models.diffusion.variance_exploding import VarianceExploding
from sciml.models.diffusion.variance_preserving import VariancePreserving

__all__ = [
    "AnchoredPotential",
    "BrownianMotion",
    "DenoiserScore",
    "DenoisingLoss",
    "FokkerPlanckLoss",
    "ForwardProcess",
    "GeometricBrownian",
    "ImplicitScoreLoss",
    "LinearProcess",
    "MultiplicativeScore",
    "OrnsteinUhlenbeck",
    "ScorePotential",
    "VarianceExploding",
    "VariancePreserving",
    "fokker_planck_residual",
    "probability_flow",
    "reverse_drift",
    "sample_dale_langevin",
    "sample_reverse",
]
