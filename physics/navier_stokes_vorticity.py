"""Two-dimensional incompressible Navier-Stokes equations in vorticity form."""

from typing import ClassVar

from sciml.equation import Evolution, Parameter, only_in
from sciml.fields import Field, stack
from sciml.physics.forcing import Forcing


class NavierStokesVorticity(Evolution):
    """Incompressible Navier-Stokes in 2-D, `w_t + v . grad(w) = nu laplacian(w) - lambda w + f`.

    The velocity is `v = (psi_y, -psi_x)` with `-laplacian(psi) = w`, so `w = v_x - u_y` is the usual curl. Energy goes to large
    scales, enstrophy to small ones, where viscosity takes it. The mean vorticity stays. The step is bounded by advection,
    `dt < spacing / max|v|`. Good values: `viscosity=1e-3` on a box of length 2 pi with 128 to 256 nodes per axis; with
    `KolmogorovForcing()` add `drag=0.1`.

    Attributes:
        viscosity: `nu`.
        drag: `lambda`, linear friction, per time.
        forcing: `f`, or `None`.
    """

    components: ClassVar[tuple[str, ...]] = ("w",)
    viscosity: Parameter = 1e-3
    drag: Parameter = 0.0
    forcing: Forcing | None = None

    def component_names(self, dimension: int) -> tuple[str, ...]:
        """The vorticity; in two dimensions only."""
        return only_in(self, dimension, 2)

    def transport_velocity(self, u: Field) -> Field:
        """`(psi_y, -psi_x)`."""
        psi = u.stream_function()[0]
        return stack([psi.d(1), -psi.d(0)])

    def invariants(self, u: Field) -> dict[str, Field]:
        """Circulation `w`, energy `|v|^2 / 2`, enstrophy `w^2 / 2`."""
        w = u[0]
        return {
            "circulation": w,
            "energy": 0.5 * self.transport_velocity(u).squared_norm(),
            "enstrophy": 0.5 * w**2,
        }

    def rhs(self, u: Field) -> Field:
        """`nu laplacian(w) - lambda w - v . grad(w) + f`."""
        rate = u.diffusion(self.viscosity) - self.drag * u - u.vorticity_convection()
        return rate if self.forcing is None else rate + self.forcing(u)
