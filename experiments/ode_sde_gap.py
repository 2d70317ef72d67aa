"""The ODE-SDE gap: two samplers of one score disagree, a penalty on the Fokker-Planck residual brings them together.

The reverse-time equation and the probability flow have one law where the score belongs to a density that obeys the Fokker-Planck
equation. A learned score need not. Potentials are trained with and without the mean squared residual in the loss, on points in the
plane, and sampled both ways; the exact score, known for normal mixtures, is the control.

Bounds were set before measuring. Beside ours stand figures from histograms that the authors published: 2-Wasserstein distances on a
grid of networks trained for 100,000 steps of 200,000 points, ours are sliced ones (times `sqrt(2)`) of small networks trained for
minutes. Compare how they change with the weight, not their sizes.

Source: T. Deveney, J. Stanczuk, L. Kreusser, C. Budd and C.-B. Schoenlieb, "Closing the ODE-SDE gap in score-based diffusion models
through the Fokker-Planck equation", 2023 (arXiv 2311.15996).
"""

import dataclasses
from functools import partial

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from sciml.experiment import Cell, Claim, Report, Table
from sciml.experiments import _ode_sde_gap_runs as runs
from sciml.experiments._ode_sde_gap_figure import draw_figure

PAPER = {
    "blob": {0.0: (0.111, 0.108, 0.039), 0.1: (0.048, 0.076, 0.047), 1.0: (0.046, 0.070, 0.062), 10.0: (0.037, 0.144, 0.138)},
    "circles2": {0.0: (0.124, 0.129, 0.041), 0.1: (0.068, 0.085, 0.052), 1.0: (0.045, 0.093, 0.065), 10.0: (0.026, 0.102, 0.100)},
    "checker": {0.0: (0.184, 0.174, 0.052), 0.1: (0.086, 0.112, 0.068), 1.0: (0.051, 0.108, 0.108), 10.0: (0.031, 0.203, 0.200)},
}  # fmt: skip
"""By data and weight: distance of ODE and SDE samples, of ODE samples from the data, of SDE samples from the data."""

