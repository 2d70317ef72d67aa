"""The light Schroedinger bridge: potentials that are Gaussian mixtures, learned in seconds and without simulation.

What is the most likely way from one law to another for particles that diffuse? With a mixture of normal laws as potential the coupling,
its normaliser and the drift are closed forms, and the divergence from the true bridge is a loss without an adversary. Four parts:

- benchmark pairs whose true coupling is known: five components drawn at random, a normal start, ends drawn exactly. Conditional laws of
  the learned bridge against the true ones, beside those of Sinkhorn's discrete plan of as many samples (ott-jax);
- the same with correlated components, by diagonal and by full matrices;
- normal laws, where the bridge is the root of `S^2 + noise S = Sigma`;
- a swiss roll at three noises.

Bounds were set before measuring. The table of the paper is for its own pairs, ours for ours, of the same kind but not the same: the
rows show the same size, not the same problem.

Source: A. Korotin, N. Gushchin and E. Burnaev, "Light Schroedinger Bridge", ICLR 2024 (arXiv 2310.01174).
"""

import dataclasses
from functools import partial

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from sciml.experiment import Cell, Claim, Report, Table, require_at_least
from sciml.experiments import _light_sb_runs as runs
from sciml.experiments._light_sb_figure import draw_figure

PAPER = {
    (2, 0.1): 0.03, (16, 0.1): 0.08, (64, 0.1): 0.28, (128, 0.1): 0.60,
    (2, 1.0): 0.05, (16, 1.0): 0.09, (64, 1.0): 0.24, (128, 1.0): 0.62,
    (2, 10.0): 0.07, (16, 10.0): 0.11, (64, 10.0): 0.21, (128, 10.0): 0.37,
}  # fmt: skip
"""Conditional Bures-Wasserstein unexplained variance of LightSB in per cent, by dimension and noise, on the paper's pairs."""
MISSING = "ott-jax is not installed, Sinkhorn is left out: pip install 'sciml[transport]'"

Benchmarks = dict[tuple[int, float], runs.Benchmark]


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes; the defaults run in about two minutes on two free cores."""

    seeds: int = 3
    """Potentials, each with its own data and bridge."""
    dimensions: tuple[int, ...] = (2, 16)
    """Of the benchmark pairs."""
    noises: tuple[float, ...] = (0.1, 1.0)
    """Variance of the reference process: the entropic regularisation."""
    components: int = 20
    """Of the learned potentials."""
    iterations: int = 3000
    """Optimiser steps of each bridge."""
    batch: int = 128
    """Pairs per step."""
    learning_rate: float = 1e-2
    """Of Adam, falling to zero."""
    samples: int = 2000
    """Pairs that Sinkhorn's algorithm sees, and a bridge beside it."""
    paths: int = 4000
    """Particles that are simulated."""
    roll_noises: tuple[float, ...] = (0.002, 0.01, 0.1)
    """Of the swiss roll."""
    roll_components: int = 100
    """Of its potential."""
    roll_rate: float = 3e-3
    """Of Adam for the swiss roll."""


SCALES = {
    "full": Config(
        dimensions=(2, 16, 64, 128), noises=(0.1, 1.0, 10.0), components=50, iterations=10000, roll_components=500
    )
}
"""Dimensions, noises, components and steps of the paper."""


def run(config: Config, key: PRNGKeyArray) -> Report:
    """Measure the four parts.

    Args:
        config: sizes.
        key: random key.

    Raises:
        ValueError: sizes that do not fit.
    """
    _check(config)
    keys = jax.random.split(key, 5)
    sizes = runs.Sizes(
        config.seeds, config.components, config.iterations, config.batch, config.learning_rate, config.samples
    )
    fold = jax.random.fold_in
    benchmarks = {
        (d, noise): runs.measure_benchmark(
            # Paths are simulated in the fewest dimensions alone: they say the same in all.
            d,
            noise,
            sizes,
            config.paths if d == min(config.dimensions) else 0,
            fold(fold(keys[0], d), place),
        )
        for d in config.dimensions
        for place, noise in enumerate(config.noises)
    }
    frames = runs.measure_frames(config.noises[-1], sizes, keys[1])
    normals = {
        noise: runs.measure_normal(runs.FRAMES, noise, sizes, fold(keys[2], place))
        for place, noise in enumerate(config.noises)
    }
    roll_sizes = sizes._replace(seeds=1, components=config.roll_components, learning_rate=config.roll_rate)
    rolls = {
        noise: runs.measure_roll(noise, roll_sizes, fold(keys[3], place))
        for place, noise in enumerate(config.roll_noises)
    }
    own = runs.roll_noise(keys[4])
    return Report(
        metrics=_metrics(benchmarks, frames, rolls),
        tables=[
            _benchmark_table(config, benchmarks),
            _time_table(config, benchmarks),
            _frame_table(frames),
            _roll_table(rolls, own),
        ],
        claims=_claims(config, benchmarks, frames, normals),
        figures={"light-sb": partial(draw_figure, benchmarks, normals, rolls)},
    )


