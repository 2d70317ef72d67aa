"""Means of a coefficient between two nodes."""

from typing import Literal, TypeAlias

import jax.numpy as jnp
from jaxtyping import Array, Inexact

FaceMean: TypeAlias = Literal["harmonic", "arithmetic", "geometric"]
"""How the coefficient on a face follows from its values at the two nodes."""


def face_mean(kind: FaceMean, a: Inexact[Array, "..."], b: Inexact[Array, "..."]) -> Inexact[Array, "..."]:
    """The mean of two arrays; the harmonic one of opposite numbers is taken as zero.

    Raises:
        ValueError: for an unknown kind.
    """
    if kind == "harmonic":
        total = a + b
        empty = total == 0
        return jnp.where(empty, jnp.zeros_like(total), 2 * a * b / jnp.where(empty, jnp.ones_like(total), total))
    if kind == "arithmetic":
        return (a + b) / 2
    if kind == "geometric":
        return jnp.sqrt(a * b)
    raise ValueError(f"`faces` must be 'harmonic', 'arithmetic' or 'geometric', got {kind!r}.")
