"""Where a parameter may lie, and the smooth map between that set and all real numbers."""

from abc import abstractmethod

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


class Constraint(eqx.Module):
    """A set of values and its map from unconstrained real numbers, elementwise unless the subclass says otherwise."""

    @abstractmethod
    def constrain(self, free: Float[Array, "*free"]) -> Float[Array, "*value"]:
        """The value that belongs to unconstrained numbers."""

    @abstractmethod
    def unconstrain(self, value: Float[Array, "*value"]) -> Float[Array, "*free"]:
        """The unconstrained numbers of a value; not a number, or infinite, where the value is not allowed."""

    @abstractmethod
    def log_jacobian(self, free: Float[Array, "*free"]) -> Float[Array, ""]:
        """Logarithm of the volume factor `|d value / d free|`, summed over all numbers."""

    def free_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the unconstrained numbers of a value of this shape."""
        return shape

    def admits(self, value: np.ndarray) -> bool:
        """Whether known values lie in the set or on its border."""
        return True

    @property
    def condition(self) -> str:
        """For messages: what the values must be."""
        return f"in {self}"


class Fixed(eqx.Module):
    """Marks a parameter that stays as it is; in rules and in field metadata it stands where a constraint would."""


class Real(Constraint):
    """Any real number."""

    def constrain(self, free: Float[Array, "*free"]) -> Float[Array, "*free"]:
        """Return the number itself."""
        return free

    def unconstrain(self, value: Float[Array, "*value"]) -> Float[Array, "*value"]:
        """Return the number itself."""
        return value

    def log_jacobian(self, free: Float[Array, "*free"]) -> Float[Array, ""]:
        """Zero."""
        return jnp.zeros((), free.dtype)


class Positive(Constraint):
    """Numbers above a lower bound, by the exponential: a step in the free number is a relative change of the value.

    Attributes:
        lower: the bound.
    """

    lower: float = eqx.field(static=True, default=0.0)

    def constrain(self, free: Float[Array, "*free"]) -> Float[Array, "*free"]:
        """`lower + exp(free)`."""
        return self.lower + jnp.exp(free)

    def unconstrain(self, value: Float[Array, "*value"]) -> Float[Array, "*value"]:
        """`log(value - lower)`."""
        return jnp.log(value - self.lower)

    def log_jacobian(self, free: Float[Array, "*free"]) -> Float[Array, ""]:
        """Sum of the free numbers."""
        return free.sum()

    def admits(self, value: np.ndarray) -> bool:
        """Not below the bound."""
        return bool((value >= self.lower).all())

    @property
    def condition(self) -> str:
        """For messages: what the values must be."""
        return "at least 0" if self.lower == 0 else f"at least {self.lower:g}"


class Interval(Constraint):
    """Numbers between two bounds, by the logistic function.

    Attributes:
        lower: lower bound.
        upper: upper bound.
    """

    lower: float = eqx.field(static=True)
    upper: float = eqx.field(static=True)

    def admits(self, value: np.ndarray) -> bool:
        """Between the bounds."""
        return bool(((value >= self.lower) & (value <= self.upper)).all())

    @property
    def condition(self) -> str:
        """For messages: what the values must be."""
        return f"between {self.lower:g} and {self.upper:g}"

    def __check_init__(self) -> None:
        if not self.lower < self.upper:
            raise ValueError(f"Interval: `lower` must be below `upper`, got {self.lower} and {self.upper}.")

    def constrain(self, free: Float[Array, "*free"]) -> Float[Array, "*free"]:
        """`lower + (upper - lower) / (1 + exp(-free))`."""
        return self.lower + (self.upper - self.lower) * jax.nn.sigmoid(free)

    def unconstrain(self, value: Float[Array, "*value"]) -> Float[Array, "*value"]:
        """Logarithm of the odds of the value's place in the interval."""
        return jnp.log(value - self.lower) - jnp.log(self.upper - value)

    def log_jacobian(self, free: Float[Array, "*free"]) -> Float[Array, ""]:
        """`log((upper - lower) s (1 - s))` with the logistic function `s`, without overflow."""
        width = jnp.log(jnp.asarray(self.upper - self.lower, free.dtype))
        return (width - jax.nn.softplus(free) - jax.nn.softplus(-free)).sum()


class Simplex(Constraint):
    """Positive numbers that sum to one along the last axis: probabilities, weights of a mixture.

    The free numbers are logarithms of ratios to the last one, one fewer than the values.
    """

    def constrain(self, free: Float[Array, "*free"]) -> Float[Array, "*value"]:
        """Softmax of the free numbers and a zero."""
        return jax.nn.softmax(_and_zero(free), axis=-1)

    def unconstrain(self, value: Float[Array, "*value"]) -> Float[Array, "*free"]:
        """Logarithms of the ratios to the last number."""
        return jnp.log(value[..., :-1]) - jnp.log(value[..., -1:])

    def log_jacobian(self, free: Float[Array, "*free"]) -> Float[Array, ""]:
        """Sum of the logarithms of all values: the volume in the first `n - 1` of them."""
        return jax.nn.log_softmax(_and_zero(free), axis=-1).sum()

    def admits(self, value: np.ndarray) -> bool:
        """Not negative, with a sum of one to five digits."""
        return bool((value >= 0).all() and np.all(np.abs(value.sum(-1) - 1) < 1e-5))

    @property
    def condition(self) -> str:
        """For messages: what the values must be."""
        return "positive numbers that sum to one"

    def free_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """One fewer along the last axis."""
        if not shape:
            raise ValueError("Simplex: the parameter must have an axis whose numbers sum to one, got a scalar.")
        return (*shape[:-1], shape[-1] - 1)


class Ordered(Constraint):
    """Increasing numbers along the last axis: thresholds, frequencies of modes that must not swap."""

    def constrain(self, free: Float[Array, "*free"]) -> Float[Array, "*free"]:
        """The first number, then sums of exponentials."""
        return jnp.cumsum(jnp.concatenate([free[..., :1], jnp.exp(free[..., 1:])], axis=-1), axis=-1)

    def unconstrain(self, value: Float[Array, "*value"]) -> Float[Array, "*value"]:
        """The first number, then logarithms of the differences."""
        return jnp.concatenate([value[..., :1], jnp.log(jnp.diff(value, axis=-1))], axis=-1)

    def log_jacobian(self, free: Float[Array, "*free"]) -> Float[Array, ""]:
        """Sum of all free numbers but the first."""
        return free[..., 1:].sum()

    def admits(self, value: np.ndarray) -> bool:
        """No number below the one before."""
        return bool((np.diff(value, axis=-1) >= 0).all())

    @property
    def condition(self) -> str:
        """For messages: what the values must be."""
        return "increasing"

    def free_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The same shape."""
        if not shape:
            raise ValueError("Ordered: the parameter must have an axis along which it increases, got a scalar.")
        return shape


def _and_zero(free: Array) -> Array:
    return jnp.concatenate([free, jnp.zeros((*free.shape[:-1], 1), free.dtype)], axis=-1)
