"""Short sums that tell whether data, a function or a structure is the same as before."""

import hashlib
import re
import zlib
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


def of_text(*parts: str) -> str:
    """Sum of some text, memory addresses left out."""
    joined = "\x1f".join(_ADDRESS.sub("0x", part) for part in parts)
    return hashlib.blake2b(joined.encode(), digest_size=16).hexdigest()


def of_arrays(tree: Any) -> str:
    """Sum of the paths, shapes, dtypes and bytes of all arrays of a tree (CRC-32: finds accidents, not forgery)."""
    lines = []
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        array = _host(leaf)
        lines.append(f"{jax.tree_util.keystr(path)} {array.shape} {array.dtype} {zlib.crc32(_bytes(array))}")
    return of_text(*lines)


def of_structure(tree: Any) -> str:
    """Sum of the paths, shapes and dtypes of the arrays of a tree and of all that is not an array in it."""
    leaves, structure = jax.tree_util.tree_flatten_with_path(tree)
    lines = [str(structure)]
    for path, leaf in leaves:
        is_array = isinstance(leaf, jax.Array | np.ndarray)
        text = f"{leaf.shape} {leaf.dtype}" if is_array else repr(leaf)
        lines.append(f"{jax.tree_util.keystr(path)} {text}")
    return of_text(*lines)


def of_function(function: Callable[..., Any], *arguments: Any) -> str:
    """Sum of what a function computes: its JAX program on the shapes of `arguments`, and every constant in it.

    Two functions that trace to the same program get the same sum, wherever they were defined; a changed number, also
    one hidden in a closure such as a learning-rate schedule, gives another. The text of a program may change between
    versions of JAX, so compare sums of one version only.
    """
    program = jax.make_jaxpr(function)(*arguments)
    constants = [f"{jnp.shape(value)} {zlib.crc32(_bytes(_host(value)))}" for value in program.consts]
    return of_text(str(program.jaxpr), *constants)


def _host(value: Any) -> np.ndarray:
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        value = jax.random.key_data(value)
    return np.asarray(value)


def _bytes(array: np.ndarray) -> memoryview:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
