"""Darcy's equation."""

from sciml.equation import Steady
from sciml.fields import Field
from sciml.physics.given import Given, given_field


class Darcy(Steady):
    """Flow through a porous medium in 1-3 dimensions, `-div(a grad u) = f`: `u` is the pressure, `-a grad u` the flux.

    The benchmark of neural operators takes `f = 1`, zero walls on the unit square, and `a` twelve or three by the sign of a Gaussian
    random field. On a stencil the coefficient between two nodes is their harmonic mean, which keeps the flux continuous across jumps.

    Source: H. Darcy, Les fontaines publiques de la ville de Dijon (1856); benchmark: Li et al., arXiv 2010.08895, section 5.2.

    Attributes:
        permeability: `a`, positive: a number, values at the nodes `(*grid.shape)`, one such array per axis for a diagonal tensor, or
            a function of the coordinates.
        source: `f`, likewise.
    """

    permeability: Given = 1.0
    source: Given = 1.0

    def residual(self, u: Field) -> Field:
        """`-div(a grad u) - f`."""
        return -u.diffusion(given_field(u, self.permeability)) - given_field(u, self.source)
