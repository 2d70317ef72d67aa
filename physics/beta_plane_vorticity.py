"""Two-dimensional flow on the beta plane in vorticity form."""

from typing import ClassVar

from sciml.equation import Evolution, Parameter, only_in
from sciml.fields import Field, stack
from sciml.physics.forcing import Forcing


class BetaPlaneVorticity(Evolution):
    """Barotropic vorticity equation, `w_t + v . grad(w) + beta v_y = nu laplacian(w) - zeta laplacian^2(w) - lambda w +
    f`.

    Two-dimensional flow on a rotating sphere seen locally, x to the east, y to the north; `v = (psi_y, -psi_x)` with
    `-laplacian(psi) = w`, so `v_y = -psi_x`. Small states are Rossby waves of frequency `-beta k_x / |k|^2`, whose
    phase moves west; turbulence organises into zonal jets of width about `pi sqrt(U / beta)` (Rhines). The wave term is
    linear and treated exactly; the step is bounded by advection, `dt < spacing / max|v|`. Good values: `beta=10,
    viscosity=1e-3` on a box of length 2 pi with 128 nodes per axis and velocities of order one.

    Source: P. Rhines, J. Fluid Mech. 69 (1975) 417.

    Attributes:
        beta: northward gradient of the planetary vorticity, per length and time.
        viscosity: `nu`.
        hyperviscosity: `zeta`.
        drag: `lambda`, linear friction, per time.
        forcing: `f`, or `None`.
    """

    components: ClassVar[tuple[str, ...]] = ("w",)
    beta: Parameter = 10.0
    viscosity: Parameter = 1e-3
    hyperviscosity: Parameter = 0.0
    drag: Parameter = 0.0
    forcing: Forcing | None = None

    def component_names(self, dimension: int) -> tuple[str, ...]:
        """The relative vorticity; in two dimensions only."""
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
        """`nu laplacian(w) - zeta laplacian^2(w) - lambda w - beta v_y - v . grad(w) + f`."""
        friction = u.diffusion(self.viscosity) - self.hyperviscosity * u.biharmonic() - self.drag * u
        rate = friction + self.beta * u.stream_function().d(0) - u.vorticity_convection()
        return rate if self.forcing is None else rate + self.forcing(u)
