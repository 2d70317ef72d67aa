"""The HIRES problem."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from sciml.physics.stiff.base import StiffSystem


class HIRES(StiffSystem):
    """High irradiance responses of photomorphogenesis: eight reactants, `y7 + y8 = 0.0057`.

    Source: E. Schaefer, J. Math. Biology 2 (1975) 41; Hairer, Wanner, Solving Ordinary Differential Equations II, section IV.10.
    """

    @property
    def initial(self) -> np.ndarray:
        """Reactant 1 and a little of reactant 8."""
        return np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057])

    @property
    def end(self) -> float:
        """Time of the reference solution."""
        return 321.8122

    def __call__(self, t: Any, y: Float[Array, " 8"], args: Any = None) -> Float[Array, " 8"]:
        """`dy/dt`."""
        y1, y2, y3, y4, y5, y6, y7, y8 = y
        binding = 280.0 * y6 * y8
        seventh = binding - 1.81 * y7
        return jnp.stack(
            [
                -1.71 * y1 + 0.43 * y2 + 8.32 * y3 + 0.0007,
                1.71 * y1 - 8.75 * y2,
                -10.03 * y3 + 0.43 * y4 + 0.035 * y5,
                8.32 * y2 + 1.71 * y3 - 1.12 * y4,
                -1.745 * y5 + 0.43 * y6 + 0.43 * y7,
                -binding + 0.69 * y4 + 1.71 * y5 - 0.43 * y6 + 0.69 * y7,
                seventh,
                -seventh,
            ]
        )