def _check(config: Config) -> None:
    require_at_least(config, 1, "seeds", "components", "iterations", "batch", "samples", "roll_components")
    if config.paths < 2:
        raise ValueError(f"light-sb: `paths` must be at least 2, got {config.paths}.")
    if max(config.components, config.batch) > config.samples:
        raise ValueError(
            f"light-sb: {config.samples} `samples` do not make {config.components} `components` and a `batch` of {config.batch}."
        )
    for name in ("dimensions", "noises", "roll_noises"):
        if not getattr(config, name) or min(getattr(config, name)) <= 0:
            raise ValueError(f"light-sb: `{name}` must be positive numbers, got {getattr(config, name)}.")


# --- report -----------------------------------------------------------------------------------------------------------


def _claims(
    config: Config, benchmarks: Benchmarks, frames: dict[str, np.ndarray], normals: dict[float, runs.Normal]
) -> list[Claim]:
    every = list(benchmarks.values())
    claims = [
        Claim("benchmark, new samples at each step: unexplained variance in per cent, worst", max(b.fresh.max() for b in every), 1.0),
        Claim(f"benchmark, {config.samples} samples: the same, worst", max(b.same.max() for b in every), 1.0),
    ]  # fmt: skip
    for (d, noise), one in benchmarks.items():
        if one.sinkhorn is not None:
            ratio = float(np.max(one.same / one.sinkhorn))
            claims.append(
                Claim(f"D = {d}, noise {noise:g}: it divided by that of Sinkhorn's plan of the same samples, worst", ratio, 0.2)
            )  # fmt: skip
    return [
        *claims,
        Claim("held-out loss minus that of the true potential, in standard errors, least", min(b.excess for b in every), -3.0, ">="),
        Claim("simulated and direct particles: means and variances, largest difference in standard errors",
              max(b.deviation for b in every), 4.0),
        Claim("normal laws: matrix of the one component against the closed form, relative error, worst",
              max(float(n.errors.max()) for n in normals.values()), 0.05),
        Claim("correlated components: unexplained variance by full matrices divided by diagonal ones, worst",
              float(np.max(frames["full"] / frames["diagonal"])), 1.0, "<"),
        Claim("longest training of all bridges of a pair at once, compilation included, seconds",
              max(b.seconds[0] for b in every), 120.0),
    ]  # fmt: skip


def _metrics(benchmarks: Benchmarks, frames: dict[str, np.ndarray], rolls: dict[float, runs.Roll]) -> dict[str, float]:
    found: dict[str, float] = {}
    for (d, noise), one in benchmarks.items():
        found |= {f"fresh_{d}_{noise:g}": float(one.fresh.mean()), f"same_{d}_{noise:g}": float(one.same.mean())}
        if one.sinkhorn is not None:
            found[f"sinkhorn_{d}_{noise:g}"] = float(one.sinkhorn.mean())
    found |= {f"frames_{name}": float(values.mean()) for name, values in frames.items()}
    return found | {f"roll_{noise:g}": one.distance for noise, one in rolls.items()}


def _benchmark_table(config: Config, benchmarks: Benchmarks) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            f"D = {d}, noise {noise:g}", PAPER.get((d, noise)), float(one.fresh.mean()), float(one.same.mean()),
            None if one.sinkhorn is None else float(one.sinkhorn.mean()), one.share,
        )
        for (d, noise), one in benchmarks.items()
    ]  # fmt: skip
    if any(one.sinkhorn is None for one in benchmarks.values()):
        rows.append((MISSING, *(None for _ in range(5))))
    few = f"{config.samples} samples"
    columns = (
        "",
        "paper, its pairs",
        "ours, new samples",
        f"ours, {few}",
        f"Sinkhorn, {few}",
        "least share of a component",
    )
    return Table(
        "Conditional Bures-Wasserstein unexplained variance, per cent, mean of the seeds", columns, tuple(rows)
    )


def _time_table(config: Config, benchmarks: Benchmarks) -> Table:
    rows = tuple((f"D = {d}, noise {noise:g}", *one.seconds) for (d, noise), one in benchmarks.items())
    few = f"{config.samples} samples"
    columns = ("", "ours, new samples", f"ours, {few}", f"Sinkhorn, {few}")
    return Table(f"Seconds for {config.seeds} bridges, compilation included (paper: minutes)", columns, rows)


def _frame_table(frames: dict[str, np.ndarray]) -> Table:
    rows = tuple((name, *(float(value) for value in values)) for name, values in frames.items())
    columns = ("matrices", *(f"potential {number + 1}" for number in range(len(frames["full"]))))
    return Table(f"Correlated components in {runs.FRAMES} dimensions: unexplained variance, per cent", columns, rows)


def _roll_table(rolls: dict[float, runs.Roll], own: float) -> Table:
    rows: list[tuple[Cell, ...]] = [(f"noise {noise:g}", one.distance, one.seconds) for noise, one in rolls.items()]
    rows.append(("two draws of the data", own, None))
    return Table("Swiss roll: sliced Wasserstein distance", ("", "from the data", "seconds of training"), tuple(rows))
