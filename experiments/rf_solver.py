"""RF-Solver and RF-Edit: a second evaluation per step makes a rectified flow invertible, shared attention makes edits.

RF-Solver takes the second term of the Taylor series of the flow by a finite difference, which makes it the explicit midpoint rule.
Three parts:

- a mixture in the plane with its exact velocity, in double precision: there and back at equal evaluations, eight samplers;
- networks trained on two sets of points in the plane: the same, and the distance of samples from the data;
- a small transformer trained on 16 x 16 images of shapes: edits of the colour with and without shared attention values.

Bounds were set before measuring. The paper's tables are for large models of images and video and cannot be repeated here.

Source: J. Wang, J. Pu, Z. Qi, J. Guo, Y. Ma, N. Huang, Y. Chen, X. Li and Y. Shan, "Taming Rectified Flow for Inversion and Editing",
ICML 2025 (arXiv 2411.04746).
"""

import dataclasses
from functools import partial

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from sciml.experiment import Cell, Claim, Report, Table, require_at_least
from sciml.experiments import _rf_solver_images as images
from sciml.experiments import _rf_solver_runs as runs
from sciml.experiments._rf_solver_figure import draw_figure

CLAIMED = (16, 32, 64)
"""Evaluations at which the paper's solver is held to beat Euler's method."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes; the defaults run in about four minutes on two free cores, most of it the training of the transformer."""

    seeds: int = 3
    """Draws of points, networks and sets of images."""
    points: int = 4096
    """Of the mixture."""
    evaluations: tuple[int, ...] = (8, 16, 32, 64)
    """Of the velocity, one way."""
    order_points: int = 64
    """For the observed orders."""
    order_steps: tuple[int, int] = (128, 256)
    """Of the same."""
    width: int = 128
    """Units of the three hidden layers."""
    iterations: int = 5000
    """Optimiser steps of each network in the plane."""
    batch: int = 256
    """Points per optimiser step."""
    learning_rate: float = 1e-3
    """Of Adam."""
    samples: int = 1000
    """Of each network."""
    image_size: int = 16
    """Pixels per side."""
    image_width: int = 48
    """Components of a token of the transformer."""
    image_iterations: int = 1600
    """Optimiser steps of the transformer."""
    image_batch: int = 64
    """Images per optimiser step."""
    image_learning_rate: float = 3e-3
    """Of Adam, with a warm-up and a cosine decay."""
    edited: int = 64
    """Images in a set."""
    steps: int = 25
    """Of inversion and editing, two evaluations each."""
    share: int = 14
    """Steps nearest the noise that share attention values, in all blocks."""
    guidance: float = 3.0
    """Of the editing; the inversion has none."""


SCALES = {
    "full": Config(samples=4000, image_size=32, image_width=128, image_iterations=50000, image_batch=256, edited=500)
}
"""Larger images and networks, for an accelerator; the paper's models want many."""


def run(config: Config, key: PRNGKeyArray) -> Report:
    """Measure the three parts.

    Args:
        config: sizes.
        key: random key.

    Raises:
        ValueError: sizes that do not fit.
    """
    _check(config)
    keys = jax.random.split(key, 4)
    exact = runs.measure_mixture(config.points, config.evaluations, config.seeds, keys[0])
    orders = runs.measure_orders(config.order_points, config.order_steps, keys[1])
    training = runs.Training(config.width, config.iterations, config.batch, config.learning_rate)
    trained = {
        name: runs.measure_networks(
            draw, training, config.evaluations, config.samples, config.seeds, jax.random.fold_in(keys[2], place)
        )
        for place, (name, draw) in enumerate(runs.DATA.items())
    }
    sizes = images.Sizes(
        config.image_size, config.image_width, config.image_iterations, config.image_batch, config.image_learning_rate,
        config.edited, config.steps, config.share, config.guidance,
    )  # fmt: skip
    edits = images.measure_edits(sizes, config.seeds, keys[3])
    return Report(
        metrics=_metrics(config, exact, orders, edits),
        tables=[_error_table(config, exact), _moment_table(config, exact), _network_table(config, trained), _edit_table(edits)],
        claims=[
            *_exact_claims(config, exact, orders), *_network_claims(config, trained), *_edit_claims(edits)
        ],
        figures={"rf-solver": partial(draw_figure, config.evaluations, exact, trained, edits)},
    )  # fmt: skip


def _check(config: Config) -> None:
    require_at_least(config, 1, "seeds", "points", "width", "iterations", "batch", "samples", "order_points")
    require_at_least(config, 1, "image_width", "image_iterations", "image_batch", "edited", "steps")
    if not config.evaluations or min(config.evaluations) < 4:
        raise ValueError(
            f"rf-solver: `evaluations` must be numbers of at least 4, the cost of one step of third order; got {config.evaluations}."
        )
    if not 0 <= config.share <= config.steps:
        raise ValueError(f"rf-solver: `share` must be between 0 and the {config.steps} `steps`, got {config.share}.")
    if config.image_size < 8 or config.image_size % 2 or config.image_width % 4:
        raise ValueError(
            f"rf-solver: `image_size` must be even and at least 8, `image_width` a multiple of 4; got {config.image_size} and "
            f"{config.image_width}."
        )


