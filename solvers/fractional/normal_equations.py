"""The least-squares problem behind a Markov approximation of fractional Brownian motion, in double precision on the host.

The mean-square error over `[0, T]` of `sum_k w_k (Y_k(t) - Y_k(0))` is `(w'A w - 2 b'w + c)/T`. The matrix A depends on the rates
alone, b and c on the Hurst index H too, and b is an entire function of H.

Source: Daems et al., "Variational Inference for SDEs Driven by Fractional Noise", ICLR 2024 (arXiv 2310.12975). The formulas were
checked by quadrature.
"""

from typing import Literal, TypeAlias

import numpy as np
from scipy import special

Kind: TypeAlias = Literal["I", "II"]

# Eigenvalues of the scaled matrix below this share of the largest: keeping them gives weights of 1e7 and more that gain nothing.
CUT_OFF = 1e-10
_DIRECT_BELOW = 10.0
_FRACTION_TERMS = 80


def check(gamma: tuple[float, ...], horizon: float, kind: str) -> None:
    """Refuse rates, a horizon or a kind that mean nothing.

    Raises:
        ValueError: what is wrong.
    """
    if kind not in ("I", "II"):
        raise ValueError(f"`kind` must be 'I' (Mandelbrot-Van Ness) or 'II' (Riemann-Liouville), got {kind!r}.")
    least = 0.0 if kind == "II" else np.nextafter(0.0, 1.0)
    if len(gamma) < 1 or min(gamma) < least or not np.all(np.isfinite(gamma)) or len(set(gamma)) < len(gamma):
        needed = "different, finite and " + ("not negative" if kind == "II" else "positive (rate 0 needs kind 'II')")
        raise ValueError(f"`gamma` must hold at least one rate, all {needed}; got {gamma}.")
    if not 0 < horizon < np.inf:
        raise ValueError(f"`horizon` must be positive and finite, got {horizon}.")


def gram(gamma: tuple[float, ...], horizon: float, kind: Kind) -> np.ndarray:
    """Matrix A, shape `(K, K)`."""
    g = np.asarray(gamma, np.float64)
    total = g[:, None] + g[None, :]
    if kind == "I":
        decay = np.expm1(-g * horizon) / g
        return (2 * horizon + decay[:, None] + decay[None, :]) / total
    return horizon**2 * _second_phi(total * horizon)


def _second_phi(z: np.ndarray) -> np.ndarray:
    """`(z + exp(-z) - 1)/z**2`, which is 1/2 at 0."""
    small = z < 1e-2
    safe = np.where(small, 1.0, z)
    series = 1 / 2 - z / 6 + z**2 / 24 - z**3 / 120 + z**4 / 720 - z**5 / 5040
    return np.where(small, series, (safe + np.expm1(-safe)) / safe**2)


def moments(gamma: tuple[float, ...], hurst: float, horizon: float, kind: Kind) -> np.ndarray:
    """Vector b, shape `(K,)`."""
    g, a, T = np.asarray(gamma, np.float64), hurst + 0.5, horizon
    if kind == "I":
        z = g * T
        whole = 2 * z - z**a / special.gamma(a + 1) + np.exp(-z) - scaled_upper_gamma(a, z)
        return np.where(z < 2, _first_kind_series(a, np.minimum(z, 2.0)), whole) / g ** (a + 1)
    z = g * T
    small = z < 1e-2
    safe, rate = np.where(small, 1.0, z), np.where(small, 1.0, g)
    whole = T * rate**-a * special.gammainc(a, safe) - a * rate ** (-a - 1) * special.gammainc(a + 1, safe)
    # The same integral, of (T - s) s**(a-1) exp(-g s), by powers of g.
    series = sum(
        (-z) ** n / special.factorial(n) / ((a + n) * (a + n + 1)) * T ** (a + 1) / special.gamma(a) for n in range(7)
    )
    return np.where(small, series, whole)


def _first_kind_series(a: float, z: np.ndarray) -> np.ndarray:
    """The numerator of b, kind "I", by powers of z: for small z the closed form is a difference of large numbers."""
    n = np.arange(24)
    odd = 2 * n[:12] + 3
    fractional = z[:, None] ** (a + 1 + n) / special.gamma(a + n + 2)
    return fractional.sum(axis=1) - 2 * (z[:, None] ** odd / special.gamma(odd + 1.0)).sum(axis=1)


def scaled_upper_gamma(a: float, z: np.ndarray) -> np.ndarray:
    """`Q(a, z) exp(z)` with Q the regularised upper incomplete gamma function, without overflow at large z."""
    direct = special.gammaincc(a, np.minimum(z, _DIRECT_BELOW)) * np.exp(np.minimum(z, _DIRECT_BELOW))
    large = np.maximum(z, _DIRECT_BELOW)
    # Legendre's continued fraction from its last term up.
    fraction = np.zeros_like(large)
    for n in range(_FRACTION_TERMS, 0, -1):
        fraction = n * (n - a) / (large + 2 * n + 1 - a - fraction)
    return np.where(z < _DIRECT_BELOW, direct, large**a / special.gamma(a) / (large + 1 - a - fraction))


def unit_variance(hurst: float, kind: Kind) -> float:
    """Variance at time 1 of the process that the kernel `t**(H - 1/2)/Gamma(H + 1/2)` defines."""
    if kind == "I":
        return float(1 / (special.gamma(2 * hurst + 1) * np.sin(np.pi * hurst)))
    return float(1 / (2 * hurst * special.gamma(hurst + 0.5) ** 2))


def power(hurst: float, horizon: float, kind: Kind) -> float:
    """Number c: the mean square of the process, integrated over `[0, T]`."""
    return unit_variance(hurst, kind) * horizon ** (2 * hurst + 1) / (2 * hurst + 1)


def pseudo_inverse(matrix: np.ndarray) -> np.ndarray:
    """Inverse of a positive semi-definite matrix by its scaled eigenvalues, without those below `CUT_OFF`."""
    scale = 1 / np.sqrt(np.diag(matrix))
    values, vectors = np.linalg.eigh(scale[:, None] * matrix * scale[None, :])
    kept = values > CUT_OFF * values[-1]
    root = scale[:, None] * vectors[:, kept]
    return (root / values[kept]) @ root.T
