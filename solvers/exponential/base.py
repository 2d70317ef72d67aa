"""What an exponential integrator is: tables from a symbol, and a step."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from sciml.solvers.exponential.phi import phi_combinations, phi_matrices
from sciml.solvers.method import ExplicitPart, OneStepMethod, Rate, Tables, act, times

__all__ = ["ExponentialMethod", "Rate", "Tables", "act"]


class ExponentialMethod(OneStepMethod):
    """A Runge-Kutta method for `u_t = L u + N(u, t)` that treats L exactly.

    L is diagonal in the modes, or couples components in C x C blocks; it may be complex. Final classes give the weights of the
    phi-functions as a table and the stages as a step.

    Attributes:
        order: classical order of convergence.
        stages: evaluations of N per step.
    """

    @abstractmethod
    def weights(self) -> dict[str, tuple[float, Sequence[float | int]]]:
        """Name -> (fraction c of the step, weights of the phi-functions).

        The table is `sum_k weights[k] phi_k(c dt L)`, times `dt` unless phi_0 alone stands in it (a pure decay).
        """

    @abstractmethod
    def step(
        self, tables: Tables, u: Array, first: Array, t: Array, dt: Array, rate: Rate
    ) -> tuple[Array, Array | None]:
        """One step.

        Args:
            tables: from `tables`.
            u: coefficients `(C, *storage)`.
            first: `rate(u, t)`.
            t: time at the start.
            dt: step.
            rate: the nonlinear part.

        Returns:
            New coefficients, and what `error` needs from the stages.
        """

    @abstractmethod
    def error(self, tables: Tables, kept: Any, following: Array, dt: Array) -> Array | None:
        """Embedded estimate of the local error, `following = rate(u_new, t + dt)`; `None` where the method has none."""

    def advance(self, tables: Tables, state: Array, t: Array, dt: Array, explicit: ExplicitPart) -> Array:
        """One step from time `t`."""
        return self.step(tables, state, explicit(state, t), t, dt, explicit)[0]

    def tables(self, symbol: Array | np.ndarray, dt: Array | float, *, modes: int) -> Tables:
        """Coefficients of the method for one symbol and one step.

        Args:
            symbol: `(C, *storage)` or `(C, C, *storage)`.
            dt: step, may be a tracer when `symbol` is a JAX array.
            modes: number of storage axes, which tells the two apart.
        """
        z = times(dt, symbol)
        tables: Tables = {}
        for fraction in sorted({fraction for fraction, _ in self.weights().values()}):
            rows = {name: row for name, (c, row) in self.weights().items() if c == fraction}
            combine = _scalar_tables if z.ndim == modes + 1 else _block_tables
            for name, table in combine(fraction * z, rows).items():
                tables[name] = table if len(rows[name]) == 1 else times(dt, table)
        return tables


def _scalar_tables(z: Array | np.ndarray, rows: dict[str, Sequence[float | int]]) -> Tables:
    xp = np if isinstance(z, np.ndarray) else jnp
    tables: Tables = {name: row[0] * xp.exp(z) for name, row in rows.items() if len(row) == 1}
    longer = {name: row for name, row in rows.items() if len(row) > 1}
    if longer:
        tables |= dict(zip(longer, phi_combinations(z, list(longer.values()))))
    return tables


def _block_tables(z: Array | np.ndarray, rows: dict[str, Sequence[float | int]]) -> Tables:
    phi = phi_matrices(z, max(len(row) for row in rows.values()) - 1)
    return {name: sum(weight * phi[k] for k, weight in enumerate(row) if weight) for name, row in rows.items()}
