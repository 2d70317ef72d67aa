"""The periodic kernel."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.kernels.coordinates import one_per_coordinate
from sciml.kernels.kernel import Kernel
from sciml.kernels.profile import Profile
from sciml.parameters.field import Parameter, positive


class Periodic(Kernel):
    """`exp(-2 sum sin^2(pi (x - y) / p) / l^2)`: smooth functions that repeat themselves (D. MacKay, 1998).

    Attributes:
        period: `p`, one number or one per coordinate.
        lengthscale: `l`, in units of the period over pi: how much happens within one period.

    Example:
        >>> round(float(Periodic(period=1.0)(0.2, 3.2)), 6)
        1.0
    """

    period: Float[Parameter, "*dimension"] = positive(default=1.0)
    lengthscale: Float[Parameter, "*dimension"] = positive(default=1.0)

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """An exponential of the cosine of the phase difference."""
        one_per_coordinate(self.period, x.shape, "period")
        one_per_coordinate(self.lengthscale, x.shape, "lengthscale")
        return jnp.exp(jnp.sum(self._exponent(x - y)))

    def profile(self) -> Profile | None:
        """Derivatives by automatic differentiation; only for one period and lengthscale."""
        if self.period.ndim or self.lengthscale.ndim:
            return None
        return Profile.of(lambda lag: jnp.exp(self._exponent(lag)))

    def _exponent(self, lag: Array) -> Array:
        # cos(2 a) - 1 = -2 sin^2(a), and the sine keeps its digits for small lags.
        return -2 * (jnp.sin(math.pi * lag / self.period) / self.lengthscale) ** 2
