"""Splitting methods: the exact flow of the linear part and the flow of the rest take turns."""

from abc import abstractmethod
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from sciml.fields.arithmetic import multiply
from sciml.solvers.exponential.phi import phi_matrices
from sciml.solvers.method import ExplicitPart, OneStepMethod, Tables, act, times

LARGEST_GROWTH = 2.0
"""What a linear sub-step back in time may make of a damped mode."""


class SplittingMethod(OneStepMethod):
    """A composition of linear flows, exact, and flows of the rest.

    The rest is solved by one step of the classical Runge-Kutta method; in closed form, for one pair of transforms, where the equation
    offers it (`Evolution.nonlinear_flow`: nonlinear Schroedinger, Ginzburg-Landau, Allen-Cahn) and no mode is dropped, which is so
    with `dealiasing="none"`. Then a nonlinear Schroedinger equation keeps its mass to round-off: on an odd number of nodes always,
    on an even one where the state is resolved (the Nyquist mode is not kept).

    No step is bounded by the stiffness of L, but for waves resonances between the two flows set in where a linear phase per step
    comes near a multiple of pi: for the Schroedinger equation with dispersion 1/2 keep `dt < 2 pi / k_max^2`.
    """

    @abstractmethod
    def composition(self) -> tuple[Sequence[float], Sequence[float]]:
        """Fractions of the step: of the linear flows, and of the flows between them, one fewer."""

    def tables(self, symbol: Array | np.ndarray, dt: Array | float, *, modes: int) -> Tables:
        """One exponential for each distinct linear sub-step.

        Raises:
            ValueError: for a method with sub-steps back in time where L damps (known parameters only).
        """
        linear, _ = self.composition()
        if isinstance(symbol, np.ndarray) and isinstance(dt, float) and min(linear) < 0:
            self._refuse_damping(symbol, -min(linear) * dt, modes)
        return {f"flow over {a}": _exponential(times(a * dt, symbol), modes) for a in sorted(set(linear)) if a}

    def _refuse_damping(self, symbol: np.ndarray, backwards: float, modes: int) -> None:
        blocks = symbol.ndim > modes + 1
        rates = np.linalg.eigvals(np.moveaxis(symbol, (0, 1), (-2, -1))) if blocks else symbol
        growth = np.exp(np.minimum(-np.real(rates).min() * backwards, 700.0))
        if growth > LARGEST_GROWTH:
            raise ValueError(
                f"{type(self).__name__}: the method takes linear sub-steps back in time, in which this equation's damping would "
                f"amplify modes by a factor {growth:.3g} (allowed: {LARGEST_GROWTH:g}). Take `Strang` or `ETDRK4`, or a smaller `dt`."
            )

    def advance(self, tables: Tables, state: Array, t: Array, dt: Array, explicit: ExplicitPart) -> Array:
        """One step from time `t`."""
        linear, rest = self.composition()
        u, passed = state, 0.0
        for before, part in zip(linear, [*rest, 0.0]):
            if before:
                u = act(tables[f"flow over {before}"], u)
            if part:
                u = _nonlinear(u, t + passed * dt, part * jnp.asarray(dt), explicit)
                passed += part
        return u


def _exponential(z: Array | np.ndarray, modes: int) -> Array | np.ndarray:
    if z.ndim > modes + 1:
        return phi_matrices(z, 0)[0]
    return np.exp(z) if isinstance(z, np.ndarray) else jnp.exp(z)


def _nonlinear(u: Array, t: Array, dt: Array, explicit: ExplicitPart) -> Array:
    known = explicit.flow(u, dt)
    if known is not None:
        return known
    first = explicit(u, t)
    second = explicit(u + multiply(0.5 * dt, first), t + 0.5 * dt)
    third = explicit(u + multiply(0.5 * dt, second), t + 0.5 * dt)
    fourth = explicit(u + multiply(dt, third), t + dt)
    return u + multiply(dt / 6, first + 2 * (second + third) + fourth)
