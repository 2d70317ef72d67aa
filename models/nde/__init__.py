"""Neural differential equations."""

from sciml.models.nde.cde_discriminator import CDEDiscriminator
from sciml.models.nde.continuous_flow import ContinuousFlow, flow_loss
from sciml.models.nde.control_network import ControlNetwork
from sciml.models.nde.cross_entropy import classification_loss
from sciml.models.nde.diffusion_field import BoundedField, PositiveField
from sciml.models.nde.encoder import EncodedStart, TrajectoryEncoder
from sciml.models.nde.fractional_sde import EvidenceBound, FractionalSDE
from sciml.models.nde.initial_state import FixedStart, GaussianStart
from sciml.models.nde.latent_ode import LatentODE, LatentODELoss
from sciml.models.nde.latent_sde import LatentPath, LatentSDE
from sciml.models.nde.latent_sde_loss import LatentSDELoss, ObservedLatentSDE
from sciml.models.nde.log_ode import path_areas, solve_log_ode
from sciml.models.nde.neural_cde import NeuralCDE
from sciml.models.nde.neural_ode import NeuralODE
from sciml.models.nde.neural_sde import NeuralSDE
from sciml.models.nde.regularised_solve import NeuralODESolution
from sciml.models.nde.sde_gan import SDEGAN, GANLoss, gan_optimizer
from sciml.models.nde.sde_generator import SDEGenerator
from sciml.models.nde.signature_loss import SignatureLoss
from sciml.models.nde.trajectory_loss import TrajectoryLoss
from sciml.models.nde.vector_fields import DenseField, HybridField, SecondOrderField

__all__ = [
    "SDEGAN",
    "BoundedField",
    "CDEDiscriminator",
    "ContinuousFlow",
    "ControlNetwork",
    "DenseField",
    "EncodedStart",
    "EvidenceBound",
    "FixedStart",
    "FractionalSDE",
    "GANLoss",
    "GaussianStart",
    "HybridField",
    "LatentODE",
    "LatentODELoss",
    "LatentPath",
    "LatentSDE",
    "LatentSDELoss",
    "NeuralCDE",
    "NeuralODE",
    "NeuralODESolution",
    "NeuralSDE",
    "ObservedLatentSDE",
    "PositiveField",
    "SDEGenerator",
    "SecondOrderField",
    "SignatureLoss",
    "TrajectoryEncoder",
    "TrajectoryLoss",
    "classification_loss",
    "flow_loss",
    "gan_optimizer",
    "path_areas",
    "solve_log_ode",
]
