"""Helmholtz' equation."""

from sciml.equation import Steady
from sciml.fields import Field
from sciml.physics.given import Given, given_field


class Helmholtz(Steady):
    """Waves of one frequency in 1-3 dimensions, `-laplacian(u) - k^2 u = f` with a real wavenumber.

    Between reflecting walls the operator is indefinite as soon as `k^2` exceeds the smallest eigenvalue of the Laplacian (`2 pi^2` on
    the unit square with zero walls), and singular where it equals one. Resolve a wavelength `2 pi / k` by ten nodes or more.

    Attributes:
        wavenumber: `k`, per length: a number, values at the nodes, or a function of the coordinates.
        source: `f`, likewise.
    """

    wavenumber: Given = 1.0
    source: Given = 1.0

    def residual(self, u: Field) -> Field:
        """`-laplacian(u) - k^2 u - f`."""
        wavenumber = given_field(u, self.wavenumber)
        return -u.laplacian() - wavenumber * wavenumber * u - given_field(u, self.source)
