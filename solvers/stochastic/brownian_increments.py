"""Independent increments of Brownian motion over equal steps."""

import math

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array, Float, PRNGKeyArray


def brownian_increments(
    steps: int, length: float, shape: tuple[int, ...], *, dtype: DTypeLike | None = None, key: PRNGKeyArray
) -> Float[Array, "steps ..."]:
    """Draw all increments at once, which is what makes fixed steps fast.

    Args:
        steps: number of steps.
        length: length of a step in time.
        shape: shape of the motion.
        dtype: floating-point type; JAX' default if left out.
        key: random key.

    Returns:
        Normal numbers of variance `length`, shape `(steps, *shape)`.

    Raises:
        ValueError: no steps, or a length that is not positive.

    Example:
        >>> brownian_increments(100, 0.01, (2,), key=jax.random.key(0)).shape
        (100, 2)
    """
    if steps < 1 or not length > 0:
        raise ValueError(f"brownian_increments: `steps` and `length` must be positive, got {steps} and {length}.")
    drawn = jax.random.normal(key, (steps, *shape), jnp.result_type(float) if dtype is None else dtype)
    return drawn * math.sqrt(length)
