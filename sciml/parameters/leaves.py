"""The numbers of a pytree by name, with what the fields that hold them say about them."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import DictKey, GetAttrKey, SequenceKey
from jaxtyping import Array

from sciml.parameters.constraint import Constraint, Fixed
from sciml.parameters.field import CONSTRAINT


def named_leaves(model: Any) -> Iterator[tuple[str, Any, Constraint | Fixed | None]]:
    """Each leaf in the order of `jax.tree.leaves`: dotted path, leaf, and the constraint that its field declares."""
    for path, leaf in jax.tree_util.tree_flatten_with_path(model)[0]:
        yield ".".join(_step_name(key) for key in path) or "value", leaf, _declared(model, path)


def is_number(leaf: Any) -> bool:
    """Whether a leaf may be a parameter: a floating array, or a Python float."""
    return isinstance(leaf, float) or is_floating_array(leaf)


def is_floating_array(leaf: Any) -> bool:
    """Whether a leaf is an array of real floating numbers."""
    return isinstance(leaf, jax.Array | np.ndarray | np.generic) and jnp.issubdtype(leaf.dtype, jnp.floating)


def as_array(leaf: Any) -> Array:
    """The leaf as an array of its own dtype; a Python float in JAX's default precision."""
    return jnp.asarray(leaf, leaf.dtype if is_floating_array(leaf) else jnp.result_type(float))


def _declared(model: Any, path: tuple) -> Constraint | Fixed | None:
    """The constraint in the metadata of the innermost field on the way to a leaf."""
    found, node = None, model
    for key in path:
        if isinstance(key, GetAttrKey) and dataclasses.is_dataclass(node):
            metadata = next((field.metadata for field in dataclasses.fields(node) if field.name == key.name), {})
            found = metadata.get(CONSTRAINT, found)
        node = _step(node, key)
    return found


def _step(node: Any, key: Any) -> Any:
    match key:
        case GetAttrKey(name):
            return getattr(node, name, None)
        case SequenceKey(position):
            return node[position]
        case DictKey(name):
            return node[name]
        case _:  # a custom container: its parts are reached by no public way
            return None


def _step_name(key: Any) -> str:
    match key:
        case GetAttrKey(name) | DictKey(name):
            return str(name)
        case SequenceKey(position):
            return str(position)
        case _:
            return str(key).strip(".[]'\"")
