"""Samples that are in memory."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int

from sciml import fingerprint
from sciml.data.source import Source


class ArraySource(Source):
    """A tree of arrays that share their leading axis, the samples.

    Args:
        arrays: tree (dictionary, tuple, ...) of JAX or NumPy arrays, each `(samples, ...)`.

    Raises:
        ValueError: there is no array, or leading axes differ.

    Example:
        >>> import numpy as np
        >>> from sciml.data import ArraySource
        >>> source = ArraySource({"inputs": np.zeros((8, 1, 32)), "outputs": np.ones((8, 1, 32))})
        >>> len(source), source.rows(np.array([0, 5]))["outputs"].shape
        (8, (2, 1, 32))
    """

    def __init__(self, arrays: Any) -> None:
        self._arrays = arrays
        self._count = leading_axis(arrays, "ArraySource: `arrays`")

    def __len__(self) -> int:
        return self._count

    def rows(self, indices: Int[np.ndarray, " rows"]) -> Any:
        """Give the samples at `indices`."""
        return jax.tree.map(lambda leaf: np.asarray(leaf)[indices], self._arrays)

    def arrays(self) -> Any:
        """Give all samples."""
        return self._arrays

    def fingerprint(self) -> str:
        """Sum of all bytes."""
        return fingerprint.of_arrays(self._arrays)


def leading_axis(tree: Any, name: str) -> int:
    """Give the length of the leading axis that all arrays of a tree share.

    Raises:
        ValueError: there is no array, a leaf is no array or a scalar, or the lengths differ; the message starts with
            `name`.
    """
    lengths: dict[str, int] = {}
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        where = jax.tree_util.keystr(path) or "the array"
        if not isinstance(leaf, jax.Array | np.ndarray) or jnp.ndim(leaf) == 0:
            raise ValueError(f"{name} must be arrays with a leading axis of samples; {where} is {type(leaf).__name__}.")
        lengths[where] = leaf.shape[0]
    if not lengths:
        raise ValueError(f"{name} must hold at least one array, got {tree!r}.")
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{name} must share their leading axis, the samples; got {lengths}.")
    return next(iter(lengths.values()))
