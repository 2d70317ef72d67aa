"""Robertson's reaction."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from sciml.equation import Parameter
from sciml.physics.stiff.base import StiffSystem


class Robertson(StiffSystem):
    """Three species of an autocatalytic reaction; rate constants apart by nine orders of magnitude, `y1 + y2 + y3 = 1`.

    Source: H. H. Robertson, in Numerical Analysis: An Introduction (J. Walsh, ed.), 1966, 178.

    Attributes:
        slow: rate of A to B, per second.
        fast: rate of 2 B to B + C.
        medium: rate of B + C to A + C.
    """

    slow: Parameter = 0.04
    fast: Parameter = 3e7
    medium: Parameter = 1e4

    @property
    def initial(self) -> np.ndarray:
        """Only the first species."""
        return np.array([1.0, 0.0, 0.0])

    @property
    def end(self) -> float:
        """Seconds."""
        return 1e5

    def __call__(self, t: Any, y: Float[Array, " 3"], args: Any = None) -> Float[Array, " 3"]:
        """`dy/dt`."""
        first = self.slow * y[0] - self.medium * y[1] * y[2]
        third = self.fast * y[1] ** 2
        return jnp.stack([-first, first - third, third])
