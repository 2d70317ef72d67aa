"""Equations, written once in the field algebra: simulated, learned and inferred from the same definition."""

if __name__ == "physics":
    raise ImportError(
        "Import `sciml.physics`: this folder is part of the sciml package, linked into it as `sciml/physics`."
    )

from sciml.physics.advection import Advection
from sciml.physics.advection_diffusion import AdvectionDiffusion
from sciml.physics.allen_cahn import AllenCahn
from sciml.physics.belousov_zhabotinsky import BelousovZhabotinsky
from sciml.physics.beta_plane_vorticity import BetaPlaneVorticity
from sciml.physics.bratu import Bratu
from sciml.physics.burgers import Burgers
from sciml.physics.burgers_exact import cole_hopf
from sciml.physics.cahn_hilliard import CahnHilliard
from sciml.physics.darcy import Darcy
from sciml.physics.diffusion import Diffusion
from sciml.physics.dispersion import Dispersion
from sciml.physics.fisher_kpp import FisherKPP
from sciml.physics.forcing import DiagonalForcing, Forcing, KolmogorovForcing
from sciml.physics.fractional_diffusion import FractionalDiffusion
from sciml.physics.general_semilinear import GeneralSemilinear
from sciml.physics.ginzburg_landau import GinzburgLandau
from sciml.physics.gray_scott import GrayScott
from sciml.physics.helmholtz import Helmholtz
from sciml.physics.hyper_diffusion import HyperDiffusion
from sciml.physics.kawahara import Kawahara
from sciml.physics.klein_gordon import KleinGordon
from sciml.physics.korteweg_de_vries import KortewegDeVries
from sciml.physics.kuramoto_sivashinsky import KuramotoSivashinsky
from sciml.physics.magnetohydrodynamics import Magnetohydrodynamics
from sciml.physics.navier_stokes_velocity import NavierStokesVelocity
from sciml.physics.navier_stokes_vorticity import NavierStokesVorticity
from sciml.physics.nonlinear_diffusion import NonlinearDiffusion
from sciml.physics.nonlinear_schroedinger import NonlinearSchroedinger
from sciml.physics.poisson import Poisson
from sciml.physics.quasi_geostrophic import TwoLayerQuasiGeostrophic
from sciml.physics.shallow_water import ShallowWater
from sciml.physics.sine_gordon import SineGordon
from sciml.physics.swift_hohenberg import SwiftHohenberg
from sciml.physics.wave import Wave

__all__ = [
    "Advection",
    "AdvectionDiffusion",
    "AllenCahn",
    "BelousovZhabotinsky",
    "BetaPlaneVorticity",
    "Bratu",
    "Burgers",
    "CahnHilliard",
    "Darcy",
    "DiagonalForcing",
    "Diffusion",
    "Dispersion",
    "FisherKPP",
    "Forcing",
    "FractionalDiffusion",
    "GeneralSemilinear",
    "GinzburgLandau",
    "GrayScott",
    "Helmholtz",
    "HyperDiffusion",
    "Kawahara",
    "KleinGordon",
    "KolmogorovForcing",
    "KortewegDeVries",
    "KuramotoSivashinsky",
    "Magnetohydrodynamics",
    "NavierStokesVelocity",
    "NavierStokesVorticity",
    "NonlinearDiffusion",
    "NonlinearSchroedinger",
    "Poisson",
    "ShallowWater",
    "SineGordon",
    "SwiftHohenberg",
    "TwoLayerQuasiGeostrophic",
    "Wave",
    "cole_hopf",
]
