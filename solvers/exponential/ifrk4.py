"""Integrating-factor Runge-Kutta, order 4."""

from collections.abc import Sequence
from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array

from sciml.fields.arithmetic import multiply
from sciml.solvers.exponential.base import ExponentialMethod, Rate, Tables, act


class IFRK4(ExponentialMethod):
    """The classical Runge-Kutta method in the variable `exp(-L t) u`: order 4, four stages, two tables.

    Cheaper to set up than ETDRK4 and as good for dispersive symbols; on stiff dissipative ones its error constant is larger, and
    fixed points of the equation are not fixed points of the method.

    Source: L. N. Trefethen, Spectral Methods in MATLAB (SIAM 2000), chapter 10; the embedded pair as in `ETDRK4`.
    """

    order: ClassVar[int] = 4
    stages: ClassVar[int] = 4

    def weights(self) -> dict[str, tuple[float, Sequence[float | int]]]:
        """Tables of the method."""
        return {"half_decay": (0.5, [1]), "decay": (1.0, [1])}

    def step(self, tables: Tables, u: Array, first: Array, t: Array, dt: Array, rate: Rate) -> tuple[Array, Array]:
        """One step; see `ExponentialMethod.step`."""
        half, whole, step = tables["half_decay"], tables["decay"], jnp.asarray(dt)
        half_way, decayed = act(half, u), act(whole, u)
        second = rate(half_way + multiply(0.5 * step, act(half, first)), t + 0.5 * dt)
        third = rate(half_way + multiply(0.5 * step, second), t + 0.5 * dt)
        fourth = rate(decayed + multiply(step, act(half, third)), t + dt)
        total = act(whole, first) + 2 * act(half, second + third) + fourth
        return decayed + multiply(step / 6, total), fourth

    def error(self, tables: Tables, kept: Any, following: Array, dt: Array) -> Array | None:
        """Difference to the embedded method of order 3."""
        return multiply(jnp.asarray(dt) / 6, kept - following)
