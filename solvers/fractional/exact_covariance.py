"""Covariance of the exact processes: fractional Brownian motion of both kinds, in double precision on the host."""

import numpy as np
from scipy import special

from sciml.solvers.fractional.mixing_weights import check_hurst
from sciml.solvers.fractional.normal_equations import Kind, check, unit_variance


def fbm_covariance(
    first: np.ndarray | float, second: np.ndarray | float, hurst: float, *, kind: Kind = "I", normalise: bool = True
) -> np.ndarray:
    """Covariance `E B(s) B(t)` of fractional Brownian motion.

    Args:
        first: times s, not negative.
        second: times t, broadcast against the first.
        hurst: Hurst index in (0, 1).
        kind: "I" is the usual process with stationary increments, "II" that of Riemann and Liouville.
        normalise: unit variance at time 1; otherwise the kernel is `t**(H - 1/2)/Gamma(H + 1/2)`.

    Returns:
        Covariances in double precision.

    Raises:
        ValueError: a negative time, a Hurst index outside (0, 1) or an unknown kind.

    Example:
        >>> times = np.array([0.5, 1.0])
        >>> fbm_covariance(times[:, None], times[None, :], 0.5)
        array([[0.5, 0.5],
               [0.5, 1. ]])

    Source:
        Mandelbrot and Van Ness, "Fractional Brownian motions, fractional noises and applications", SIAM Review 10, 1968.
    """
    check_hurst(hurst)
    check((1.0,), 1.0, kind)
    s, t = np.broadcast_arrays(np.asarray(first, np.float64), np.asarray(second, np.float64))
    if np.any(s < 0) or np.any(t < 0):
        raise ValueError("fbm_covariance: times must not be negative.")
    if kind == "I":
        unit = (s ** (2 * hurst) + t ** (2 * hurst) - np.abs(t - s) ** (2 * hurst)) / 2
    else:
        small, large = np.minimum(s, t), np.maximum(s, t)
        ratio = np.where(large > 0, small / np.where(large > 0, large, 1.0), 0.0)
        shape = special.hyp2f1(0.5 - hurst, 1.0, hurst + 1.5, ratio)
        scale = 2 * hurst / (hurst + 0.5)
        unit = scale * small ** (hurst + 0.5) * np.where(large > 0, large, 1.0) ** (hurst - 0.5) * shape
    return np.asarray(unit if normalise else unit * unit_variance(hurst, kind))
