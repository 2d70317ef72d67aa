"""What the experiment `log-bessel` measures."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy import special

from sciml.special import VonMisesFisher, fit_von_mises_fisher, log_iv, log_kv

MISSING = "mpmath is not installed, the accuracy is left out: pip install mpmath"
RANGES = {"small": (1e-3, 150.0), "large": (1e-1, 1e4)}
"""Orders and arguments are log-uniform in each."""


class Accuracy(NamedTuple):
    """Orders, arguments; by function the error of each pair against the larger of 1 and the value, and by function and way the share of
    pairs, per cent, where SciPy gives no finite logarithm."""

    orders: np.ndarray
    arguments: np.ndarray
    errors: dict[str, np.ndarray]
    single: dict[str, np.ndarray]
    lost: dict[str, float]


class Fit(NamedTuple):
    """Concentrations: true, by likelihood, corrected; their standard error by Fisher's information; whether SciPy has a normaliser."""

    dimension: int
    true: float
    plain: float
    corrected: float
    deviation: float
    scipy: bool


def draw_pairs(count: int, name: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Orders and arguments that single precision holds exactly: rounding them is no error of the functions."""
    draw, (low, high) = np.random.default_rng(seed), np.log(RANGES[name])
    v, x = (np.exp(draw.uniform(low, high, count)).astype(np.float32).astype(np.float64) for _ in range(2))
    return v, x


def measure_accuracy(count: int, name: str, seed: int) -> Accuracy | None:
    """Against forty digits; None without mpmath."""
    try:
        import mpmath
    except ImportError:
        return None
    v, x = draw_pairs(count, name, seed)
    with mpmath.workdps(40):
        truth = {
            "I": np.array([float(mpmath.log(mpmath.besseli(a, b))) for a, b in zip(v, x)]),
            "K": np.array([float(_log_k_by_quadrature(mpmath, a, b)) for a, b in zip(v, x)]),
        }
    found, single = _both(v, x), _both(v.astype(np.float32), x.astype(np.float32))
    size = {name: np.maximum(1, np.abs(values)) for name, values in truth.items()}
    return Accuracy(
        v, x, {name: np.abs(found[name] - truth[name]) / size[name] for name in truth},
        {name: np.abs(single[name] - truth[name]) / size[name] for name in truth}, _lost(v, x),
    )  # fmt: skip


def _both(v: np.ndarray, x: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "I": np.asarray(jax.jit(log_iv)(v, x), np.float64),
        "K": np.asarray(jax.jit(log_kv)(v, x), np.float64),
    }


def _log_k_by_quadrature(mpmath: Any, v: float, x: float, points: int = 400) -> Any:
    """`log int_0^inf exp(-x cosh t) cosh(v t) dt`; mpmath's own function does not converge at large orders."""
    order, argument = mpmath.mpf(float(v)), mpmath.mpf(float(x))
    radius, peak = mpmath.hypot(order, argument), mpmath.asinh(order / argument)
    # Beyond these the integrand has fallen by exp(-100).
    left = min(mpmath.acosh(1 + 100 * (radius + order) / argument**2), 1 + 100 / order)
    start, end = max(peak - left, mpmath.mpf(0)), peak + mpmath.acosh(1 + 100 / radius)
    step, top = (end - start) / points, order * peak - argument * mpmath.cosh(peak)
    total = mpmath.mpf(0)
    for i in range(points + 1):
        t = start + i * step
        term = (mpmath.exp(order * t - argument * mpmath.cosh(t) - top)) * (1 + mpmath.exp(-2 * order * t))
        total += term / 2 if i == 0 else term
    return top + mpmath.log(step * total / 2)


def _lost(v: np.ndarray, x: np.ndarray) -> dict[str, float]:
    with np.errstate(all="ignore"):
        values = {
            "log(iv)": np.log(special.iv(v, x)),
            "log(ive) + x": np.log(special.ive(v, x)) + x,
            "log(kv)": np.log(special.kv(v, x)),
            "log(kve) - x": np.log(special.kve(v, x)) - x,
        }
    return {name: 100 * float(np.mean(~np.isfinite(value))) for name, value in values.items()}


def measure_speed(count: int, rounds: int) -> dict[str, float]:
    """Seconds for so many pairs of both ranges, medians of runs by turns; `log_iv` and `log_kv` in one compiled call each."""
    pairs = [draw_pairs(count // 2, name, 0) for name in RANGES]
    v, x = (np.concatenate(part) for part in zip(*pairs))
    on_device, first, second = (jnp.asarray(v), jnp.asarray(x)), jax.jit(log_iv), jax.jit(log_kv)
    runs: dict[str, Callable[[], Any]] = {
        "log_iv": lambda: first(*on_device),
        "log_kv": lambda: second(*on_device),
        "SciPy ive": lambda: special.ive(v, x),
        "SciPy kve": lambda: special.kve(v, x),
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(rounds + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            jax.block_until_ready(run())
            if turn:
                times[name].append(time.perf_counter() - start)
    return {name: float(np.median(values)) for name, values in times.items()}


def fit_law(dimension: int, length: float, count: int, key: Array) -> Fit:
    """Samples whose expectation has about a given length, and the concentration found from them."""
    mean_key, sample_key = jax.random.split(key)
    mean = jax.random.normal(mean_key, (dimension,))
    true = length * (dimension - length**2) / (1 - length**2)
    law = VonMisesFisher(mean / jnp.linalg.norm(mean), jnp.asarray(true))
    points = jax.jit(lambda key: law.sample(count, key=key))(sample_key)
    ratio = float(law.resultant_length)
    information = 1 - ratio**2 - (dimension - 1) * ratio / true
    with np.errstate(all="ignore"):
        normaliser = np.log(special.ive(dimension / 2 - 1, true))
    return Fit(
        dimension, true, float(fit_von_mises_fisher(points).concentration),
        float(fit_von_mises_fisher(points, unbiased=True).concentration), (count * information) ** -0.5,
        bool(np.isfinite(normaliser)),
    )  # fmt: skip
