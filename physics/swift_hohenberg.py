"""Swift-Hohenberg equation."""

from sciml.equation import Evolution, Parameter
from sciml.fields import Field


class SwiftHohenberg(Evolution):
    """Swift-Hohenberg equation in 1-3 dimensions, `u_t = r u - (q + laplacian)^2 u + a u^2 - b u^3`.

    For `r > 0` waves near `|k| = sqrt(q)` grow and saturate into stripes, hexagons (`a` not zero) or, in one dimension,
    rolls. For `a = 0` there is a free energy that never grows. Choose a box of several wavelengths `2 pi / sqrt(q)`
    with eight nodes each. Good values: the defaults on a box of length 20 pi with 128 nodes, `dt = 0.1`.

    Source: J. Swift, P. Hohenberg, Phys. Rev. A 15 (1977) 319.

    Attributes:
        growth: `r`, per time.
        critical: `q`, square of the critical wavenumber.
        quadratic: `a`.
        cubic: `b`.
    """

    growth: Parameter = 0.7
    critical: Parameter = 1.0
    quadratic: Parameter = 1.0
    cubic: Parameter = 1.0

    def rhs(self, u: Field) -> Field:
        """`r u - (q + laplacian)^2 u + a u^2 - b u^3`."""
        band = self.critical**2 * u + 2.0 * self.critical * u.laplacian() + u.biharmonic()
        square = u * u
        return self.growth * u - band + self.quadratic * square - self.cubic * (square * u)
