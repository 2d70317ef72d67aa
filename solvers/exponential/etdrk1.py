"""Exponential time differencing, order 1."""

from collections.abc import Sequence
from typing import Any, ClassVar

from jaxtyping import Array

from sciml.solvers.exponential.base import ExponentialMethod, Rate, Tables, act


class ETDRK1(ExponentialMethod):
    """Exponential Euler: `u+ = exp(z) u + dt phi_1(z) N(u)`, order 1, one stage, no error estimate.

    Source: S. Cox, P. Matthews, J. Comput. Phys. 176 (2002) 430, eq. 4.
    """

    order: ClassVar[int] = 1
    stages: ClassVar[int] = 1

    def weights(self) -> dict[str, tuple[float, Sequence[float | int]]]:
        """Tables of the method."""
        return {"decay": (1.0, [1]), "first": (1.0, [0, 1])}

    def step(self, tables: Tables, u: Array, first: Array, t: Array, dt: Array, rate: Rate) -> tuple[Array, None]:
        """One step; see `ExponentialMethod.step`."""
        return act(tables["decay"], u) + act(tables["first"], first), None

    def error(self, tables: Tables, kept: Any, following: Array, dt: Array) -> None:
        """None."""
        return None
