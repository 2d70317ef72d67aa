"""Times for the losses of diffusions."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray


def random_times(
    count: int, earliest: float, latest: float, concentration: float, *, dtype: jnp.dtype, key: PRNGKeyArray
) -> Array:
    """`earliest + (latest - earliest) u^concentration`, u uniform; uniform in their logarithm where `concentration` is infinite.

    One per stratum, in random order: the same law for each, less variance of the mean.
    """
    offset = jax.random.uniform(key, (), dtype)
    levels = (jnp.arange(count, dtype=dtype) + offset) / count
    levels = jax.random.permutation(jax.random.fold_in(key, 1), levels)
    if concentration == float("inf"):
        return earliest * (latest / earliest) ** levels
    return earliest + (latest - earliest) * levels**concentration
