"""Modified Bessel functions where neither order nor argument is large: a series for I, an integral for K."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special
from jax.scipy.special import gammaln
from jaxtyping import Array

SERIES = 48
"""Terms of I: enough to x = 30."""
POINTS = 96
"""Of the trapezoidal rule for K: enough from x = 1e-9 on."""
STEPS = 40
"""Of the recurrence for the ratio: enough to x = 30."""
TINY = 1e-9
"""Below it K is its leading terms."""
DEPTH = 40.0
"""The integrand ends where it has fallen by exp(-40)."""
ZETA_ODD = scipy.special.zeta(2.0 * np.arange(1, 17) + 1)
"""Riemann's zeta function at 3, 5, ..., 33."""


def log_i(v: Array, x: Array) -> Array:
    """`log I_v(x)` by its power series, all of whose terms are positive."""
    quarter, total = x * x / 4, jnp.zeros_like(x)
    for k in range(SERIES, 0, -1):
        total = quarter / (k * (k + v)) * (1 + total)
    # v log(x / 2) of v = 0 and x = 0 is 0.
    power = jnp.where(v == 0, 0, v * jnp.log(jnp.where(v == 0, 1, x / 2)))
    return power - gammaln(v + 1) + jnp.log1p(total)


def log_k(v: Array, x: Array) -> Array:
    """`log K_v(x)`."""
    tiny = x < TINY
    return jnp.where(tiny, _log_k_leading(v, jnp.where(tiny, x, TINY)), _log_k_integral(v, jnp.where(tiny, 1, x)))


def _log_k_integral(v: Array, x: Array) -> Array:
    """By the trapezoidal rule for `int_0^inf exp(-x cosh t) cosh(v t) dt`, which converges geometrically.

    With s the distance from the peak at `asinh(v / x)` the exponent falls by `R (cosh s - 1) + v (sinh s - s)`, `R^2 = x^2 + v^2`,
    from which simple bounds of both ends follow. The points are constants for differentiation: the integral is that of the derivatives.
    """
    v_, x_ = jax.lax.stop_gradient((v, x))
    radius, peak = jnp.sqrt(x_ * x_ + v_ * v_), jnp.arcsinh(v_ / x_)
    left = jnp.minimum(jnp.arccosh(1 + DEPTH * (radius + v_) / (x_ * x_)), 1 + DEPTH / jnp.maximum(v_, 1e-3))
    start, end = jnp.maximum(peak - left, 0), peak + jnp.arccosh(1 + DEPTH / radius)
    top = v * peak - _half_exponentials(peak, x)
    # One axis more, summed at once: a program of one line, which XLA does not store.
    places = jnp.arange(POINTS + 1, dtype=x.dtype).reshape((1,) * x.ndim + (-1,))
    t = start[..., None] + places * ((end - start) / POINTS)[..., None]
    v_t = v[..., None] * t
    falls = v_t + jnp.log1p(jnp.exp(-2 * v_t)) - _half_exponentials(t, x[..., None]) - top[..., None]
    total = jnp.sum(jnp.where(places == 0, 0.5, 1) * jnp.exp(falls), axis=-1)
    return top - math.log(2) + jnp.log((end - start) / POINTS * total)


def _half_exponentials(t: Array, x: Array) -> Array:
    """`x cosh(t)`, where the cosine overflows too."""
    log_x = jnp.log(x)
    return (jnp.exp(t + log_x) + jnp.exp(log_x - t)) / 2


def _log_k_leading(v: Array, x: Array) -> Array:
    """The leading terms `(Gamma(v) (x / 2)^-v + Gamma(-v) (x / 2)^v) / 2`, of which the second matters below v = 0.9 only.

    There they are `exp(a) sinh(v b) / v`, with `b = -log(x / 2) + (log Gamma(1 + v) - log Gamma(1 - v)) / (2 v)`.
    """
    fall = -jnp.log(x / 2)
    small = v < 0.9
    w = jnp.where(small, v, 0.5)
    mean = (gammaln(1 + w) + gammaln(1 - w)) / 2
    b = fall + _half_slope(w)
    # log(sinh(z) / v), z = v b, for z from 0 on.
    z = w * b
    safe = jnp.where(z > 0.1, z, 1)
    large = safe + jnp.log1p(-jnp.exp(-2 * safe)) - math.log(2) - jnp.log(jnp.where(z > 0.1, w, 1))
    little = jnp.log(b) + jnp.log1p(z**2 / 6 * (1 + z**2 / 20 * (1 + z**2 / 42)))
    above = jnp.where(small, 1, v)
    return jnp.where(small, mean + jnp.where(z > 0.1, large, little), gammaln(above) + above * fall - math.log(2))


def _half_slope(v: Array) -> Array:
    """`(log Gamma(1 + v) - log Gamma(1 - v)) / (2 v)`, for small v by its power series."""
    series = v < 0.3
    w, direct = jnp.where(series, v, 0), jnp.where(series, 0.5, v)
    total = jnp.zeros_like(v)
    for k in range(len(ZETA_ODD), 0, -1):
        total = w * w * (float(ZETA_ODD[k - 1]) / (2 * k + 1) + total)
    return jnp.where(series, -np.euler_gamma - total, (gammaln(1 + direct) - gammaln(1 - direct)) / (2 * direct))


def ratio_i(v: Array, x: Array) -> Array:
    """`I_{v+1}(x) / I_v(x)` by backward recurrence from a bound, each step of which makes the error smaller.

    Source: D. E. Amos, Mathematics of Computation 28 (1974) 239.
    """
    order = v + STEPS
    ratio = x / (order + 0.5 + jnp.sqrt((order + 1.5) ** 2 + x * x))
    for _ in range(STEPS):
        ratio = x / (2 * order + x * ratio)
        order = order - 1
    return ratio
