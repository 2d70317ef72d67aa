"""Concentration of diffusion samples: Lipschitz images of normal noise have light tails, classifiers see their moments.

A diagnostic rather than a system. Three parts:

- Student's law with three degrees of freedom in 16 dimensions: tails of the samples of a trained score, of the exact one at several
  horizons, of normal data for control, and of norms made by noise that multiplies, which the theorem does not cover;
- the Lipschitz constant of the trained probability flow by power iteration, and the bound of the tails with it;
- two classes in 64 dimensions: errors of ridge regression on samples of flows and on normal laws with the same moments.

Bounds were set before measuring.

Source: R. Ghane, A. Bao, D. Akhtiamov and B. Hassibi, "Concentration of Measure for Distributions Generated via Diffusion Models", 2025
(arXiv 2501.07741).
"""

import dataclasses
import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from sciml.experiment import Cell, Claim, Report, Table, require_at_least
from sciml.experiments import _diffusion_concentration_runs as runs
from sciml.experiments._diffusion_concentration_figure import draw_figure
from sciml.models.diffusion import OrnsteinUhlenbeck


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes; the defaults run in about three minutes on two free cores."""

    seeds: int = 3
    """Draws of data, networks and samples."""
    dimension: int = 16
    """Of the heavy-tailed data."""
    samples: int = 100000
    """Data, and samples of each kind."""
    horizons: tuple[float, ...] = (2.0, 4.0, 8.0)
    """Of the Ornstein-Uhlenbeck process with the exact score; the network has the second."""
    width: int = 128
    """Units of the three hidden layers."""
    iterations: int = 3000
    """Optimiser steps of each network."""
    batch: int = 512
    """Samples per optimiser step."""
    steps: int = 200
    """Of the samplers."""
    probes: int = 64
    """Noises at which the Lipschitz constant is taken."""
    class_dimension: int = 64
    """Of the two classes."""
    training: int = 512
    """Samples from which a classifier learns."""
    class_seeds: int = 5
    """Draws of the two classes."""


SCALES = {"full": Config(iterations=30000, batch=2048, steps=400, samples=1000000)}
"""More of everything."""


def run(config: Config, key: PRNGKeyArray) -> Report:
    """Measure the three parts.

    Args:
        config: sizes.
        key: random key.

    Raises:
        ValueError: sizes that do not fit.
    """
    _check(config)
    keys = jax.random.split(key)
    found = [_heavy(config, jax.random.fold_in(keys[0], seed)) for seed in range(config.seeds)]
    tails = {name: runs.collect([tail[name] for tail, _ in found]) for name in found[0][0]}
    flows = [flow for _, flow in found]
    gaps = [
        runs.universality(config.class_dimension, config.training, jax.random.fold_in(keys[1], seed))
        for seed in range(config.class_seeds)
    ]
    return Report(
        metrics={f"hill, {name}": float(np.mean(one.hill)) for name, one in tails.items()},
        tables=[_tail_table(tails), _flow_table(flows), _class_table(gaps)],
        claims=_claims(config, tails, flows, gaps),
        figures={"diffusion-concentration": partial(draw_figure, tails, gaps)},
    )


def _check(config: Config) -> None:
    require_at_least(config, 1, "seeds", "dimension", "width", "iterations", "batch", "probes", "class_seeds")
    if config.samples < 10000 or config.steps < 4:
        raise ValueError(
            "diffusion-concentration: tails need `samples` of at least 10000 and `steps` of at least 4, got "
            f"{config.samples} and {config.steps}."
        )
    if len(config.horizons) < 2 or min(config.horizons) <= 0:
        raise ValueError(
            f"diffusion-concentration: `horizons` must be two or more positive numbers, got {config.horizons}."
        )


def _heavy(
    config: Config, key: PRNGKeyArray
) -> tuple[dict[str, tuple[float, float, float, np.ndarray]], tuple[float, float]]:
    keys = jax.random.split(key, 8)
    sizes = runs.Sizes(config.dimension, config.samples, config.width, config.iterations, config.batch, config.steps)
    data = runs.student(config.samples, config.dimension, keys[0])
    quantile = float(np.quantile(np.linalg.norm(np.asarray(data), axis=1), 0.999))
    process = OrnsteinUhlenbeck(horizon=config.horizons[1])
    model = runs.train(process, data, sizes, keys[1])
    samples = {"data": np.asarray(data, np.float64)}
    samples["trained score"] = runs.sample_scores(process, jax.vmap(model.score, (None, 0)), sizes, keys[2])
    for horizon in config.horizons:
        longer = OrnsteinUhlenbeck(horizon=horizon)
        score = runs.student_score(longer, config.dimension)
        samples[f"exact score, horizon {horizon:g}"] = runs.sample_scores(longer, score, sizes, keys[3])
    tails = {name: runs.tails_of(one, quantile, keys[4]) for name, one in samples.items()}
    control = jnp.sqrt(runs.DEGREES) * jax.random.normal(keys[5], data.shape, data.dtype)
    edge = float(np.quantile(np.linalg.norm(np.asarray(control), axis=1), 0.999))
    normal = runs.sample_scores(process, runs.normal_score(process), sizes, keys[6])
    tails["normal data, exact score"] = runs.tails_of(normal, edge, keys[4])
    radii = runs.sample_radii(data, sizes, keys[7])
    tails["norms, multiplicative noise"] = runs.tails_of(radii[:, None], quantile, keys[4])
    return tails, runs.flow_excess(process, model, sizes, config.probes, keys[2])


# --- report -----------------------------------------------------------------------------------------------------------


def _claims(
    config: Config, tails: dict[str, runs.Tails], flows: list[tuple[float, float]], gaps: list[tuple[float, float]]
) -> list[Claim]:
    exact = tails[f"exact score, horizon {config.horizons[1]:g}"]
    normal, trained = tails["normal data, exact score"], tails["trained score"]
    return [
        Claim("Student's law: tail index of the norms less 3, largest of the seeds",
              max(abs(value - runs.DEGREES) for value in tails["data"].hill), 0.5),
        Claim("trained score: tail index of the norms, least", min(trained.hill), 6.0, ">="),
        Claim("trained score: share beyond the 99.9 % quantile divided by that of the data, largest", max(trained.beyond), 1 / 3),
        Claim(f"exact score, horizon {config.horizons[1]:g}: the same share, largest", max(exact.beyond), 1 / 3),
        Claim("normal data: logarithm of the same share, largest size",
              max(abs(math.log(max(value, 1e-3))) for value in normal.beyond), math.log(2)),
        Claim("norms by multiplicative noise: tail index, largest", max(tails["norms, multiplicative noise"].hill), 4.5),
        Claim("trained flow: tail excess with its Lipschitz constant less log 2, largest",
              max(excess for _, excess in flows) - math.log(2), 0.0),
        Claim("two classes: error on samples less that on normal laws, points, largest",
              max(abs(a - b) for a, b in gaps), 1.5),
    ]  # fmt: skip


def _tail_table(tails: dict[str, runs.Tails]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (name, float(np.mean(one.hill)), float(np.mean(one.beyond)), float(np.mean(one.kurtosis)))
        for name, one in tails.items()
    ]
    columns = ("samples", "tail index of norms", "share beyond the data's 99.9 % / 0.1 %", "kurtosis of projections")
    return Table("Tails, mean of the seeds", columns, tuple(rows))


def _flow_table(flows: list[tuple[float, float]]) -> Table:
    rows = tuple((seed, *one) for seed, one in enumerate(flows))
    return Table("Trained probability flow", ("seed", "Lipschitz constant", "tail excess"), rows)


def _class_table(gaps: list[tuple[float, float]]) -> Table:
    rows = tuple((seed, *one) for seed, one in enumerate(gaps))
    return Table("Two classes: errors of ridge regression, per cent", ("seed", "samples", "normal laws"), rows)
