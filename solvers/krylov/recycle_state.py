"""What one solve hands to the next."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Inexact, PyTree

from sciml.solvers.krylov import _trees as trees


class RecycleState(eqx.Module):
    """A space carried from system to system: out as `solution.stats["recycle"]`, in as `options["recycle"]`.

    Unknowns are flat: a field of shape `(n, n)` is a row of `n * n` numbers. A pytree of fixed shapes, so that it passes through
    `jit`, `scan` and `vmap`.

    Attributes:
        vectors: rows that span the space, `(k, unknowns)`.
        images: `A` applied to them, for the operator of the solve that made them; orthonormal rows where `GCRODR` did.
        active: False while there is nothing to recycle.
    """

    vectors: Inexact[Array, "k unknowns"]
    images: Inexact[Array, "k unknowns"]
    active: Bool[Array, ""]

    @classmethod
    def empty(cls, k: int, like: PyTree[Any]) -> "RecycleState":
        """Nothing to recycle yet.

        Args:
            k: size of the space, that of the solver.
            like: a right-hand side, or its structure: sets count and dtype of the unknowns.

        Example:
            >>> import jax.numpy as jnp
            >>> from sciml.solvers import RecycleState
            >>> RecycleState.empty(4, jnp.zeros((8, 8))).vectors.shape
            (4, 64)
        """
        structure = jax.eval_shape(lambda: like)
        count = sum(leaf.size for leaf in jax.tree.leaves(structure))
        dtype = jnp.result_type(*[leaf.dtype for leaf in jax.tree.leaves(structure)])
        rows = jnp.zeros((k, count), dtype)
        return cls(rows, rows, jnp.zeros((), bool))


def recycled(name: str, state: Any, k: int, b: Any) -> RecycleState:
    """The state from the options, checked, or an empty one."""
    empty = RecycleState.empty(k, b)
    if state is None:
        return empty
    if not isinstance(state, RecycleState):
        raise TypeError(f'{name}: `options["recycle"]` must be a RecycleState, got {type(state).__name__}.')
    if state.vectors.shape != empty.vectors.shape or state.vectors.dtype != trees.dtype_of(b):
        raise ValueError(
            f'{name}: `options["recycle"]` must hold {empty.vectors.shape} numbers of type {trees.dtype_of(b)}, got '
            f"{state.vectors.shape} of type {state.vectors.dtype}; start from `RecycleState.empty(k, b)`."
        )
    return state
