"""Kuramoto-Sivashinsky equation in both of its forms."""

from typing import Literal

import equinox as eqx

from sciml.equation import Evolution, Parameter
from sciml.fields import Field


class KuramotoSivashinsky(Evolution):
    """Kuramoto-Sivashinsky equation.

    `form="gradient"` (flame front height, one component): `u_t + a |grad u|^2 / 2 + b laplacian(u) + c laplacian^2(u) =
    0`. `form="conservative"` (its gradient, one component per dimension): `u_t + a div(u outer u) / 2 + b laplacian(u)
    + c laplacian^2(u) = 0`. Modes below `sqrt(b / c)` grow, higher ones are damped, the nonlinearity couples them:
    chaos on boxes longer than about 2 pi sqrt(2). In the gradient form the mean falls without bound, unless
    `fixed_mean` takes it out. Good values: the defaults on a box of length 22 with 64 nodes (leading Lyapunov exponent
    about 0.045), or 60 to 100 with 256; `dt = 0.05` to `0.1` with ETDRK4.

    Source: Y. Kuramoto, T. Tsuzuki, Prog. Theor. Phys. 55 (1976) 356; G. Sivashinsky, Acta Astronaut. 4 (1977) 1177.

    Attributes:
        convection: `a`.
        destabilisation: `b`, weight of the growing second-order term.
        hyperviscosity: `c`, weight of the damping fourth-order term.
        form: see above.
        fixed_mean: subtract the mean of `a |grad u|^2 / 2` in the gradient form; the gradient of u does not notice.
    """

    convection: Parameter = 1.0
    destabilisation: Parameter = 1.0
    hyperviscosity: Parameter = 1.0
    form: Literal["gradient", "conservative"] = eqx.field(static=True, default="conservative")
    fixed_mean: bool = eqx.field(static=True, default=False)

    def component_names(self, dimension: int) -> tuple[str, ...]:
        """Front height, or the components of its gradient."""
        return ("u",) if self.form == "gradient" else ("u", "v", "w")[:dimension]

    def transport_velocity(self, u: Field) -> Field:
        """`a u`, or `a grad(u)` in the gradient form."""
        return self.convection * (u[0].grad() if self.form == "gradient" else u)

    def rhs(self, u: Field) -> Field:
        """Right-hand side of the chosen form."""
        linear = self.destabilisation * u.laplacian() + self.hyperviscosity * u.biharmonic()
        if self.form == "gradient":
            transport = 0.5 * u[0].grad().squared_norm()
            transport = mean_free(transport) if self.fixed_mean else transport
        else:
            transport = u.convection("conservative")
        return -(self.convection * transport) - linear


def mean_free(field: Field) -> Field:
    """A field less its mean over the periodic box."""
    return field.project().inverse_laplacian().laplacian()
