"""The covariance of an oscillator driven by white noise, from strongly damped to ringing, by one formula."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from sciml.kernels.kernel import Kernel
from sciml.kernels.line import lag, lags
from sciml.kernels.state_space import StateSpace
from sciml.parameters.field import Parameter, positive

SERIES_TERMS = 11
"""Of the series used where `|z| < 1`; the next is below 1e-22."""


class SHO(Kernel):
    """Stochastic harmonic oscillator, `x'' + (w/Q) x' + w^2 x = white noise`, on the line.

    Over-damped below quality 1/2 (two real rates, `rates()`), critically damped at 1/2, where it is Matern-3/2 of lengthscale
    `sqrt(3) / w`, ringing above. Smooth in all parameters, through 1/2 too, and finite for gaps of any length.

    Attributes:
        frequency: `w`, angular frequency without damping, one over the unit of time. The time scale `1 / w` is `2 pi` times
            shorter than the period: papers differ in which they mean.
        quality: `Q`, quality factor; `1 / (2 Q)` is the damping ratio.
        variance: of the values.

    Source: D. Foreman-Mackey et al., "Fast and scalable Gaussian process modeling with applications to astronomical time series",
    AJ 154 (2017) 220, equations 20-24.

    Example:
        >>> from sciml.kernels import SHO
        >>> round(float(SHO(frequency=1.0, quality=0.4)(0.0, 1.0)), 6)
        0.763596
    """

    frequency: Float[Parameter, ""] = positive()
    quality: Float[Parameter, ""] = positive()
    variance: Float[Parameter, ""] = positive(default=1.0)

    @classmethod
    def from_amplitude(cls, frequency: ArrayLike, quality: ArrayLike, amplitude: ArrayLike) -> "SHO":
        """From the amplitude `S0` of celerite's power spectral density; the variance is `S0 w Q`."""
        frequency, quality = jnp.asarray(frequency), jnp.asarray(quality)
        return cls(frequency, quality, jnp.asarray(amplitude) * frequency * quality)

    @classmethod
    def critically_damped(cls, frequency: ArrayLike, variance: ArrayLike = 1.0) -> "SHO":
        """Of quality 1/2."""
        return cls(jnp.asarray(frequency), jnp.asarray(0.5), jnp.asarray(variance))

    @property
    def smoothness(self) -> float:
        """The process has a velocity, and that a kink in its covariance."""
        return 2.0

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """Covariance of the values at two times."""
        even, odd = damped_waves(self.frequency, self.quality, lag(x, y, "SHO"))
        return self.variance * (even + odd)

    def pairs(self, x: Float[Array, "n *dimension"], y: Float[Array, "m *dimension"]) -> Float[Array, "n m"]:
        """All covariances, elementwise."""
        even, odd = damped_waves(self.frequency, self.quality, lags(x, y, "SHO"))
        return self.variance * (even + odd)

    def state_space(self) -> StateSpace:
        """The value and its velocity divided by the frequency."""
        dtype = self.variance.dtype
        stationary = self.variance * jnp.eye(2, dtype=dtype)
        return StateSpace(OscillatorStep(self.frequency, self.quality), stationary, np.array([1.0, 0.0], dtype))

    def power_spectral_density(self, angular_frequency: Float[Array, "*frequencies"]) -> Float[Array, "*frequencies"]:
        """Slope 0, then -4: `k(t)` is the integral of the density times `cos(w t) dw / (2 pi)` over both signs of `w`.

        This is `sqrt(2 pi)` times celerite's.
        """
        w = angular_frequency / self.frequency
        return 2 * self.variance / (self.frequency * self.quality * ((w**2 - 1) ** 2 + (w / self.quality) ** 2))

    def rates(self) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """The slow and the fast rate of decay; the real part of both at and above quality 1/2.

        Strongly over-damped data determine the slow rate alone, about `w Q`.
        """
        square = (1 - 2 * self.quality) * (1 + 2 * self.quality)
        damped = square > 0
        root = jnp.where(damped, jnp.sqrt(jnp.where(damped, square, 1)), 0)
        slow = self.frequency * jnp.where(damped, 2 * self.quality / (1 + root), 1 / (2 * self.quality))
        return slow, self.frequency * (1 + root) / (2 * self.quality)


