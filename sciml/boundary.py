"""Boundary conditions of one axis: what holds at its two ends.

The data (`value`, `flux`) are static numbers here; time- and space-dependent data enter with the solvers that use them.
"""

from dataclasses import dataclass


class Boundary:
    """What holds at the two ends of an axis. Final classes: `Periodic`, `Dirichlet`, `Neumann`, `Robin`, `Sides`."""

    __slots__ = ()


@dataclass(frozen=True)
class Periodic(Boundary):
    """Both ends are the same point."""


@dataclass(frozen=True)
class Dirichlet(Boundary):
    """The value is given: `u = value`."""

    value: float = 0.0


@dataclass(frozen=True)
class Neumann(Boundary):
    """The derivative along the outward normal is given: `du/dn = flux`."""

    flux: float = 0.0


@dataclass(frozen=True)
class Robin(Boundary):
    """A combination is given: `a u + b du/dn = value`, `n` the outward normal."""

    a: float
    b: float
    value: float = 0.0

    def __post_init__(self) -> None:
        if self.a == 0 and self.b == 0:
            raise ValueError("Robin: `a` and `b` must not both be zero; use Neumann (a=0) or Dirichlet (b=0).")


@dataclass(frozen=True)
class Sides(Boundary):
    """Different conditions at the lower and the upper end of one axis.

    Example:
        >>> from sciml.boundary import Dirichlet, Neumann, Sides
        >>> Sides(lower=Dirichlet(1.0), upper=Neumann())
        Sides(lower=Dirichlet(value=1.0), upper=Neumann(flux=0.0))
    """

    lower: Boundary
    upper: Boundary

    def __post_init__(self) -> None:
        for side in (self.lower, self.upper):
            if isinstance(side, Periodic | Sides):
                raise ValueError(f"Sides: each side takes Dirichlet, Neumann or Robin, got {side!r}.")
