"""Matern kernels of half-integer and of any smoothness."""

import math
from functools import cache

import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln
from jaxtyping import Array, Float

from sciml.kernels.matern_state_space import matern_state_space
from sciml.kernels.radial import Radial
from sciml.kernels.spectrum import Spectrum, scale_mixture
from sciml.kernels.state_space import StateSpace
from sciml.parameters.field import Parameter, positive
from sciml.special.bessel import log_kv


class Matern12(Radial):
    """The Matern kernel of smoothness 1/2, `exp(-r)` with `r = |x - y| / l`: continuous and nowhere differentiable.

    Attributes:
        lengthscale: `l`, one number or one per coordinate.

    Example:
        >>> round(float(Matern12(2.0)(0.0, 2.0)), 6)  # exp(-1)
        0.367879
    """

    lengthscale: Float[Parameter, "*dimension"] = positive(default=1.0)

    @property
    def smoothness(self) -> float:
        """None exists."""
        return 0.0

    def shape(self, s: Float[Array, "*s"], order: int) -> Float[Array, "*s"]:
        """Closed form in `r = sqrt(s)`."""
        return _half_integer(0, s, order)

    def spectrum(self) -> Spectrum | None:
        """A Student-t density with 1 degree of freedom."""
        return _student_t(self.lengthscale, 0.5)

    def state_space(self) -> StateSpace | None:
        """An Ornstein-Uhlenbeck process."""
        return _state_space(1, self.lengthscale)


class Matern32(Radial):
    """The Matern kernel of smoothness 3/2, `(1 + r) exp(-r)` with `r = sqrt(3) |x - y| / l`: once differentiable.

    Attributes:
        lengthscale: `l`, one number or one per coordinate.

    Example:
        >>> round(float(Matern32(3.0**0.5)(0.0, 1.0)), 6)  # 2 / e
        0.735759
    """

    lengthscale: Float[Parameter, "*dimension"] = positive(default=1.0)

    @property
    def smoothness(self) -> float:
        """Two exist."""
        return 2.0

    def shape(self, s: Float[Array, "*s"], order: int) -> Float[Array, "*s"]:
        """Closed form in `r = sqrt(3 s)`."""
        return _half_integer(1, s, order)

    def spectrum(self) -> Spectrum | None:
        """A Student-t density with 3 degrees of freedom."""
        return _student_t(self.lengthscale, 1.5)

    def state_space(self) -> StateSpace | None:
        """A state of two numbers, the value and its rate."""
        return _state_space(3, self.lengthscale)


class Matern52(Radial):
    """The Matern kernel of smoothness 5/2, `(1 + r + r^2 / 3) exp(-r)` with `r = sqrt(5) |x - y| / l`: twice differentiable.

    Attributes:
        lengthscale: `l`, one number or one per coordinate.

    Example:
        >>> round(float(Matern52(5.0**0.5)(0.0, 1.0)), 6)  # 7 / (3 e)
        0.858385
    """

    lengthscale: Float[Parameter, "*dimension"] = positive(default=1.0)

    @property
    def smoothness(self) -> float:
        """Four exist."""
        return 4.0

    def shape(self, s: Float[Array, "*s"], order: int) -> Float[Array, "*s"]:
        """Closed form in `r = sqrt(5 s)`."""
        return _half_integer(2, s, order)

    def spectrum(self) -> Spectrum | None:
        """A Student-t density with 5 degrees of freedom."""
        return _student_t(self.lengthscale, 2.5)

    def state_space(self) -> StateSpace | None:
        """A state of three numbers, the value and two rates."""
        return _state_space(5, self.lengthscale)


class Matern72(Radial):
    """The Matern kernel of smoothness 7/2: three times differentiable.

    Attributes:
        lengthscale: `l`, one number or one per coordinate.

    Example:
        >>> round(float(Matern72(7.0**0.5)(0.0, 1.0)), 6)  # 37 / (15 e)
        0.907436
    """

    lengthscale: Float[Parameter, "*dimension"] = positive(default=1.0)

    @property
    def smoothness(self) -> float:
        """Six exist."""
        return 6.0

    def shape(self, s: Float[Array, "*s"], order: int) -> Float[Array, "*s"]:
        """Closed form in `r = sqrt(7 s)`."""
        return _half_integer(3, s, order)

    def spectrum(self) -> Spectrum | None:
        """A Student-t density with 7 degrees of freedom."""
        return _student_t(self.lengthscale, 3.5)

    def state_space(self) -> StateSpace | None:
        """A state of four numbers, the value and three rates."""
        return _state_space(7, self.lengthscale)


