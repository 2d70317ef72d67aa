"""Coordinates of the grid points as extra channels."""

from typing import Literal

import jax.numpy as jnp
from jaxtyping import Array, Float

GridFeatures = bool | Literal["periodic", "bounded"]


def check_grid_features(grid_features: GridFeatures) -> Literal["none", "periodic", "bounded"]:
    """Give the kind of coordinates by name; `True` means periodic ones.

    Raises:
        ValueError: the value is none of those allowed.
    """
    if isinstance(grid_features, bool):
        return "periodic" if grid_features else "none"
    if grid_features not in ("none", "periodic", "bounded"):
        raise ValueError(f"`grid_features` must be True, False, 'periodic' or 'bounded', got {grid_features!r}.")
    return grid_features


def append_coordinates(x: Float[Array, "*grid c"], kind: str) -> Float[Array, "*grid c2"]:
    """Append one channel per axis (channels last).

    Periodic axes of `n` points have coordinates `i/n`: then the coarse grid's are among the fine grid's. Bounded ones,
    with nodes on both ends, have `i/(n-1)`.
    """
    if kind == "none":
        return x
    shape = x.shape[:-1]
    channels = [x]
    for axis, count in enumerate(shape):
        steps = count if kind == "periodic" else max(count - 1, 1)
        line = jnp.arange(count, dtype=x.dtype) / steps
        line = line.reshape((1,) * axis + (-1,) + (1,) * (len(shape) - axis - 1) + (1,))
        channels.append(jnp.broadcast_to(line, (*shape, 1)))
    return jnp.concatenate(channels, axis=-1)
