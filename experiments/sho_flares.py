"""Flares as damped oscillators: Gaussian processes tell an oscillator near critical damping from a damped random walk.

Light curves are simulated, with no data of a telescope: log-flux of variance 1 at a few hundred irregular times, errors of 10 to 15 per
cent of the flux. Truths: an over-damped oscillator of the paper's quality, the same with a gap of two months, a damped random walk
(DRW), a critically damped oscillator (Matern-3/2). Each curve is fitted with three kernels and a level by maximum likelihood
from several starts; models are compared by Akaike's criterion for small samples (AICc), the oscillator's residuals are
tested for whiteness.

Time scales are `1 / w` unless said; the period without damping is `2 pi` times longer, and papers differ in which they mean.

Bounds were set before measuring.

Source: H. Zhang, D. Yan, J. Zhou, L. Zhang and N. Tang, "Pattern and Origin for the Extreme gamma-ray Flares of 3C 454.3 and 3C 279: An
Astrophysical Critical Damper?", 2025 (arXiv 2502.20867).
"""

import dataclasses
import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from sciml.experiment import Cell, Claim, Report, Table, require_at_least
from sciml.experiments import _sho_flares_runs as runs
from sciml.experiments._sho_flares_figure import draw_figure
from sciml.kernels import Kernel

TRUTHS = ("SHO", "SHO, gap", "DRW", "Matern-3/2")
PAPER = {"quality": "about 0.4", "time scale": "2-3 d (3C 454.3), 3-5 d (3C 279)"}


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes; the defaults run in less than two minutes on two free cores."""

    curves: int = 10
    """Light curves of each truth."""
    points: int = 300
    """Per curve, 0.15 days apart in the mean."""
    quality: float = 0.4
    """Of the oscillator."""
    timescale: float = 2.5
    """`1 / w` of the oscillators and the time of the random walk, days."""
    gap: float = 60.0
    """In the middle of the second truth's curves, days."""
    restarts: int = 8
    """Starts of each fit."""


SCALES = {"full": Config(curves=100, points=600)}
"""More and longer curves."""

Results = dict[str, list[tuple[runs.Curve, dict[str, runs.Fitted], runs.Whiteness]]]


def run(config: Config, key: PRNGKeyArray) -> Report:
    """Simulate, fit and compare, in double precision.

    Args:
        config: sizes.
        key: random key.

    Raises:
        ValueError: sizes that do not fit.
    """
    _check(config)
    with jax.enable_x64(True):
        results = {truth: _curves(config, truth, jax.random.fold_in(key, place)) for place, truth in enumerate(TRUTHS)}
        truth = runs.kernel_of("SHO", config.timescale, config.quality)
        return Report(
            metrics=_metrics(results),
            tables=[_comparison_table(results), _oscillator_table(truth, results), _whiteness_table(results)],
            claims=_claims(config, results),
            figures={"sho-flares": partial(draw_figure, results, truth)},
        )


def _check(config: Config) -> None:
    require_at_least(config, 1, "curves", "restarts")
    if config.points < 2 * runs.LAGS:
        raise ValueError(f"sho-flares: `points` must be at least {2 * runs.LAGS}, got {config.points}.")
    for name in ("quality", "timescale", "gap"):
        if not getattr(config, name) > 0:
            raise ValueError(f"sho-flares: `{name}` must be positive, got {getattr(config, name)}.")


def _curves(config: Config, truth: str, key: PRNGKeyArray) -> list:
    kernel = runs.kernel_of(truth.split(",")[0], config.timescale, config.quality)
    gap = jnp.asarray(config.gap if "gap" in truth else 0.0)
    found = []
    for number in range(config.curves):
        draw, *keys = jax.random.split(jax.random.fold_in(key, number), 1 + len(runs.MODELS))
        curve = runs.simulate(kernel, config.points, gap, draw)
        fits = {name: runs.fit(name, curve, config.restarts, one) for name, one in zip(runs.MODELS, keys)}
        found.append((curve, fits, runs.check_whiteness(fits["SHO"], curve)))
    return found


# --- report -----------------------------------------------------------------------------------------------------------


def _excess(results: Results, truth: str, worse: str, better: str) -> np.ndarray:
    """AICc of a model less that of another, by curve."""
    return np.array([fits[worse].aicc - fits[better].aicc for _, fits, _ in results[truth]])


def _share(values: np.ndarray) -> float:
    return float(np.mean(values))


def _oscillations(results: Results, truth: str) -> np.ndarray:
    return np.array([runs.oscillation(fits["SHO"].kernel) for _, fits, _ in results[truth]])


