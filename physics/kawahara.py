"""Kawahara equation."""

from sciml.equation import Evolution, Parameter, only_in
from sciml.fields import Field


class Kawahara(Evolution):
    """Kawahara equation in one dimension, `u_t + a u u_x + b u_xxx - c u_xxxxx = 0`.

    The fifth-order Korteweg-de Vries equation of water and plasma waves. For `b, c > 0` it has the solitary wave `(105
    b^2 / (169 a c)) sech^4(sqrt(b / (52 c)) (x - V t))`, `V = 36 b^2 / (169 c)`; others shed oscillating tails. Mass
    and energy are conserved and nothing damps the highest modes: resolve the state well. The symbol is imaginary and
    steep, `c k^5`; exponential integrators treat it exactly. Good values: the defaults on a box of length 60 with 128
    to 256 nodes, `dt = 1e-2` with ETDRK4.

    Source: T. Kawahara, J. Phys. Soc. Japan 33 (1972) 260.

    Attributes:
        convection: `a`.
        dispersion: `b`.
        fifth_order: `c`.
    """

    convection: Parameter = 1.0
    dispersion: Parameter = 1.0
    fifth_order: Parameter = 1.0

    def component_names(self, dimension: int) -> tuple[str, ...]:
        """The wave; in one dimension only."""
        return only_in(self, dimension, 1)

    def transport_velocity(self, u: Field) -> Field:
        """`a u`."""
        return self.convection * u

    def invariants(self, u: Field) -> dict[str, Field]:
        """Mass `u`, momentum `u^2 / 2`, energy `b u_x^2 / 2 + c u_xx^2 / 2 - a u^3 / 6`."""
        wave = u[0]
        squares = 0.5 * self.dispersion * wave.d(0) ** 2 + 0.5 * self.fifth_order * wave.d(0, 2) ** 2
        return {"mass": wave, "momentum": 0.5 * wave**2, "energy": squares - self.convection / 6 * wave**3}

    def rhs(self, u: Field) -> Field:
        """`-a u u_x - b u_xxx + c u_xxxxx`."""
        return self.fifth_order * u.d(0, 5) - self.dispersion * u.d(0, 3) - self.convection * u.convection()
