"""A cost integrated along the solution, in the same solve."""

from collections.abc import Callable
from typing import Any

import diffrax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

Cost = Callable[[Any, PyTree, PyTree], Float[Array, ""]]


def with_running_cost(term: diffrax.ODETerm, cost: Cost) -> diffrax.ODETerm:
    """A term on pairs `(y, r)` where r' is `cost(t, y, args)`: solve it from `(y0, 0)`, and the end holds the integral.

    Args:
        term: y' = f(t, y, args).
        cost: a scalar, for instance from `taylor_regulariser`.

    Example:
        >>> import diffrax
        >>> import jax.numpy as jnp
        >>> from sciml.solvers.regularisers import with_running_cost
        >>> term = with_running_cost(diffrax.ODETerm(lambda t, y, args: -y), lambda t, y, args: jnp.sum(y**2))
        >>> end = diffrax.diffeqsolve(term, diffrax.Tsit5(), 0.0, 1.0, 0.01, (jnp.ones(1), jnp.zeros(())))
        >>> round(float(end.ys[1][-1]), 4)  # (1 - exp(-2)) / 2
        0.4323
    """

    def both(t: Any, state: tuple[PyTree, Array], args: PyTree) -> tuple[PyTree, Array]:
        y, r = state
        return term.vector_field(t, y, args), jnp.asarray(cost(t, y, args), r.dtype)

    return diffrax.ODETerm(both)
