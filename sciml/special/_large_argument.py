"""Hankel's expansions of modified Bessel functions, for arguments large against the square of the order."""

import math

import jax.numpy as jnp
from jaxtyping import Array

TERMS = 20


def _correction(sign: int, v: Array, x: Array) -> Array:
    """The series after its leading 1, of I for the sign -1 and of K for 1.

    Source: Digital Library of Mathematical Functions, 10.40.1 and 10.40.2.
    """
    total = jnp.zeros_like(x)
    for k in range(TERMS, 0, -1):
        total = sign * (4 * v * v - (2 * k - 1) ** 2) / (8 * k * x) * (1 + total)
    return total


def log_i(v: Array, x: Array) -> Array:
    """`log I_v(x)`."""
    return x - jnp.log(2 * math.pi * x) / 2 + jnp.log1p(_correction(-1, v, x))


def log_k(v: Array, x: Array) -> Array:
    """`log K_v(x)`."""
    return (math.log(math.pi / 2) - jnp.log(x)) / 2 - x + jnp.log1p(_correction(1, v, x))


def ratio_i(v: Array, x: Array) -> Array:
    """`I_{v+1}(x) / I_v(x)`."""
    return (1 + _correction(-1, v + 1, x)) / (1 + _correction(-1, v, x))
