"""Forecasts of real series by Gaussian processes: ours, tinygp, scikit-learn; error on years that were held back.

    python benchmarks/gp_real_data.py [--json] [--series co2 sunspots elnino]

From statsmodels: carbon dioxide at Mauna Loa (monthly means to 2001, the last ten years held back), yearly sunspot numbers (1700 to
2008, the last 22 held back), sea temperature of El Nino (monthly, 1950 to 2010, the last five years held back). One forecast from
the end of what was seen; mean and deviation of the seen part are taken out of all. Two models, fixed before the held-back part was
looked at:

- oscillators: sums of SHO and Matern kernels with log-normal priors around the starts, fitted by `maximise`, in linear time by
  `StateSpaceSolver` and by tinygp's quasi-separable solver, and by `Dense` (same kernel, priors and optimiser);
- composite: the kernel of scikit-learn's Mauna Loa example, without priors and with its bounds, by `GaussianProcessRegressor` and by
  `Dense` with `maximise` from the same start.

"Repeat": the last period that was seen, over and over. "Within": share of held-back values in the 95 % interval.
"""

import argparse
import importlib
import importlib.util
import json
import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from sciml.gp import GP, Dense, StateSpaceSolver
from sciml.kernels import RBF, SHO, Kernel, Matern32, Matern52, Periodic, RationalQuadratic
from sciml.parameters import Fixed, Interval, LogNormal, maximise

Term = tuple[str, dict[str, tuple[float, float]]]
"""Family and, for each parameter, start (median of its prior) and the deviation of its logarithm."""
YEAR = 2 * math.pi


SOLVERS = {"state-space": StateSpaceSolver(), "dense": Dense(throw=False)}


class Series(NamedTuple):
    """Seen and held-back part, in years; models."""

    times: np.ndarray
    values: np.ndarray
    held_back: float
    period: float
    terms: dict[str, Term]
    noise: float
    composite: tuple[float, ...]
    """Starting variances of trend, repetition, irregularity and noise."""

    @property
    def seen(self) -> np.ndarray:
        """Which values may be looked at."""
        return self.times <= self.times[-1] - self.held_back


class Forecast(NamedTuple):
    """Standardised mean and variance of new observations, log-likelihood, seconds of the first and of a further fit."""

    mean: np.ndarray
    variance: np.ndarray
    log_likelihood: float
    first: float
    again: float


def oscillator(frequency: float, quality: float, variance: float, *, known: bool) -> Term:
    """A term of one frequency, known to one per cent or to a fifth."""
    return "SHO", {
        "frequency": (frequency, 0.01 if known else 0.2),
        "quality": (quality, 1.0),
        "variance": (variance, 1.0),
    }


def matern(family: str, lengthscale: float, variance: float) -> Term:
    """A term without a frequency."""
    return family, {"lengthscale": (lengthscale, 0.5), "variance": (variance, 1.0)}


def load(name: str) -> Series:
    """One of the three."""
    data = importlib.import_module(f"statsmodels.datasets.{name}").load_pandas().data
    if name == "sunspots":
        terms = {
            "cycle": oscillator(YEAR / 11, 5.0, 0.7, known=False),
            "harmonic": oscillator(2 * YEAR / 11, 5.0, 0.1, known=False),
            "slow": matern("Matern32", 30.0, 0.2),
        }
        years, counts = data["YEAR"].to_numpy(float), data["SUNACTIVITY"].to_numpy(float)
        return Series(years, counts, 22.0, 11.0, terms, 0.02, (0.2, 1.0, 0.1, 0.02))
    if name == "co2":
        monthly = data["co2"].resample("MS").mean().dropna()
        terms = {
            "trend": matern("Matern52", 50.0, 2.0),
            "year": oscillator(YEAR, 300.0, 0.03, known=True),
            "half": oscillator(2 * YEAR, 300.0, 0.003, known=True),
            "irregular": matern("Matern32", 1.0, 0.001),
        }
        times = monthly.index.year.to_numpy() + (monthly.index.month.to_numpy() - 0.5) / 12
        return Series(times, monthly.to_numpy(), 10.0, 1.0, terms, 0.001, (17.0, 0.03, 0.002, 1e-4))
    terms = {
        "year": oscillator(YEAR, 300.0, 0.7, known=True),
        "half": oscillator(2 * YEAR, 300.0, 0.03, known=True),
        "slow": oscillator(YEAR / 4, 1.0, 0.1, known=False),
        "irregular": matern("Matern32", 0.3, 0.1),
    }
    times = (data["YEAR"].to_numpy()[:, None] + (np.arange(12) + 0.5) / 12).reshape(-1)
    return Series(times, data.iloc[:, 1:].to_numpy(float).reshape(-1), 5.0, 1.0, terms, 0.02, (0.1, 1.0, 0.1, 0.02))


