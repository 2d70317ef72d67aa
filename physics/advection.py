"""Linear advection."""

import numpy as np

from sciml.equation import Evolution, Parameter
from sciml.fields import Field, total


class Advection(Evolution):
    """Linear advection, `u_t + c . grad(u) = 0`.

    The initial state moves with velocity `c` and keeps its shape; on a periodic box it returns after `length / c`. Exponential
    integrators solve it exactly for any step. Good values: `velocity=1.0` on a box of length 1.

    Attributes:
        velocity: a number (the same along every axis) or one per axis, length per time.
    """

    velocity: Parameter = 1.0

    def rhs(self, u: Field) -> Field:
        """`-c . grad(u)`."""
        return -total(per_axis(self.velocity, axis) * u.d(axis) for axis in range(u.dimension))


def per_axis(coefficient: Parameter, axis: int) -> Parameter:
    """Entry of a coefficient that is one number for all axes or an array with one per axis."""
    indexed = isinstance(coefficient, tuple | list) or np.ndim(coefficient) > 0
    return coefficient[axis] if indexed else coefficient
