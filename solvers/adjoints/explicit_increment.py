"""What an explicit Runge-Kutta step adds to the state, from the public tableau of a diffrax solver, at no evaluation too many."""

from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree


def explicit_increment(
    tableau: diffrax.ButcherTableau, terms: Any, t0: Array, t1: Array, y: PyTree, args: PyTree
) -> PyTree:
    """The difference of the solution over the step; `t1` may lie before `t0`.

    Example:
        >>> import diffrax
        >>> import jax.numpy as jnp
        >>> from sciml.solvers.adjoints.explicit_increment import explicit_increment
        >>> growth = diffrax.ODETerm(lambda t, y, args: y)
        >>> step = explicit_increment(diffrax.Heun.tableau, growth, jnp.asarray(0.0), jnp.asarray(0.1), jnp.asarray(1.0), None)
        >>> round(float(step), 4)
        0.105
    """
    control = terms.contr(t0, t1)
    rows = (np.zeros(0), *tableau.a_lower)
    # A last stage that serves the error estimate alone is left out.
    needed = 1 + int(np.flatnonzero(tableau.b_sol).max())
    stages: list[PyTree] = []
    for row, abscissa in zip(rows[:needed], (0.0, *tableau.c)):
        # diffrax lets a last stage meet the end of the step to the last bit.
        time = t1 if abscissa == 1 else t0 + float(abscissa) * (t1 - t0)
        stages.append(terms.vf_prod(time, _moved(y, row, stages), args, control))
    return _moved(jax.tree.map(jnp.zeros_like, y), tableau.b_sol, stages)


def _moved(y: PyTree, weights: np.ndarray, stages: list[PyTree]) -> PyTree:
    for weight, stage in zip(weights, stages):
        if weight != 0:
            y = jax.tree.map(lambda a, k, w=float(weight): a + w * k, y, stage)
    return y
