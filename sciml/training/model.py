"""A model in three parts: trained arrays, other arrays, and the rest."""

from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp


@dataclass(frozen=True)
class Parts:
    """A model taken apart; `merge` puts one back together.

    Attributes:
        parameters: the trained arrays, None elsewhere.
        frozen: the other JAX arrays, None elsewhere.
        static: all the rest, None elsewhere.
    """

    parameters: Any
    frozen: Any
    static: Any

    def merge(self, parameters: Any) -> Any:
        """Give the model with other trained arrays."""
        return eqx.combine(parameters, self.frozen, self.static)


def is_trainable(leaf: Any) -> bool:
    """Whether a leaf is trained by default: a JAX array of floating point. NumPy arrays are constants."""
    return isinstance(leaf, jax.Array) and eqx.is_inexact_array(leaf)


def split(model: Any, seeds: int | None) -> Parts:
    """Take a model apart.

    What is trained is said by the model's own method `trainable()` (a tree of booleans of the model's structure), if
    it has one, else by `is_trainable`.

    Raises:
        ValueError: nothing is trainable, a trainable leaf is no real floating-point array, or with `seeds` an array
            lacks the leading axis.
    """
    given = getattr(model, "trainable", None)
    wanted = given() if callable(given) else jax.tree.map(is_trainable, model)
    parameters, rest = eqx.partition(model, wanted)
    frozen, static = eqx.partition(rest, lambda leaf: isinstance(leaf, jax.Array))
    leaves = jax.tree_util.tree_flatten_with_path(parameters)[0]
    if not leaves:
        raise ValueError("fit: `model` has no trainable array (a JAX array of floating point).")
    for path, leaf in leaves:
        if not (isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jnp.floating)):
            kind = getattr(leaf, "dtype", type(leaf).__name__)
            raise ValueError(
                f"fit: the trainable leaf `model{jax.tree_util.keystr(path)}` is {kind}; only real floating-point "
                "JAX arrays "
                "are trained: store a complex weight as two real arrays, and let `trainable()` give False for others."
            )
    if seeds is not None:
        _check_seed_axis((parameters, frozen), seeds)
    return Parts(parameters, frozen, static)


def copy_arrays(tree: Any) -> Any:
    """Copy every array, so that each leaf has a buffer of its own that may be donated; weak types become strong."""
    return jax.tree.map(_copy, tree)


def _copy(leaf: Any) -> Any:
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return leaf.copy()
    return jnp.array(leaf, dtype=leaf.dtype, copy=True)


def _check_seed_axis(tree: Any, seeds: int) -> None:
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        if leaf.ndim == 0 or leaf.shape[0] != seeds:
            raise ValueError(
                f"fit: with seeds={seeds} every array of `model` needs a leading axis of {seeds}; "
                f"`model{jax.tree_util.keystr(path[1:])}` has shape {leaf.shape}. Make the model with "
                "`eqx.filter_vmap(make)(jax.random.split(key, seeds))`."
            )
