"""Viscous Burgers equation."""

from typing import Literal

import equinox as eqx

from sciml.equation import Evolution, Parameter
from sciml.fields import Field, stack, total


class Burgers(Evolution):
    """Viscous Burgers equation in 1-3 dimensions, `u_t + b (u . grad) u = nu laplacian(u)`.

    One component per dimension. Waves steepen into layers of width about `nu / |u|`, merge and decay. A layer needs a
    few nodes: `spacing < nu / max|u|`; the step is bounded by advection, `dt < spacing / (b max|u|)`. Good values:
    `viscosity=0.1` on a box of length 2 pi (smooth), `viscosity=0.01 / pi` on `[-1, 1]` with 1024 nodes (a shock at t =
    0.5 from `-sin(pi x)`).

    Source: J. M. Burgers, Adv. Appl. Mech. 1 (1948) 171. Exact solutions in 1-D by E. Hopf (1950) and J. D. Cole
    (1951).

    Attributes:
        viscosity: `nu`, length^2 per time.
        convection: `b`, dimensionless.
        form: `"advective"` as above; `"conservative"`: `b div(u outer u) / 2`; `"scalar"`: one component in any dimension,
            `b sum_i (u^2 / 2)_{x_i}`, which moves along the diagonal. The same in one dimension.
    """

    viscosity: Parameter = 0.1
    convection: Parameter = 1.0
    form: Literal["advective", "conservative", "scalar"] = eqx.field(static=True, default="advective")

    def component_names(self, dimension: int) -> tuple[str, ...]:
        """Velocity components, or the only one."""
        return ("u",) if self.form == "scalar" else ("u", "v", "w")[:dimension]

    def transport_velocity(self, u: Field) -> Field:
        """`b u`, along every axis in the scalar form."""
        carried = stack([u[0]] * u.dimension) if self.form == "scalar" else u
        return self.convection * carried

    def rhs(self, u: Field) -> Field:
        """`nu laplacian(u)` less the transport of the chosen form."""
        transport = scalar_convection(u) if self.form == "scalar" else u.convection(self.form)
        return u.diffusion(self.viscosity) - self.convection * transport


def scalar_convection(u: Field) -> Field:
    """`sum_i (u^2 / 2)_{x_i}`: every component carried along the diagonal by itself."""
    square = (u * u).project()
    return 0.5 * total(square.d(axis) for axis in range(u.dimension))
