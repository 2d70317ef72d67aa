"""What a time integrator with a fixed step is: tables from a symbol, and an advance by one step."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact

from sciml.equation import Evolution
from sciml.fields.arithmetic import multiply
from sciml.fields.box_basis import BoxBasis, lift_rate_coefficients
from sciml.fields.discretisation import Basis, state_field

Tables: TypeAlias = dict[str, Any]
Rate: TypeAlias = Callable[[Array, Array], Array]
"""Coefficients and time to the coefficients of the nonlinear part."""


class ExplicitPart(eqx.Module):
    """What is left of an equation when its linear part is taken away, in coefficients.

    Attributes:
        equation: the equation.
        basis: modes and points.
    """

    equation: Evolution
    basis: Basis = eqx.field(static=True)

    def __call__(self, u: Inexact[Array, "components ..."], t: Array) -> Inexact[Array, "components ..."]:
        """Its rate; where boundary data change in time the modes make up for it."""
        rate = self.equation.explicit_part(state_field(self.basis, u, t)).total_coefficients()
        if not isinstance(self.basis, BoxBasis):
            return rate
        lifted = lift_rate_coefficients(self.basis, u.shape[0], t)
        return rate if lifted is None else rate - lifted

    def flow(self, u: Inexact[Array, "components ..."], dt: Array) -> Inexact[Array, "components ..."] | None:
        """Its solution after `dt` at the nodes where the equation knows it in closed form; else `None`.

        Also `None` where modes of the points are dropped: to project the exact flow once per step is first order in `dt`.
        """
        basis = self.basis
        if isinstance(basis, BoxBasis) or any(2 * k + 2 < n for k, n in zip(basis.modes, basis.quadrature)):
            return None
        values = self.equation.nonlinear_flow(self.basis.to_points(u), dt)
        return None if values is None else self.basis.from_points(values)


class Method(eqx.Module):
    """A time integrator for `u_t = L u + N(u, t)` with a fixed step; L is diagonal in the modes or couples components in C x C blocks.

    What it carries from step to step is its own business: the coefficients alone, or a history of them. `Stepper` and `rollout` ask for
    the coefficients only.

    Attributes:
        order: classical order of convergence.
        stages: evaluations of N per step.
    """

    order: ClassVar[int]
    stages: ClassVar[int]

    @abstractmethod
    def tables(self, symbol: Array | np.ndarray, dt: Array | float, *, modes: int) -> Tables:
        """Coefficients of the method for one symbol and one step.

        Args:
            symbol: `(C, *storage)` or `(C, C, *storage)`.
            dt: step, may be a tracer when `symbol` is a JAX array.
            modes: number of storage axes, which tells the two apart.
        """

    @abstractmethod
    def start(self, u: Array) -> Any:
        """What the method carries, from coefficients alone."""

    @abstractmethod
    def coefficients(self, state: Any) -> Any:
        """The newest coefficients in what the method carries."""

    @abstractmethod
    def advance(self, tables: Tables, state: Any, t: Array, dt: Array, explicit: ExplicitPart) -> Any:
        """One step from time `t`."""


class OneStepMethod(Method):
    """A method that needs nothing but the coefficients at the start of the step."""

    def start(self, u: Array) -> Array:
        """The coefficients."""
        return u

    def coefficients(self, state: Any) -> Any:
        """The coefficients."""
        return state


def times(number: Array | float, array: Array | np.ndarray) -> Array | np.ndarray:
    """A step, known or traced, times a symbol."""
    return number * array if isinstance(number, float) else multiply(number, array)


def act(table: Array, u: Array) -> Array:
    """Apply a table to coefficients: element by element, or C x C blocks on the components."""
    if table.ndim == u.ndim:
        return multiply(table, u)
    return jnp.stack([sum(multiply(table[i, j], u[j]) for j in range(u.shape[0])) for i in range(u.shape[0])])


def combine(weights: Any, arrays: Any) -> Array | None:
    """Weighted sum of arrays, zero weights left out; `None` where nothing is left."""
    terms: list[Array] = [array if weight == 1 else weight * array for weight, array in zip(weights, arrays) if weight]
    return sum(terms[1:], terms[0]) if terms else None
