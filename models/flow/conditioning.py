"""Time and class, as a vector that a velocity network is told."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int, PRNGKeyArray

from sciml.models._channel_linear import ChannelLinear

NO_CLASS = -1
"""The label of a sample whose class is not told."""

FASTEST = 100.0
"""Radians per unit of time. Transformers for diffusion use 1000; a velocity that wiggles less in time takes fewer steps."""


def time_features(t: Float[Array, ""], count: int) -> Float[Array, " count"]:
    """Cosines and sines of `t`, of frequencies in geometric progression from 1 to `FASTEST`.

    Args:
        t: time, between 0 and 1.
        count: of the features, even.

    Raises:
        ValueError: `count` is odd or below 4.

    Example:
        >>> time_features(jnp.asarray(0.0), 6).tolist()
        [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    """
    if count < 4 or count % 2:
        raise ValueError(f"time_features: `count` must be even and at least 4, got {count}.")
    angles = t * jnp.asarray(np.geomspace(1.0, FASTEST, count // 2), t.dtype)
    return jnp.concatenate([jnp.cos(angles), jnp.sin(angles)])


class ConditionEmbedding(eqx.Module):
    """Time through a small network, plus a learned vector per class and one for "no class".

    A label is an integer from 0 to `classes - 1`; None or -1 stands for no class. Any other label is refused where its value is known,
    and gives NaN where it is traced, so that training or a solve stops there and says so.

    Attributes:
        enter: from features of time to hidden units.
        leave: from these to the vector.
        table: a row per class, the last one for no class; none without classes.

    Example:
        >>> embed = ConditionEmbedding(16, classes=3, key=jax.random.key(0))
        >>> embed(0.3, 2, jnp.float32).shape
        (16,)
    """

    enter: ChannelLinear
    leave: ChannelLinear
    table: Float[Array, "rows width"] | None

    def __init__(self, width: int, *, classes: int = 0, key: PRNGKeyArray):
        """Draw the weights.

        Args:
            width: length of the vector, even.
            classes: number of classes.
            key: random key.
        """
        keys = jax.random.split(key, 3)
        self.enter = ChannelLinear(width, width, key=keys[0])
        self.leave = ChannelLinear(width, width, key=keys[1])
        # As large as the embedding of time is at the start.
        self.table = jax.random.normal(keys[2], (classes + 1, width)) / math.sqrt(10) if classes else None

    @property
    def classes(self) -> int:
        """Number of classes."""
        return 0 if self.table is None else len(self.table) - 1

    def __call__(self, t: Any, label: Any, dtype: Any) -> Float[Array, " width"]:
        """The vector of a time and a label.

        Args:
            t: time.
            label: integer, or None.
            dtype: of the state that the vector goes with.

        Raises:
            ValueError: a label that is not a class.
            TypeError: a label that is not one integer.
        """
        features = time_features(jnp.asarray(t, dtype), self.enter.weight.shape[1])
        vector = self.leave(jax.nn.silu(self.enter(features)))
        row = checked_label(label, self.classes)
        if self.table is None:
            return vector
        return vector + self.table.at[row].get(mode="fill", fill_value=jnp.nan)


def checked_label(label: Any, classes: int) -> Int[Array, ""]:
    """The row of a label in a table whose last row is for no class; beyond the table for a traced label that is no class.

    Args:
        label: integer, or None.
        classes: number of classes.

    Raises:
        ValueError: a label that is not a class.
        TypeError: a label that is not one integer.
    """
    label = jnp.asarray(NO_CLASS if label is None else label)
    if not jnp.issubdtype(label.dtype, jnp.integer) or label.shape != ():
        raise TypeError(
            f"`args` must be the class of one sample, one integer or None; got {label.dtype} of shape {label.shape}. Batches go "
            "through jax.vmap."
        )
    known = None if isinstance(label, Tracer) else int(label)
    if known is not None and not NO_CLASS <= known < classes:
        allowed = f"0 to {classes - 1}, or -1 or None for no class" if classes else "None: this model has no classes"
        raise ValueError(f"`args` must be a class, {allowed}; got {known}.")
    label = label.astype(jnp.int32)
    strange = (label < NO_CLASS) | (label >= classes)
    return jnp.where(strange, classes + 1, jnp.where(label == NO_CLASS, classes, label))
