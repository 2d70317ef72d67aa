"""Sums, products and multiples of kernels; a capability of the whole is there where all its parts have it."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from sciml.kernels.derivatives import MultiIndex, Pairs
from sciml.kernels.kernel import Kernel
from sciml.kernels.profile import Profile
from sciml.kernels.spectrum import Spectrum
from sciml.kernels.state_space import StateSpace
from sciml.parameters.field import Parameter, floating_array, positive


class Sum(Kernel):
    """Covariance of a sum of independent processes.

    Attributes:
        first: one term.
        second: the other.
    """

    first: Kernel
    second: Kernel

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """Sum of the terms."""
        return self.first.evaluate(x, y) + self.second.evaluate(x, y)

    def pairs(self, x: Float[Array, "n *dimension"], y: Float[Array, "m *dimension"]) -> Float[Array, "n m"]:
        """Sum of the terms' matrices."""
        return self.first.pairs(x, y) + self.second.pairs(x, y)

    def derivatives(self, pairs: Pairs, alpha: MultiIndex, beta: MultiIndex) -> Float[Array, "n m"]:
        """Sum of the terms' derivatives."""
        return self.first.derivatives(pairs, alpha, beta) + self.second.derivatives(pairs, alpha, beta)

    @property
    def smoothness(self) -> float:
        """That of the rougher part."""
        return min(self.first.smoothness, self.second.smoothness)

    def profile(self) -> Profile | None:
        """Sum of the profiles."""
        return _lift(Profile.add, self.first.profile(), self.second.profile())

    def spectrum(self) -> Spectrum | None:
        """Sum of the spectra."""
        return _lift(Spectrum.add, self.first.spectrum(), self.second.spectrum())

    def state_space(self) -> StateSpace | None:
        """Both states side by side."""
        return _lift(StateSpace.add, self.first.state_space(), self.second.state_space())


class Product(Kernel):
    """Covariance of a product of independent processes of mean zero.

    Attributes:
        first: one factor.
        second: the other.
    """

    first: Kernel
    second: Kernel

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """Product of the factors."""
        return self.first.evaluate(x, y) * self.second.evaluate(x, y)

    def pairs(self, x: Float[Array, "n *dimension"], y: Float[Array, "m *dimension"]) -> Float[Array, "n m"]:
        """Elementwise product of the factors' matrices."""
        return self.first.pairs(x, y) * self.second.pairs(x, y)

    @property
    def smoothness(self) -> float:
        """That of the rougher part."""
        return min(self.first.smoothness, self.second.smoothness)

    def profile(self) -> Profile | None:
        """Product of the profiles, its derivatives by Leibniz' rule."""
        return _lift(Profile.multiply, self.first.profile(), self.second.profile())

    def spectrum(self) -> Spectrum | None:
        """Random frequencies of a product are sums of those of its factors."""
        return _lift(Spectrum.multiply, self.first.spectrum(), self.second.spectrum())

    def state_space(self) -> StateSpace | None:
        """Tensor product of the states."""
        return _lift(StateSpace.multiply, self.first.state_space(), self.second.state_space())

    def factors(self, dimension: int) -> tuple[Kernel, ...] | None:
        """Products of the factors of each coordinate."""
        first, second = self.first.factors(dimension), self.second.factors(dimension)
        return _lift(lambda a, b: tuple(Product(i, j) for i, j in zip(a, b)), first, second)


class Scaled(Kernel):
    """A kernel times a variance.

    Attributes:
        kernel: the kernel.
        variance: the factor, positive.
    """

    kernel: Kernel
    variance: Float[Parameter, ""] = positive()

    def __check_init__(self) -> None:
        # Any object may stand in a field while a tree is being mapped over.
        if getattr(self.variance, "ndim", 0):
            raise ValueError(
                f"Scaled: a kernel is multiplied by one number, got an array of shape {self.variance.shape}."
            )

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """The variance times the kernel."""
        return self.variance * self.kernel.evaluate(x, y)

    def pairs(self, x: Float[Array, "n *dimension"], y: Float[Array, "m *dimension"]) -> Float[Array, "n m"]:
        """The variance times the kernel's matrix."""
        return self.variance * self.kernel.pairs(x, y)

    def derivatives(self, pairs: Pairs, alpha: MultiIndex, beta: MultiIndex) -> Float[Array, "n m"]:
        """The variance times the kernel's derivatives."""
        return self.variance * self.kernel.derivatives(pairs, alpha, beta)

    @property
    def smoothness(self) -> float:
        """That of the kernel."""
        return self.kernel.smoothness

    def profile(self) -> Profile | None:
        """The variance times the profile."""
        return _lift(lambda part: part.scale(self.variance), self.kernel.profile())

    def spectrum(self) -> Spectrum | None:
        """The variance times the density."""
        return _lift(lambda part: part.scale(self.variance), self.kernel.spectrum())

    def state_space(self) -> StateSpace | None:
        """The same equation, with the variance on its stationary covariance."""
        return _lift(lambda part: part.scale(self.variance), self.kernel.state_space())

    def factors(self, dimension: int) -> tuple[Kernel, ...] | None:
        """The factors, the first of which bears the variance."""
        return _lift(lambda parts: (Scaled(parts[0], self.variance), *parts[1:]), self.kernel.factors(dimension))


class Constant(Kernel):
    """The same covariance for all pairs: an unknown mean.

    Attributes:
        variance: variance of the constant.
    """

    variance: Float[Parameter, ""] = positive(default=1.0)

    def evaluate(self, x: Float[Array, "*point"], y: Float[Array, "*point"]) -> Float[Array, ""]:
        """The variance."""
        return self.variance

    def profile(self) -> Profile | None:
        """A profile whose derivatives vanish."""
        return Profile(lambda lag, order: jnp.full_like(lag, self.variance.astype(lag.dtype)) * (order == 0))


def add(first: Kernel | ArrayLike, second: Kernel | ArrayLike) -> Kernel:
    """Sum of two kernels; a number is a constant covariance."""
    return Sum(*(part if isinstance(part, Kernel) else Constant(floating_array(part)) for part in (first, second)))


def multiply(first: Kernel | ArrayLike, second: Kernel | ArrayLike) -> Kernel:
    """Product of two kernels, or a kernel times a variance."""
    match first, second:
        case Kernel(), Kernel():
            return Product(first, second)
        case Kernel(), _:
            return Scaled(first, second)  # pyright: ignore[reportArgumentType]
        case _:
            return Scaled(second, first)  # pyright: ignore[reportArgumentType]


def _lift(combine: Callable[..., Any], *parts: Any) -> Any:
    return None if any(part is None for part in parts) else combine(*parts)
