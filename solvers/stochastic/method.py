"""What a method of fixed steps for stochastic equations is."""

import abc
from typing import Any

import equinox as eqx
from jaxtyping import Array, Float

from sciml.solvers.fractional.augmented_terms import Calculus, Field


class StochasticMethod(eqx.Module):
    """One step from given increments; the calculus says to which solution the steps converge."""

    @property
    @abc.abstractmethod
    def calculus(self) -> Calculus:
        """ "ito" or "stratonovich"."""

    @abc.abstractmethod
    def step(
        self, drift: Field, diffusion: Field, t: Array, dt: Array, y: Float[Array, " d"], dw: Array, args: Any
    ) -> Float[Array, " d"]:
        """The state at `t + dt`.

        Args:
            drift: f.
            diffusion: g.
            t: time.
            dt: length of the step.
            y: state at `t`.
            dw: increment of the Brownian motion.
            args: handed to f and g.
        """