# --- report -----------------------------------------------------------------------------------------------------------


def _claimed(config: Config) -> list[tuple[int, int]]:
    """Place and number of the evaluations that are claimed about."""
    return [(place, n) for place, n in enumerate(config.evaluations) if n in CLAIMED]


def _exact_claims(config: Config, exact: runs.Accuracy, orders: dict[str, float]) -> list[Claim]:
    ratio = exact.error[runs.RF_SOLVER] / exact.error[runs.EULER]
    off = [np.abs(exact.moment[name] - 1) for name in (runs.RF_SOLVER, runs.EULER)]
    claims = [
        Claim(f"mixture, {n} evaluations: round-trip error of RF-Solver divided by Euler's, worst of the seeds",
              float(np.max(ratio[:, place])), 0.2, "<")
        for place, n in _claimed(config)
    ]  # fmt: skip
    claims += [
        Claim(f"mixture, {n} evaluations: |second moment of the latents - 1| of RF-Solver divided by Euler's, worst of the seeds",
              float(np.max(off[0][:, place] / off[1][:, place])), 1.0, "<")
        for place, n in _claimed(config)
    ]  # fmt: skip
    return claims + [
        Claim(f"mixture: |observed order - {order}| of {name}", abs(orders[name] - order), 0.15)
        for name, order in runs.ORDERS.items()
    ]


def _network_claims(config: Config, trained: dict[str, runs.Trained]) -> list[Claim]:
    claims = []
    for name, one in trained.items():
        for place, n in _claimed(config):
            ratio = one.error[runs.RF_SOLVER][:, place] / one.error[runs.EULER][:, place]
            claims.append(
                Claim(f"{name}, {n} evaluations: round-trip error of RF-Solver divided by Euler's, worst of the seeds",
                      float(np.max(ratio)), 0.5, "<")
            )  # fmt: skip
        ratio = one.distance[runs.RF_SOLVER] / one.distance[runs.EULER]
        claims += [
            Claim(f"{name}, {n} evaluations: distance of the samples from the data divided by Euler's, mean of the seeds",
                  float(np.mean(ratio[:, place])), 1.05)
            for place, n in _claimed(config)
        ]  # fmt: skip
    return claims


def _edit_claims(edits: images.Edits) -> list[Claim]:
    return [
        Claim("shapes: change of the background with shared values divided by that without, worst set of images",
              float(np.max(edits.background[:, 1] / edits.background[:, 0])), 0.5, "<"),
        Claim("shapes: edits with shared values that have the colour asked for, worst set, per cent",
              float(100 * np.min(edits.reached[:, 1])), 80.0, ">"),
    ]  # fmt: skip


def _metrics(config: Config, exact: runs.Accuracy, orders: dict[str, float], edits: images.Edits) -> dict[str, float]:
    last = config.evaluations[-1]
    found = {f"order_{name}": value for name, value in orders.items()}
    found |= {f"round_trip_{name}_{last}": float(np.median(values[:, -1])) for name, values in exact.error.items()}
    return found | {
        "image_loss": edits.loss,
        "image_round_trip": float(np.mean(edits.inversion)),
        "background_plain": float(np.mean(edits.background[:, 0])),
        "background_shared": float(np.mean(edits.background[:, 1])),
    }


def _columns(config: Config, first: str) -> tuple[str, ...]:
    return (first, *(f"{n} evaluations" for n in config.evaluations))


def _error_table(config: Config, exact: runs.Accuracy) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (name, *(float(value) for value in np.median(values, axis=0))) for name, values in exact.error.items()
    ]
    return Table(
        "Mixture: mean square error of the round trip, median of the seeds", _columns(config, "sampler"), tuple(rows)
    )


def _moment_table(config: Config, exact: runs.Accuracy) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (name, *(float(value) for value in np.mean(values, axis=0))) for name, values in exact.moment.items()
    ]
    return Table(
        "Mixture: second moment of the latents, mean of the seeds; 1 is right", _columns(config, "sampler"), tuple(rows)
    )


def _network_table(config: Config, trained: dict[str, runs.Trained]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for data, one in trained.items():
        for name in one.error:
            rows.append((f"{data}, {name}: round trip", *(float(v) for v in np.median(one.error[name], axis=0))))
            rows.append((f"{data}, {name}: distance", *(float(v) for v in np.mean(one.distance[name], axis=0))))
        rows.append((f"{data}: distance of two draws", *(float(one.noise) for _ in config.evaluations)))
    return Table(
        "Networks: error of the round trip, and 2-Wasserstein distance of samples from data",
        _columns(config, "what"),
        tuple(rows),
    )


def _edit_table(edits: images.Edits) -> Table:
    rows = tuple(
        (name, ", ".join(f"{v:.4f}" for v in edits.background[:, k]), ", ".join(f"{100 * v:.0f}" for v in edits.reached[:, k]))
        for k, name in enumerate(("without", "with shared values"))
    )  # fmt: skip
    columns = ("editing", "change of the background, each set", "colour reached, per cent")
    return Table("Shapes in another colour", columns, rows)
