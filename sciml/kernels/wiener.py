"""Brownian motion and fractional Brownian motion."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.kernels.kernel import Kernel
from sciml.parameters.constraint import Interval
from sciml.parameters.field import Parameter, parameter


class Wiener(Kernel):
    """Brownian motion from zero: `min(x, y)` for points that are not negative.

    Example:
        >>> float(Wiener()(0.5, 2.0))
        0.5
    """

    @property
    def smoothness(self) -> float:
        """Paths have no derivative."""
        return 0.0

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """The earlier time; several coordinates multiply (a Brownian sheet)."""
        return jnp.prod(jnp.minimum(x, y))

    def factors(self, dimension: int) -> tuple[Kernel, ...]:
        """The sheet is a product over its coordinates."""
        return (self,) * dimension


class FractionalBrownian(Kernel):
    """Fractional Brownian motion, `(|x|^2H + |y|^2H - |x - y|^2H) / 2`; in several coordinates Levy's field.

    B. Mandelbrot & J. van Ness, SIAM Review 10, 1968.

    Attributes:
        hurst: `H` between 0 and 1; one half is Brownian motion.

    Example:
        >>> float(FractionalBrownian(0.5)(0.5, 2.0))
        0.5
    """

    hurst: Float[Parameter, ""] = parameter(Interval(0.0, 1.0), default=0.5)

    @property
    def smoothness(self) -> float:
        """Paths have no derivative."""
        return 0.0

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """Powers of distances."""
        return 0.5 * (self._power(x) + self._power(y) - self._power(x - y))

    def _power(self, x: Array) -> Array:
        squared = jnp.sum(x * x)
        apart = squared > 0
        return jnp.where(apart, jnp.where(apart, squared, 1) ** self.hurst, 0)
