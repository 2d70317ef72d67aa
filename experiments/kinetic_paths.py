"""Kinetic-optimal paths: the cheapest path between noise and data depends on the data through one function, and is a chord.

Among the Gaussian paths the one whose marginal velocity has the least kinetic energy is known in closed form once the separation of the
data is (see `sciml.models.KineticOptimal`). Three parts:

- a checkerboard in the plane, whose exact velocity needs no network: energies of four paths, by the identity and by samples, and the
  distance of Euler samples from the data at few steps;
- 64 random points in 2 to 512 dimensions: the separation goes to one, and the straight path becomes optimal;
- networks trained on the checkerboard by flow matching, sampled with eight evaluations.

Bounds were set before measuring. The paper's table is for images, ours for points: the rows show the same order, not the same problem.

Source: N. Shaul, R. T. Q. Chen, M. Nickel, M. Le and Y. Lipman, "On Kinetic Optimal Probability Paths for Generative Models", ICML 2023
(arXiv 2306.06626).
"""

import dataclasses
from functools import partial

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from sciml.experiment import Cell, Claim, Report, Table, require_at_least
from sciml.experiments import _kinetic_paths_runs as runs
from sciml.experiments._kinetic_paths_figure import draw_figure

PAPER = {"diffusion": 2.30, "trigonometric": 1.30, "straight": 1.09, "kinetic-optimal": 1.08}
"""Kinetic energies on CIFAR-10, table 1 of the paper."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes; the defaults run in about two minutes on two free cores."""

    seeds: int = 3
    """Draws of data, noise and networks."""
    points: int = 2000
    """Of the checkerboard."""
    samples: int = 2000
    """Noise that is moved by Euler's method."""
    steps: tuple[int, ...] = (4, 8, 16)
    """Of Euler's method with the exact velocity."""
    dimensions: tuple[int, ...] = (2, 8, 32, 128, 512)
    """Of the spheres."""
    sphere_points: int = 64
    """On each sphere."""
    width: int = 128
    """Units of the three hidden layers."""
    iterations: int = 2000
    """Optimiser steps of each network."""
    batch: int = 256
    """Points per optimiser step."""
    learning_rate: float = 1e-3
    """Of Adam."""
    evaluations: int = 8
    """Of a network per sample."""


SCALES = {"full": Config(points=5000, samples=10000, iterations=20000, batch=1024)}
"""More of everything; the paper's images want other networks."""


def run(config: Config, key: PRNGKeyArray) -> Report:
    """Measure the three parts.

    Args:
        config: sizes.
        key: random key.

    Raises:
        ValueError: sizes that do not fit.
    """
    _check(config)
    keys = jax.random.split(key, 3)
    boards = [
        runs.measure_board(config.points, config.samples, config.steps, jax.random.fold_in(keys[0], seed))
        for seed in range(config.seeds)
    ]
    spheres = {
        d: runs.measure_sphere(config.sphere_points, d, jax.random.fold_in(keys[1], d)) for d in config.dimensions
    }
    training = runs.Training(config.width, config.iterations, config.batch, config.learning_rate, config.evaluations)
    trained = runs.train_networks(training, config.seeds, config.points, keys[2])
    return Report(
        metrics=_metrics(boards, spheres, trained),
        tables=[
            _energy_table(boards),
            _distance_table(config, boards, trained),
            _nearest_table(config, boards),
            _sphere_table(spheres),
        ],
        claims=_claims(config, boards, spheres, trained),
        figures={
            "kinetic-paths": partial(
                draw_figure, runs.shown(config.steps), config.evaluations, boards, spheres, trained
            )
        },
    )


def _check(config: Config) -> None:
    require_at_least(
        config, 1, "seeds", "points", "samples", "sphere_points", "width", "iterations", "batch", "evaluations"
    )
    if not config.dimensions or not config.steps or min(*config.dimensions, *config.steps, 2) < 1:
        raise ValueError("kinetic-paths: `dimensions` and `steps` must be positive numbers.")


# --- report -----------------------------------------------------------------------------------------------------------


