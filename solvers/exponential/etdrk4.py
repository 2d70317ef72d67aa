"""Exponential time differencing Runge-Kutta, order 4."""

from collections.abc import Sequence
from typing import Any, ClassVar

from jaxtyping import Array

from sciml.solvers.exponential.base import ExponentialMethod, Rate, Tables, act


class ETDRK4(ExponentialMethod):
    """Four stages, order 4: the default. The embedded method of order 3 replaces the last stage by the next step's first.

    Source: S. Cox, P. Matthews, J. Comput. Phys. 176 (2002) 430, eq. 26-29; the pair after P. Whalen, M. Brio, J. Moloney,
    J. Comput. Phys. 280 (2015) 579.
    """

    order: ClassVar[int] = 4
    stages: ClassVar[int] = 4

    def weights(self) -> dict[str, tuple[float, Sequence[float | int]]]:
        """Tables of the method."""
        return {
            "half_decay": (0.5, [1]),
            "half": (0.5, [0, 0.5]),
            "decay": (1.0, [1]),
            "first": (1.0, [0, 1, -3, 4]),
            "middle": (1.0, [0, 0, 2, -4]),
            "last": (1.0, [0, 0, -1, 4]),
        }

    def step(self, tables: Tables, u: Array, first: Array, t: Array, dt: Array, rate: Rate) -> tuple[Array, Array]:
        """One step; see `ExponentialMethod.step`."""
        half_way = act(tables["half_decay"], u)
        a = half_way + act(tables["half"], first)
        at_a = rate(a, t + 0.5 * dt)
        b = half_way + act(tables["half"], at_a)
        at_b = rate(b, t + 0.5 * dt)
        c = act(tables["half_decay"], a) + act(tables["half"], 2 * at_b - first)
        at_c = rate(c, t + dt)
        step = act(tables["first"], first) + act(tables["middle"], at_a + at_b) + act(tables["last"], at_c)
        return act(tables["decay"], u) + step, at_c

    def error(self, tables: Tables, kept: Any, following: Array, dt: Array) -> Array | None:
        """Difference to the embedded method of order 3."""
        return act(tables["last"], kept - following)
