"""Exponential time differencing Runge-Kutta, order 3."""

from collections.abc import Sequence
from typing import Any, ClassVar

from jaxtyping import Array

from sciml.solvers.exponential.base import ExponentialMethod, Rate, Tables, act


class ETDRK3(ExponentialMethod):
    """Three stages, order 3; the error estimate is the difference to an embedded method of order 2.

    Source: S. Cox, P. Matthews, J. Comput. Phys. 176 (2002) 430, eq. 23-25. The embedded method is the exponential midpoint rule on
    the stages 1 and 2.
    """

    order: ClassVar[int] = 3
    stages: ClassVar[int] = 3

    def weights(self) -> dict[str, tuple[float, Sequence[float | int]]]:
        """Tables of the method."""
        return {
            "half_decay": (0.5, [1]),
            "half": (0.5, [0, 0.5]),
            "decay": (1.0, [1]),
            "whole": (1.0, [0, 1]),
            "first": (1.0, [0, 1, -3, 4]),
            "second": (1.0, [0, 0, 4, -8]),
            "third": (1.0, [0, 0, -1, 4]),
        }

    def step(self, tables: Tables, u: Array, first: Array, t: Array, dt: Array, rate: Rate) -> tuple[Array, Array]:
        """One step; see `ExponentialMethod.step`."""
        decayed = act(tables["decay"], u)
        a = act(tables["half_decay"], u) + act(tables["half"], first)
        second = rate(a, t + 0.5 * dt)
        b = decayed + act(tables["whole"], 2 * second - first)
        third = rate(b, t + dt)
        # Third-order weights minus second-order weights act on this one difference: third - 2 second + first.
        step = act(tables["first"], first) + act(tables["second"], second) + act(tables["third"], third)
        return decayed + step, first - 2 * second + third

    def error(self, tables: Tables, kept: Any, following: Array, dt: Array) -> Array | None:
        """Difference to the embedded method of order 2."""
        return act(tables["third"], kept)
