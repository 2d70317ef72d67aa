"""Linear advection and diffusion together."""

from sciml.equation import Evolution, Parameter
from sciml.fields import Field
from sciml.physics.coefficients import advective_derivative, anisotropic_diffusion


class AdvectionDiffusion(Evolution):
    """Advection and diffusion, `u_t + c . grad(u) = sum_ij D_ij u_{x_i x_j}`.

    The initial state moves with velocity `c` while its modes decay as `exp(-k . D k t)`; the mean stays. Exponential
    integrators solve it exactly for any step. Good values: the defaults on a box of length 1; advection rules for
    `length c / D >> 1`.

    Attributes:
        velocity: `c`, a number (the same along every axis) or one per axis, length per time.
        diffusivity: `D`, a number, one per axis or a matrix, length^2 per time, not negative definite.
    """

    velocity: Parameter = 1.0
    diffusivity: Parameter = 0.01

    def rhs(self, u: Field) -> Field:
        """`sum_ij D_ij u_{x_i x_j} - c . grad(u)`."""
        return anisotropic_diffusion(u, self.diffusivity) - advective_derivative(u, self.velocity)