Arms = dict[str, dict[float, runs.Arm]]


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes; the defaults run in about three minutes on two free cores."""

    seeds: int = 3
    """Networks per weight."""
    data: tuple[str, ...] = ("blob",)
    """Of blob, circles2 and checker."""
    weights: tuple[float, ...] = (0.0, 0.3)
    """Of the mean squared residual; the first is what the others are compared with."""
    width: int = 64
    """Units of each hidden layer."""
    depth: int = 2
    """Hidden layers."""
    iterations: int = 3000
    """Optimiser steps of each network."""
    batch: int = 512
    """Samples per step."""
    points: int = 256
    """At which the residual is penalised, per step."""
    learning_rate: float = 5e-3
    """Of Adam, falling to zero."""
    samples: int = 20000
    """Drawn by each sampler."""
    steps: int = 100
    """Of each sampler."""


SCALES = {
    "full": Config(
        data=("blob", "circles2", "checker"), weights=(0.0, 0.1, 1.0, 10.0), width=80, depth=3, iterations=100000,
        batch=20000, points=50000, learning_rate=1e-3, samples=100000, steps=400,
    )
}  # fmt: skip
"""Data, weights, width and steps of the paper, with a tenth of its batch: for a GPU."""


def run(config: Config, key: PRNGKeyArray) -> Report:
    """Train, sample both ways, compare.

    Args:
        config: sizes.
        key: random key.

    Raises:
        ValueError: sizes that do not fit, or data that are not known.
    """
    _check(config)
    control_key, train_key, sample_key = jax.random.split(key, 3)
    training = runs.Training(
        config.width, config.depth, config.iterations, config.batch, config.points, config.learning_rate
    )
    control = runs.measure_control(config.samples, config.steps, control_key)
    arms = {
        name: {
            weight: runs.measure_arm(
                name, weight, training, config.seeds, config.samples, config.steps, (train_key, sample_key)
            )
            for weight in config.weights
        }
        for name in config.data
    }
    return Report(
        metrics=_metrics(arms, control),
        tables=[*(_table(name, one) for name, one in arms.items()), _residual_table(arms), _control_table(control)],
        claims=_claims(config, arms, control),
        figures={"ode-sde-gap": partial(draw_figure, config.data[0], arms[config.data[0]], PAPER, control.noise)},
    )


def _check(config: Config) -> None:
    for name in ("seeds", "width", "depth", "iterations", "batch", "points", "samples", "steps"):
        if getattr(config, name) < 1:
            raise ValueError(f"ode-sde-gap: `{name}` must be at least 1, got {getattr(config, name)}.")
    unknown = [name for name in config.data if name not in runs.DATA]
    if unknown or not config.data:
        raise ValueError(f"ode-sde-gap: `data` must be some of {', '.join(runs.DATA)}, got {config.data}.")
    if len(set(config.weights)) < 2 or min(config.weights) < 0:
        raise ValueError(f"ode-sde-gap: `weights` must be two or more, none below 0, got {config.weights}.")


# --- report -----------------------------------------------------------------------------------------------------------


def _claims(config: Config, arms: Arms, control: runs.Control) -> list[Claim]:
    first, *others = config.weights
    claims = []
    for name, every in arms.items():
        for weight in others:
            ratio = every[weight].gap / every[first].gap
            fall = every[first].residual / every[weight].residual
            claims += [
                Claim(f"{name}: gap at weight {weight:g} divided by that at {first:g}, worst of the seeds", float(ratio.max()), 0.7),
                Claim(f"{name}: mean squared residual at {first:g} divided by that at {weight:g}, least", float(fall.min()), 5.0, ">="),
            ]  # fmt: skip
    moved = [abs(arm.refined / arm.gap[0] - 1) for every in arms.values() for arm in every.values()]
    return [
        *claims,
        Claim("twice the steps: relative change of the gap, first seed, worst", max(moved), 0.15),
        Claim("exact score: gap divided by the largest of 20 pairs of draws of the data",
              control.gap / float(control.noise.max()), 1.0),
    ]  # fmt: skip


def _metrics(arms: Arms, control: runs.Control) -> dict[str, float]:
    found = {"exact_gap": control.gap, "noise": float(control.noise.mean())}
    for name, every in arms.items():
        for weight, arm in every.items():
            for kind in ("gap", "flow", "noisy", "residual"):
                found[f"{name}_{weight:g}_{kind}"] = float(getattr(arm, kind).mean())
    return found


def _table(name: str, arms: dict[float, runs.Arm]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for weight in sorted({*arms, *PAPER[name]}):
        paper: tuple[Cell, ...] = PAPER[name].get(weight, (None, None, None))
        ours: tuple[Cell, ...] = (None, None, None)
        if weight in arms:
            arm = arms[weight]
            ours = tuple(float(np.mean(part)) for part in (arm.gap, arm.flow, arm.noisy))
        rows.append((f"weight {weight:g}", *paper, *ours))
    kinds = ("ODE-SDE", "ODE-data", "SDE-data")
    columns = ("", *(f"authors' data: {kind}" for kind in kinds), *(f"ours: {kind}" for kind in kinds))
    return Table(f"{name}: distances of samples, ours mean of the seeds", columns, tuple(rows))


def _residual_table(arms: Arms) -> Table:
    rows = tuple(
        (f"{name}, weight {weight:g}", float(arm.residual.mean()), float(arm.gap[0]), arm.refined, arm.seconds)
        for name, every in arms.items()
        for weight, arm in every.items()
    )
    columns = (
        "",
        "mean squared residual",
        "gap, first seed",
        "with twice the steps",
        "seconds of training, all seeds",
    )
    return Table("Residuals, and samplers refined", columns, rows)


def _control_table(control: runs.Control) -> Table:
    rows = (
        ("exact score: ODE-SDE", control.gap),
        ("two draws of the data, mean", float(control.noise.mean())),
        ("two draws of the data, largest", float(control.noise.max())),
    )
    return Table("blob: what no training is to blame for", ("", "distance"), rows)
