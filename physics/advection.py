"""Linear advection."""

from sciml.equation import Evolution, Parameter
from sciml.fields import Field
from sciml.physics.coefficients import advective_derivative


class Advection(Evolution):
    """Linear advection, `u_t + c . grad(u) = 0`.

    The initial state moves with velocity `c` and keeps its shape; on a periodic box it returns after `length / c`.
    Exponential integrators solve it exactly for any step. Good values: `velocity=1.0` on a box of length 1.

    Attributes:
        velocity: a number (the same along every axis) or one per axis, length per time.
    """

    velocity: Parameter = 1.0

    def rhs(self, u: Field) -> Field:
        """`-c . grad(u)`."""
        return -advective_derivative(u, self.velocity)
