"""Random functions: Gaussian random fields, Fourier series, bumps, jumps and flows. One key is one function, on every grid."""

from typing import TYPE_CHECKING

from sciml._lazy import attach

if TYPE_CHECKING:
    from sciml.random.blobs import GaussianBlobs as GaussianBlobs
    from sciml.random.diffused_noise import DiffusedNoise as DiffusedNoise
    from sciml.random.fourier import RandomFourierSeries as RandomFourierSeries
    from sciml.random.gaussian import GaussianRandomField as GaussianRandomField
    from sciml.random.noise import lattice_noise as lattice_noise
    from sciml.random.pieces import PiecewiseConstant as PiecewiseConstant
    from sciml.random.pieces import RandomBoxes as RandomBoxes
    from sciml.random.rescaled import Rescaled as Rescaled
    from sciml.random.shear_layer import ShearLayers as ShearLayers
    from sciml.random.sine_flow import SineFlow as SineFlow

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "DiffusedNoise": "sciml.random.diffused_noise",
        "GaussianBlobs": "sciml.random.blobs",
        "GaussianRandomField": "sciml.random.gaussian",
        "PiecewiseConstant": "sciml.random.pieces",
        "RandomBoxes": "sciml.random.pieces",
        "RandomFourierSeries": "sciml.random.fourier",
        "Rescaled": "sciml.random.rescaled",
        "ShearLayers": "sciml.random.shear_layer",
        "SineFlow": "sciml.random.sine_flow",
        "lattice_noise": "sciml.random.noise",
    },
)
