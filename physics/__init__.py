"""Equations, written once in the field algebra: simulated, learned and inferred from the same definition."""

if __name__ == "physics":
    raise ImportError(
        "Import `sciml.physics`: this folder is part of the sciml package, linked into it as `sciml/physics`."
    )

from sciml.physics.advection import Advection
from sciml.physics.allen_cahn import AllenCahn
from sciml.physics.burgers import Burgers
from sciml.physics.burgers_exact import cole_hopf
from sciml.physics.diffusion import Diffusion
from sciml.physics.dispersion import Dispersion
from sciml.physics.fisher_kpp import FisherKPP
from sciml.physics.forcing import DiagonalForcing, Forcing, KolmogorovForcing
from sciml.physics.gray_scott import GrayScott
from sciml.physics.korteweg_de_vries import KortewegDeVries
from sciml.physics.kuramoto_sivashinsky import KuramotoSivashinsky
from sciml.physics.navier_stokes_vorticity import NavierStokesVorticity
from sciml.physics.nonlinear_schroedinger import NonlinearSchroedinger
from sciml.physics.wave import Wave

__all__ = [
    "Advection",
    "AllenCahn",
    "Burgers",
    "DiagonalForcing",
    "Diffusion",
    "Dispersion",
    "FisherKPP",
    "Forcing",
    "GrayScott",
    "KolmogorovForcing",
    "KortewegDeVries",
    "KuramotoSivashinsky",
    "NavierStokesVorticity",
    "NonlinearSchroedinger",
    "Wave",
    "cole_hopf",
]
