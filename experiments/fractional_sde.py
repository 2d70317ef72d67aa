"""Fractional noise in neural SDEs: a few Ornstein-Uhlenbeck processes in place of memory, and a Hurst index that is learned.

Fractional Brownian motion is replaced by a weighted sum of Ornstein-Uhlenbeck processes that share one Brownian motion. The weights
have a closed form, the enlarged equation is Markovian, and a control network trained by the evidence lower bound gives its posterior.

Four things are measured on simulated data. The weights and their error, which nothing random enters, beside the quadrature rule
that they replace. Bridges from 0 to 0 with one observation, whose posterior is known from Gaussian processes: that of exact
fractional Brownian motion and that of the approximation; the same network on ordinary Brownian motion is the baseline. The Hurst
index by the exact likelihood of the approximation. And the Hurst index by the bound: its control is constant over each step, so the
bound is loose where the noise of one step is large beside that of the measurement, and how loose depends on the Hurst index.

Real data too, where statsmodels is installed: the Hurst index of a hundred annual flows of the Nile, by both laws, with and without the
change of level in 1899.

Source: Daems et al., "Variational Inference for SDEs Driven by Fractional Noise", ICLR 2024 (arXiv 2310.12975). The paper compares
bridges in a figure; the figures called sheet are those of an independent calculation.
"""

import dataclasses
from functools import partial

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from sciml.experiment import Cell, Claim, Report, Table, require_at_least
from sciml.experiments import _fractional_sde_runs as runs
from sciml.experiments._fractional_sde_figure import Found, draw_figure, draw_nile
from sciml.experiments._fractional_sde_nile import measure_nile, nile_claims, nile_metrics, nile_tables
from sciml.solvers import MarkovFBM, approximation_error, gamma_grid, optimal_weights, riemann_weights

INDICES = (0.1, 0.3, 0.5, 0.7, 0.9)
SHEET_ERRORS: dict[tuple[int, float], dict[str, tuple[float, ...]]] = {
    (3, 20.0): {"I": (0.555, 0.130, 0.125, 0.350, 0.751), "II": (0.490, 0.092, 0.001, 0.012, 0.009)},
    (5, 20.0): {"I": (0.554, 0.129, 0.113, 0.313, 0.714), "II": (0.479, 0.088, 0.0, 0.012, 0.008)},
    (10, 100.0): {"I": (0.466, 0.075, 0.046, 0.181, 0.594), "II": (0.409, 0.055, 0.0, 0.004, 0.002)},
    (20, 1000.0): {"I": (0.363, 0.036, 0.013, 0.085, 0.461), "II": (0.321, 0.027, 0.0, 0.001, 0.0002)},
}
"""Relative errors over [0, 1] by rates and largest rate, calculated independently of this library."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes; the defaults run in about two and a half minutes on two free cores."""

    hursts: tuple[float, ...] = (0.3, 0.7)
    """Hurst indices of the bridges and of what is recovered."""
    seeds: int = 2
    """Networks per bridge, and data sets per recovery."""
    rates: int = 5
    """Ornstein-Uhlenbeck processes."""
    largest_rate: float = 20.0
    """Their largest rate; the grid is symmetric about 1."""
    horizon: float = 2.0
    """Length of the bridge, over which the weights are optimal too."""
    steps: int = 100
    """Steps of the bridge."""
    batch: int = 64
    """Paths per optimiser step."""
    iterations: int = 600
    """Optimiser steps per bridge."""
    width: int = 64
    """Units of the two hidden layers of the control."""
    learning_rate: float = 1e-2
    """Of Adam at the start; it falls to zero along a cosine."""
    frequencies: tuple[float, ...] = (0.75, 1.5, 3.0, 6.0, 12.0, 24.0)
    """Angular frequencies of the control's functions of time."""
    paths: int = 64
    """Paths from which the Hurst index is recovered."""
    observations: int = 8
    """Noisy observations of each path for the bound."""
    substeps: int = 10
    """Steps between them."""
    noise: float = 0.3
    """Their standard deviation."""
    recovery_iterations: int = 500
    """Optimiser steps of the bound."""
    nile_rates: int = 8
    """Ornstein-Uhlenbeck processes for the flow of the Nile."""
    nile_series: int = 200
    """Simulated series of each kind that are judged as the Nile is."""


