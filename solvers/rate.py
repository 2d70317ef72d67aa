"""The right-hand side that a step sees."""

from typing import Any

import diffrax
import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree


def rate(terms: diffrax.AbstractTerm, t: Any, y: PyTree[Array], args: Any) -> PyTree[Array]:
    """`dy/dt` in the direction of the solve, with the dtypes of `y`.

    diffrax solves backwards in time on a time axis of its own, turned round, and puts the sign into the control of the term, not into
    `vf`: a method that multiplies `vf` by `t1 - t0` itself would go the wrong way.

    Args:
        terms: the term of an ordinary differential equation, as `step` receives it.
        t: time, as `step` receives it.
        y: state.
        args: for the vector field.
    """
    unit = terms.contr(jnp.zeros_like(t), jnp.ones_like(t))
    return jax.tree.map(lambda rate, y: rate.astype(y.dtype), terms.prod(terms.vf(t, y, args), unit), y)
