"""Boundary conditions of one axis: what holds at its two ends.

The data (`value`, `flux`) are a number, or a function `data(t, *others)` of time and of the coordinates of the other axes, written
in `jax.numpy`; or a tuple of these, one per component of the state. A function is compared by identity: define it once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Datum: TypeAlias = float | int | complex | Callable[..., Any]
"""One number, or a function of time and the other coordinates."""

Data: TypeAlias = Datum | tuple[Datum, ...]
"""The same for all components, or one per component."""


class Boundary:
    """What holds at the two ends of an axis. Final classes: `Periodic`, `Dirichlet`, `Neumann`, `Robin`, `Sides`."""

    __slots__ = ()


@dataclass(frozen=True)
class Periodic(Boundary):
    """Both ends are the same point."""


@dataclass(frozen=True)
class Dirichlet(Boundary):
    """The value is given: `u = value`."""

    value: Data = 0.0


@dataclass(frozen=True)
class Neumann(Boundary):
    """The derivative along the outward normal is given: `du/dn = flux`."""

    flux: Data = 0.0


@dataclass(frozen=True)
class Robin(Boundary):
    """A combination is given: `a u + b du/dn = value`, `n` the outward normal.

    Waves leave a box through `Robin(-1j * wavenumber, 1.0)`; complex coefficients are for `solve_indefinite_helmholtz` alone.
    """

    a: float | complex
    b: float | complex
    value: Data = 0.0

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


def ends(boundary: Boundary) -> tuple[Boundary, Boundary]:
    """The conditions at the lower and the upper end."""
    return (boundary.lower, boundary.upper) if isinstance(boundary, Sides) else (boundary, boundary)


def coefficients_and_data(side: Boundary) -> tuple[Any, Any, Data]:
    """`(a, b, g)` of a condition written as `a u + b du/dn = g`."""
    match side:
        case Dirichlet(value):
            return 1.0, 0.0, value
        case Neumann(flux):
            return 0.0, 1.0, flux
        case Robin(a, b, value):
            return _number(a), _number(b), value
    raise ValueError(f"no boundary condition in {side!r}: an end takes Dirichlet, Neumann or Robin.")


def _number(value: float | complex) -> float | complex:
    return value if isinstance(value, complex) else float(value)
