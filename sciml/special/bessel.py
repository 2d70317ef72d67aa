"""Logarithms of modified Bessel functions of real order, where the functions themselves overflow and underflow.

Every intermediate is a logarithm or a correction near one, and one of three expressions is taken, so that compiled code has few
branches: Hankel's expansion for large arguments, Debye's for large orders, a power series (I) or the trapezoidal rule (K) for the rest.

Source: A. Plesner, H. H. B. Sorensen & S. Hauberg, Accurate Computation of the Logarithm of Modified Bessel Functions on GPUs, ICS 2024
(arXiv 2409.08729).
"""

from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from sciml.special import _large_argument, _large_order, _small_argument

Expression = Callable[[Array, Array], Array]


def log_iv(v: ArrayLike, x: ArrayLike) -> Float[Array, "..."]:
    """Logarithm of the modified Bessel function of the first kind, `log I_v(x)`.

    Differentiable in both arguments, to any order. Errors relative to the larger of 1 and the value: at most 2e-14 in double precision;
    in single precision 4e-6 for orders and arguments up to 150 and 6e-5 up to 1e4, where large terms cancel around `log I = 0`.

    Args:
        v: order, 0 or more; broadcast with x.
        x: argument, 0 or more.

    Returns:
        The logarithm; minus infinity at x = 0 unless v = 0; not a number for negative v or x.

    Example:
        >>> [round(float(log_iv(v, 1.0)), 6) for v in (0.5, 500.0)]
        [-0.064352, -2957.90355]
    """
    v, x = _broadcast(v, x)
    value = _choose(v, x, _large_argument.log_i, _large_order.log_i, _small_argument.log_i)
    value = jnp.where((x == jnp.inf) & (v >= 0), jnp.inf, value)
    return jnp.where(x == 0, jnp.where(v == 0, 0, -jnp.inf), value).astype(x.dtype)


def log_kv(v: ArrayLike, x: ArrayLike) -> Float[Array, "..."]:
    """Logarithm of the modified Bessel function of the second kind, `log K_v(x)`.

    Accuracy and derivatives are as for `log_iv`.

    Args:
        v: order; `K_-v = K_v`. Broadcast with x.
        x: argument, 0 or more.

    Returns:
        The logarithm; infinity at x = 0; not a number for negative x.

    Example:
        >>> [round(float(log_kv(v, 1.0)), 5) for v in (0.5, -0.5, 500.0)]
        [-0.77421, -0.77421, 2950.99579]
    """
    v, x = _broadcast(v, x)
    value = _choose(jnp.abs(v), x, _large_argument.log_k, _large_order.log_k, _small_argument.log_k)
    value = jnp.where(x == jnp.inf, -jnp.inf, value)
    return jnp.where(x == 0, jnp.inf, value).astype(x.dtype)


def iv_ratio(v: ArrayLike, x: ArrayLike) -> Float[Array, "..."]:
    """`I_{v+1}(x) / I_v(x)`, from 0 at x = 0 towards 1, without the loss of digits of a difference of logarithms.

    Args:
        v: order, 0 or more; broadcast with x.
        x: argument, 0 or more.

    Example:
        >>> round(float(iv_ratio(0.5, 2.0)), 6)  # coth(x) - 1 / x
        0.537315
    """
    v, x = _broadcast(v, x)
    value = _choose(v, x, _large_argument.ratio_i, _large_order.ratio_i, _small_argument.ratio_i)
    value = jnp.where((x == jnp.inf) & (v >= 0), 1, value)
    return jnp.where((x == 0) & (v >= 0), 0, value).astype(x.dtype)


def _broadcast(v: ArrayLike, x: ArrayLike) -> tuple[Array, Array]:
    # Python numbers take the precision of the other argument, integers that of floats.
    dtype = jnp.result_type(v, x)
    dtype = dtype if jnp.issubdtype(dtype, jnp.floating) else jnp.result_type(float)
    v, x = jnp.broadcast_arrays(jnp.asarray(v, dtype), jnp.asarray(x, dtype))
    return v, x


def _far(v: Array, x: Array) -> Array:
    """Where Hankel's expansion is exact: Plesner et al., table 1, with a guard for orders near the root of the argument."""
    bound = 0.5113 * jnp.log(jnp.maximum(x, 1)) + 0.7939 > jnp.log(jnp.maximum(v, 1))
    return ((x > 30) & (v < 15.3919) | bound & (x > 59.6925)) & (v * v < 2 * x)


def _choose(v: Array, x: Array, hankel: Expression, debye: Expression, rest: Expression) -> Array:
    """Each expression sees arguments that suit it wherever it is not taken, so that no derivative is lost."""
    far = _far(v, x)
    large = ~far & ((v > 12.6964) | (x > 19.6931) & (v > 0.7))
    near = ~far & ~large & (x > 0) & (v >= 0)
    value = jnp.where(far, hankel(jnp.where(far, v, 0), jnp.where(far, x, 100)), jnp.nan)
    fine = large & (x > 0)
    value = jnp.where(fine, debye(jnp.where(fine, v, 20), jnp.where(fine, x, 20)), value)
    return jnp.where(near, rest(jnp.where(near, v, 1), jnp.where(near, x, 1)), value)
