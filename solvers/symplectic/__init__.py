"""Symplectic methods for separable Hamiltonian systems, as diffrax solvers."""

from sciml.solvers.symplectic.composition import SymplecticSolver
from sciml.solvers.symplectic.verlet import Verlet
from sciml.solvers.symplectic.yoshida import SymplecticYoshida4, SymplecticYoshida6, SymplecticYoshida8

__all__ = ["SymplecticSolver", "SymplecticYoshida4", "SymplecticYoshida6", "SymplecticYoshida8", "Verlet"]
