"""The pollution problem."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from sciml.physics.stiff.base import StiffSystem

# Rate constant, reactants, products of the 25 reactions, species counted from 1.
_REACTIONS: tuple[tuple[float, tuple[int, ...], tuple[int, ...]], ...] = (
    (0.35, (1,), (2, 3)),
    (26.6, (2, 4), (1,)),
    (1.23e4, (5, 2), (6, 1)),
    (8.6e-4, (7,), (5, 5, 8)),
    (8.2e-4, (7,), (8,)),
    (1.5e4, (7, 6), (8, 5)),
    (1.3e-4, (9,), (10, 8, 5)),
    (2.4e4, (9, 6), (11,)),
    (1.65e4, (11, 2), (10, 12, 1)),
    (9.0e3, (11, 1), (13,)),
    (0.022, (13,), (11, 1)),
    (1.2e4, (10, 2), (14, 1)),
    (1.88, (14,), (7, 5)),
    (1.63e4, (1, 6), (15,)),
    (4.8e6, (3,), (4,)),
    (3.5e-4, (4,), (16,)),
    (0.0175, (4,), (3,)),
    (1.0e8, (16,), (6, 6)),
    (4.44e11, (16,), (3,)),
    (1.24e3, (17, 6), (18, 5)),
    (2.1, (19,), (2,)),
    (5.78, (19,), (1, 3)),
    (0.0474, (1, 4), (19,)),
    (1.78e3, (19, 1), (20,)),
    (3.12, (20,), (1, 19)),
)


class Pollution(StiffSystem):
    """The chemistry of air pollution: 25 reactions among 20 species, rate constants from 1e-4 to 4e11.

    Source: J. G. Verwer, SIAM J. Sci. Comput. 15 (1994) 1243.
    """

    @property
    def initial(self) -> np.ndarray:
        """Six species are present."""
        y = np.zeros(20)
        y[[1, 3, 6, 7, 8, 16]] = 0.2, 0.04, 0.1, 0.3, 0.01, 0.007
        return y

    @property
    def end(self) -> float:
        """Minutes."""
        return 60.0

    def __call__(self, t: Any, y: Float[Array, " 20"], args: Any = None) -> Float[Array, " 20"]:
        """`dy/dt`."""
        constants, partners, changes = _tables()
        # The second reactant of a decay is a unit that never changes.
        padded = jnp.concatenate([y, jnp.ones(1, y.dtype)])
        rates = jnp.asarray(constants, y.dtype) * padded[partners[:, 0]] * padded[partners[:, 1]]
        return jnp.asarray(changes, y.dtype) @ rates


def _tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Constants, the two reactants of each reaction, and what each reaction does to each species."""
    constants = np.array([constant for constant, _, _ in _REACTIONS])
    partners = np.array([[(*reactants, 21)[place] - 1 for place in range(2)] for _, reactants, _ in _REACTIONS])
    changes = np.zeros((20, len(_REACTIONS)))
    for number, (_, reactants, products) in enumerate(_REACTIONS):
        for species in products:
            changes[species - 1, number] += 1
        for species in reactants:
            changes[species - 1, number] -= 1
    return constants, partners, changes
