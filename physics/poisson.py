"""Poisson's equation."""

from sciml.equation import Steady
from sciml.fields import Field
from sciml.physics.given import Given, given_field


class Poisson(Steady):
    """Poisson's equation in 1-3 dimensions, `-laplacian(u) = f`.

    Where every axis is periodic or Neumann, `f` and the boundary fluxes must balance, and the solution is fixed up to a constant. On
    the unit square with zero walls and `f = 1` the maximum, at the centre, is 0.0736714.

    Attributes:
        source: `f`: a number, values at the nodes, or a function of the coordinates.
    """

    source: Given = 1.0

    def residual(self, u: Field) -> Field:
        """`-laplacian(u) - f`."""
        return -u.laplacian() - given_field(u, self.source)