SCALES = {
    "full": Config(
        hursts=(0.1, 0.3, 0.5, 0.7, 0.9), steps=200, batch=32, iterations=2000, width=1000, learning_rate=1e-3,
        frequencies=(1.0,), substeps=40, recovery_iterations=2000,
    )
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class _Bridges:
    """What belongs to one Hurst index: truths, trained bridges of each seed, evidence, best attainable bound."""

    exact: np.ndarray
    own: np.ndarray
    evidence: float
    attainable: float
    trained: list[runs.Bridge]


def run(config: Config, key: PRNGKeyArray) -> Report:
    """Weights, bridges, Hurst indices, the Nile (left out, and said so in a table, without statsmodels).

    Args:
        config: sizes.
        key: random key of networks, noise and data.

    Raises:
        ValueError: sizes that do not fit.
    """
    _check(config)
    gamma = gamma_grid(config.rates, config.largest_rate)
    with jax.enable_x64(True):
        errors, gains = _errors(), _gains(gamma)
        nile = measure_nile(config.nile_rates, config.nile_series, jax.random.fold_in(key, 3))
    bridge_key, likelihood_key, bound_key = jax.random.split(key, 3)
    bridges, plain = _train_bridges(config, gamma, bridge_key)
    likelihood = _likelihoods(config, gamma, likelihood_key)
    recovered = _recoveries(config, gamma, bound_key)
    found = _metrics(config, bridges, plain, likelihood, recovered)
    shown = Found(
        {hurst: (one.exact, one.own, one.trained) for hurst, one in bridges.items()}, plain, likelihood, recovered
    )
    figures = {"fractional-sde": partial(draw_figure, shown)}
    if nile is not None:
        figures["fractional-sde-nile"] = partial(draw_nile, nile)
    return Report(
        metrics={**found, **({} if nile is None else nile_metrics(nile))},
        tables=[_weights_table(), _error_table(errors), _gain_table(gains), _bridge_table(config, bridges, found),
                _likelihood_table(config, likelihood), _bound_table(config, recovered), *nile_tables(nile)],
        claims=[*_claims(config, errors, gains, found), *([] if nile is None else nile_claims(nile))],
        figures=figures,
    )  # fmt: skip


def _check(config: Config) -> None:
    require_at_least(config, 1, "seeds", "batch", "iterations", "observations", "substeps", "nile_series")
    require_at_least(config, 2, "rates", "steps", "paths", "nile_rates")
    if not config.hursts or not all(0 < hurst < 1 for hurst in config.hursts):
        raise ValueError(f"fractional-sde: `hursts` must be in (0, 1), got {config.hursts}.")


# --- what is measured -------------------------------------------------------------------------------------------------


def _errors() -> dict[tuple[int, float, str], list[float]]:
    """Approximation errors over [0, 1] by rates, largest rate and kind, for all `INDICES`."""
    return {
        (count, largest, kind): [approximation_error(gamma_grid(count, largest), h, kind=kind) for h in INDICES]
        for count, largest in SHEET_ERRORS
        for kind in ("I", "II")
    }


def _gains(gamma: tuple[float, ...]) -> dict[tuple[str, float], tuple[float, float]]:
    """Errors of optimal and of Riemann weights at equal rates, by kind and Hurst index."""
    return {
        (kind, hurst): (
            approximation_error(gamma, hurst, kind=kind),
            approximation_error(gamma, hurst, kind=kind, weights=riemann_weights(gamma, hurst)),
        )
        for kind in ("I", "II")
        for hurst in (0.1, 0.3, 0.4, 0.6, 0.7, 0.9)
    }


def _train_bridges(
    config: Config, gamma: tuple[float, ...], key: PRNGKeyArray
) -> tuple[dict[float, _Bridges], list[runs.Bridge]]:
    sizes = runs.Sizes(
        config.horizon, config.steps, config.batch, config.iterations, config.width, config.learning_rate, config.frequencies
    )  # fmt: skip
    keys = [jax.random.fold_in(key, seed) for seed in range(config.seeds)]
    bridges: dict[float, _Bridges] = {}
    for hurst in config.hursts:
        with jax.enable_x64(True):
            noise = MarkovFBM(hurst, gamma, horizon=config.horizon)
            exact, own, evidence = runs.bridge_truths(noise, hurst, sizes)
            attainable = runs.attainable_bound(noise, sizes)
        with jax.enable_x64(False):
            noise = MarkovFBM(hurst, gamma, horizon=config.horizon)
            trained = [runs.train_bridge(noise, sizes, one) for one in keys]
        bridges[hurst] = _Bridges(exact, own, evidence, attainable, trained)
    with jax.enable_x64(False):
        plain = [runs.train_bridge(MarkovFBM.brownian(), sizes, one) for one in keys]
    return bridges, plain


def _likelihoods(config: Config, gamma: tuple[float, ...], key: PRNGKeyArray) -> dict[float, list[tuple[float, float]]]:
    with jax.enable_x64(True):
        return {
            hurst: [
                runs.likelihood_estimates(hurst, gamma, config.paths, jax.random.fold_in(key, seed))
                for seed in range(config.seeds)
            ]
            for hurst in config.hursts
        }


def _recoveries(config: Config, gamma: tuple[float, ...], key: PRNGKeyArray) -> dict[float, list[runs.Recovery]]:
    design = runs.Observed(config.observations, config.substeps, config.noise, config.horizon)
    sizes = runs.Sizes(
        config.horizon, 0, config.paths, config.recovery_iterations, config.width, config.learning_rate, (1.0,)
    )
    return {
        hurst: [
            runs.recover(hurst, gamma, config.paths, design, sizes, jax.random.fold_in(key, seed))
            for seed in range(config.seeds)
        ]
        for hurst in config.hursts
    }


def _distance(found: np.ndarray, truth: np.ndarray) -> float:
    """Relative distance of two curves of standard deviations, in the mean square over the times."""
    return float(np.linalg.norm(found - truth) / np.linalg.norm(truth))


def _metrics(
    config: Config,
    bridges: dict[float, _Bridges],
    plain: list[runs.Bridge],
    likelihood: dict[float, list[tuple[float, float]]],
    recovered: dict[float, list[runs.Recovery]],
) -> dict[str, float]:
    found: dict[str, float] = {}
    for hurst in config.hursts:
        one, name = bridges[hurst], f"hurst_{hurst:g}"
        found[f"{name}_to_exact"] = max(_distance(b.deviation, one.exact) for b in one.trained)
        found[f"{name}_to_own"] = max(_distance(b.deviation, one.own) for b in one.trained)
        found[f"{name}_own_to_exact"] = _distance(one.own, one.exact)
        found[f"{name}_brownian_to_exact"] = min(_distance(b.deviation, one.exact) for b in plain)
        found[f"{name}_bound"] = float(np.mean([b.bound for b in one.trained]))
        found[f"{name}_bound_excess"] = max(b.bound for b in one.trained) - one.evidence
        found[f"{name}_by_likelihood"] = float(np.mean([markov for markov, _ in likelihood[hurst]]))
        found[f"{name}_likelihood_miss"] = max(abs(markov - hurst) for markov, _ in likelihood[hurst])
        found[f"{name}_by_bound"] = float(np.mean([r.bound for r in recovered[hurst]]))
        found[f"{name}_bound_miss"] = max(abs(r.bound - hurst) for r in recovered[hurst])
        found[f"{name}_recovery_excess"] = max(r.bound_value - r.evidence for r in recovered[hurst])
    return found


# --- report -----------------------------------------------------------------------------------------------------------

WEIGHTS = {
    ("I", 0.3): (0.80440769, -0.11151898, 0.48741451, 0.08450576, 1.1873324),
    ("I", 0.7): (2.26196625, -1.42063606, 0.01978801, -0.31069781, -0.17700942),
    ("II", 0.3): (28.17412235, -38.35110732, 13.2624732, -2.29150612, 1.77234644),
    ("II", 0.7): (-0.93484083, 3.26804964, -1.77131088, 0.1156314, -0.31546784),
}
"""Optimal weights of five rates up to 20 on [0, 1], calculated independently of this library."""


def _weights(kind: str, hurst: float) -> np.ndarray:
    with jax.enable_x64(True):
        return np.asarray(optimal_weights(gamma_grid(5, 20.0), hurst, kind="I" if kind == "I" else "II"))


def _claims(
    config: Config,
    errors: dict[tuple[int, float, str], list[float]],
    gains: dict[tuple[str, float], tuple[float, float]],
    found: dict[str, float],
) -> list[Claim]:
    off = max(float(np.abs(_weights(*which) / np.asarray(given) - 1).max()) for which, given in WEIGHTS.items())
    apart = max(
        float(np.abs(np.asarray(ours) - SHEET_ERRORS[count, largest][kind]).max())
        for (count, largest, kind), ours in errors.items()
    )

    def worst(name: str) -> float:
        return max(found[f"hurst_{hurst:g}_{name}"] for hurst in config.hursts)

    gain = [found[f"hurst_{h:g}_brownian_to_exact"] / found[f"hurst_{h:g}_to_exact"] for h in config.hursts]
    return [
        Claim("weights: largest relative difference from the sheet", off, 1e-6),
        Claim("approximation errors: largest difference from the sheet's table", apart, 1e-3),
        Claim("error of the Riemann weights divided by that of the optimal ones, worst kind and Hurst index",
              min(riemann / best for best, riemann in gains.values()), 1.0, ">"),
        Claim("bridge: deviation against exact fractional Brownian motion, worst index and seed", worst("to_exact"), 0.10),
        Claim("bridge: deviation against the law of the approximation, worst index and seed", worst("to_own"), 0.05),
        Claim("bridge: error of ordinary Brownian motion, best seed, divided by ours, worst seed and index", min(gain), 2.0, ">="),
        Claim("bridge: bound minus log evidence, worst index and seed", worst("bound_excess"), 0.0),
        Claim("Hurst index by exact likelihood: largest miss", worst("likelihood_miss"), 0.05),
        Claim("Hurst index by the bound: largest miss", worst("bound_miss"), 0.05),
        Claim("recovery: bound minus exact log evidence per path, worst index and seed", worst("recovery_excess"), 0.0),
    ]  # fmt: skip


def _weights_table() -> Table:
    rows: list[tuple[Cell, ...]] = []
    for (kind, hurst), given in WEIGHTS.items():
        for source, values in (("sheet", given), ("ours", _weights(kind, hurst))):
            rows.append((f"type {kind}, H = {hurst}: {source}", *(f"{value:.8g}" for value in values)))
    return Table("Weights of five rates 0.05 to 20 on [0, 1]", ("", *(f"w{k}" for k in range(1, 6))), tuple(rows))


def _error_table(errors: dict[tuple[int, float, str], list[float]]) -> Table:
    rows = tuple(
        (f"{count}, {largest:g}, type {kind}", *(
            f"{ours:.4f} ({given:g})" for ours, given in zip(values, SHEET_ERRORS[count, largest][kind])
        ))
        for (count, largest, kind), values in errors.items()
    )  # fmt: skip
    columns = ("rates, largest rate", *(f"H = {hurst}" for hurst in INDICES))
    return Table("Relative error of the paths on [0, 1], optimal weights (sheet in brackets)", columns, rows)


def _gain_table(gains: dict[tuple[str, float], tuple[float, float]]) -> Table:
    rows = tuple((f"type {kind}, H = {hurst}", *pair, pair[1] / pair[0]) for (kind, hurst), pair in gains.items())
    return Table("Relative error at equal rates", ("", "optimal", "Riemann (baseline)", "ratio"), rows)


def _bridge_table(config: Config, bridges: dict[float, _Bridges], found: dict[str, float]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for hurst in config.hursts:
        name, one = f"hurst_{hurst:g}", bridges[hurst]
        parts = ("to_exact", "to_own", "own_to_exact", "brownian_to_exact", "bound")
        rows.append((f"H = {hurst}", *(found[f"{name}_{part}"] for part in parts), one.attainable, one.evidence))
    columns = ("bridge", "ours to exact", "ours to own law", "own law to exact", "Brownian to exact", "bound",
               "best attainable", "log evidence")  # fmt: skip
    return Table(
        f"Relative error of the deviations, worst of {config.seeds} seeds (Brownian: best)", columns, tuple(rows)
    )


def _likelihood_table(config: Config, likelihood: dict[float, list[tuple[float, float]]]) -> Table:
    rows = tuple(
        (f"H = {hurst}, seed {seed}", *pair) for hurst in config.hursts for seed, pair in enumerate(likelihood[hurst])
    )
    title = f"Hurst index by likelihood, {config.paths} exact fractional Ornstein-Uhlenbeck paths of 40 values"
    return Table(title, ("data", "approximation", "exact law"), rows)


def _bound_table(config: Config, recovered: dict[float, list[runs.Recovery]]) -> Table:
    rows = tuple(
        (f"H = {hurst}, seed {seed}", one.bound, one.markov, one.bound_value, one.evidence)
        for hurst in config.hursts
        for seed, one in enumerate(recovered[hurst])
    )
    title = (
        f"Hurst index by the bound, {config.paths} paths, {config.observations} observations with noise {config.noise}"
    )
    columns = ("data", "by the bound", "by exact likelihood", "bound per path", "log evidence there")
    return Table(title, columns, rows)
