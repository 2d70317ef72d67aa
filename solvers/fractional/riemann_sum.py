"""Mixing weights by quadrature of the Laplace measure: the baseline that the optimal weights replace."""

import numpy as np
from scipy import special


def riemann_weights(gamma: tuple[float, ...], hurst: float) -> np.ndarray:
    """Weights of the piecewise-linear rule on the grid of rates, for the kernel without unit variance.

    The rule knows neither the horizon nor the kind of the process; `optimal_weights` has a smaller error at equal rates.

    Args:
        gamma: rates in increasing order, positive.
        hurst: Hurst index in (0, 1), not 1/2.

    Returns:
        Weights, shape `(K,)`, double precision.

    Raises:
        ValueError: fewer than two rates, rates not increasing, or a Hurst index without a Laplace measure.

    Example:
        >>> riemann_weights((0.1, 1.0, 10.0), 0.3).round(3)
        array([0.221, 0.475, 0.196])

    Source:
        Daems et al., ICLR 2024 (arXiv 2310.12975).
    """
    g, a = np.asarray(gamma, np.float64), hurst + 0.5
    if g.ndim != 1 or len(g) < 2 or g[0] <= 0 or np.any(np.diff(g) <= 0):
        raise ValueError(f"riemann_weights: `gamma` must be two or more positive, increasing rates, got {gamma}.")
    if not 0 < hurst < 1 or hurst == 0.5:
        raise ValueError(f"riemann_weights: `hurst` must be in (0, 1) and not 1/2, got {hurst}.")
    gaps, second = np.diff(g), np.diff(g ** (2 - a))
    if hurst > 0.5:
        slope = second / gaps
        return -(_shift(slope) - _pad(slope)) / (special.gamma(a) * special.gamma(2 - a) * (2 - a))
    first = np.diff(g ** (1 - a))
    rising = (second / (2 - a) - g[:-1] * first / (1 - a)) / gaps
    falling = (g[1:] * first / (1 - a) - second / (2 - a)) / gaps
    return (_shift(rising) + _pad(falling)) / (special.gamma(a) * special.gamma(1 - a))


def _shift(values: np.ndarray) -> np.ndarray:
    """What the interval below gives to each rate."""
    return np.concatenate([np.zeros(1), values])


def _pad(values: np.ndarray) -> np.ndarray:
    """What the interval above gives to each rate."""
    return np.concatenate([values, np.zeros(1)])
