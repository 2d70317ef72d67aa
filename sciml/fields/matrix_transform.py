"""Fourier transforms of short real lines as matrix products.

Below some two hundred points a real matrix product is faster than the call of a fast transform, and it computes only the retained
modes.
"""

import functools

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array

LONGEST = 192
"""Most points for which the product is taken (measured on CPUs)."""


def analyse(values: Array, highest: int) -> Array:
    """Coefficients 0..highest, not normalised, of real values along the last axis."""
    cosine, sine = _tables(values.shape[-1], highest)
    table = jnp.asarray(np.concatenate([cosine, -sine], axis=1), values.dtype)
    both = jnp.matmul(values, table, precision=lax.Precision.HIGHEST)
    return lax.complex(both[..., : highest + 1], both[..., highest + 1 :])


def synthesise(coefficients: Array, count: int) -> Array:
    """Real values on `count` points from coefficients 0..highest; inverse of `analyse`."""
    highest = coefficients.shape[-1] - 1
    cosine, sine = _tables(count, highest)
    weight = np.where(np.arange(highest + 1) == 0, 1.0, 2.0)[:, None] / count
    table = np.concatenate([weight * cosine.T, -weight * sine.T])
    both = jnp.concatenate([coefficients.real, coefficients.imag], axis=-1)
    return jnp.matmul(both, jnp.asarray(table, both.dtype), precision=lax.Precision.HIGHEST)


@functools.lru_cache(maxsize=32)
def _tables(count: int, highest: int) -> tuple[np.ndarray, np.ndarray]:
    # The product is reduced before it becomes an angle, so that large arguments lose no digits.
    angle = 2 * np.pi * (np.outer(np.arange(count), np.arange(highest + 1)) % count) / count
    return np.cos(angle), np.sin(angle)
