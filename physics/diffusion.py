"""Linear diffusion."""

from sciml.equation import Evolution, Parameter
from sciml.fields import Field, total
from sciml.physics.advection import per_axis


class Diffusion(Evolution):
    """Heat equation, `u_t = sum_i nu_i u_{x_i x_i}`.

    Mode k decays as `exp(-nu |k|^2 t)`: smooths at once, keeps the mean. Exponential integrators solve it exactly for any step.
    Good values: `diffusivity=0.01` on a box of length 1.

    Attributes:
        diffusivity: a number or one per axis, length^2 per time; must not be negative.
    """

    diffusivity: Parameter = 0.01

    def rhs(self, u: Field) -> Field:
        """`sum_i nu_i u_{x_i x_i}`."""
        return total(per_axis(self.diffusivity, axis) * u.d(axis, 2) for axis in range(u.dimension))
