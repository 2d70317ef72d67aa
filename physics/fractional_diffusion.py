"""Fractional diffusion."""

from sciml.equation import Evolution, Parameter
from sciml.fields import Field


class FractionalDiffusion(Evolution):
    """Diffusion by long jumps, `u_t = -nu (-laplacian)^(alpha / 2) u`, in 1-3 dimensions.

    Mode k decays as `exp(-nu |k|^alpha t)`: ordinary diffusion at `alpha = 2`, Cauchy flights at 1. From a point
    spreads a density with tails `|x|^-(d + alpha)`. The operator is not local: pointwise residuals (`sciml.residual`)
    refuse it. `alpha` is a leaf like the rest, to be differentiated and learned. Exponential integrators solve it
    exactly for any step. Good values: the defaults on a box of length 1 to 10.

    Source: R. Metzler, J. Klafter, Phys. Rep. 339 (2000) 1.

    Attributes:
        diffusivity: `nu`, length^alpha per time.
        order: `alpha`, positive; between 0 and 2 it is the generator of a jump process.
    """

    diffusivity: Parameter = 0.1
    order: Parameter = 1.5

    def rhs(self, u: Field) -> Field:
        """`-nu (-laplacian)^(alpha / 2) u`."""
        return -(self.diffusivity * u.fractional_laplacian(self.order))
