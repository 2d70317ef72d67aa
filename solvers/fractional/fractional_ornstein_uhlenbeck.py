"""Fractional Ornstein-Uhlenbeck process: its exact covariance, in double precision on the host."""

import numpy as np
from scipy import special

from sciml.solvers.fractional.exact_covariance import fbm_covariance
from sciml.solvers.fractional.mixing_weights import check_hurst


def fou_covariance(
    first: np.ndarray | float,
    second: np.ndarray | float,
    hurst: float,
    *,
    rate: float,
    scale: float = 1.0,
    stationary: bool = False,
) -> np.ndarray:
    """Covariance of `dX = -rate X dt + scale dB` with fractional Brownian motion B of unit variance at time 1.

    Args:
        first: times s, not negative unless `stationary`.
        second: times t, broadcast against the first.
        hurst: Hurst index in (0, 1).
        rate: decay rate; 0 gives `scale**2` times the covariance of B.
        scale: factor of the noise.
        stationary: the stationary process instead of the one with `X(0) = 0`.

    Returns:
        Covariances in double precision.

    Raises:
        ValueError: a Hurst index outside (0, 1), a negative rate, a rate of 0 with `stationary`, negative times without it.

    Example:
        >>> np.asarray(fou_covariance(0.0, 1.0, 0.5, rate=2.0, stationary=True).round(6)), round(float(np.exp(-2) / 4), 6)
        (array(0.033834), 0.033834)

    Source:
        Cheridito, Kawaguchi and Maejima, "Fractional Ornstein-Uhlenbeck processes", Electronic Journal of Probability 8, 2003. The
        process started at 0 is the stationary one minus `exp(-rate t)` times its value at 0.
    """
    check_hurst(hurst)
    if rate < 0 or (rate == 0 and stationary):
        raise ValueError(f"fou_covariance: `rate` must be positive (or 0 when not stationary), got {rate}.")
    if rate == 0:
        return np.asarray(scale**2 * fbm_covariance(first, second, hurst))
    s, t = np.broadcast_arrays(np.asarray(first, np.float64), np.asarray(second, np.float64))
    between = _autocovariance(np.abs(t - s), hurst, rate)
    if stationary:
        return np.asarray(scale**2 * between)
    if np.any(s < 0) or np.any(t < 0):
        raise ValueError("fou_covariance: times must not be negative.")
    fading = np.exp(-rate * s) * _autocovariance(t, hurst, rate) + np.exp(-rate * t) * _autocovariance(s, hurst, rate)
    return np.asarray(scale**2 * (between - fading + np.exp(-rate * (s + t)) * _autocovariance(0.0, hurst, rate)))


def _autocovariance(lag: np.ndarray | float, hurst: float, rate: float) -> np.ndarray:
    """`1/2 (rate/2 int exp(-rate |u|) |lag + u|**(2H) du - lag**(2H))`, the integral over three pieces in closed form."""
    z, order = np.asarray(rate * lag), 2 * hurst + 1
    whole = special.gamma(order)
    beyond = whole * _scaled_tail(order, z)
    within = z**order * special.hyp1f1(1.0, order + 1, -z) / order
    integral = (beyond + np.exp(-z) * whole + within) / rate**order
    return np.asarray(0.5 * (0.5 * rate * integral - lag ** (2 * hurst)))


def _scaled_tail(order: float, z: np.ndarray) -> np.ndarray:
    """`Q(order, z) exp(z)`, by an asymptotic form where the exponential overflows."""
    moderate = np.minimum(z, 600.0)
    direct = special.gammaincc(order, moderate) * np.exp(moderate)
    large = np.maximum(z, 600.0)
    series = 1 + (order - 1) / large * (1 + (order - 2) / large * (1 + (order - 3) / large))
    return np.where(z < 600, direct, large ** (order - 1) / special.gamma(order) * series)
