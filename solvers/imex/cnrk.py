"""Crank-Nicolson steps for the linear part between the stages of low-storage Runge-Kutta methods."""

import itertools
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from sciml.fields.arithmetic import multiply
from sciml.solvers.imex.base import inverse
from sciml.solvers.method import ExplicitPart, OneStepMethod, Tables, act


class LowStorageCrankNicolson(OneStepMethod):
    """From stage to stage one register collects the rates of N, and L takes a Crank-Nicolson step over the same time.

    The order is 2, with N alone that of the underlying method. Stiff modes are not damped but change sign.
    """

    @abstractmethod
    def scheme(self) -> tuple[Sequence[float], Sequence[float], Sequence[float]]:
        """Times of the stages with the end, what is kept of the register, weights of the register in the state."""

    def tables(self, symbol: Array | np.ndarray, dt: Array | float, *, modes: int) -> Tables:
        """One inverse for each distance between stages."""
        return {f"inverse of {a}": inverse(symbol, a * dt, modes=modes) for a in sorted(set(self._halves()))}

    def _halves(self) -> list[float]:
        nodes, _, _ = self.scheme()
        return [(later - earlier) / 2 for earlier, later in itertools.pairwise(nodes)]

    def advance(self, tables: Tables, state: Array, t: Array, dt: Array, explicit: ExplicitPart) -> Array:
        """One step from time `t`."""
        nodes, kept, weights = self.scheme()
        u, register = state, jnp.zeros_like(state)
        for node, keep, weight, half in zip(nodes, kept, weights, self._halves()):
            rate = explicit(u, t + node * dt)
            register = rate + keep * register if keep else rate
            # (1 - a L)^-1 (1 + a L) u = 2 (1 - a L)^-1 u - u.
            u = act(tables[f"inverse of {half}"], 2 * u + multiply(weight * jnp.asarray(dt), register)) - u
        return u


class CNRK3(LowStorageCrankNicolson):
    """Williamson's method of order 3 with Crank-Nicolson: three evaluations, order 2.

    Source: J. Williamson, J. Comput. Phys. 35 (1980) 48, case 7; P. Spalart, R. Moser, M. Rogers, J. Comput. Phys. 96 (1991) 297 for
    the combination.
    """

    order: ClassVar[int] = 2
    stages: ClassVar[int] = 3

    def scheme(self) -> tuple[Sequence[float], Sequence[float], Sequence[float]]:
        """Times of the stages with the end, what is kept of the register, weights of the register in the state."""
        return [0.0, 1 / 3, 3 / 4, 1.0], [0.0, -5 / 9, -153 / 128], [1 / 3, 15 / 16, 8 / 15]


class CNRK4(LowStorageCrankNicolson):
    """Carpenter's and Kennedy's method of order 4 with Crank-Nicolson: five evaluations, order 2.

    Source: M. Carpenter, C. Kennedy, NASA TM 109112 (1994), solution 3.
    """

    order: ClassVar[int] = 2
    stages: ClassVar[int] = 5

    def scheme(self) -> tuple[Sequence[float], Sequence[float], Sequence[float]]:
        """Times of the stages with the end, what is kept of the register, weights of the register in the state."""
        return (
            [0.0, 0.1496590219993, 0.3704009573644, 0.6222557631345, 0.9582821306748, 1.0],
            [0.0, -0.4178904745, -1.192151694643, -1.697784692471, -1.514183444257],
            [0.1496590219993, 0.3792103129999, 0.8229550293869, 0.6994504559488, 0.1530572479681],
        )
