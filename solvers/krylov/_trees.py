"""Inner products and sums of right-hand sides of any shape; a flat array is the simplest tree."""

from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, DTypeLike

_EXACT = jax.lax.Precision.HIGHEST


def dtype_of(tree: Any) -> jnp.dtype:
    """The one dtype that holds all leaves."""
    return reduce(jnp.promote_types, [jnp.result_type(leaf) for leaf in jax.tree.leaves(tree)])


def real_dtype_of(tree: Any) -> jnp.dtype:
    """Dtype of a norm."""
    return jnp.dtype(jnp.finfo(dtype_of(tree)).dtype)


def size_of(tree: Any) -> int:
    """Count of unknowns."""
    return sum(jnp.size(leaf) for leaf in jax.tree.leaves(tree))


def dot(left: Any, right: Any) -> Array:
    """`left^H right`; reshaping a leaf is free in the compiled program."""
    dtype = dtype_of((left, right))
    pairs = zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True)
    return sum((jnp.vdot(a, b, precision=_EXACT).astype(dtype) for a, b in pairs), start=jnp.zeros((), dtype))


def norm(tree: Any) -> Array:
    """The 2-norm."""
    return jnp.sqrt(jnp.real(dot(tree, tree)))


def add_scaled(tree: Any, factor: Array, other: Any) -> Any:
    """`tree + factor * other`."""
    return jax.tree.map(lambda a, b: a + factor.astype(a.dtype) * b, tree, other)


def subtract(left: Any, right: Any) -> Any:
    """`left - right`."""
    return jax.tree.map(jnp.subtract, left, right)


def scaled(tree: Any, factor: Array) -> Any:
    """`factor * tree`."""
    return jax.tree.map(lambda a: factor.astype(a.dtype) * a, tree)


def select(condition: Array, yes: Any, no: Any) -> Any:
    """`yes` where a single condition holds."""
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)


def zeros_like(tree: Any) -> Any:
    """A tree of zeros."""
    return jax.tree.map(jnp.zeros_like, tree)


def largest(tree: Any, dtype: DTypeLike) -> Array:
    """The largest modulus."""
    return reduce(jnp.maximum, [jnp.max(jnp.abs(leaf)).astype(dtype) for leaf in jax.tree.leaves(tree)])


def flatten(tree: Any) -> Array:
    """All unknowns as one vector: a reshape for a single array, a copy for several."""
    leaves = jax.tree.leaves(tree)
    dtype = dtype_of(leaves)
    flat = [jnp.reshape(leaf, -1).astype(dtype) for leaf in leaves]
    return flat[0] if len(flat) == 1 else jnp.concatenate(flat)


def unflatten(vector: Array, like: Any) -> Any:
    """The reverse of `flatten`."""
    leaves, structure = jax.tree.flatten(like)
    pieces, start = [], 0
    for leaf in leaves:
        size = jnp.size(leaf)
        piece = vector if size == vector.size else jax.lax.slice(vector, (start,), (start + size,))
        pieces.append(jnp.reshape(piece, jnp.shape(leaf)).astype(leaf.dtype))
        start += size
    return jax.tree.unflatten(structure, pieces)


def against(rows: Array, vector: Array) -> Array:
    """`rows^* vector`: inner products with each row."""
    return jnp.matmul(jnp.conj(rows), vector, precision=_EXACT)


def combine(coefficients: Array, rows: Array) -> Array:
    """Sum of rows times coefficients, one combination per leading index of the coefficients."""
    return jnp.matmul(coefficients, rows, precision=_EXACT)
