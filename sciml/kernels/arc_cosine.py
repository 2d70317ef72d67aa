"""Arc-cosine kernels."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.kernels.coordinates import one_per_coordinate
from sciml.kernels.kernel import Kernel
from sciml.parameters.field import Parameter, positive


class ArcCosine(Kernel):
    """Covariance of a wide random layer of units `max(0, w . x + b)^order`, of order 0 (steps), 1 (ReLU) or 2.

    Y. Cho & L. Saul, Kernel Methods for Deep Learning, NeurIPS 2009, eq. 3-7, with weights and bias of the given variances.

    Attributes:
        order: power of the unit.
        weight_variance: variance of the weights, one number or one per coordinate.
        bias_variance: variance of the biases.

    Example:
        >>> round(float(ArcCosine(1, 1.0, 0.0)(1.0, 1.0)), 6)  # half the unit's inputs are cut off
        0.5
    """

    order: int = eqx.field(static=True, default=1)
    weight_variance: Float[Parameter, "*dimension"] = positive(default=1.0)
    bias_variance: Float[Parameter, ""] = positive(default=1.0)

    def __check_init__(self) -> None:
        if self.order not in (0, 1, 2):
            raise ValueError(f"ArcCosine: `order` must be 0, 1 or 2, got {self.order}.")

    @property
    def smoothness(self) -> float:
        """A unit's output to the power `order` has so many derivatives in the mean square."""
        return 2.0 * self.order

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """A function of the angle between the points, and of their norms."""
        xx, yy, xy = self._inner(x, x), self._inner(y, y), self._inner(x, y)
        # |x|^2 |y|^2 - (x . y)^2 is zero for parallel points, where the angle's derivative is cut off.
        area = xx * yy - xy * xy
        apart = area > 4 * jnp.finfo(area.dtype).eps * xx * yy
        sine_part = jnp.where(apart, jnp.sqrt(jnp.where(apart, area, 1)), 0)
        angle = jnp.where(
            apart, jnp.arctan2(jnp.where(apart, sine_part, 1), xy), jnp.where(xy < 0, math.pi, jnp.zeros_like(xy))
        )
        rest = math.pi - angle
        match self.order:
            case 0:
                value = rest
            case 1:
                value = sine_part + rest * xy
            case _:
                value = 3 * sine_part * xy + rest * (xx * yy + 2 * xy * xy)
        return value / (2 * math.pi)

    def _inner(self, x: Array, y: Array) -> Array:
        variance = one_per_coordinate(self.weight_variance, x.shape, "weight_variance")
        return jnp.sum(variance * x * y) + self.bias_variance
