"""Van der Pol's oscillator."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from sciml.equation import Parameter
from sciml.physics.stiff.base import StiffSystem


class VanDerPol(StiffSystem):
    """Relaxation oscillations, `x' = v`, `epsilon v' = (1 - x^2) v - x`: slow creeping and sudden jumps.

    Source: Hairer, Wanner, Solving Ordinary Differential Equations II, equation IV.1.5'.

    Attributes:
        epsilon: how fast the jumps are; stiff where it is small.
    """

    epsilon: Parameter = 1e-6

    @property
    def initial(self) -> np.ndarray:
        """At rest on the limit cycle's height."""
        return np.array([2.0, 0.0])

    @property
    def end(self) -> float:
        """Just after the second jump."""
        return 2.0

    def __call__(self, t: Any, y: Float[Array, " 2"], args: Any = None) -> Float[Array, " 2"]:
        """`dy/dt`."""
        return jnp.stack([y[1], ((1 - y[0] ** 2) * y[1] - y[0]) / self.epsilon])
