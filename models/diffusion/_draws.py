"""Times and noise for the losses of diffusions."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray


def times_and_noise(
    batch: Array, earliest: float, latest: float, concentration: float, key: PRNGKeyArray
) -> tuple[Array, Array]:
    """A time for each sample of a batch and standard normal noise of its shape.

    Times are `earliest + (latest - earliest) u^concentration`, u uniform; uniform in their logarithm where `concentration` is infinite.
    One per stratum, in random order: the same law for each, less variance of the mean.
    """
    time_key, noise_key = jax.random.split(key)
    count = batch.shape[0]
    offset = jax.random.uniform(time_key, (), batch.dtype)
    levels = (jnp.arange(count, dtype=batch.dtype) + offset) / count
    levels = jax.random.permutation(jax.random.fold_in(time_key, 1), levels)
    if concentration == float("inf"):
        times = earliest * (latest / earliest) ** levels
    else:
        times = earliest + (latest - earliest) * levels**concentration
    return times, jax.random.normal(noise_key, batch.shape, batch.dtype)