def _claims(config: Config, results: Results) -> list[Claim]:
    claims = []
    for truth in ("SHO", "SHO, gap", "Matern-3/2"):
        over_sho, over_matern = (_excess(results, truth, "DRW", name) > 10 for name in ("SHO", "Matern-3/2"))
        claims.append(
            Claim(f"truth {truth}: share of curves whose AICc is more than 10 below the DRW's, by SHO and by Matern-3/2",
                  _share(over_sho & over_matern), 0.9, ">=")
        )  # fmt: skip
    claims.append(
        Claim("truth SHO: share of curves on which SHO and Matern-3/2 differ by less than 4 in AICc",
              _share(np.abs(_excess(results, "SHO", "SHO", "Matern-3/2")) < 4), 0.6, ">=")
    )  # fmt: skip
    for truth, right in (("DRW", "DRW"), ("Matern-3/2", "Matern-3/2")):
        claims.append(
            Claim(f"truth {truth}: share of curves whose AICc with {right} is at most 1 above that with SHO",
                  _share(_excess(results, truth, right, "SHO") <= 1), 0.8, ">=")
        )  # fmt: skip
    for truth in ("SHO", "SHO, gap"):
        quality, timescale, _ = np.median(_oscillations(results, truth), axis=0)
        claims += [
            Claim(f"truth {truth}: median quality", quality, 0.25, ">="),
            Claim(f"truth {truth}: median quality", quality, 0.7),
            Claim(f"truth {truth}: error of the median time scale, as a logarithm",
                  abs(math.log(timescale / config.timescale)), math.log(1.5)),
        ]  # fmt: skip
    white = [test for truth in ("SHO", "SHO, gap") for _, _, test in results[truth]]
    return [
        *claims,
        Claim("oscillators: share of curves whose standardised residuals pass as normal at 5 %",
              _share(np.array([test.p_value > 0.05 for test in white])), 0.8, ">="),
        Claim("oscillators: autocorrelations of the residuals in the 95 % band, share",
              _share(np.array([test.band for test in white])), 0.9, ">="),
        Claim("starts that found no finite likelihood, all fits", _metrics(results)["failed starts"], 0.0, "=="),
    ]  # fmt: skip


def _metrics(results: Results) -> dict[str, float]:
    fits = [fit for curves in results.values() for _, models, _ in curves for fit in models.values()]
    return {
        "failed starts": float(sum(fit.failed for fit in fits)),
        "starts within 0.01 of the best, per fit": float(np.mean([fit.agreed for fit in fits])),
    }


def _comparison_table(results: Results) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for truth, curves in results.items():
        best = [min(fits, key=lambda name: fits[name].aicc) for _, fits, _ in curves]
        excess = [_excess(results, truth, "DRW", name) for name in ("SHO", "Matern-3/2")]
        rows.append(
            (truth, *(best.count(name) for name in runs.MODELS), *(float(np.median(part)) for part in excess),
             float(np.median(_excess(results, truth, "SHO", "Matern-3/2"))))
        )  # fmt: skip
    columns = (
        "truth", *(f"best: {name}" for name in runs.MODELS),
        "DRW - SHO", "DRW - Matern-3/2", "SHO - Matern-3/2",
    )  # fmt: skip
    return Table("AICc: curves that each model is best for, and medians of differences", columns, tuple(rows))


def _oscillator_table(kernel: Kernel, results: Results) -> Table:
    truth = runs.oscillation(kernel)
    rows: list[tuple[Cell, ...]] = [
        ("paper", PAPER["quality"], "", PAPER["time scale"], "", ""),
        ("true", truth[0], "", truth[1], 2 * math.pi * truth[1], truth[2]),
    ]
    for name in results:
        found = _oscillations(results, name)
        quality, timescale, slow = np.median(found, axis=0).tolist()
        spread = " to ".join(f"{value:.2f}" for value in np.quantile(found[:, 0], (0.1, 0.9)))
        rows.append((f"found, truth {name}", quality, spread, timescale, 2 * math.pi * timescale, slow))
    columns = ("SHO", "Q", "10 to 90 %", "1 / w, days", "2 pi / w, days", "slow damping time, days")
    return Table("The oscillator's parameters, medians", columns, tuple(rows))


def _whiteness_table(results: Results) -> Table:
    rows = tuple(
        (truth, *(float(np.median([test[i] for _, _, test in curves])) for i in range(3)))
        for truth, curves in results.items()
    )
    columns = ("truth", "p-value, normality", "in the 95 % band", "squares in the band")
    return Table(
        f"Standardised residuals of the oscillator, medians; autocorrelation at {runs.LAGS} lags", columns, rows
    )
