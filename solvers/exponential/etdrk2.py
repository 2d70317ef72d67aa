"""Exponential time differencing Runge-Kutta, order 2."""

from collections.abc import Sequence
from typing import Any, ClassVar

from jaxtyping import Array

from sciml.solvers.exponential.base import ExponentialMethod, Rate, Tables, act


class ETDRK2(ExponentialMethod):
    """Two stages, order 2; the error estimate is the difference to exponential Euler.

    Source: S. Cox, P. Matthews, J. Comput. Phys. 176 (2002) 430, eq. 20-22.
    """

    order: ClassVar[int] = 2
    stages: ClassVar[int] = 2

    def weights(self) -> dict[str, tuple[float, Sequence[float | int]]]:
        """Tables of the method."""
        return {"decay": (1.0, [1]), "first": (1.0, [0, 1]), "second": (1.0, [0, 0, 1])}

    def step(self, tables: Tables, u: Array, first: Array, t: Array, dt: Array, rate: Rate) -> tuple[Array, Array]:
        """One step; see `ExponentialMethod.step`."""
        a = act(tables["decay"], u) + act(tables["first"], first)
        correction = act(tables["second"], rate(a, t + dt) - first)
        return a + correction, correction

    def error(self, tables: Tables, kept: Any, following: Array, dt: Array) -> Array | None:
        """Difference to exponential Euler, order 1."""
        return kept
