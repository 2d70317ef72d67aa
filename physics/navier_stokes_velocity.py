"""Incompressible Navier-Stokes equations in velocity form."""

from sciml.equation import Evolution, Parameter
from sciml.fields import Field, stack, total
from sciml.physics.forcing import Forcing


class NavierStokesVelocity(Evolution):
    """Incompressible Navier-Stokes in 2-D and 3-D, `u_t = P(u x curl(u)) + nu laplacian(u) - lambda u + P(f)`.

    `P` is the Leray projection on divergence-free fields, which takes the place of the pressure; `u x curl(u)` differs
    from `-(u . grad) u` by a gradient. The initial velocity must be divergence-free: what is not stays for ever
    (project it first). The mean velocity stays. In 3-D vortices stretch and energy goes to ever smaller scales, down to
    `(nu^3 / epsilon)^(1/4)`, about one grid spacing or more in a resolved run. The step is bounded by advection, `dt <
    spacing / max|u|`. Good values: the Taylor-Green vortex with `viscosity=0.01` (64 nodes per axis) to `1/1600` (256
    and more) on a box of length 2 pi; `KolmogorovForcing()` with `drag=0.1`.

    Source: G. I. Taylor, A. E. Green, Proc. R. Soc. A 158 (1937) 499; C. Canuto et al., Spectral Methods (2007),
    section 3.3.

    Attributes:
        viscosity: `nu`.
        drag: `lambda`, linear friction, per time.
        forcing: `f`, a vector field, or `None`.
    """

    viscosity: Parameter = 1e-2
    drag: Parameter = 0.0
    forcing: Forcing | None = None

    def component_names(self, dimension: int) -> tuple[str, ...]:
        """Velocity components; in two or three dimensions."""
        if dimension not in (2, 3):
            raise ValueError(f"NavierStokesVelocity: an equation in 2 or 3 dimensions, got a grid of {dimension}.")
        return ("u", "v", "w")[:dimension]

    def transport_velocity(self, u: Field) -> Field:
        """The state."""
        return u

    def invariants(self, u: Field) -> dict[str, Field]:
        """Momentum, energy `|u|^2 / 2`, and in 2-D the enstrophy `w^2 / 2`, in 3-D the helicity `u . curl(u)`."""
        momenta = {f"momentum {name}": u[i] for i, name in enumerate(self.component_names(u.dimension))}
        found = momenta | {"energy": 0.5 * u.squared_norm()}
        curl = u.curl()
        if u.dimension == 2:
            return found | {"enstrophy": 0.5 * curl**2}
        return found | {"helicity": total(a * b for a, b in zip(u.sample(), curl.sample()))}

    def rhs(self, u: Field) -> Field:
        """`P(u x curl(u) + f) + nu laplacian(u) - lambda u`."""
        force = _lamb_force(u)
        if self.forcing is not None:
            force = force + self.forcing(u)
        return u.diffusion(self.viscosity) - self.drag * u + force.leray()


def _lamb_force(u: Field) -> Field:
    """`u x curl(u)`."""
    curl = u.curl()
    if u.dimension == 2:
        a, b, w = stack([*u, curl]).sample()
        return stack([b * w, -(a * w)]).project()
    a, b, c, p, q, r = stack([*u, *curl]).sample()
    return stack([b * r - c * q, c * p - a * r, a * q - b * p]).project()
