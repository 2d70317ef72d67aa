"""The ODE-SDE gap: two samplers of one score disagree, a penalty on the Fokker-Planck residual brings them together.

The reverse-time equation and the probability flow have one law where the score belongs to a density that obeys the Fokker-Planck
equation. A learned score need not. Potentials are trained by denoising, then trained on with and without the mean squared residual in
the loss, on points in the plane, and sampled both ways; the exact score, known for normal mixtures, is the control. Beside the plain
potentials of the paper are anchored ones, which far from the data are the logarithm of a normal law.

Bounds were set before measuring. Beside ours stand figures from histograms that the authors published: 2-Wasserstein distances on a
grid of networks trained for 100,000 steps of 200,000 points, ours are sliced ones (times `sqrt(2)`) of small networks trained for a
minute. Compare how they change with the weight, not their sizes.

Source: T. Deveney, J. Stanczuk, L. Kreusser, C. Budd and C.-B. Schoenlieb, "Closing the ODE-SDE gap in score-based diffusion models
through the Fokker-Planck equation", 2023 (arXiv 2311.15996).
"""

import dataclasses
from functools import partial

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from sciml.experiment import Cell, Claim, Report, Table, require_at_least
from sciml.experiments import _ode_sde_gap_runs as runs
from sciml.experiments._ode_sde_gap_figure import draw_figure

PAPER = {
    "blob": {0.0: (0.111, 0.108, 0.039), 0.1: (0.048, 0.076, 0.047), 1.0: (0.046, 0.070, 0.062), 10.0: (0.037, 0.144, 0.138)},
    "circles2": {0.0: (0.124, 0.129, 0.041), 0.1: (0.068, 0.085, 0.052), 1.0: (0.045, 0.093, 0.065), 10.0: (0.026, 0.102, 0.100)},
    "checker": {0.0: (0.184, 0.174, 0.052), 0.1: (0.086, 0.112, 0.068), 1.0: (0.051, 0.108, 0.108), 10.0: (0.031, 0.203, 0.200)},
}  # fmt: skip
"""By data and weight: distance of ODE and SDE samples, of ODE samples from the data, of SDE samples from the data."""

Arms = dict[tuple[str, str], dict[float, runs.Arm]]
"""By data and kind of potential, then by weight."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes; the defaults run in about three minutes on two free cores."""

    seeds: int = 3
    """Networks per weight."""
    data: tuple[str, ...] = ("blob",)
    """Of blob, circles2 and checker."""
    potentials: tuple[str, ...] = ("plain", "anchored")
    """Of plain and anchored."""
    weights: tuple[float, ...] = (0.0, 0.3)
    """Of the mean squared residual; the first is what the others are compared with."""
    width: int = 64
    """Units of each hidden layer."""
    depth: int = 2
    """Hidden layers."""
    warmup: int = 1500
    """Optimiser steps without a penalty, shared by all weights."""
    iterations: int = 1500
    """Optimiser steps from there on."""
    batch: int = 512
    """Samples per step."""
    points: int = 256
    """At which the residual is penalised, per step."""
    learning_rate: float = 5e-3
    """Of Adam, falling to zero."""
    samples: int = 10000
    """Of the flow; of the equation four times as many."""
    steps: int = 80
    """Of each sampler."""


