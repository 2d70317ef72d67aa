"""Two-dimensional incompressible magnetohydrodynamics."""

from typing import ClassVar

from sciml.equation import Evolution, Parameter, only_in
from sciml.fields import Field, stack, total


class Magnetohydrodynamics(Evolution):
    """Incompressible magnetohydrodynamics in 2-D for vorticity w and magnetic potential a.

    `w_t + v . grad(w) = B . grad(j) + nu laplacian(w)`, `a_t + v . grad(a) = eta laplacian(a)`, with `v = (psi_y,
    -psi_x)`, `-laplacian(psi) = w`, `B = (a_y, -a_x)`, `j = -laplacian(a)`, B in units of velocity. Current sheets form
    where fields of opposite sign meet, thin to a width of about `sqrt(eta)` and reconnect. Without dissipation the
    energy `int |v|^2 + |B|^2`, the cross helicity `int v . B` and `int a^2` are conserved. The step is bounded by
    advection and Alfven waves, `dt < spacing / max(|v| + |B|)`. Good values: the Orszag-Tang vortex, `w = 2 cos(x) + 2
    cos(y), a = cos(2 x) + 2 cos(y)`, with `viscosity = resistivity = 0.01` on a box of length 2 pi with 128 nodes per
    axis.

    Source: S. Orszag, C.-M. Tang, J. Fluid Mech. 90 (1979) 129; D. Biskamp, Magnetohydrodynamic Turbulence (2003).

    Attributes:
        viscosity: `nu`.
        resistivity: `eta`.
    """

    components: ClassVar[tuple[str, ...]] = ("w", "a")
    viscosity: Parameter = 1e-2
    resistivity: Parameter = 1e-2

    def component_names(self, dimension: int) -> tuple[str, ...]:
        """Vorticity and magnetic potential; in two dimensions only."""
        return only_in(self, dimension, 2)

    def transport_velocity(self, u: Field) -> Field:
        """`v + B`, the speed of what Alfven waves carry."""
        psi, a = u.stream_function()[0], u[1]
        both = psi + a
        return stack([both.d(1), -both.d(0)])

    def invariants(self, u: Field) -> dict[str, Field]:
        """Energy `(|v|^2 + |B|^2) / 2`, cross helicity `v . B`, squared potential `a^2 / 2`, and the means of w and a."""
        w, a = u
        psi = u.stream_function()[0]
        v, b = psi.grad().sample(), a.grad().sample()
        return {
            "energy": 0.5 * (v.squared_norm() + b.squared_norm()),
            "cross helicity": total(one * two for one, two in zip(v, b)),
            "squared potential": 0.5 * a**2,
            "mean w": w,
            "mean a": a,
        }

    def rhs(self, u: Field) -> Field:
        """Rates of vorticity and potential."""
        w, a = u
        psi = u.stream_function()[0]
        v_x, v_y, b_x, b_y = stack([psi.d(1), -psi.d(0), a.d(1), -a.d(0)]).sample()
        # Basdevant's form of the stress less the magnetic one; `v . grad(a)` is a product of velocity and field.
        rows = [v_x * v_y - b_x * b_y, v_y * v_y - v_x * v_x - b_y * b_y + b_x * b_x, v_y * b_x - v_x * b_y]
        cross, difference, transport = stack(rows).project()
        stress = cross.d(0, 2) - cross.d(1, 2) + difference.d(0).d(1)
        return stack([w.diffusion(self.viscosity) - stress, a.diffusion(self.resistivity) - transport])
