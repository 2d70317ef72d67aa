"""STEER: solving until a random end time."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.equation import Parameter


def steer_end_time(t1: Parameter, half_width: Parameter, *, key: PRNGKeyArray) -> Float[Array, ""]:
    """An end time uniform in `[t1 - half_width, t1 + half_width)`, to be drawn anew in each training step.

    Ghosh, Behl, Dupont, Torr and Namboodiri, 2020. The width must be smaller than the span of the solve.

    Args:
        t1: end time of the model.
        half_width: half the width of the interval; half the span is usual.
        key: random key.

    Returns:
        A scalar, of the dtype of `t1` where that is an array.

    Example:
        >>> import jax
        >>> from sciml.solvers.regularisers import steer_end_time
        >>> 0.5 <= float(steer_end_time(1.0, 0.5, key=jax.random.key(0))) < 1.5
        True
    """
    dtype = jnp.result_type(t1, half_width, jnp.float32) if not isinstance(t1, jax.Array) else t1.dtype
    middle, width = jnp.asarray(t1, dtype), jnp.asarray(half_width, dtype)
    return middle + width * jax.random.uniform(key, dtype=dtype, minval=-1, maxval=1)
