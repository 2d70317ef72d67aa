"""Korteweg-de Vries equation."""

from sciml.equation import Evolution, Parameter, only_in
from sciml.fields import Field


class KortewegDeVries(Evolution):
    """Korteweg-de Vries equation in one dimension, `u_t + a u u_x + b u_xxx = nu u_xx - zeta u_xxxx`.

    Solitons `(3 c / a) sech^2(sqrt(c / b) (x - c t) / 2)` keep their shape and pass through each other with a shift;
    mass and energy are conserved for `nu = zeta = 0`. Then nothing damps the highest modes: resolve the state well.
    Good values: the defaults on a box of length 20 to 40 with 128 to 512 nodes, `dt = 1e-3` with ETDRK4.

    Source: D. J. Korteweg, G. de Vries, Phil. Mag. 39 (1895) 422; N. Zabusky, M. Kruskal, Phys. Rev. Lett. 15 (1965)
    240.

    Attributes:
        convection: `a`.
        dispersion: `b`.
        viscosity: `nu`; positive for Korteweg-de Vries-Burgers, an undular bore.
        hyperviscosity: `zeta`.
    """

    convection: Parameter = 6.0
    dispersion: Parameter = 1.0
    viscosity: Parameter = 0.0
    hyperviscosity: Parameter = 0.0

    def component_names(self, dimension: int) -> tuple[str, ...]:
        """The wave; in one dimension only."""
        return only_in(self, dimension, 1)

    def transport_velocity(self, u: Field) -> Field:
        """`a u`."""
        return self.convection * u

    def invariants(self, u: Field) -> dict[str, Field]:
        """Mass `u`, momentum `u^2 / 2`, energy `b u_x^2 / 2 - a u^3 / 6`."""
        wave = u[0]
        slope = wave.d(0)
        energy = 0.5 * self.dispersion * (slope * slope) - self.convection / 6 * wave**3
        return {"mass": wave, "momentum": 0.5 * wave**2, "energy": energy}

    def rhs(self, u: Field) -> Field:
        """`-a u u_x - b u_xxx + nu u_xx - zeta u_xxxx`."""
        damping = u.diffusion(self.viscosity) - self.hyperviscosity * u.biharmonic()
        return damping - self.dispersion * u.d(0, 3) - self.convection * u.convection()
