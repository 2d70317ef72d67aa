"""Dale meets Langevin: noise that multiplies, and a way back to positive data on which nothing can become negative.

Geometric Brownian motion noises the data; in logarithms it is a variance-exploding diffusion, and its reverse-time equation,
discretised there, multiplies by exponentials. Four parts:

- log-normal data, whose score is known: error of mean and spread against the number of steps;
- positive data in the plane, a mixture of four log-normal laws and pairs of gamma numbers: the same network of `x` under additive noise
  and of `log x` under multiplicative noise, equal budgets;
- digits of 8 x 8 pixels as `1 + pixel` (scikit-learn; left out, and said so, without it);
- the same rule as an optimiser: exponentiated gradients on the digits, whose weights keep their signs.

Bounds were set before measuring. The paper shows pictures of 28 x 28 digits and no figures that could be read; ours are smaller.

Source: N. Shetty, M. Prasath and C. S. Seelamantula, "Dale meets Langevin: A Multiplicative Denoising Diffusion Model", 2025
(arXiv 2510.02730).
"""

import dataclasses
from functools import partial

import jax
import numpy as np
import optax
from jaxtyping import PRNGKeyArray

import sciml
from sciml.experiment import Cell, Claim, Report, Table, require_at_least
from sciml.experiments import _dale_langevin_runs as runs
from sciml.experiments._dale_langevin_figure import draw_figure

DIGIT_TRAINING = {"width": 512, "batch": 256, "samples": 450}
"""What differs for images of 64 pixels."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes; the defaults run in about four minutes on two free cores."""

    seeds: int = 3
    """Draws of networks and of samples."""
    steps: tuple[int, ...] = (12, 50, 200, 800)
    """Of the sampler with the exact score."""
    known_samples: int = 40000
    """With the exact score."""
    points: int = 4000
    """Of the data in the plane."""
    width: int = 128
    """Units of the three hidden layers."""
    iterations: int = 3000
    """Optimiser steps of each network."""
    batch: int = 512
    """Points per optimiser step."""
    learning_rate: float = 2e-3
    """Of Adam; it falls to zero along a cosine."""
    sampler_steps: int = 200
    """Of the trained samplers, on a geometric grid."""
    samples: int = 1000
    """Compared with as many fresh data."""
    digit_iterations: int = 4000
    """Optimiser steps on the digits, 0 to leave them out."""


SCALES = {"full": Config(points=20000, iterations=20000, batch=1024, sampler_steps=800, digit_iterations=20000)}
"""More of everything; the paper's 28 x 28 images want a U-Net and an accelerator."""


def run(config: Config, key: PRNGKeyArray) -> Report:
    """Measure the four parts.

    Args:
        config: sizes.
        key: random key.

    Raises:
        ValueError: sizes that do not fit.
    """
    _check(config)
    keys = jax.random.split(key, 3)
    known = [
        runs.known_errors(config.steps, config.known_samples, jax.random.fold_in(keys[0], seed))
        for seed in range(config.seeds)
    ]
    training = runs.Training(
        config.width, config.iterations, config.batch, config.learning_rate, config.sampler_steps, config.samples
    )
    compared, noise = {}, {}
    for place, (name, law) in enumerate(runs.LAWS.items()):
        at = jax.random.fold_in(keys[1], place)
        compared[name], noise[name] = runs.compare(training, law, config.points, config.seeds, at)
    tables = [_known_table(config, known), _compared_table(compared, noise)]
    part = None
    if config.digit_iterations:
        try:
            part = _on_digits(config, training, keys[2])
            tables.append(_digit_table(part))
        except ImportError as error:
            tables.append(Table("Digits", ("left out",), ((str(error),),)))
    made = part.made if part else {}
    return Report(
        metrics=_metrics(known, compared, made),
        tables=tables,
        claims=_claims(config, known, compared) + (_digit_claims(part) if part else []),
        figures={"dale-langevin": partial(draw_figure, config.steps, known, compared, noise, made)},
    )


def _check(config: Config) -> None:
    require_at_least(
        config, 1, "seeds", "points", "width", "iterations", "batch", "sampler_steps", "samples", "known_samples"
    )
    if not config.steps or min(config.steps) < 1:
        raise ValueError(f"dale-langevin: `steps` must be positive numbers, got {config.steps}.")