class OscillatorStep(eqx.Module):
    """Transition of an oscillator in the coordinates value, velocity over frequency.

    Attributes:
        frequency: angular, without damping.
        quality: quality factor.
    """

    frequency: Float[Array, ""]
    quality: Float[Array, ""]

    def __call__(self, step: Float[Array, ""]) -> Float[Array, "2 2"]:
        """`[[C + aS, 2Q aS], [-2Q aS, C - aS]]` of `damped_waves`."""
        even, odd = damped_waves(self.frequency, self.quality, step)
        cross = 2 * self.quality * odd
        return jnp.stack([jnp.stack([even + odd, cross]), jnp.stack([-cross, even - odd])])


def damped_waves(
    frequency: Float[Array, ""], quality: Float[Array, ""], lag: Float[Array, "*lags"]
) -> tuple[Float[Array, "*lags"], Float[Array, "*lags"]]:
    """`exp(-a) cosh(sqrt z)` and `exp(-a) a sinh(sqrt z) / sqrt z`, `a = w t / (2 Q)`, `z = (1 - 4 Q^2) a^2`.

    Entire functions of `z`: a series near zero, and away from it one branch of each sign whose exponentials cannot overflow.
    """
    a = frequency * lag / (2 * quality)
    return _waves(a, (1 - 2 * quality) * (1 + 2 * quality), quality)


@jax.custom_jvp
def _waves(a: Array, d: Array, quality: Array) -> tuple[Array, Array]:
    """The functions of `a` and `d = 1 - 4 Q^2`; the quality saves the digits of `1 - sqrt(d)`."""
    z, decay = d * a * a, jnp.exp(-a)
    far = jnp.abs(z) >= 1
    even, odd = _near_critical(decay, a, jnp.where(far, jnp.zeros_like(z), z))
    # Of the sign of d there is one branch, so that the other need not be computed. At d = 0 no lag is far.
    away = jax.lax.cond(d > 0, _over_damped, _under_damped, decay, a, jnp.where(d == 0, jnp.ones_like(d), d), quality)
    return jnp.where(far, away[0], even), jnp.where(far, away[1], odd)


@_waves.defjvp
def _waves_jvp(
    primals: tuple[Array, ...], tangents: tuple[Array, ...]
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """`dE/da = d O - E`, `dO/da = E - O`, `dE/dd = a O / 2`, `dO/dd = (a E - O) / (2 d)`, the last by a series near `z = 0`."""
    (a, d, quality), (a_rate, d_rate, _) = primals, tangents
    even, odd = _waves(a, d, quality)
    z = d * a * a
    far = jnp.abs(z) >= 1
    small = jnp.where(far, jnp.zeros_like(z), z)
    series = jnp.zeros_like(z)
    for k in reversed(range(1, SERIES_TERMS + 1)):
        series = series * small + k / math.factorial(2 * k + 1)
    beyond = (a * even - odd) * (0.5 / jnp.where(d == 0, jnp.ones_like(d), d))
    bend = jnp.where(far, beyond, series * a * a * a * jnp.exp(-a))
    return (even, odd), ((d * odd - even) * a_rate + 0.5 * a * odd * d_rate, (even - odd) * a_rate + bend * d_rate)


def _near_critical(decay: Array, a: Array, z: Array) -> tuple[Array, Array]:
    even, odd = jnp.zeros_like(z), jnp.zeros_like(z)
    for k in reversed(range(SERIES_TERMS)):
        even = even * z + 1 / math.factorial(2 * k)
        odd = odd * z + 1 / math.factorial(2 * k + 1)
    return decay * even, decay * a * odd


def _over_damped(decay: Array, a: Array, d: Array, quality: Array) -> tuple[Array, Array]:
    f = jnp.sqrt(jnp.abs(d))
    slow = jnp.exp(-a * (4 * quality * quality / (1 + f)))
    x = jnp.expm1(-2 * f * a)
    return slow * (2 + x) * 0.5, -slow * x * (0.5 / f)


def _under_damped(decay: Array, a: Array, d: Array, quality: Array) -> tuple[Array, Array]:
    g = jnp.sqrt(jnp.abs(d))
    return decay * jnp.cos(g * a), decay * jnp.sin(g * a) * (1 / g)
