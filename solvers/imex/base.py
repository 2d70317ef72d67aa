"""Implicit-explicit methods: the linear part is solved for, the rest is extrapolated."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from sciml.fields.arithmetic import multiply
from sciml.solvers.method import ExplicitPart, OneStepMethod, Tables, act, combine, times

Rows: TypeAlias = Sequence[Sequence[float]]


def inverse(symbol: Array | np.ndarray, factor: Array | float, *, modes: int) -> Array | np.ndarray:
    """`(1 - factor L)^-1` mode by mode; in double precision on the host when the symbol is a NumPy array.

    Args:
        symbol: `(C, *storage)` or `(C, C, *storage)`.
        factor: a part of the step.
        modes: number of storage axes.
    """
    z = times(factor, symbol)
    if z.ndim == modes + 1:
        return 1 / (1 - z)
    xp: Any = np if isinstance(z, np.ndarray) else jnp
    blocks = xp.moveaxis(z, (0, 1), (-2, -1))
    return xp.moveaxis(xp.linalg.inv(xp.eye(z.shape[0], dtype=z.dtype)[(None,) * modes] - blocks), (-2, -1), (0, 1))


@dataclass(frozen=True)
class ImexTableau:
    """Coefficients of an implicit-explicit Runge-Kutta method; stage 0 is the state itself.

    Attributes:
        explicit: row i - 1 holds the weights of N at the stages 0 ... i - 1 in stage i.
        implicit: row i - 1 holds the weights of L u at the stages 0 ... i in stage i; the last one is not zero.
        explicit_weights: of N at all stages in the new state.
        implicit_weights: of L u at all stages in the new state.
    """

    explicit: Rows
    implicit: Rows
    explicit_weights: Sequence[float]
    implicit_weights: Sequence[float]

    @property
    def nodes(self) -> list[float]:
        """Times of the stages as fractions of the step."""
        return [0.0, *(float(sum(row)) for row in self.explicit)]


class ImexRungeKutta(OneStepMethod):
    """An implicit-explicit Runge-Kutta method in its general form; final classes give their tableau.

    In place of exponentials it needs one inverse `(1 - a dt L)^-1` for each distinct diagonal coefficient a: cheap to set up, also for
    C x C blocks and at every step of a step control.
    """

    @abstractmethod
    def tableau(self) -> ImexTableau:
        """Coefficients of the method."""

    def tables(self, symbol: Array | np.ndarray, dt: Array | float, *, modes: int) -> Tables:
        """Inverses, and the symbol times the step where a method needs L u at the start."""
        scheme = self.tableau()
        tables: Tables = {
            f"inverse of {a}": inverse(symbol, a * dt, modes=modes)
            for a in sorted({row[-1] for row in scheme.implicit})
        }
        if any(row[0] for row in (*scheme.implicit, scheme.implicit_weights)):
            tables["linear"] = times(dt, symbol)
        return tables

    def advance(self, tables: Tables, state: Array, t: Array, dt: Array, explicit: ExplicitPart) -> Array:
        """One step from time `t`."""
        scheme, step = self.tableau(), jnp.asarray(dt)
        linear = [act(tables["linear"], state) if "linear" in tables else None]
        rates, stage = [explicit(state, t)], state
        for i, (explicit_row, implicit_row) in enumerate(zip(scheme.explicit, scheme.implicit), start=1):
            base = _moved(state, step, (explicit_row, rates), (implicit_row[:-1], linear))
            stage = act(tables[f"inverse of {implicit_row[-1]}"], base)
            # What the implicit part added is dt L u at the new stage: no product with the symbol is paid.
            linear.append((stage - base) / implicit_row[-1])
            if any(row[i] for row in scheme.explicit[i:]) or scheme.explicit_weights[i]:
                rates.append(explicit(stage, t + scheme.nodes[i] * dt))
        # From the last stage, in which stiff modes are damped, not from the start.
        more = _difference(scheme.explicit_weights, scheme.explicit[-1])[: len(rates)]
        return _moved(stage, step, (more, rates), (_difference(scheme.implicit_weights, scheme.implicit[-1]), linear))


def _moved(start: Array, dt: Array, explicit: tuple[Any, Any], implicit: tuple[Any, Any]) -> Array:
    moved, rate = start, combine(*explicit)
    if rate is not None:
        moved = moved + multiply(dt, rate)
    solved = combine(*implicit)
    return moved if solved is None else moved + solved


def _difference(weights: Sequence[float], row: Sequence[float]) -> list[float]:
    return [w - r for w, r in zip(weights, [*row, *([0.0] * (len(weights) - len(row)))])]
