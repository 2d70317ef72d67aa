"""The cosine kernel."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.kernels.coordinates import one_per_coordinate
from sciml.kernels.kernel import Kernel
from sciml.kernels.profile import Profile
from sciml.kernels.spectrum import Spectrum
from sciml.parameters.field import Parameter, real


class Cosine(Kernel):
    """`cos(2 pi f . (x - y))`: a wave of known frequency with random amplitude and phase.

    Attributes:
        frequency: `f` in cycles per unit, one number, or one per coordinate.

    Example:
        >>> round(float(Cosine(0.25)(0.0, 2.0)), 6)
        -1.0
    """

    frequency: Float[Parameter, "*dimension"] = real(default=1.0)

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """Cosine of the phase difference."""
        frequency = one_per_coordinate(self.frequency, x.shape, "frequency")
        return jnp.cos(2 * math.pi * jnp.sum(frequency * (x - y)))

    def profile(self) -> Profile | None:
        """Waves; only for one frequency."""
        if self.frequency.ndim:
            return None
        rate = 2 * math.pi * self.frequency
        return Profile(lambda lag, order: rate**order * cosine_derivative(rate * lag, order))

    def spectrum(self) -> Spectrum | None:
        """Two points, at plus and minus the frequency."""

        def frequencies(normals: Array, key: PRNGKeyArray) -> Array:
            sign = jax.random.rademacher(key, normals.shape[:1], normals.dtype)
            return 2 * math.pi * sign[:, None] * jnp.broadcast_to(self.frequency, normals.shape)

        return Spectrum(jnp.ones((), self.frequency.dtype), frequencies)


def cosine_derivative(phase: Array, order: int) -> Array:
    """Derivative of the cosine of an order."""
    match order % 4:
        case 0:
            return jnp.cos(phase)
        case 1:
            return -jnp.sin(phase)
        case 2:
            return -jnp.cos(phase)
        case _:
            return jnp.sin(phase)
