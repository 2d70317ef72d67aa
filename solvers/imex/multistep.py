"""Implicit-explicit multistep methods: one evaluation per step, earlier ones are remembered."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Int

from sciml.fields.arithmetic import multiply
from sciml.solvers.imex.ars import ARS222, ARS443
from sciml.solvers.imex.base import inverse
from sciml.solvers.method import ExplicitPart, Method, OneStepMethod, Tables, act, combine


@dataclass(frozen=True)
class MultistepScheme:
    """`u+ = (1 - a dt L)^-1 (sum_j states_j u_j + dt sum_j rates_j N_j) - less u`, j counted back from the newest state.

    Attributes:
        implicit: a.
        states: weights of the states.
        rates: weights of their rates.
        less: 1 where L acts on old and new state alike, else 0.
    """

    implicit: float
    states: Sequence[float]
    rates: Sequence[float]
    less: float = 0.0

    @property
    def remembered(self) -> int:
        """Number of steps before the first one that the formula can take."""
        return max(len(self.states), len(self.rates)) - 1


class History(eqx.Module):
    """What a multistep method carries.

    Attributes:
        coefficients: the newest state.
        states: the states before, newest first.
        rates: their explicit rates.
        taken: steps since the start.
    """

    coefficients: Array
    states: tuple[Array, ...]
    rates: tuple[Array, ...]
    taken: Int[Array, ""]


class ImexMultistep(Method):
    """A multistep method of constant step; the first steps are taken by a Runge-Kutta method of the same order."""

    @abstractmethod
    def scheme(self) -> MultistepScheme:
        """Coefficients of the method."""

    @abstractmethod
    def starter(self) -> OneStepMethod:
        """The method of the first steps."""

    def tables(self, symbol: Array | np.ndarray, dt: Array | float, *, modes: int) -> Tables:
        """One inverse, and those of the starter."""
        whole = inverse(symbol, self.scheme().implicit * dt, modes=modes)
        return {"inverse": whole, "starter": self.starter().tables(symbol, dt, modes=modes)}

    def start(self, u: Array) -> History:
        """An empty history; what stands in it is not used before it is replaced."""
        scheme, empty = self.scheme(), jnp.zeros_like(u)
        return History(
            u, (empty,) * (len(scheme.states) - 1), (empty,) * (len(scheme.rates) - 1), jnp.zeros((), jnp.int32)
        )

    def coefficients(self, state: Any) -> Any:
        """The newest state."""
        return state.coefficients

    def advance(self, tables: Tables, state: History, t: Array, dt: Array, explicit: ExplicitPart) -> History:
        """One step from time `t`."""
        scheme, u = self.scheme(), state.coefficients
        states, rates = (u, *state.states), (explicit(u, t), *state.rates)

        def formula() -> Array:
            past, rate = combine(scheme.states, states), combine(scheme.rates, rates)
            moved = act(tables["inverse"], past + multiply(jnp.asarray(dt), rate))
            return moved - scheme.less * u if scheme.less else moved

        def beginning() -> Array:
            return self.starter().advance(tables["starter"], u, t, dt, explicit)

        new = lax.cond(state.taken >= scheme.remembered, formula, beginning)
        return History(new, states[:-1], rates[:-1], state.taken + 1)


class CNAB2(ImexMultistep):
    """Crank-Nicolson and Adams-Bashforth, order 2: the cheapest step. Stiff modes are not damped but change sign.

    Source: U. Ascher, S. Ruuth, B. Wetton, SIAM J. Numer. Anal. 32 (1995) 797, eq. 16.
    """

    order: ClassVar[int] = 2
    stages: ClassVar[int] = 1

    def scheme(self) -> MultistepScheme:
        """Coefficients of the method."""
        return MultistepScheme(0.5, [2.0], [1.5, -0.5], less=1.0)

    def starter(self) -> OneStepMethod:
        """`ARS222`."""
        return ARS222()


class SBDF2(ImexMultistep):
    """Backward differentiation with extrapolated N, order 2: strong damping of stiff modes.

    Source: U. Ascher, S. Ruuth, B. Wetton, SIAM J. Numer. Anal. 32 (1995) 797, eq. 19.
    """

    order: ClassVar[int] = 2
    stages: ClassVar[int] = 1

    def scheme(self) -> MultistepScheme:
        """Coefficients of the method."""
        return MultistepScheme(2 / 3, [4 / 3, -1 / 3], [4 / 3, -2 / 3])

    def starter(self) -> OneStepMethod:
        """`ARS222`."""
        return ARS222()


class SBDF3(ImexMultistep):
    """Backward differentiation with extrapolated N, order 3; for dissipative equations.

    Waves of moderate frequency (`0 < |omega dt| < 1.9`) grow slowly where nothing damps them.

    Source: U. Ascher, S. Ruuth, B. Wetton, SIAM J. Numer. Anal. 32 (1995) 797, eq. 24.
    """

    order: ClassVar[int] = 3
    stages: ClassVar[int] = 1

    def scheme(self) -> MultistepScheme:
        """Coefficients of the method."""
        return MultistepScheme(6 / 11, [18 / 11, -9 / 11, 2 / 11], [18 / 11, -18 / 11, 6 / 11])

    def starter(self) -> OneStepMethod:
        """`ARS443`."""
        return ARS443()