class Matern(Radial):
    """The Matern kernel of any smoothness `v`, which may be learned: `2^(1 - v) r^v K_v(r) / Gamma(v)`, `r = sqrt(2 v) |x - y| / l`.

    The half-integer kernels are the same where `v` is one of theirs, and ten times faster. See R. Rasmussen & C. Williams, Gaussian
    Processes for Machine Learning, 2006, eq. 4.14.

    Attributes:
        lengthscale: `l`, one number or one per coordinate.
        order: `v`, positive.

    Example:
        >>> round(float(Matern(5.0**0.5, order=2.5)(0.0, 1.0)), 6)
        0.858385
    """

    lengthscale: Float[Parameter, "*dimension"] = positive(default=1.0)
    order: Float[Parameter, ""] = positive(default=2.5)

    @property
    def smoothness(self) -> float:
        """Not known before the order is: derivatives that do not exist are zero where points coincide."""
        return math.inf

    def shape(self, s: Float[Array, "*s"], order: int) -> Float[Array, "*s"]:
        """Bessel functions on the logarithmic scale."""
        v, rest = self.order, self.order - order
        z = 2 * v * s
        apart = z > jnp.finfo(s.dtype).tiny
        log_r = 0.5 * jnp.log(jnp.where(apart, z, 1))
        log_value = rest * log_r + log_kv(rest, jnp.exp(log_r)) + (1 - v) * math.log(2) - gammaln(v)
        exists = rest > 0
        positive_rest = jnp.where(exists, rest, 1)
        at_zero = jnp.exp(gammaln(positive_rest) - gammaln(v) - order * math.log(2))
        value = jnp.where(apart, jnp.exp(log_value), jnp.where(exists, at_zero, 0))
        return (-v) ** order * value

    def spectrum(self) -> Spectrum | None:
        """A Student-t density with `2 v` degrees of freedom."""
        return _student_t(self.lengthscale, self.order)


def _half_integer(p: int, s: Array, order: int) -> Array:
    """Derivative of `G_p(r) / G_p(0)`, `r^2 = (2 p + 1) s`, with respect to `s`, by `d G_p / d(r^2) = -G_(p - 1) / 2`."""
    index = p - order
    positive_s = s > 0
    r = jnp.sqrt((2 * p + 1) * jnp.where(positive_s, s, 1))
    powers = _bessel_polynomial(index if index >= 0 else -index - 1)
    value = jnp.full_like(r, powers[-1])
    for coefficient in powers[-2::-1]:
        value = value * r + coefficient
    value = value * jnp.exp(-r)
    limit = powers[0]
    if index < 0:
        value, limit = value / r ** (-2 * index - 1), 0
    return (-(2 * p + 1) / 2) ** order / _bessel_polynomial(p)[0] * jnp.where(positive_s, value, limit)


@cache
def _bessel_polynomial(p: int) -> tuple[int, ...]:
    """Coefficients, in rising powers of r, of `exp(r) G_p(r)` with `G_p = sqrt(2 / pi) r^(p + 1/2) K_(p + 1/2)(r)`."""
    if p == 0:
        return (1,)
    if p == 1:
        return (1, 1)
    first = [(2 * p - 1) * c for c in _bessel_polynomial(p - 1)] + [0]
    second = [0, 0, *_bessel_polynomial(p - 2)]
    return tuple(a + b for a, b in zip(first, second))


def _student_t(lengthscale: Array, order: float | Array) -> Spectrum:
    v = jnp.asarray(order, lengthscale.dtype)

    def precision(key: Array, count: int) -> Array:
        return v / jax.random.gamma(key, v, (count,), v.dtype)

    def log_density(s: Array, dimension: int) -> Array:
        constant = (
            gammaln(v + 0.5 * dimension) - gammaln(v) + 0.5 * dimension * (math.log(4 * math.pi) - jnp.log(2 * v))
        )
        return constant - (v + 0.5 * dimension) * jnp.log1p(s / (2 * v))

    return scale_mixture(lengthscale, precision, log_density)


def _state_space(twice_order: int, lengthscale: Array) -> StateSpace | None:
    return None if lengthscale.ndim else matern_state_space(twice_order, lengthscale)
