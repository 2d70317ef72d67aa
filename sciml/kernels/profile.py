"""Stationary covariances of a number as functions of the lag, with their derivatives."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Lags = Float[Array, "*lags"]


@dataclass(frozen=True)
class Profile:
    """`k(lag)` of a stationary kernel, even in the lag, and its derivatives.

    Attributes:
        derivative: `(lags, order) -> values`, elementwise; order 0 is the covariance.
        smoothness: highest order of a derivative that exists at lag zero.
    """

    derivative: Callable[[Lags, int], Lags]
    smoothness: float = math.inf

    def __call__(self, lag: Lags, order: int = 0) -> Lags:
        """The derivative of an order at lags.

        Raises:
            ValueError: the covariance has no such derivative at zero.
        """
        check_smoothness(self.smoothness, order)
        return self.derivative(lag, order)

    @staticmethod
    def of(function: Callable[[Array], Array], smoothness: float = math.inf) -> "Profile":
        """Profile of a function of one lag, with derivatives by automatic differentiation; it must be smooth at zero."""

        def derivative(lag: Lags, order: int) -> Lags:
            rate = function
            for _ in range(order):
                rate = _rate(rate)
            return rate(lag)

        return Profile(derivative, smoothness)

    def add(self, other: "Profile") -> "Profile":
        """Sum of two profiles."""
        return Profile(
            lambda lag, order: self.derivative(lag, order) + other.derivative(lag, order),
            min(self.smoothness, other.smoothness),
        )

    def multiply(self, other: "Profile") -> "Profile":
        """Product of two profiles, by Leibniz' rule."""

        def derivative(lag: Lags, order: int) -> Lags:
            terms = [
                math.comb(order, i) * (self.derivative(lag, i) * other.derivative(lag, order - i))
                for i in range(order + 1)
            ]
            return sum(terms[1:], terms[0])

        return Profile(derivative, min(self.smoothness, other.smoothness))

    def scale(self, variance: Float[Array, ""]) -> "Profile":
        """A multiple."""
        return Profile(lambda lag, order: variance * self.derivative(lag, order), self.smoothness)


def check_smoothness(smoothness: float, order: int) -> None:
    """Refuse a derivative that a covariance does not have where the points coincide."""
    if order > smoothness:
        raise ValueError(
            f"this kernel has {smoothness:g} derivatives at lag zero, and the observations need {order}: "
            "an operator of order n needs a kernel with 2 n of them; take a smoother one (Matern72, RBF, ...)."
        )


def radial_profile(
    shape: Callable[[Array, int], Array], lengthscale: Float[Array, ""], smoothness: float = math.inf
) -> Profile:
    """Profile of a covariance `g(s)` of the squared scaled lag `s`, given the derivatives of `g` (Faa di Bruno's formula).

    Args:
        shape: `(s, order)` to the derivative of `g` of that order with respect to `s`.
        lengthscale: unit of the lag.
        smoothness: derivatives of the covariance at zero.
    """

    def derivative(lag: Lags, order: int) -> Lags:
        scaled = lag / lengthscale
        s = scaled * scaled
        # The derivative of g(t^2) of order n is the sum over j of n! / (j! (n - 2 j)!) (2 t)^(n - 2 j) g^(n - j)(t^2).
        terms = []
        for j in range(order // 2 + 1):
            power = order - 2 * j
            weight = math.factorial(order) / (math.factorial(j) * math.factorial(power)) * 2.0**power
            terms.append(weight * (_power(scaled, power) * shape(s, order - j)))
        return sum(terms[1:], terms[0]) / lengthscale**order

    return Profile(derivative, smoothness)


def _power(base: Array, exponent: int) -> Array:
    return jnp.ones_like(base) if exponent == 0 else base**exponent


def _rate(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda lag: jax.jvp(function, (lag,), (jnp.ones_like(lag),))[1]
