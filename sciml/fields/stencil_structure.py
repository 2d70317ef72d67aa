"""What is known of an expression on a stencil before anything is computed: its degree, and which nodes a linearisation couples."""

import enum
from dataclasses import dataclass

UNKNOWN_DEGREE = 1000
"""Polynomial degree of what is no polynomial, as far as is known."""


class Coupling(enum.IntEnum):
    """Which nodes the derivative of an expression with respect to the state couples; a larger number includes the smaller ones."""

    NONE = 0
    """The state does not occur."""
    MULTIPLE = 1
    """A constant times the state."""
    DIAGONAL = 2
    """Each node with itself."""
    SYMMETRIC = 3
    """Neighbours along the axes, symmetrically where rows are weighted by the volumes of their cells."""
    STAR = 4
    """Neighbours along the axes."""
    GENERAL = 5
    """Diagonal neighbours or farther nodes."""


@dataclass(frozen=True)
class Structure:
    """Known without values.

    Attributes:
        degree: polynomial degree in the state; `UNKNOWN_DEGREE` where it may be any function.
        coupling: of the derivative.
        level: whether adding a constant to the state changes the expression, walls left aside.
    """

    degree: int = 0
    coupling: Coupling = Coupling.NONE
    level: bool = False

    @property
    def affine(self) -> bool:
        """Whether the expression is affine in the state."""
        return self.degree <= 1

    def plus(self, other: "Structure") -> "Structure":
        """Structure of a sum."""
        return Structure(max(self.degree, other.degree), max(self.coupling, other.coupling), self.level or other.level)

    def times(self, other: "Structure") -> "Structure":
        """Structure of a product at each node."""
        degree = min(self.degree + other.degree, UNKNOWN_DEGREE)
        return Structure(degree, _multiplied(self.coupling, other.coupling), self.level or other.level)

    def mapped(self) -> "Structure":
        """Structure of some function of it at each node."""
        if self.coupling is Coupling.NONE:
            return self
        return Structure(UNKNOWN_DEGREE, _multiplied(self.coupling, Coupling.NONE), self.level)

    def anything(self) -> "Structure":
        """Structure of a function of the whole array."""
        return self if self.coupling is Coupling.NONE else Structure(UNKNOWN_DEGREE, Coupling.GENERAL, True)

    def differentiated(self) -> "Structure":
        """Structure of a first derivative."""
        near = self.coupling <= Coupling.DIAGONAL
        coupling = Coupling.STAR if near else Coupling.GENERAL
        return Structure(self.degree, coupling if self.coupling else Coupling.NONE, self._feels_level)

    def diffused(self, coefficient: "Structure") -> "Structure":
        """Structure of `div(coefficient grad self)`."""
        degree = min(self.degree + coefficient.degree, UNKNOWN_DEGREE)
        if coefficient.coupling is Coupling.NONE and self.coupling <= Coupling.MULTIPLE:
            coupling = Coupling.SYMMETRIC if self.coupling else Coupling.NONE
        else:
            near = max(coefficient.coupling, self.coupling) <= Coupling.DIAGONAL
            coupling = Coupling.STAR if near else Coupling.GENERAL
        return Structure(degree, coupling, self._feels_level or coefficient.level)

    @property
    def _feels_level(self) -> bool:
        return self.level and self.coupling is not Coupling.MULTIPLE


def _multiplied(a: Coupling, b: Coupling) -> Coupling:
    """A row of a symmetric operator times a coefficient is no longer symmetric."""
    larger = max(a, b)
    if larger is Coupling.NONE:
        return larger
    if larger <= Coupling.DIAGONAL:
        return Coupling.DIAGONAL
    return Coupling.STAR if larger <= Coupling.STAR else larger
