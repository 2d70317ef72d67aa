"""Values inside a Rosenbrock step."""

from typing import Any

import diffrax
import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree


class RosenbrockInterpolation(diffrax.AbstractLocalInterpolation):
    """`y(theta) = (1 - theta) y0 + theta (y1 + (1 - theta) sum_m theta^m rows[m])`, `theta` in 0..1 along the step.

    Attributes:
        t0: start of the step.
        t1: end of the step.
        y0: state at the start.
        y1: state at the end.
        rows: `(powers, ...)` per leaf of the state.
    """

    t0: Any
    t1: Any
    y0: PyTree[Array]
    y1: PyTree[Array]
    rows: PyTree[Array]

    def evaluate(self, t0: Any, t1: Any = None, left: bool = True) -> PyTree[Array]:
        """The state at `t0`, or its increment from `t0` to `t1`."""
        if t1 is not None:
            return jax.tree.map(jnp.subtract, self.evaluate(t1), self.evaluate(t0))
        length = jnp.where(self.t1 == self.t0, 1.0, self.t1 - self.t0)
        theta = (t0 - self.t0) / length

        def at(y0: Array, y1: Array, rows: Array) -> Array:
            fraction = theta.astype(y0.dtype)
            bend = jnp.zeros_like(y0)
            for row in rows[::-1]:
                bend = row + fraction * bend
            return (1 - fraction) * y0 + fraction * (y1 + (1 - fraction) * bend)

        return jax.tree.map(at, self.y0, self.y1, self.rows)
