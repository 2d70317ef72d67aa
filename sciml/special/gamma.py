"""Ratios of gamma functions on the logarithmic scale, without the difference of two large logarithms."""

import jax.numpy as jnp
from jax.scipy.special import gammaln
from jaxtyping import Array, ArrayLike, Float

_SHIFT = 10
"""Stirling's series is used this far to the right, where its next term is below rounding."""
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
"""`B_2k / (2 k (2 k - 1))`: coefficients of `x^(1 - 2 k)` in Stirling's series."""


def log_gamma_ratio(x: ArrayLike, a: ArrayLike) -> Float[Array, "..."]:
    """Logarithm of `Gamma(x + a) / Gamma(x)`, the rising factorial `x (x + 1) ... (x + a - 1)` for real `a`.

    The difference of two `gammaln` loses all digits where x is large: at x = 1e15 in double precision, 1e7 in single. Here the error is
    some units of rounding of the value, or of the larger of `a` and `log x` where that is small. Differentiable in both arguments.

    Args:
        x: positive; broadcast with a.
        a: more than -x.

    Returns:
        The logarithm; not a number for arguments that are not allowed.

    Example:
        >>> round(float(log_gamma_ratio(3.0, 2.0)), 5)  # log(3 * 4)
        2.48491
    """
    x, a = _broadcast(x, a)
    valid = (x > 0) & (x + a > 0)
    x, a = jnp.where(valid, x, 1), jnp.where(valid, a, 0)
    far = x + _SHIFT
    growth = jnp.log1p(a / far)
    total = (far - 0.5) * growth + a * (jnp.log(far) + growth) - a
    for k, coefficient in enumerate(_STIRLING):
        power = 2 * k + 1
        total = total + coefficient * far**-power * jnp.expm1(-power * growth)
    for step in range(_SHIFT):
        total = total - jnp.log1p(a / (x + step))
    return jnp.where(valid, total, jnp.nan)


def log_beta(a: ArrayLike, b: ArrayLike) -> Float[Array, "..."]:
    """Logarithm of the beta function, exact also where one argument is much larger than the other.

    Args:
        a: positive; broadcast with b.
        b: positive.

    Example:
        >>> round(float(log_beta(2.0, 3.0)), 5)  # -log(12)
        -2.48491
    """
    a, b = _broadcast(a, b)
    small, large = jnp.minimum(a, b), jnp.maximum(a, b)
    return gammaln(small) - log_gamma_ratio(large, small)


def _broadcast(x: ArrayLike, a: ArrayLike) -> tuple[Array, Array]:
    dtype = jnp.result_type(x, a)
    dtype = dtype if jnp.issubdtype(dtype, jnp.floating) else jnp.result_type(float)
    first, second = jnp.broadcast_arrays(jnp.asarray(x, dtype), jnp.asarray(a, dtype))
    return first, second
