"""Implicit-explicit methods: the linear part by inverses, the rest by extrapolation."""

from sciml.solvers.imex.ars import ARS111, ARS222, ARS232, ARS343, ARS443
from sciml.solvers.imex.base import ImexRungeKutta, ImexTableau
from sciml.solvers.imex.cnrk import CNRK3, CNRK4, LowStorageCrankNicolson
from sciml.solvers.imex.multistep import CNAB2, SBDF2, SBDF3, ImexMultistep, MultistepScheme
from sciml.solvers.imex.sil3 import SIL3

__all__ = [
    "ARS111", "ARS222", "ARS232", "ARS343", "ARS443", "CNAB2", "CNRK3", "CNRK4", "SBDF2", "SBDF3", "SIL3",
    "ImexMultistep", "ImexRungeKutta", "ImexTableau", "LowStorageCrankNicolson", "MultistepScheme",
]  # fmt: skip
