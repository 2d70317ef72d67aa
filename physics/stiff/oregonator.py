"""The Oregonator."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from sciml.equation import Parameter
from sciml.physics.stiff.base import StiffSystem


class Oregonator(StiffSystem):
    """The Belousov-Zhabotinsky reaction in three concentrations, with a stiff limit cycle of period 302.9.

    Source: R. J. Field, R. M. Noyes, J. Chem. Phys. 60 (1974) 1877; Hairer, Wanner, Solving Ordinary Differential Equations II,
    section IV.10.

    Attributes:
        scale: ratio of the time scales.
        quadratic: of the autocatalysis' limit.
        slow: rate of the third concentration.
    """

    scale: Parameter = 77.27
    quadratic: Parameter = 8.375e-6
    slow: Parameter = 0.161

    @property
    def initial(self) -> np.ndarray:
        """Near the limit cycle."""
        return np.array([1.0, 2.0, 3.0])

    @property
    def end(self) -> float:
        """More than one period."""
        return 360.0

    def __call__(self, t: Any, y: Float[Array, " 3"], args: Any = None) -> Float[Array, " 3"]:
        """`dy/dt`."""
        return jnp.stack(
            [
                self.scale * (y[1] + y[0] * (1 - self.quadratic * y[0] - y[1])),
                (y[2] - (1 + y[0]) * y[1]) / self.scale,
                self.slow * (y[0] - y[2]),
            ]
        )