SCALES = {
    "full": Config(
        data=("blob", "circles2", "checker"), weights=(0.0, 0.1, 1.0, 10.0), width=80, depth=3, warmup=50000,
        iterations=50000, batch=20000, points=50000, learning_rate=1e-3, samples=100000, steps=400,
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
        config.width, config.depth, config.warmup, config.iterations, config.batch, config.points, config.learning_rate
    )
    control = runs.measure_control(config.samples, config.steps, control_key)
    arms = {
        (name, kind): _measure(name, kind, training, config, train_key, sample_key)
        for name in config.data
        for kind in config.potentials
    }
    shown = config.data[0]
    return Report(
        metrics=_metrics(arms, control),
        tables=[*(_table(name, arms) for name in config.data), _residual_table(arms), _control_table(control)],
        claims=_claims(config, arms, control),
        figures={
            "ode-sde-gap": partial(
                draw_figure, shown, {kind: arms[shown, kind] for kind in config.potentials}, PAPER, control.noise
            )
        },
    )


def _measure(
    data: str, kind: str, training: runs.Training, config: Config, train_key: PRNGKeyArray, sample_key: PRNGKeyArray
) -> dict[float, runs.Arm]:
    """One kind of potential on one set of data, at all weights."""
    models = runs.start(kind, data, training, config.seeds, train_key)
    keys = (jax.random.fold_in(train_key, 1), sample_key)
    return {
        weight: runs.measure_arm(models, data, weight, training, config.samples, config.steps, keys)
        for weight in config.weights
    }


def _check(config: Config) -> None:
    require_at_least(
        config, 1, "seeds", "width", "depth", "warmup", "iterations", "batch", "points", "samples", "steps"
    )
    unknown = [name for name in config.data if name not in runs.DATA]
    if unknown or not config.data:
        raise ValueError(f"ode-sde-gap: `data` must be some of {', '.join(runs.DATA)}, got {config.data}.")
    if not config.potentials or set(config.potentials) - {"plain", "anchored"}:
        raise ValueError(f"ode-sde-gap: `potentials` must be some of plain, anchored, got {config.potentials}.")
    if len(set(config.weights)) < 2 or min(config.weights) < 0:
        raise ValueError(f"ode-sde-gap: `weights` must be two or more, none below 0, got {config.weights}.")


# --- report -----------------------------------------------------------------------------------------------------------


def _claims(config: Config, arms: Arms, control: runs.Control) -> list[Claim]:
    first, *others = config.weights
    claims = []
    for (data, kind), every in arms.items():
        name = f"{data}, {kind}"
        for weight in others:
            ratio = every[weight].gap / every[first].gap
            fall = every[first].residual / every[weight].residual
            claims += [
                Claim(f"{name}: gap at weight {weight:g} divided by that at {first:g}, worst of the seeds", float(ratio.max()), 0.7),
                Claim(f"{name}: mean squared residual at {first:g} divided by that at {weight:g}, least", float(fall.min()), 5.0, ">="),
            ]  # fmt: skip
        moved = max(abs(arm.refined / arm.gap[0] - 1) for arm in every.values())
        claims.append(Claim(f"{name}: relative change of the gap by twice the steps, first seed, worst", moved, 0.15))
    return [
        *claims,
        Claim("exact score: gap divided by the largest of 20 pairs of draws of the data",
              control.gap / float(control.noise.max()), 1.0),
    ]  # fmt: skip


def _metrics(arms: Arms, control: runs.Control) -> dict[str, float]:
    found = {"exact_gap": control.gap, "noise": float(control.noise.mean())}
    for (data, kind), every in arms.items():
        for weight, arm in every.items():
            for part in ("gap", "flow", "noisy", "residual"):
                found[f"{data}_{kind}_{weight:g}_{part}"] = float(getattr(arm, part).mean())
    return found


def _table(data: str, arms: Arms) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (f"authors' data, weight {weight:g}", *values) for weight, values in PAPER[data].items()
    ]
    for (name, kind), every in arms.items():
        for weight, arm in every.items():
            if name == data:
                values = (float(np.mean(part)) for part in (arm.gap, arm.flow, arm.noisy))
                rows.append((f"ours, {kind}, weight {weight:g}", *values))
    return Table(
        f"{data}: distances of samples, ours mean of the seeds", ("", "ODE-SDE", "ODE-data", "SDE-data"), tuple(rows)
    )


def _residual_table(arms: Arms) -> Table:
    rows = tuple(
        (f"{data}, {kind}, weight {weight:g}", float(arm.residual.mean()), float(arm.gap[0]), arm.refined, arm.seconds)
        for (data, kind), every in arms.items()
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
