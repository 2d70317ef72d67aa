"""Logarithms of modified Bessel functions: no overflow, all digits, and directions in thirty thousand dimensions.

Three parts:

- accuracy: random orders and arguments of two ranges, double and single precision, against forty digits (mpmath; left out, and said so,
  without it), and how often SciPy has no finite logarithm there;
- speed: a million pairs, compiled, beside SciPy's scaled functions on one core;
- von Mises-Fisher laws in 2048, 8192 and 32768 dimensions: the concentration from samples, by likelihood and with its bias corrected.

Bounds were set before measuring. The paper fits features of a pretrained network, ours are samples with a known concentration; its
speeds are those of CUDA kernels.

Source: A. Plesner, H. H. B. Sorensen and S. Hauberg, "Accurate Computation of the Logarithm of Modified Bessel Functions on GPUs",
ICS 2024 (arXiv 2409.08729).
"""

import dataclasses
from functools import partial

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from sciml.experiment import Cell, Claim, Report, Table, require_at_least
from sciml.experiments import _log_bessel_runs as runs
from sciml.experiments._log_bessel_figure import draw_figure

PAPER_SPEED = "CPU: 17 (3403) times the tested libraries, 35 (98) times SciPy; GPU: 45 (6150), 77 (300)"
"""Median (largest) speed-ups of the abstract."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes; the defaults run in less than two minutes on two free cores."""

    pairs: int = 1000
    """Of order and argument in each range."""
    timed: int = 1000000
    """Pairs that are timed."""
    rounds: int = 5
    """Of the clock, by turns."""
    dimensions: tuple[int, ...] = (2048, 8192, 32768)
    """Of the directions."""
    length: float = 0.5
    """Of the expectation of a direction."""
    points: int = 500
    """Directions per fit."""
    seeds: int = 3
    """Draws of the directions."""


SCALES = {"full": Config(pairs=10000, timed=100000000, points=5000)}
"""More pairs; wants an accelerator."""


def run(config: Config, key: PRNGKeyArray) -> Report:
    """Measure accuracy, speed and fits, in double precision.

    Args:
        config: sizes.
        key: random key.

    Raises:
        ValueError: sizes that do not fit.
    """
    _check(config)
    with jax.enable_x64(True):
        seed = int(jax.random.randint(key, (), 0, 2**31 - 1))
        accuracy = {name: runs.measure_accuracy(config.pairs, name, seed) for name in runs.RANGES}
        known = {name: one for name, one in accuracy.items() if one is not None}
        speed = runs.measure_speed(config.timed, config.rounds)
        fits = [
            runs.fit_law(dimension, config.length, config.points, jax.random.fold_in(key, place * config.seeds + seed))
            for place, dimension in enumerate(config.dimensions)
            for seed in range(config.seeds)
        ]
    accuracy_table = _accuracy_table(known) if known else Table("Accuracy", ("left out",), ((runs.MISSING,),))
    return Report(
        metrics={name: value for name, value in speed.items()},
        tables=[accuracy_table, _speed_table(config, speed), _fit_table(fits)],
        claims=_claims(known, speed, fits),
        figures={"log-bessel": partial(draw_figure, known, speed, fits)},
    )


def _check(config: Config) -> None:
    require_at_least(config, 1, "pairs", "rounds", "points", "seeds")
    if config.timed < 2 or config.points < 2:
        raise ValueError(
            f"log-bessel: `timed` and `points` must be at least 2, got {config.timed} and {config.points}."
        )
    if not config.dimensions or min(config.dimensions) < 3 or not 0 < config.length < 1:
        raise ValueError(
            "log-bessel: needs `dimensions` of at least 3 and a `length` between 0 and 1, got "
            f"{config.dimensions} and {config.length}."
        )


# --- report -----------------------------------------------------------------------------------------------------------


def _claims(known: dict[str, runs.Accuracy], speed: dict[str, float], fits: list[runs.Fit]) -> list[Claim]:
    claims = []
    for name, one in known.items():
        claims += [
            Claim(f"{name} range, double precision: largest error of log I and log K",
                  max(float(values.max()) for values in one.errors.values()), 1e-12),
            Claim(f"{name} range, single precision: largest error",
                  max(float(values.max()) for values in one.single.values()), 1e-5),
        ]  # fmt: skip
    if "large" in known:
        lost = known["large"].lost
        claims.append(
            Claim("large range: pairs without a finite logarithm by SciPy's scaled functions, per cent, the fewer of I and K",
                  min(lost["log(ive) + x"], lost["log(kve) - x"]), 10.0, ">=")
        )  # fmt: skip
    return [
        *claims,
        Claim("time of SciPy's ive divided by that of log_iv", speed["SciPy ive"] / speed["log_iv"], 3.0, ">="),
        Claim("time of SciPy's kve divided by that of log_kv", speed["SciPy kve"] / speed["log_kv"], 1.0, ">="),
        Claim("directions: error of the corrected concentration, standard errors, largest",
              max(abs(fit.corrected - fit.true) / fit.deviation for fit in fits), 3.0),
    ]  # fmt: skip


def _accuracy_table(known: dict[str, runs.Accuracy]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, one in known.items():
        for function, (plain, scaled) in {"I": ("log(iv)", "log(ive) + x"), "K": ("log(kv)", "log(kve) - x")}.items():
            errors, single = one.errors[function], one.single[function]
            figures = (float(np.median(errors)), float(errors.max()), float(single.max()))
            rows.append((f"{name}, {function}", *figures, one.lost[plain], one.lost[scaled]))
    columns = (
        "range",
        "median error",
        "largest error",
        "largest, single precision",
        "SciPy lost, %",
        "SciPy scaled lost, %",
    )
    return Table("Errors against the larger of 1 and the value", columns, tuple(rows))


def _speed_table(config: Config, speed: dict[str, float]) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = (
        ("I", speed["log_iv"], speed["SciPy ive"], speed["SciPy ive"] / speed["log_iv"], PAPER_SPEED),
        ("K", speed["log_kv"], speed["SciPy kve"], speed["SciPy kve"] / speed["log_kv"], ""),
    )
    columns = ("", "ours, s", "SciPy scaled, s", "ratio", "paper, median (largest)")
    return Table(f"{config.timed:,} pairs of both ranges", columns, rows)


def _fit_table(fits: list[runs.Fit]) -> Table:
    rows = tuple(
        (fit.dimension, fit.true, fit.plain, fit.corrected, fit.deviation, "yes" if fit.scipy else "no") for fit in fits
    )
    columns = ("dimension", "concentration", "by likelihood", "corrected", "standard error", "SciPy has the normaliser")
    return Table("Directions", columns, rows)
