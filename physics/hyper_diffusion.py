"""Linear fourth-order diffusion."""

from typing import Literal

import equinox as eqx

from sciml.equation import Evolution, Parameter
from sciml.fields import Field, total


class HyperDiffusion(Evolution):
    """Fourth-order diffusion, `u_t = -zeta laplacian(laplacian(u))`.

    Mode k decays as `exp(-zeta |k|^4 t)`: large scales hardly feel it, small ones vanish at once, and the maximum
    principle of ordinary diffusion does not hold. With `form="per axis"` the mixed derivatives are left out, `u_t =
    -zeta sum_i u_{x_i x_i x_i x_i}`; the same in one dimension. Exponential integrators solve it exactly for any step.
    Good values: `1e-4` on a box of length 1.

    Attributes:
        hyperdiffusivity: `zeta`, length^4 per time, not negative.
        form: `"biharmonic"` or `"per axis"`, see above.
    """

    hyperdiffusivity: Parameter = 1e-4
    form: Literal["biharmonic", "per axis"] = eqx.field(static=True, default="biharmonic")

    def rhs(self, u: Field) -> Field:
        """The fourth derivatives of the chosen form."""
        if self.form == "biharmonic":
            return -(self.hyperdiffusivity * u.biharmonic())
        return -(self.hyperdiffusivity * total(u.d(axis, 4) for axis in range(u.dimension)))