def _on_digits(config: Config, training: runs.Training, key: PRNGKeyArray) -> runs.OnDigits:
    made_key, learned_key = jax.random.split(key)
    larger = training._replace(iterations=config.digit_iterations, **DIGIT_TRAINING)
    optimizers = {"exponentiated": sciml.exponentiated_gradient(0.5), "Adam": optax.adam(3e-3), "plain": optax.sgd(0.5)}
    steps = max(config.digit_iterations // 4, 1)
    return runs.OnDigits(
        {kind: runs.make_digits(larger, kind, made_key) for kind in runs.KINDS},
        runs.reference_distances(larger.samples),
        {name: runs.learn_digits(optimizer, steps, learned_key) for name, optimizer in optimizers.items()},
    )


# --- report -----------------------------------------------------------------------------------------------------------


def _claims(
    config: Config,
    known: list[dict[int, tuple[float, float]]],
    compared: dict[str, dict[str, runs.Sampled]],
) -> list[Claim]:
    finest = max(config.steps)
    claims = [
        Claim(f"known score: error of mean and deviation of the logarithm, {finest} steps, largest of the seeds",
              max(max(errors[finest]) for errors in known), 0.01),
        Claim("multiplicative: samples that are not positive, per cent, all data",
              100 * max(float(c["multiplicative"].outside.max()) for c in compared.values()), 0.0, "=="),
    ]  # fmt: skip
    for name, kinds in compared.items():
        ratio = kinds["multiplicative"].distances / kinds["additive"].distances
        claims += [
            Claim(f"{name}: additive samples that are not positive, per cent, least of the seeds",
                  100 * float(kinds["additive"].outside.min()), 1.0, ">"),
            Claim(f"{name}: distance of logarithms from the data, multiplicative divided by additive, worst of the seeds",
                  float(ratio.max()), 0.7),
        ]  # fmt: skip
    return claims


def _digit_claims(part: runs.OnDigits) -> list[Claim]:
    made, signs = part.made["multiplicative"], part.signs
    return [
        Claim("digits: distance from the nearest that was learned, divided by that of other digits",
              made.nearest / part.references["other digits"], 1.25),
        Claim("digits: share of the class that is made least, per cent", 100 * made.rarest, 2.0, ">="),
        Claim("exponentiated gradients: weights that change their sign, per cent", signs["exponentiated"].changed, 0.0, "=="),
        Claim("exponentiated gradients: digits recognised less those with Adam, points",
              signs["exponentiated"].accuracy - signs["Adam"].accuracy, -3.0, ">="),
    ]  # fmt: skip


def _metrics(
    known: list[dict[int, tuple[float, float]]],
    compared: dict[str, dict[str, runs.Sampled]],
    pictures: dict[str, runs.Digits],
) -> dict[str, float]:
    found = {f"known_{n}": float(np.mean([max(errors[n]) for errors in known])) for n in known[0]}
    for name, kinds in compared.items():
        found |= {f"{name}, {kind}": float(one.distances.mean()) for kind, one in kinds.items()}
    return found | {f"digits_{kind}": one.nearest for kind, one in pictures.items()}


def _known_table(config: Config, known: list[dict[int, tuple[float, float]]]) -> Table:
    rows = tuple((n, *(float(v) for v in np.mean([errors[n] for errors in known], axis=0))) for n in config.steps)
    return Table("Known score: errors of the logarithm, mean of the seeds", ("steps", "mean", "deviation"), rows)


def _compared_table(compared: dict[str, dict[str, runs.Sampled]], noise: dict[str, float]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, kinds in compared.items():
        for kind, one in kinds.items():
            outside, energy = 100 * float(one.outside.mean()), float(one.energies.mean())
            rows.append((name, kind, outside, ", ".join(f"{v:.3f}" for v in one.distances), noise[name], energy))
    columns = (
        "data",
        "noise",
        "not positive, %",
        "W1 of logarithms, each seed",
        "of two draws of the data",
        "energy distance",
    )
    return Table("Trained samplers, equal budgets", columns, tuple(rows))


def _digit_table(part: runs.OnDigits) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (f"samples, {kind}", one.nearest, 100 * one.rarest, None, None) for kind, one in part.made.items()
    ]
    rows += [(name, distance, None, None, None) for name, distance in part.references.items()]
    rows += [(f"recognition, {name}", None, None, one.changed, one.accuracy) for name, one in part.signs.items()]
    columns = ("", "distance from the nearest learned", "rarest class, %", "signs changed, %", "recognised, %")
    return Table("Digits of 8 x 8 pixels", columns, tuple(rows))
