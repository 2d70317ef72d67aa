"""The linear kernel."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.kernels.coordinates import one_per_coordinate
from sciml.kernels.kernel import Kernel
from sciml.parameters.field import Parameter, positive, real


class Linear(Kernel):
    """`sum_i v_i (x_i - c_i) (y_i - c_i)`: straight lines through `c` with random slopes.

    Attributes:
        variance: `v`, of the slopes: one number or one per coordinate.
        centre: `c`: one number or one per coordinate.

    Example:
        >>> float(Linear()(2.0, 3.0))
        6.0
    """

    variance: Float[Parameter, "*dimension"] = positive(default=1.0)
    centre: Float[Parameter, "*dimension"] = real(default=0.0)

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """A weighted inner product."""
        variance = one_per_coordinate(self.variance, x.shape, "variance")
        centre = one_per_coordinate(self.centre, x.shape, "centre")
        return jnp.sum(variance * (x - centre) * (y - centre))
