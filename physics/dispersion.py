"""Linear third-order dispersion."""

from sciml.equation import Evolution, Parameter
from sciml.fields import Field, total
from sciml.physics.advection import per_axis


class Dispersion(Evolution):
    """Third-order dispersion (linear part of Korteweg-de Vries), `u_t = sum_i xi_i u_{x_i x_i x_i}`.

    Mode k travels with phase speed `xi k^2`; amplitudes stay. Exponential integrators solve it exactly for any step. Good values:
    `dispersion=1e-3` on a box of length 1.

    Attributes:
        dispersion: a number or one per axis, length^3 per time, of either sign.
    """

    dispersion: Parameter = 1.0

    def rhs(self, u: Field) -> Field:
        """`sum_i xi_i u_{x_i x_i x_i}`."""
        return total(per_axis(self.dispersion, axis) * u.d(axis, 3) for axis in range(u.dimension))
