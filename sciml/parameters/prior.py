"""Laws of parameters before data: a density and draws. Elementwise; hyper-parameters broadcast against the parameter."""

import math
from abc import abstractmethod

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy import stats
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from sciml.parameters.constraint import Constraint, Interval, Positive, Real


class Prior(eqx.Module):
    """A law of a parameter whose numbers are independent."""

    @abstractmethod
    def support(self) -> Constraint:
        """The set on which the density is positive, as a constraint."""

    @abstractmethod
    def log_prob(self, value: Float[Array, "*value"]) -> Float[Array, ""]:
        """Logarithm of the density, summed over the numbers of the parameter; normalised."""

    @abstractmethod
    def sample(self, value: Float[Array, "*value"], *, key: PRNGKeyArray) -> Float[Array, "*value"]:
        """A draw with the shape and dtype of a given value."""


class Normal(Prior):
    """Normal law.

    Attributes:
        mean: its mean.
        deviation: its standard deviation.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.parameters import Normal
        >>> round(float(Normal(0.0, 1.0).log_prob(jnp.zeros(2))), 4)
        -1.8379
    """

    mean: ArrayLike
    deviation: ArrayLike

    def support(self) -> Constraint:
        """All numbers."""
        return Real()

    def log_prob(self, value: Float[Array, "*value"]) -> Float[Array, ""]:
        """Sum of `-(value - mean)^2 / (2 deviation^2) - log(deviation sqrt(2 pi))`."""
        return stats.norm.logpdf(value, *_like(value, self.mean, self.deviation)).sum()

    def sample(self, value: Float[Array, "*value"], *, key: PRNGKeyArray) -> Float[Array, "*value"]:
        """`mean + deviation z`."""
        mean, deviation = _like(value, self.mean, self.deviation)
        return mean + deviation * jax.random.normal(key, value.shape, value.dtype)


class LogNormal(Prior):
    """Law of the exponential of a normal number: a positive parameter known to a factor.

    Attributes:
        median: its median, the exponential of the mean of the logarithm.
        deviation: standard deviation of the logarithm; 0.7 means "within a factor of 2, two times out of three".
    """

    median: ArrayLike
    deviation: ArrayLike

    def support(self) -> Constraint:
        """Positive numbers."""
        return Positive()

    def log_prob(self, value: Float[Array, "*value"]) -> Float[Array, ""]:
        """Density of the logarithm, divided by the value."""
        median, deviation = _like(value, self.median, self.deviation)
        logarithm = jnp.log(value)
        return (stats.norm.logpdf(logarithm, jnp.log(median), deviation) - logarithm).sum()

    def sample(self, value: Float[Array, "*value"], *, key: PRNGKeyArray) -> Float[Array, "*value"]:
        """`median exp(deviation z)`."""
        median, deviation = _like(value, self.median, self.deviation)
        return median * jnp.exp(deviation * jax.random.normal(key, value.shape, value.dtype))


class Gamma(Prior):
    """Gamma law with mean `shape / rate`.

    Attributes:
        shape: above 1 the density vanishes at zero, which keeps a length scale away from it.
        rate: inverse of the scale.
    """

    shape: ArrayLike
    rate: ArrayLike

    def support(self) -> Constraint:
        """Positive numbers."""
        return Positive()

    def log_prob(self, value: Float[Array, "*value"]) -> Float[Array, ""]:
        """Sum of `(shape - 1) log(value) - rate value + shape log(rate) - log Gamma(shape)`."""
        shape, rate = _like(value, self.shape, self.rate)
        return (stats.gamma.logpdf(value * rate, shape) + jnp.log(rate)).sum()

    def sample(self, value: Float[Array, "*value"], *, key: PRNGKeyArray) -> Float[Array, "*value"]:
        """A draw of the standard law over the rate."""
        shape, rate = _like(value, self.shape, self.rate)
        return jax.random.gamma(key, shape, dtype=value.dtype) / rate


class HalfNormal(Prior):
    """Law of the absolute value of a normal number: an amplitude or a noise level that may be near zero.

    Attributes:
        scale: standard deviation of the normal number.
    """

    scale: ArrayLike

    def support(self) -> Constraint:
        """Positive numbers."""
        return Positive()

    def log_prob(self, value: Float[Array, "*value"]) -> Float[Array, ""]:
        """Twice the normal density."""
        (scale,) = _like(value, self.scale)
        return (stats.norm.logpdf(value / scale) - jnp.log(scale) + math.log(2.0)).sum()

    def sample(self, value: Float[Array, "*value"], *, key: PRNGKeyArray) -> Float[Array, "*value"]:
        """`scale |z|`."""
        (scale,) = _like(value, self.scale)
        return scale * jnp.abs(jax.random.normal(key, value.shape, value.dtype))


class Uniform(Prior):
    """Uniform law between two bounds, which become the parameter's bounds.

    Attributes:
        lower: lower bound.
        upper: upper bound.
    """

    lower: float = eqx.field(static=True)
    upper: float = eqx.field(static=True)

    def support(self) -> Constraint:
        """The interval."""
        return Interval(self.lower, self.upper)

    def log_prob(self, value: Float[Array, "*value"]) -> Float[Array, ""]:
        """Minus the logarithm of the width, per number."""
        inside = (value >= self.lower) & (value <= self.upper)
        return jnp.where(inside, -math.log(self.upper - self.lower), -jnp.inf).astype(value.dtype).sum()

    def sample(self, value: Float[Array, "*value"], *, key: PRNGKeyArray) -> Float[Array, "*value"]:
        """A uniform draw."""
        return jax.random.uniform(key, value.shape, value.dtype, self.lower, self.upper)


def _like(value: Array, *numbers: ArrayLike) -> list[Array]:
    """Hyper-parameters in the dtype and shape of the value."""
    return [jnp.broadcast_to(jnp.asarray(number, value.dtype), value.shape) for number in numbers]