def twice(fit: Callable[[], Any]) -> tuple[Any, float, float]:
    """Result and seconds, with compilation and without."""
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        found = jax.block_until_ready(fit())
        seconds.append(time.perf_counter() - start)
    return found, *seconds


def our_kernel(terms: dict[str, Term], numbers: Any) -> Kernel:
    """The sum in our algebra."""
    parts = []
    for name, (family, _) in terms.items():
        p = numbers[name]
        if family == "SHO":
            parts.append(SHO(p["frequency"], p["quality"], p["variance"]))
        else:
            parts.append(p["variance"] * {"Matern32": Matern32, "Matern52": Matern52}[family](p["lengthscale"]))
    return sum(parts[1:], start=parts[0])


def peer_kernel(terms: dict[str, Term], numbers: Any) -> Any:
    """The sum in tinygp's algebra."""
    quasisep = importlib.import_module("tinygp").kernels.quasisep
    parts = []
    for name, (family, _) in terms.items():
        p = numbers[name]
        sigma = jnp.sqrt(p["variance"])
        if family == "SHO":
            parts.append(quasisep.SHO(omega=p["frequency"], quality=p["quality"], sigma=sigma))
        else:
            parts.append(getattr(quasisep, family)(scale=p["lengthscale"], sigma=sigma))
    return sum(parts[1:], start=parts[0])


def by_oscillators(series: Series, times: jax.Array, y: jax.Array, new: jax.Array, solver: str) -> Forecast:
    """The maximum a posteriori of the sum of oscillators, by one of our solvers or by tinygp."""
    peer = solver == "tinygp"
    start = {name: {key: jnp.asarray(pair[0]) for key, pair in term[1].items()} for name, term in series.terms.items()}
    rules: dict[str, Any] = {
        f"{name}.{key}": LogNormal(*pair) for name, term in series.terms.items() for key, pair in term[1].items()
    }
    start["noise"], rules["noise"] = jnp.asarray(series.noise), LogNormal(series.noise, 1.0)

    def process(numbers: Any, times: jax.Array) -> Any:
        if peer:
            kernel = peer_kernel(series.terms, numbers)
            return importlib.import_module("tinygp").GaussianProcess(kernel, times, diag=numbers["noise"])
        return GP(our_kernel(series.terms, numbers), times, numbers["noise"], solver=SOLVERS[solver])

    def evidence(numbers: Any, times: jax.Array, y: jax.Array) -> jax.Array:
        built = process(numbers, times)
        return built.log_probability(y) if peer else built.log_prob(y)

    fit, first, again = twice(lambda: maximise(evidence, start, args=(times, y), rules=rules, steps=300))

    @jax.jit
    def forecast(numbers: Any, times: jax.Array, y: jax.Array, new: jax.Array) -> tuple[jax.Array, jax.Array]:
        built = process(numbers, times)
        return built.predict(y, new, return_var=True) if peer else built.condition(y)(new)

    mean, variance = forecast(fit.model, times, y, new)
    value = float(jax.jit(evidence)(fit.model, times, y))
    return Forecast(np.asarray(mean), np.asarray(variance + fit.model["noise"]), value, first, again)


