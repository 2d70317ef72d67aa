"""Linear diffusion."""

from sciml.equation import Evolution, Parameter
from sciml.fields import Field
from sciml.physics.coefficients import anisotropic_diffusion


class Diffusion(Evolution):
    """Heat equation, `u_t = sum_ij D_ij u_{x_i x_j}`.

    Mode k decays as `exp(-k . D k t)`: smooths at once, keeps the mean. Exponential integrators solve it exactly for
    any step. Good values: `diffusivity=0.01` on a box of length 1.

    Attributes:
        diffusivity: a number, one per axis (a diagonal matrix) or a matrix `((D_00, D_01), ...)`, of which the symmetric part
            counts; length^2 per time, not negative definite.

    Example:
        >>> import sciml
        >>> grid = sciml.Grid((8, 8), extent=(1.0, 1.0))
        >>> basis = sciml.fields.make_basis(grid, degree=1)
        >>> sciml.physics.Diffusion(((0.02, 0.01), (0.01, 0.03))).symbol(basis).shape == (1, *basis.storage)
        True
    """

    diffusivity: Parameter = 0.01

    def rhs(self, u: Field) -> Field:
        """`sum_ij D_ij u_{x_i x_j}`."""
        return anisotropic_diffusion(u, self.diffusivity)
