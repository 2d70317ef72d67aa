"""What the experiment `sho-flares` simulates, fits and tests."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from scipy import stats

from sciml.gp import GP, StateSpaceSolver
from sciml.kernels import SHO, DampedRandomWalk, Kernel, Matern32
from sciml.parameters import Fixed, Interval, maximise

MODELS = ("SHO", "DRW", "Matern-3/2")
SOLVER = StateSpaceSolver("sequential")
BEYOND = 1.96
"""Of standard normal numbers 95 % are nearer to zero."""
LAGS = 20
"""Of the autocorrelation."""


class Curve(NamedTuple):
    """A light curve: days, log-flux less its level, variances of the errors."""

    times: Array
    values: Array
    noise: Array


class Fitted(NamedTuple):
    """A model at its best parameters; starts that ended within 0.01 of the best, and those without any finite value."""

    kernel: Kernel
    mean: float
    value: float
    aicc: float
    agreed: int
    failed: int


class Whiteness(NamedTuple):
    """Of standardised residuals: p-value of Kolmogorov and Smirnov's test, share of lags in the 95 % band, the same of squares."""

    p_value: float
    band: float
    band_of_squares: float


def kernel_of(name: str, timescale: float, quality: float) -> Kernel:
    """A truth, or where a fit begins, of unit variance."""
    time, one = jnp.asarray(timescale), jnp.asarray(1.0)
    match name:
        case "SHO":
            return SHO(1 / time, jnp.asarray(quality), one)
        case "DRW":
            return DampedRandomWalk(time, one)
        case _:
            return one * Matern32(3**0.5 * time)


@eqx.filter_jit
def simulate(kernel: Kernel, points: int, gap: Array, key: Array) -> Curve:
    """Times a log-normal step apart, 0.15 days in the mean, errors of 10 to 15 per cent of the flux; a gap in the middle."""
    step_key, error_key, value_key = jax.random.split(key, 3)
    steps = 0.15 * jnp.exp(0.5 * jax.random.normal(step_key, (points,)) - 0.125)
    times = jnp.cumsum(steps) + jnp.where(jnp.arange(points) >= points // 2, gap, jnp.zeros_like(gap))
    noise = jax.random.uniform(error_key, (points,), minval=0.10, maxval=0.15) ** 2
    return Curve(times, GP(kernel, times, noise, solver=SOLVER).sample(key=value_key), noise)


def log_likelihood(process: GP, values: Array) -> Array:
    """The objective of all fits."""
    return process.log_prob(values)


def fit(name: str, curve: Curve, restarts: int, key: Array) -> Fitted:
    """Maximise the likelihood of kernel and mean from several starts."""
    start = GP(kernel_of(name, 1.0, 1.0), curve.times, curve.noise, mean=0.0, solver=SOLVER)
    rules = {"noise_variance": Fixed()} | ({"kernel.quality": Interval(0.01, 100.0)} if name == "SHO" else {})
    found = maximise(log_likelihood, start, args=(curve.values,), rules=rules, restarts=restarts, key=key)
    values, count = np.asarray(found.values), 4 if name == "SHO" else 3
    value, points = float(found.value), curve.values.size
    penalty = 2 * count + 2 * count * (count + 1) / (points - count - 1)
    agreed, failed = int((values > value - 0.01).sum()), int((~np.isfinite(values)).sum())
    return Fitted(found.model.kernel, float(np.asarray(found.model.mean)), value, penalty - 2 * value, agreed, failed)


def oscillation(kernel: Any) -> tuple[float, float, float]:
    """Quality, time scale `1 / w`, and the slow damping time."""
    return float(kernel.quality), 1 / float(kernel.frequency), 1 / float(kernel.rates()[0])


def check_whiteness(fitted: Fitted, curve: Curve) -> Whiteness:
    """Whether the standardised residuals are normal and independent."""
    white = np.asarray(_whiten(fitted.kernel, curve, jnp.asarray(fitted.mean)))
    return Whiteness(float(stats.kstest(white, "norm").pvalue), _in_band(white), _in_band(white**2))


@eqx.filter_jit
def _whiten(kernel: Kernel, curve: Curve, mean: Array) -> Array:
    return SOLVER.factorise(kernel, curve.times, curve.noise).whiten(curve.values - mean)


def _in_band(series: np.ndarray) -> float:
    centred = series - series.mean()
    correlation = [float(centred[lag:] @ centred[:-lag] / (centred @ centred)) for lag in range(1, LAGS + 1)]
    return float(np.mean(np.abs(correlation) < BEYOND / np.sqrt(len(series))))
