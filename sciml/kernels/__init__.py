"""Covariance functions: an algebra whose members know their derivatives, spectra, stochastic equations and structure."""

from typing import TYPE_CHECKING

from sciml._lazy import attach

if TYPE_CHECKING:
    from sciml.kernels.algebra import Constant as Constant
    from sciml.kernels.algebra import Product as Product
    from sciml.kernels.algebra import Scaled as Scaled
    from sciml.kernels.algebra import Sum as Sum
    from sciml.kernels.arc_cosine import ArcCosine as ArcCosine
    from sciml.kernels.carma import CARMA as CARMA
    from sciml.kernels.celerite import Celerite as Celerite
    from sciml.kernels.coregionalisation import Coregionalisation as Coregionalisation
    from sciml.kernels.coregionalisation import linear_coregionalisation as linear_coregionalisation
    from sciml.kernels.cosine import Cosine as Cosine
    from sciml.kernels.damped_random_walk import DampedRandomWalk as DampedRandomWalk
    from sciml.kernels.derivatives import Pairs as Pairs
    from sciml.kernels.features import RandomFeatures as RandomFeatures
    from sciml.kernels.gibbs import Gibbs as Gibbs
    from sciml.kernels.harmonic_oscillator import SHO as SHO
    from sciml.kernels.kernel import Custom as Custom
    from sciml.kernels.kernel import Kernel as Kernel
    from sciml.kernels.linear import Linear as Linear
    from sciml.kernels.matern import Matern as Matern
    from sciml.kernels.matern import Matern12 as Matern12
    from sciml.kernels.matern import Matern32 as Matern32
    from sciml.kernels.matern import Matern52 as Matern52
    from sciml.kernels.matern import Matern72 as Matern72
    from sciml.kernels.periodic import Periodic as Periodic
    from sciml.kernels.polynomial import Polynomial as Polynomial
    from sciml.kernels.rational_quadratic import RationalQuadratic as RationalQuadratic
    from sciml.kernels.rbf import RBF as RBF
    from sciml.kernels.separable import Separable as Separable
    from sciml.kernels.spectral_mixture import SpectralMixture as SpectralMixture
    from sciml.kernels.spectral_mixture import StudentTMixture as StudentTMixture
    from sciml.kernels.state_space import StateSpace as StateSpace
    from sciml.kernels.warped import Warped as Warped
    from sciml.kernels.wiener import FractionalBrownian as FractionalBrownian
    from sciml.kernels.wiener import Wiener as Wiener

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "ArcCosine": "sciml.kernels.arc_cosine",
        "CARMA": "sciml.kernels.carma",
        "Celerite": "sciml.kernels.celerite",
        "Constant": "sciml.kernels.algebra",
        "Coregionalisation": "sciml.kernels.coregionalisation",
        "Cosine": "sciml.kernels.cosine",
        "Custom": "sciml.kernels.kernel",
        "DampedRandomWalk": "sciml.kernels.damped_random_walk",
        "FractionalBrownian": "sciml.kernels.wiener",
        "Gibbs": "sciml.kernels.gibbs",
        "Kernel": "sciml.kernels.kernel",
        "Linear": "sciml.kernels.linear",
        "Matern": "sciml.kernels.matern",
        "Matern12": "sciml.kernels.matern",
        "Matern32": "sciml.kernels.matern",
        "Matern52": "sciml.kernels.matern",
        "Matern72": "sciml.kernels.matern",
        "Pairs": "sciml.kernels.derivatives",
        "Periodic": "sciml.kernels.periodic",
        "Polynomial": "sciml.kernels.polynomial",
        "Product": "sciml.kernels.algebra",
        "RBF": "sciml.kernels.rbf",
        "RandomFeatures": "sciml.kernels.features",
        "RationalQuadratic": "sciml.kernels.rational_quadratic",
        "SHO": "sciml.kernels.harmonic_oscillator",
        "Scaled": "sciml.kernels.algebra",
        "Separable": "sciml.kernels.separable",
        "SpectralMixture": "sciml.kernels.spectral_mixture",
        "StateSpace": "sciml.kernels.state_space",
        "StudentTMixture": "sciml.kernels.spectral_mixture",
        "Sum": "sciml.kernels.algebra",
        "Warped": "sciml.kernels.warped",
        "Wiener": "sciml.kernels.wiener",
        "linear_coregionalisation": "sciml.kernels.coregionalisation",
    },
)
