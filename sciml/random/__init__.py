"""Random functions: Gaussian random fields and random Fourier series. One key is one function, on every grid."""

from typing import TYPE_CHECKING

from sciml._lazy import attach

if TYPE_CHECKING:
    from sciml.random.fourier import RandomFourierSeries as RandomFourierSeries
    from sciml.random.gaussian import GaussianRandomField as GaussianRandomField
    from sciml.random.noise import lattice_noise as lattice_noise

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "GaussianRandomField": "sciml.random.gaussian",
        "RandomFourierSeries": "sciml.random.fourier",
        "lattice_noise": "sciml.random.noise",
    },
)
