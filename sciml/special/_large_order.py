"""Debye's uniform expansions of modified Bessel functions, for large order."""

import math
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

TERMS = 13


def debye_polynomials(terms: int) -> list[np.ndarray]:
    """Coefficients of `u_k(t) / t^k` in rising powers of `t^2`, from exact fractions.

    Source: Digital Library of Mathematical Functions, 10.41.9.
    """
    u: list[dict[int, Fraction]] = [{0: Fraction(1)}]
    for _ in range(terms):
        following: dict[int, Fraction] = {}
        for power, a in u[-1].items():
            # t^2 (1 - t^2) u' / 2 and the integral of (1 - 5 s^2) u / 8.
            for shift, factor in (
                (1, Fraction(power, 2) + Fraction(1, 8 * (power + 1))),
                (3, -Fraction(power, 2) - Fraction(5, 8 * (power + 3))),
            ):
                following[power + shift] = following.get(power + shift, Fraction(0)) + a * factor
        u.append(following)
    return [np.array([float(u[k][k + 2 * j]) for j in range(k + 1)]) for k in range(terms + 1)]


POLYNOMIALS = debye_polynomials(TERMS)


def _correction(sign: int, v: Array, t: Array) -> Array:
    """`sum_k (sign / v)^k u_k(t)` without its first term, by Horner's rule in both."""
    total, squared = jnp.zeros_like(v), t * t
    for coefficients in reversed(POLYNOMIALS[1:]):
        inner = jnp.full_like(v, coefficients[-1])
        for a in coefficients[-2::-1]:
            inner = inner * squared + float(a)
        total = sign * t / v * (inner + total)
    return total


def _parts(v: Array, x: Array) -> tuple[Array, Array, Array]:
    """The exponent `v eta`, `1 / t = sqrt(1 + (x / v)^2)` and `t`."""
    ratio = x / v
    root = jnp.sqrt(1 + ratio * ratio)
    return v * (root + jnp.log(ratio / (1 + root))), root, 1 / root


def log_i(v: Array, x: Array) -> Array:
    """`log I_v(x)`."""
    exponent, root, t = _parts(v, x)
    return exponent - jnp.log(2 * math.pi * v * root) / 2 + jnp.log1p(_correction(1, v, t))


def log_k(v: Array, x: Array) -> Array:
    """`log K_v(x)`."""
    exponent, root, t = _parts(v, x)
    return (math.log(math.pi / 2) - jnp.log(v * root)) / 2 - exponent + jnp.log1p(_correction(-1, v, t))


def ratio_i(v: Array, x: Array) -> Array:
    """`I_{v+1}(x) / I_v(x)`, the derivative of `log I_v` less `v / x`, in which the large terms cancel by hand."""

    def rest(x: Array) -> Array:
        _, root, t = _parts(v, x)
        return jnp.log1p(_correction(1, v, t)) - jnp.log(root) / 2

    _, root, _ = _parts(v, x)
    return x / (v * (1 + root)) + jax.jvp(rest, (x,), (jnp.ones_like(x),))[1]
