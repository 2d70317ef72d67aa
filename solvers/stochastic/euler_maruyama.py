"""The Euler-Maruyama method."""

from typing import Any

from jaxtyping import Array, Float

from sciml.solvers.fractional.augmented_terms import Calculus, Field, spread
from sciml.solvers.stochastic.method import StochasticMethod


class EulerMaruyama(StochasticMethod):
    """Ito; strong order 1/2 (1 for additive noise), weak order 1; any noise.

    Example:
        >>> EulerMaruyama().calculus
        'ito'
    """

    @property
    def calculus(self) -> Calculus:
        """Ito."""
        return "ito"

    def step(
        self, drift: Field, diffusion: Field, t: Array, dt: Array, y: Float[Array, " d"], dw: Array, args: Any
    ) -> Float[Array, " d"]:
        """`y + f dt + g dW`."""
        return y + drift(t, y, args) * dt + spread(diffusion(t, y, args), dw)