def by_composite(series: Series, times: jax.Array, y: jax.Array, new: jax.Array) -> Forecast:
    """scikit-learn's kernel, bounds and start, by `Dense` and `maximise`."""
    trend, repetition, irregular, noise = (jnp.asarray(value) for value in series.composite)
    kernel = (
        trend * RBF(50.0)
        + repetition * RBF(100.0) * Periodic(series.period, 1.0)
        + irregular * RationalQuadratic(1.0, 1.0)
        + noise * RBF(0.1)
    )
    start = GP(kernel, times, noise, solver=Dense(throw=False, jitter=0.0))
    bounds = {"kernel": Interval(1e-5, 1e5), "noise_variance": Interval(1e-5, 1e5), "mean": Fixed()}
    if series.period == 1.0:
        bounds["*.period"] = Fixed()
    fit, first, again = twice(lambda: maximise(evidence_of_process, start, args=(y,), rules=bounds, steps=300))
    mean, variance = fit.model.condition(y)(new)
    return Forecast(np.asarray(mean), np.asarray(variance + fit.model.noise_variance), float(fit.value), first, again)


def evidence_of_process(process: GP, y: jax.Array) -> jax.Array:
    """The marginal likelihood."""
    return process.log_prob(y)


def by_sklearn(series: Series, times: np.ndarray, y: np.ndarray, new: np.ndarray) -> Forecast:
    """Its regressor with its default optimiser."""
    process = importlib.import_module("sklearn.gaussian_process")
    k = process.kernels
    trend, repetition, irregular, noise = series.composite
    bounds: Any = "fixed" if series.period == 1.0 else (1e-5, 1e5)
    kernel = (
        trend * k.RBF(50.0)
        + repetition * k.RBF(100.0) * k.ExpSineSquared(1.0, series.period, periodicity_bounds=bounds)
        + irregular * k.RationalQuadratic(length_scale=1.0, alpha=1.0)
        + noise * k.RBF(0.1)
        + k.WhiteKernel(noise)
    )
    model, first, again = twice(lambda: process.GaussianProcessRegressor(kernel, alpha=0.0).fit(times[:, None], y))
    mean, deviation = model.predict(new[:, None], return_std=True)
    return Forecast(mean, deviation**2, float(model.log_marginal_likelihood_value_), first, again)


def measure(name: str) -> list[dict[str, Any]]:
    """Rows of one series."""
    series = load(name)
    seen = series.seen
    centre, scale = series.values[seen].mean(), series.values[seen].std()
    times, new = series.times[seen], series.times[~seen]
    y, truth = (series.values[seen] - centre) / scale, series.values[~seen]
    arrays = tuple(jnp.asarray(part) for part in (times, y, new))
    solvers = [*SOLVERS, "tinygp"] if importlib.util.find_spec("tinygp") else [*SOLVERS]
    found = {f"oscillators, {solver}": by_oscillators(series, *arrays, solver) for solver in solvers}
    found["composite, dense"] = by_composite(series, *arrays)
    found["composite, scikit-learn"] = by_sklearn(series, times, y, new)
    repeated = np.interp((new - times[-1]) % series.period + times[-1] - series.period, times, series.values[seen])
    rows: list[dict[str, Any]] = [{"model": "repeat", "rmse": root_mean_square(repeated - truth)}]
    for label, forecast in found.items():
        mean, deviation = centre + scale * forecast.mean, scale * np.sqrt(forecast.variance)
        inside = float(np.mean(np.abs(mean - truth) < 1.96 * deviation))
        row = {"model": label, "rmse": root_mean_square(mean - truth), "inside": inside}
        rows.append(row | {key: getattr(forecast, key) for key in ("log_likelihood", "first", "again")})
    return [{"series": name, "seen": len(times), "held_back": len(new)} | row for row in rows]


def root_mean_square(error: np.ndarray) -> float:
    """Of all held-back values."""
    return float(np.sqrt(np.mean(error**2)))


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown."""
    lines = [
        "| series (seen, held back) | model | error (RMSE) | within | log-likelihood | fit s, first / again |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        start = f"| {row['series']} ({row['seen']}, {row['held_back']}) | {row['model']} | {row['rmse']:.3g} |"
        rest = (
            f" {row['inside']:.2f} | {row['log_likelihood']:.1f} | {row['first']:.1f} / {row['again']:.2f} |"
            if "first" in row
            else " | | |"
        )
        lines.append(start + rest)
    return "\n".join(lines)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--series", nargs="*", default=["co2", "sunspots", "elnino"])
    arguments = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    rows = [row for name in arguments.series for row in measure(name)]
    report = {"rows": rows, "table": table(rows)}
    print(json.dumps(report) if arguments.json else report["table"])


if __name__ == "__main__":
    main()
