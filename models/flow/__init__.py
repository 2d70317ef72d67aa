"""Flows between noise and data: probability paths, velocities, losses, sampling.

One convention everywhere: time runs from noise at 0 to data at 1, and a velocity is a vector field `v(t, x, args)` as diffrax takes it.
Where a paper counts the other way, its step from `t` to `s` is ours from `1 - t` to `1 - s` with the sign of the velocity changed.
"""

from sciml.models.flow.cond_ot import CondOT
from sciml.models.flow.coupling import Coupling, pair_by_transport, reflow
from sciml.models.flow.flow_matching_loss import FlowMatchingLoss
from sciml.models.flow.gaussian_mixture import GaussianMixture
from sciml.models.flow.gaussian_path import GaussianPath
from sciml.models.flow.guidance import GuidedVelocity, drop_labels
from sciml.models.flow.image_editing import Inversion, edit_image, invert_image, resample_image
from sciml.models.flow.kinetic_energy import kinetic_energy
from sciml.models.flow.kinetic_optimal import KineticOptimal
from sciml.models.flow.likelihood import log_likelihood
from sciml.models.flow.separation import data_separation, separation_scales
from sciml.models.flow.there_and_back import RoundTrip, round_trip
from sciml.models.flow.time_grids import shifted_times
from sciml.models.flow.trigonometric import Trigonometric
from sciml.models.flow.unet_velocity import UNetVelocity
from sciml.models.flow.vp_diffusion import VPDiffusion

__all__ = [
    "CondOT",
    "Coupling",
    "FlowMatchingLoss",
    "GaussianMixture",
    "GaussianPath",
    "GuidedVelocity",
    "Inversion",
    "KineticOptimal",
    "RoundTrip",
    "Trigonometric",
    "UNetVelocity",
    "VPDiffusion",
    "data_separation",
    "drop_labels",
    "edit_image",
    "invert_image",
    "kinetic_energy",
    "log_likelihood",
    "pair_by_transport",
    "reflow",
    "resample_image",
    "round_trip",
    "separation_scales",
    "shifted_times",
]
