"""Linear third-order dispersion."""

from typing import Literal

import equinox as eqx

from sciml.equation import Evolution, Parameter
from sciml.fields import Field, total
from sciml.physics.coefficients import advective_derivative, check_axes, per_axis


class Dispersion(Evolution):
    """Third-order dispersion, the linear part of Korteweg-de Vries: `u_t = sum_i xi_i u_{x_i x_i x_i}`.

    With `form="laplacian"` the axes are mixed, the Laplacian is advected: `u_t = xi . grad(laplacian(u))`. In one
    dimension both are the same: mode k travels with velocity `xi k^2`, the short waves fastest. Amplitudes stay.
    Exponential integrators solve it exactly for any step. Good values: `dispersion=1e-3` on a box of length 1, `1.0` on
    one of length 2 pi.

    Attributes:
        dispersion: `xi`, a number or one per axis, length^3 per time, of either sign.
        form: `"per axis"` or `"laplacian"`, see above.
    """

    dispersion: Parameter = 1.0
    form: Literal["per axis", "laplacian"] = eqx.field(static=True, default="per axis")

    def rhs(self, u: Field) -> Field:
        """The third derivatives of the chosen form."""
        if self.form == "laplacian":
            return advective_derivative(u.laplacian(), self.dispersion)
        check_axes("dispersion", self.dispersion, u.dimension, most=1)
        return total(per_axis(self.dispersion, axis) * u.d(axis, 3) for axis in range(u.dimension))
