"""What can be learned: neural operators, convolutional baselines, dense networks, and Flax modules taken as such.

Every model is an `eqx.Module` called on one sample, `model(x, key=None)`; batches go through `jax.vmap`.
"""

from typing import TYPE_CHECKING

if __name__ == "models":
    raise ImportError(
        "Import `sciml.models`: this folder is part of the sciml package, linked into it as `sciml/models`."
    )

from sciml._lazy import attach

if TYPE_CHECKING:
    from sciml.models.activations import exact_gelu as exact_gelu
    from sciml.models.activations import lipswish as lipswish
    from sciml.models.autoregression import unroll as unroll
    from sciml.models.bridge import DiscreteBridge as DiscreteBridge
    from sciml.models.bridge import LightSB as LightSB
    from sciml.models.bridge import LightSBLoss as LightSBLoss
    from sciml.models.bridge import discrete_bridge as discrete_bridge
    from sciml.models.deq import DEQ as DEQ
    from sciml.models.deq import DenseCell as DenseCell
    from sciml.models.deq import DEQLoss as DEQLoss
    from sciml.models.deq import Equilibrium as Equilibrium
    from sciml.models.diffusion import AnchoredPotential as AnchoredPotential
    from sciml.models.diffusion import BrownianMotion as BrownianMotion
    from sciml.models.diffusion import DenoiserScore as DenoiserScore
    from sciml.models.diffusion import DenoisingLoss as DenoisingLoss
    from sciml.models.diffusion import FokkerPlanckLoss as FokkerPlanckLoss
    from sciml.models.diffusion import ForwardProcess as ForwardProcess
    from sciml.models.diffusion import GeometricBrownian as GeometricBrownian
    from sciml.models.diffusion import ImplicitScoreLoss as ImplicitScoreLoss
    from sciml.models.diffusion import LinearProcess as LinearProcess
    from sciml.models.diffusion import MultiplicativeScore as MultiplicativeScore
    from sciml.models.diffusion import OrnsteinUhlenbeck as OrnsteinUhlenbeck
    from sciml.models.diffusion import ScorePotential as ScorePotential
    from sciml.models.diffusion import VarianceExploding as VarianceExploding
    from sciml.models.diffusion import VariancePreserving as VariancePreserving
    from sciml.models.diffusion import fokker_planck_residual as fokker_planck_residual
    from sciml.models.diffusion import probability_flow as probability_flow
    from sciml.models.diffusion import reverse_drift as reverse_drift
    from sciml.models.diffusion import sample_dale_langevin as sample_dale_langevin
    from sciml.models.diffusion import sample_reverse as sample_reverse
    from sciml.models.dilated_resnet import DilatedResNet as DilatedResNet
    from sciml.models.flax_adapter import from_flax as from_flax
    from sciml.models.flax_adapter import register_flax as register_flax
    from sciml.models.flow import CondOT as CondOT
    from sciml.models.flow import Coupling as Coupling
    from sciml.models.flow import FlowMatchingLoss as FlowMatchingLoss
    from sciml.models.flow import GaussianMixture as GaussianMixture
    from sciml.models.flow import GaussianPath as GaussianPath
    from sciml.models.flow import GuidedVelocity as GuidedVelocity
    from sciml.models.flow import Inversion as Inversion
    from sciml.models.flow import KineticOptimal as KineticOptimal
    from sciml.models.flow import RoundTrip as RoundTrip
    from sciml.models.flow import Trigonometric as Trigonometric
    from sciml.models.flow import UNetVelocity as UNetVelocity
    from sciml.models.flow import VPDiffusion as VPDiffusion
    from sciml.models.flow import data_separation as data_separation
    from sciml.models.flow import drop_labels as drop_labels
    from sciml.models.flow import edit_image as edit_image
    from sciml.models.flow import invert_image as invert_image
    from sciml.models.flow import kinetic_energy as kinetic_energy
    from sciml.models.flow import log_likelihood as log_likelihood
    from sciml.models.flow import pair_by_transport as pair_by_transport
    from sciml.models.flow import reflow as reflow
    from sciml.models.flow import resample_image as resample_image
    from sciml.models.flow import round_trip as round_trip
    from sciml.models.flow import shifted_times as shifted_times
    from sciml.models.fno import FNO as FNO
    from sciml.models.gated_fno import GatedFNO as GatedFNO
    from sciml.models.ifno import IFNO as IFNO
    from sciml.models.linear_solvers import DirectionCNN as DirectionCNN
    from sciml.models.linear_solvers import DirectionLoss as DirectionLoss
    from sciml.models.linear_solvers import ritz_mixtures as ritz_mixtures
    from sciml.models.linear_solvers import sine_mixtures as sine_mixtures
    from sciml.models.mlp import MLP as MLP
    from sciml.models.nde import SDEGAN as SDEGAN
    from sciml.models.nde import BoundedField as BoundedField
    from sciml.models.nde import CDEDiscriminator as CDEDiscriminator
    from sciml.models.nde import ContinuousFlow as ContinuousFlow
    from sciml.models.nde import ControlNetwork as ControlNetwork
    from sciml.models.nde import DenseField as DenseField
    from sciml.models.nde import EncodedStart as EncodedStart
    from sciml.models.nde import EvidenceBound as EvidenceBound
    from sciml.models.nde import FixedStart as FixedStart
    from sciml.models.nde import FractionalSDE as FractionalSDE
    from sciml.models.nde import GANLoss as GANLoss
    from sciml.models.nde import GaussianStart as GaussianStart
    from sciml.models.nde import HybridField as HybridField
    from sciml.models.nde import LatentODE as LatentODE
    from sciml.models.nde import LatentODELoss as LatentODELoss
    from sciml.models.nde import LatentPath as LatentPath
    from sciml.models.nde import LatentSDE as LatentSDE
    from sciml.models.nde import LatentSDELoss as LatentSDELoss
    from sciml.models.nde import NeuralCDE as NeuralCDE
    from sciml.models.nde import NeuralODE as NeuralODE
    from sciml.models.nde import NeuralODESolution as NeuralODESolution
    from sciml.models.nde import NeuralSDE as NeuralSDE
    from sciml.models.nde import ObservedLatentSDE as ObservedLatentSDE
    from sciml.models.nde import PositiveField as PositiveField
    from sciml.models.nde import SDEGenerator as SDEGenerator
    from sciml.models.nde import SecondOrderField as SecondOrderField
    from sciml.models.nde import SignatureLoss as SignatureLoss
    from sciml.models.nde import TrajectoryEncoder as TrajectoryEncoder
    from sciml.models.nde import TrajectoryLoss as TrajectoryLoss
    from sciml.models.nde import classification_loss as classification_loss
    from sciml.models.nde import flow_loss as flow_loss
    from sciml.models.nde import gan_optimizer as gan_optimizer
    from sciml.models.nde import path_areas as path_areas
    from sciml.models.nde import solve_log_ode as solve_log_ode
    from sciml.models.neuraloperator_weights import load_neuraloperator as load_neuraloperator
    from sciml.models.resnet import ResNet as ResNet
    from sciml.models.spectral_conv import SpectralConv as SpectralConv
    from sciml.models.symbolic import Candidate as Candidate
    from sciml.models.symbolic import ExpressionField as ExpressionField
    from sciml.models.symbolic import FunctionLibrary as FunctionLibrary
    from sciml.models.symbolic import SparseField as SparseField
    from sciml.models.symbolic import choose_candidate as choose_candidate
    from sciml.models.symbolic import eliminate_least_squares as eliminate_least_squares
    from sciml.models.symbolic import evolve_expressions as evolve_expressions
    from sciml.models.symbolic import evolve_field as evolve_field
    from sciml.models.symbolic import expression_text as expression_text
    from sciml.models.symbolic import fit_sparse_field as fit_sparse_field
    from sciml.models.symbolic import threshold_least_squares as threshold_least_squares
    from sciml.models.symbolic import tune_constants as tune_constants
    from sciml.models.transformer import DiT as DiT
    from sciml.models.unet import UNet as UNet

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "AnchoredPotential": "sciml.models.diffusion",
        "BoundedField": "sciml.models.nde",
        "BrownianMotion": "sciml.models.diffusion",
        "CDEDiscriminator": "sciml.models.nde",
        "Candidate": "sciml.models.symbolic",
        "CondOT": "sciml.models.flow",
        "ContinuousFlow": "sciml.models.nde",
        "ControlNetwork": "sciml.models.nde",
        "Coupling": "sciml.models.flow",
        "DEQ": "sciml.models.deq",
        "DEQLoss": "sciml.models.deq",
        "DenoiserScore": "sciml.models.diffusion",
        "DenoisingLoss": "sciml.models.diffusion",
        "DenseCell": "sciml.models.deq",
        "DenseField": "sciml.models.nde",
        "DiT": "sciml.models.transformer",
        "DilatedResNet": "sciml.models.dilated_resnet",
        "DirectionCNN": "sciml.models.linear_solvers",
        "DirectionLoss": "sciml.models.linear_solvers",
        "DiscreteBridge": "sciml.models.bridge",
        "EncodedStart": "sciml.models.nde",
        "Equilibrium": "sciml.models.deq",
        "EvidenceBound": "sciml.models.nde",
        "ExpressionField": "sciml.models.symbolic",
        "FNO": "sciml.models.fno",
        "FixedStart": "sciml.models.nde",
        "FlowMatchingLoss": "sciml.models.flow",
        "FokkerPlanckLoss": "sciml.models.diffusion",
        "ForwardProcess": "sciml.models.diffusion",
        "FractionalSDE": "sciml.models.nde",
        "FunctionLibrary": "sciml.models.symbolic",
        "GANLoss": "sciml.models.nde",
        "GatedFNO": "sciml.models.gated_fno",
        "GaussianMixture": "sciml.models.flow",
        "GaussianPath": "sciml.models.flow",
        "GaussianStart": "sciml.models.nde",
        "GeometricBrownian": "sciml.models.diffusion",
        "GuidedVelocity": "sciml.models.flow",
        "HybridField": "sciml.models.nde",
        "IFNO": "sciml.models.ifno",
        "ImplicitScoreLoss": "sciml.models.diffusion",
        "Inversion": "sciml.models.flow",
        "KineticOptimal": "sciml.models.flow",
        "LatentODE": "sciml.models.nde",
        "LatentODELoss": "sciml.models.nde",
        "LatentPath": "sciml.models.nde",
        "LatentSDE": "sciml.models.nde",
        "LatentSDELoss": "sciml.models.nde",
        "LightSB": "sciml.models.bridge",
        "LightSBLoss": "sciml.models.bridge",
        "LinearProcess": "sciml.models.diffusion",
        "MLP": "sciml.models.mlp",
        "MultiplicativeScore": "sciml.models.diffusion",
        "NeuralCDE": "sciml.models.nde",
        "NeuralODE": "sciml.models.nde",
        "NeuralODESolution": "sciml.models.nde",
        "NeuralSDE": "sciml.models.nde",
        "ObservedLatentSDE": "sciml.models.nde",
        "OrnsteinUhlenbeck": "sciml.models.diffusion",
        "PositiveField": "sciml.models.nde",
        "ResNet": "sciml.models.resnet",
        "RoundTrip": "sciml.models.flow",
        "SDEGAN": "sciml.models.nde",
        "SDEGenerator": "sciml.models.nde",
        "ScorePotential": "sciml.models.diffusion",
        "SecondOrderField": "sciml.models.nde",
        "SignatureLoss": "sciml.models.nde",
        "SparseField": "sciml.models.symbolic",
        "SpectralConv": "sciml.models.spectral_conv",
        "TrajectoryEncoder": "sciml.models.nde",
        "TrajectoryLoss": "sciml.models.nde",
        "Trigonometric": "sciml.models.flow",
        "UNet": "sciml.models.unet",
        "UNetVelocity": "sciml.models.flow",
        "VPDiffusion": "sciml.models.flow",
        "VarianceExploding": "sciml.models.diffusion",
        "VariancePreserving": "sciml.models.diffusion",
        "choose_candidate": "sciml.models.symbolic",
        "classification_loss": "sciml.models.nde",
        "data_separation": "sciml.models.flow",
        "discrete_bridge": "sciml.models.bridge",
        "drop_labels": "sciml.models.flow",
        "edit_image": "sciml.models.flow",
        "eliminate_least_squares": "sciml.models.symbolic",
        "evolve_expressions": "sciml.models.symbolic",
        "evolve_field": "sciml.models.symbolic",
        "exact_gelu": "sciml.models.activations",
        "expression_text": "sciml.models.symbolic",
        "fit_sparse_field": "sciml.models.symbolic",
        "flow_loss": "sciml.models.nde",
        "fokker_planck_residual": "sciml.models.diffusion",
        "from_flax": "sciml.models.flax_adapter",
        "gan_optimizer": "sciml.models.nde",
        "invert_image": "sciml.models.flow",
        "kinetic_energy": "sciml.models.flow",
        "lipswish": "sciml.models.activations",
        "load_neuraloperator": "sciml.models.neuraloperator_weights",
        "log_likelihood": "sciml.models.flow",
        "pair_by_transport": "sciml.models.flow",
        "path_areas": "sciml.models.nde",
        "probability_flow": "sciml.models.diffusion",
        "reflow": "sciml.models.flow",
        "register_flax": "sciml.models.flax_adapter",
        "resample_image": "sciml.models.flow",
        "reverse_drift": "sciml.models.diffusion",
        "ritz_mixtures": "sciml.models.linear_solvers",
        "round_trip": "sciml.models.flow",
        "sample_dale_langevin": "sciml.models.diffusion",
        "sample_reverse": "sciml.models.diffusion",
        "shifted_times": "sciml.models.flow",
        "sine_mixtures": "sciml.models.linear_solvers",
        "solve_log_ode": "sciml.models.nde",
        "threshold_least_squares": "sciml.models.symbolic",
        "tune_constants": "sciml.models.symbolic",
        "unroll": "sciml.models.autoregression",
    },
)