def _claims(
    config: Config, boards: list[runs.Board], spheres: dict[int, runs.Sphere], trained: dict[str, np.ndarray]
) -> list[Claim]:
    others = [name for name in PAPER if name != "kinetic-optimal"]
    least = [board.energies["kinetic-optimal"] / min(board.energies[name] for name in others) for board in boards]
    off = [abs(b.sampled[name] / b.energies[name] - 1) for b in boards for name in ("kinetic-optimal", "straight")]
    claims = [
        Claim("checkerboard: energy of the optimal path divided by the least other, largest of the seeds", max(least), 1.0, "<"),
        Claim("checkerboard: energy by samples against the identity, largest difference, per cent", 100 * max(off), 2.0),
    ]  # fmt: skip
    for place, steps in enumerate(config.steps):
        ratios = [b.distances["kinetic-optimal"][place] / min(b.distances[n][place] for n in others) for b in boards]
        claims.append(
            Claim(f"checkerboard: distance after {steps} Euler steps divided by the best other, mean of the seeds",
                  float(np.mean(ratios)), 1.05)
        )  # fmt: skip
    largest = max(config.dimensions)
    last, integrals = spheres[largest], [spheres[d].integral for d in config.dimensions]
    ratios = np.minimum(trained["kinetic-optimal"], trained["straight"]) / trained["diffusion"]
    return [
        *claims,
        Claim("spheres: int |1 - separation| ds falls with the dimension (1 for yes)",
              float(np.all(np.diff(integrals) < 0)), 1.0, "=="),
        Claim("spheres: it divided by its bound 3 n / sqrt(d), largest", max(s.integral / s.bound for s in spheres.values()), 1.0),
        Claim(f"spheres: straight divided by trigonometric energy at d = {largest}",
              last.energies["straight"] / last.energies["trigonometric"], 1.0, "<"),
        Claim(f"spheres: straight divided by optimal energy at d = {largest}",
              last.energies["straight"] / last.energies["kinetic-optimal"], 1.05),
        Claim("networks: the better of optimal and straight divided by diffusion, distance, worst of the seeds",
              float(np.max(ratios)), 1.0, "<"),
    ]  # fmt: skip


def _metrics(
    boards: list[runs.Board], spheres: dict[int, runs.Sphere], trained: dict[str, np.ndarray]
) -> dict[str, float]:
    found = {f"energy_{name}": float(np.mean([board.energies[name] for board in boards])) for name in PAPER}
    found |= {f"trained_{name}": float(np.mean(values)) for name, values in trained.items()}
    return found | {f"sphere_{d}_optimal": one.energies["kinetic-optimal"] for d, one in spheres.items()}


def _energy_table(boards: list[runs.Board]) -> Table:
    rows = tuple(
        (name, paper, float(np.mean([b.energies[name] for b in boards])), float(np.mean([b.sampled[name] for b in boards])))
        for name, paper in PAPER.items()
    )  # fmt: skip
    columns = ("path", "paper: CIFAR-10", "ours: checkerboard", "the same by samples")
    return Table("Kinetic energy per dimension, mean of the seeds", columns, rows)


def _distance_table(config: Config, boards: list[runs.Board], trained: dict[str, np.ndarray]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name in PAPER:
        exact = np.mean([board.distances[name] for board in boards], axis=0)
        rows.append((name, *(float(value) for value in exact), ", ".join(f"{value:.3f}" for value in trained[name])))
    noise = float(np.mean([board.noise[0] for board in boards]))
    rows.append(("two draws of the data", *(noise for _ in config.steps), ""))
    columns = ("path", *(f"exact, {n} steps" for n in config.steps), f"network, {config.evaluations} steps, each seed")
    return Table("Sliced Wasserstein distance of Euler samples from the checkerboard", columns, tuple(rows))


def _nearest_table(config: Config, boards: list[runs.Board]) -> Table:
    """The sliced distance sees where the mass is, this one whether samples lie on the squares."""
    rows: list[tuple[Cell, ...]] = [
        (name, *(float(value) for value in np.mean([board.nearest[name] for board in boards], axis=0)))
        for name in PAPER
    ]
    rows.append(("a second draw", *(float(np.mean([board.noise[1] for board in boards])) for _ in config.steps)))
    columns = ("path", *(f"{n} steps" for n in config.steps))
    return Table("Mean distance of Euler samples from the nearest point of the checkerboard", columns, tuple(rows))


def _sphere_table(spheres: dict[int, runs.Sphere]) -> Table:
    rows = tuple((d, one.integral, one.bound, *(one.energies[name] for name in PAPER)) for d, one in spheres.items())
    return Table("Random points in d dimensions", ("d", "int |1 - separation| ds", "bound", *PAPER), rows)
