"""Milstein's method."""

from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, Float

from sciml.solvers.fractional.augmented_terms import Calculus, Field, spread
from sciml.solvers.stochastic.drift_conversion import calculus_correction
from sciml.solvers.stochastic.method import StochasticMethod


class Milstein(StochasticMethod):
    """Ito or Stratonovich; strong order 1 for commutative noise, which is not checked.

    Scalar, additive and diagonal noise commute, the last where every component depends on its own component of the state alone.

    Attributes:
        calculus: "ito" or "stratonovich".

    Example:
        >>> Milstein("stratonovich").calculus
        'stratonovich'
    """

    calculus: Calculus = eqx.field(static=True, default="ito")  # pyright: ignore[reportIncompatibleMethodOverride]

    def __check_init__(self):
        if self.calculus not in ("ito", "stratonovich"):
            raise ValueError(f"Milstein: `calculus` must be 'ito' or 'stratonovich', got {self.calculus!r}.")

    def step(
        self, drift: Field, diffusion: Field, t: Array, dt: Array, y: Float[Array, " d"], dw: Array, args: Any
    ) -> Float[Array, " d"]:
        """`y + f dt + g dW + 1/2 ((g dW) . grad) (g dW)`, less the Ito correction."""
        moved = spread(diffusion(t, y, args), dw)
        second = jax.jvp(lambda state: spread(diffusion(t, state, args), dw), (y,), (moved,))[1]
        rate = drift(t, y, args)
        if self.calculus == "ito":
            rate = rate - calculus_correction(diffusion, t, y, args, elementwise=True)
        return y + rate * dt + moved + 0.5 * second
