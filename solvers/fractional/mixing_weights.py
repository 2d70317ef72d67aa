"""Optimal mixing weights as a smooth function of the Hurst index, right in every precision and on tracers.

The weights are the solution of an ill-conditioned linear system whose right-hand side is an entire function of the Hurst index. The
system is solved once on the host in double precision at Chebyshev points; what is evaluated later is a polynomial, so that values and
derivatives are right to the last digits of the working precision. A solve in single precision gives wrong derivatives.
"""

from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln
from jaxtyping import Array, Float

from sciml.solvers.fractional import normal_equations as equations
from sciml.solvers.fractional.normal_equations import Kind
from sciml.solvers.fractional.rate_grid import gamma_grid  # noqa: F401  (the examples use it)

_NODES = 33
_NEGLIGIBLE = 5e-15


def optimal_weights(
    gamma: tuple[float, ...],
    hurst: Float[Array, "..."] | float,
    horizon: float = 1.0,
    *,
    kind: Kind = "I",
    normalise: bool = False,
) -> Float[Array, "... K"]:
    """Weights `w` that minimise `int_0^T E (B(t) - sum_k w_k (Y_k(t) - Y_k(0)))**2 dt`.

    Args:
        gamma: rates of the bank, numbers; rate 0 is allowed for kind "II".
        hurst: Hurst index in (0, 1), a number or an array of any shape; traced values are fine, and so are derivatives.
        horizon: end T of the interval on which the error is minimised.
        kind: "I" for the process of Mandelbrot and Van Ness (stationary increments), "II" for that of Riemann and Liouville.
        normalise: divide by the standard deviation of the exact process at time 1, which makes type I the usual fractional Brownian
            motion with variance `t**(2 H)`.

    Returns:
        Weights, in the dtype of `hurst`, with one more axis than it.

    Raises:
        ValueError: arguments that mean nothing; a number `hurst` outside (0, 1).

    Example:
        >>> round(float(optimal_weights(gamma_grid(3, 20.0), 0.5, kind="I").sum()), 5)
        1.0
        >>> [abs(round(float(weight), 5)) for weight in optimal_weights((0.0, 1.0), 0.5, kind="II")]
        [1.0, 0.0]

    Source:
        Daems et al., ICLR 2024 (arXiv 2310.12975), closed form; trade-offs measured on this implementation are in `docs/noise.md`.
    """
    gamma = tuple(float(rate) for rate in gamma)
    equations.check(gamma, horizon, kind)
    if isinstance(hurst, float | int):
        check_hurst(hurst)
    index = jnp.asarray(hurst, float) if isinstance(hurst, float | int) else hurst
    if gamma == (0.0,):
        # One rate of zero is Brownian motion itself, whatever the Hurst index.
        return jnp.ones((*index.shape, 1), index.dtype)
    weights = _clenshaw(_table(gamma, float(horizon), kind), index)
    return weights / deviation(index, kind)[..., None] if normalise else weights


def check_hurst(hurst: float) -> None:
    """Refuse a number outside (0, 1).

    Raises:
        ValueError: it is outside.
    """
    if not 0 < hurst < 1:
        raise ValueError(f"`hurst` must be in (0, 1), got {hurst}.")


def deviation(hurst: Float[Array, "..."], kind: Kind) -> Float[Array, "..."]:
    """Standard deviation at time 1 of the process that is not normalised."""
    if kind == "I":
        return jnp.exp(-0.5 * gammaln(2 * hurst + 1)) / jnp.sqrt(jnp.sin(jnp.pi * hurst))
    return jnp.exp(-gammaln(hurst + 0.5)) / jnp.sqrt(2 * hurst)


def approximation_error(
    gamma: tuple[float, ...],
    hurst: float,
    horizon: float = 1.0,
    *,
    kind: Kind = "I",
    weights: np.ndarray | None = None,
) -> float:
    """Root-mean-square distance over `[0, T]` between the approximation and the exact process, relative to the latter.

    Both are driven by the same Brownian motion; the number is exact, nothing is sampled. It does not depend on the normalisation.

    Args:
        gamma: rates of the bank.
        hurst: Hurst index, a number in (0, 1).
        horizon: T.
        kind: "I" or "II".
        weights: weights for the process that is not normalised; the optimal ones if left out.

    Returns:
        The relative error; below about 1e-7 it is round-off.

    Raises:
        ValueError: arguments that mean nothing.

    Example:
        >>> round(approximation_error(gamma_grid(5, 20.0), 0.3, kind="I"), 3)
        0.129
    """
    gamma = tuple(float(rate) for rate in gamma)
    equations.check(gamma, horizon, kind)
    check_hurst(hurst)
    matrix, right = equations.gram(gamma, horizon, kind), equations.moments(gamma, hurst, horizon, kind)
    chosen = equations.pseudo_inverse(matrix) @ right if weights is None else np.asarray(weights, np.float64)
    if chosen.shape != right.shape:
        raise ValueError(f"approximation_error: `weights` must have shape {right.shape}, got {chosen.shape}.")
    whole = equations.power(hurst, horizon, kind)
    return float(np.sqrt(max(chosen @ matrix @ chosen - 2 * right @ chosen + whole, 0.0) / whole))


@lru_cache(maxsize=64)
def _table(gamma: tuple[float, ...], horizon: float, kind: Kind) -> np.ndarray:
    """Chebyshev coefficients of the weights on `0 <= H <= 1`, shape `(degree + 1, K)`."""
    inverse = equations.pseudo_inverse(equations.gram(gamma, horizon, kind))
    angles = np.pi * (np.arange(_NODES) + 0.5) / _NODES
    values = np.stack([equations.moments(gamma, (np.cos(x) + 1) / 2, horizon, kind) for x in angles])
    rows = np.cos(np.outer(np.arange(_NODES), angles)) * (2 / _NODES)
    rows[0] /= 2
    moments = rows @ values
    # Cut where the moments end: in the weights round-off is magnified and hides the end.
    size = (np.abs(moments) / np.abs(moments).max(axis=0)).max(axis=1)
    return (moments @ inverse)[: np.flatnonzero(size > _NEGLIGIBLE)[-1] + 1]


def _clenshaw(table: np.ndarray, hurst: Float[Array, "..."]) -> Float[Array, "... K"]:
    """Chebyshev series at a Hurst index."""
    with jax.ensure_compile_time_eval():
        rows = [jnp.asarray(row, hurst.dtype) for row in table]
    x = (2 * hurst - 1)[..., None]
    shape = (1,) * hurst.ndim + rows[0].shape
    older = newer = jnp.zeros(hurst.shape + rows[0].shape, hurst.dtype)
    for row in reversed(rows[1:]):
        older, newer = newer, row.reshape(shape) + 2 * x * newer - older
    return rows[0].reshape(shape) + x * newer - older
