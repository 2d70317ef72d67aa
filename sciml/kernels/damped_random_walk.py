"""The Ornstein-Uhlenbeck process under the name and with the time scale that light curves use."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.kernels.kernel import Kernel
from sciml.kernels.line import lag, lags
from sciml.kernels.matern_state_space import RepeatedRate
from sciml.kernels.spectrum import Spectrum, require_one_coordinate
from sciml.kernels.state_space import StateSpace
from sciml.parameters.field import Parameter, positive


class DampedRandomWalk(Kernel):
    """`variance * exp(-|t| / timescale)`: Matern-1/2, CARMA(1, 0), on the line.

    Attributes:
        timescale: of the exponential; the spectrum bends at the ordinary frequency `1 / (2 pi timescale)`.
        variance: of the values.

    Example:
        >>> from sciml.kernels import DampedRandomWalk
        >>> round(float(DampedRandomWalk(timescale=2.0)(0.0, 1.0)), 6)
        0.606531
    """

    timescale: Float[Parameter, ""] = positive()
    variance: Float[Parameter, ""] = positive(default=1.0)

    @property
    def smoothness(self) -> float:
        """Continuous, with a kink at lag zero."""
        return 0.0

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """Covariance of the values at two times."""
        return self.variance * jnp.exp(-lag(x, y, "DampedRandomWalk") / self.timescale)

    def pairs(self, x: Float[Array, "n *dimension"], y: Float[Array, "m *dimension"]) -> Float[Array, "n m"]:
        """All covariances, elementwise."""
        return self.variance * jnp.exp(-lags(x, y, "DampedRandomWalk") / self.timescale)

    def state_space(self) -> StateSpace:
        """The value itself."""
        return StateSpace(
            RepeatedRate(1 / self.timescale, 1), self.variance.reshape(1, 1), np.ones(1, self.variance.dtype)
        )

    def spectrum(self) -> Spectrum:
        """A Cauchy law of angular frequencies."""

        def frequencies(normals: Array, key: PRNGKeyArray) -> Array:
            require_one_coordinate(normals, "DampedRandomWalk")
            return normals / jnp.abs(jax.random.normal(key, normals.shape, normals.dtype)) / self.timescale

        return Spectrum(self.variance, frequencies, lambda w: self.power_spectral_density(w[..., 0]))

    def power_spectral_density(self, angular_frequency: Float[Array, "*frequencies"]) -> Float[Array, "*frequencies"]:
        """Slope 0, then -2: `k(t)` is the integral of the density times `cos(w t) dw / (2 pi)` over both signs of `w`."""
        return 2 * self.variance * self.timescale / (1 + (angular_frequency * self.timescale) ** 2)
