"""The reversible Heun method (Kidger, Foster, Li and Lyons, 2021)."""

from typing import Any

import jax
from jaxtyping import Array, PyTree

from sciml.solvers.adjoints.reversible_method import ReversibleMethod


class ReversibleHeunSteps(ReversibleMethod):
    """`diffrax.ReversibleHeun` and its inverse: one evaluation a step, order two; for Stratonovich equations too.

    The state is `(y, yhat, f)` with `f` the vector field at `yhat`.
    """

    def start(self, terms: Any, t0: Array, y0: PyTree, args: PyTree) -> PyTree:
        """Both solutions begin at `y0`."""
        return y0, y0, terms.vf(t0, y0, args)

    def forward(self, terms: Any, t0: Array, t1: Array, state: PyTree, args: PyTree) -> PyTree:
        """One step."""
        y0, yhat0, f0 = state
        control = terms.contr(t0, t1)
        yhat1 = jax.tree.map(lambda y, z, k: 2 * y - z + k, y0, yhat0, terms.prod(f0, control))
        f1 = terms.vf(t1, yhat1, args)
        both = terms.prod(jax.tree.map(lambda a, b: a + b, f0, f1), control)
        return jax.tree.map(lambda y, k: y + 0.5 * k, y0, both), yhat1, f1

    def backward(self, terms: Any, t0: Array, t1: Array, state: PyTree, args: PyTree) -> PyTree:
        """The same with the roles exchanged."""
        y1, yhat1, f1 = state
        control = terms.contr(t0, t1)
        yhat0 = jax.tree.map(lambda y, z, k: 2 * y - z - k, y1, yhat1, terms.prod(f1, control))
        f0 = terms.vf(t0, yhat0, args)
        both = terms.prod(jax.tree.map(lambda a, b: a + b, f0, f1), control)
        return jax.tree.map(lambda y, k: y - 0.5 * k, y1, both), yhat0, f0

    def value(self, state: PyTree) -> PyTree:
        """The solution of second order."""
        return state[0]

    def growth(self) -> float:
        """Round-off does not grow by the algebra."""
        return 1.0
