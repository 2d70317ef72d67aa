"""Heun's method for Stratonovich equations."""

from typing import Any

from jaxtyping import Array, Float

from sciml.solvers.fractional.augmented_terms import Calculus, Field, spread
from sciml.solvers.stochastic.method import StochasticMethod


class StratonovichHeun(StochasticMethod):
    """Stratonovich; strong order 1 for commutative noise, 1/2 for any noise; order 2 without noise.

    Example:
        >>> StratonovichHeun().calculus
        'stratonovich'
    """

    @property
    def calculus(self) -> Calculus:
        """Stratonovich."""
        return "stratonovich"

    def step(
        self, drift: Field, diffusion: Field, t: Array, dt: Array, y: Float[Array, " d"], dw: Array, args: Any
    ) -> Float[Array, " d"]:
        """The mean of the changes at both ends, the second one at the state predicted by the first."""
        first = drift(t, y, args) * dt + spread(diffusion(t, y, args), dw)
        guess = y + first
        second = drift(t + dt, guess, args) * dt + spread(diffusion(t + dt, guess, args), dw)
        return y + 0.5 * (first + second)
