"""Neural ODEs that are cheap to solve: penalising what the adaptive solver knows of its own errors takes half the steps.

An adaptive solver computes an error estimate for every step and throws it away. Differentiated through the solver and added to the
loss, it teaches the network an equation that needs fewer steps. So does the stiffness estimate that Tsit5 gives for nothing.

Three problems, each arm from the same initial network and with the same batches: digits of 8 x 8 pixels classified by the end state of
an ODE, a batch being one system; the path of a spiral with cubic speed; and the spiral with noise, means and variances fitted, solved
by an adaptive stochastic Runge-Kutta method (Stratonovich) on a Brownian tree. Beside error and stiffness stand the squared second
derivative of the solution (TayNODE), random end times (STEER; for the spiral, random times of comparison), and kinetic energy with
the Jacobian's norm. The stochastic method gives no stiffness, and the others are made for ordinary equations.

Bounds were set before measuring; weights were chosen on other seeds. Where the data fix the equation, as along the spiral, fewer
steps can only be had for a worse fit, and the report says so.

Source: Pal, Ma, Shah and Rackauckas, "Opening the Blackbox: Accelerating Neural Differential Equations by Regularizing Internal Solver
Heuristics", ICML 2021 (arXiv 2105.03918).
"""

import dataclasses
from functools import partial

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from sciml.experiment import Cell, Claim, Report, Table, require_at_least
from sciml.experiments._cheap_ode_figure import draw_global
from sciml.experiments._cheap_ode_noise import NoiseSizes, TrainedNoise, train_noise
from sciml.experiments._cheap_ode_tasks import digits, spiral
from sciml.experiments._cheap_ode_training import Arm, Runs, Sizes, compare, measured

ARMS: dict[str, Arm] = {
    "none": Arm("none", "plain"),
    "error": Arm("error", "recorded", (1.0, 0.1)),
    "stiffness": Arm("stiffness", "recorded", stiffness=0.1),
    "both": Arm("error and stiffness", "recorded", (1.0, 1.0), 0.1),
    "taylor": Arm("TayNODE", "taylor", (0.1, 0.1)),
    "steer": Arm("STEER", "steer"),
    "kinetic": Arm("kinetic, Jacobian", "kinetic", (0.1, 0.1)),
}
"""For digits."""
SPIRAL_ARMS: dict[str, Arm] = {
    **ARMS,
    "error": Arm("error", "recorded", (1.0, 0.1)),
    "stiffness": Arm("stiffness", "recorded", stiffness=0.01),
    "both": Arm("error and stiffness", "recorded", (0.1, 0.1), 0.01),
    "taylor": Arm("TayNODE", "taylor", (1e-4, 1e-4)),
    "kinetic": Arm("kinetic, Jacobian", "kinetic", (1e-4, 1e-4)),
}
"""The spiral bears smaller weights: its derivatives are large in truth."""
PAPER: dict[str, tuple[float, float, float]] = {
    "none": (253, 94, 97.94),
    "error": (177, 60, 97.32),
    "taylor": (80, np.nan, np.nan),
}
"""Evaluations, milliseconds of a prediction and accuracy, for MNIST, as remembered by the sheet."""
PAPER_NOISE = {"none": 529.0, "error": 502.0}
"""Evaluations, for the spiral with noise."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes; the defaults run in about three minutes on two free cores."""

    seeds: int = 3
    """Initial networks and orders of the data."""
    width: int = 48
    """Hidden units of the digits' equation."""
    iterations: int = 300
    """Optimiser steps on the digits."""
    batch: int = 64
    """Digits per optimiser step."""
    learning_rate: float = 5e-3
    """Of Adam on the digits; it falls to zero along a cosine."""
    tolerance: float = 1e-6
    """Relative and absolute, of the ODEs."""
    spiral_width: int = 50
    """Hidden units of the spiral's equation, with and without noise."""
    spiral_iterations: int = 400
    """Optimiser steps on the spiral."""
    spiral_rate: float = 1e-2
    """Learning rate there."""
    noise_iterations: int = 100
    """Optimiser steps on the spiral with noise."""
    paths: int = 50
    """Paths there, solved as one system."""
    noise_tolerance: float = 1e-2
    """Relative and absolute, of the SDE."""
    noise_weight: float = 0.2
    """Of the sum of errors there."""
    repeats: int = 20
    """Predictions timed, of which the shortest counts."""


SCALES = {
    "full": Config(
        width=100, iterations=4000, batch=512, tolerance=1.4e-8, spiral_iterations=2000, noise_iterations=250, paths=100
    )
}
"""The paper's batch, width and tolerance, still on digits of 8 x 8 pixels."""


def run(config: Config, key: PRNGKeyArray) -> Report:
    """Train every arm on the three problems.

    Args:
        config: sizes.
        key: random key of networks, batches and noise.

    Raises:
        ValueError: sizes that do not fit.
        ImportError: without scikit-learn.
    """
    _check(config)
    one, two, three = jax.random.split(key, 3)
    sizes = Sizes(config.iterations, config.batch, config.learning_rate, config.tolerance)
    curve = Sizes(config.spiral_iterations, 1, config.spiral_rate, config.tolerance)
    # Adam's constants are of the default precision.
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        on_digits = compare(digits(config.width), ARMS, sizes, config.seeds, config.repeats, one)
        on_spiral = compare(spiral(config.spiral_width), SPIRAL_ARMS, curve, config.seeds, config.repeats, two)
        noisy = _noise(config, three)
    shown = measured(on_digits, sizes), measured(on_spiral, curve)
    return Report(
        metrics=_metrics(*shown, noisy),
        tables=[
            _digits_table(shown[0]),
            _spiral_table(shown[1]),
            _noise_table(noisy),
            _seed_table(on_digits, on_spiral),
        ],
        claims=_claims(*shown, noisy),
        figures={"ernode": partial(draw_global, ARMS, on_digits, on_spiral, noisy)},
    )


def _check(config: Config) -> None:
    require_at_least(config, 1, "seeds", "width", "iterations", "batch", "spiral_width")
    require_at_least(config, 1, "spiral_iterations", "noise_iterations", "paths", "repeats")
    for name in ("tolerance", "noise_tolerance"):
        if not 0 < getattr(config, name) < 1:
            raise ValueError(f"ernode: `{name}` must be in (0, 1), got {getattr(config, name)}.")


def _noise(config: Config, key: PRNGKeyArray) -> dict[str, list[TrainedNoise]]:
    sizes = NoiseSizes(
        config.noise_iterations, config.paths, config.spiral_width, 30, config.spiral_rate, config.noise_tolerance
    )
    keys = [jax.random.fold_in(key, seed) for seed in range(config.seeds)]
    return train_noise(sizes, {"none": 0.0, "error": config.noise_weight}, keys)


Means = dict[str, dict[str, float]]


def _noise_means(noisy: dict[str, list[TrainedNoise]]) -> Means:
    return {
        name: {
            "loss": float(np.mean([one.loss for one in done])),
            "steps": float(np.mean([one.test_steps for one in done])),
            "evaluations": float(np.mean([one.test_evaluations for one in done])),
            "prediction": 1e3 * float(np.mean([one.predict_seconds for one in done])),
            "training": 1e3 * float(np.median([one.seconds / len(one.steps) for one in done])),
        }
        for name, done in noisy.items()
    }


def _metrics(on_digits: Means, on_spiral: Means, noisy: dict[str, list[TrainedNoise]]) -> dict[str, float]:
    problems = {"digits": on_digits, "spiral": on_spiral, "noise": _noise_means(noisy)}
    return {
        f"{problem}_{arm}_{name}": value
        for problem, arms in problems.items()
        for arm, numbers in arms.items()
        for name, value in numbers.items()
    }


# --- report -----------------------------------------------------------------------------------------------------------


def _claims(on_digits: Means, on_spiral: Means, noisy: dict[str, list[TrainedNoise]]) -> list[Claim]:
    noise = _noise_means(noisy)

    def ratio(means: Means, quantity: str) -> float:
        return means["error"][quantity] / means["none"][quantity]

    return [
        Claim("digits: steps with the error penalised divided by those without, mean of the seeds", ratio(on_digits, "steps"), 0.75),
        Claim("digits: accuracy lost by it, points", on_digits["none"]["score"] - on_digits["error"]["score"], 1.5),
        Claim("digits: time of a prediction divided by that without", ratio(on_digits, "prediction"), 1.0, "<"),
        Claim("digits: time of a training step divided by that without", ratio(on_digits, "training"), 1.0, "<"),
        Claim("digits: steps with the stiffness penalised divided by those without",
              on_digits["stiffness"]["steps"] / on_digits["none"]["steps"], 1.0, "<"),
        Claim("spiral: steps with the error penalised divided by those without", ratio(on_spiral, "steps"), 0.75),
        Claim("spiral: fit lost by it, points", on_spiral["none"]["score"] - on_spiral["error"]["score"], 1.5),
        Claim("spiral with noise: steps with the error penalised divided by those without", ratio(noise, "steps"), 0.9),
        Claim("spiral with noise: test loss with it divided by that without", ratio(noise, "loss"), 1.1),
    ]  # fmt: skip


_QUANTITIES = ("steps", "evaluations", "prediction", "training")
_NOISE_QUANTITIES = ("evaluations", "steps", "loss", "prediction", "training")


def _digits_table(means: Means) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, arm in ARMS.items():
        paper = [None if np.isnan(value) else value for value in PAPER.get(name, (np.nan,) * 3)]
        one = means[name]
        rows.append((arm.title, paper[0], paper[2], *(one[quantity] for quantity in ("score", *_QUANTITIES))))
    columns = ("arm", "paper: evaluations", "paper: accuracy", "ours: accuracy", "steps", "evaluations",
               "prediction, ms", "training step, ms")  # fmt: skip
    return Table("Digits (paper: MNIST), mean of the seeds", columns, tuple(rows))


def _spiral_table(means: Means) -> Table:
    rows = tuple(
        (arm.title, *(means[name][quantity] for quantity in ("score", *_QUANTITIES)))
        for name, arm in SPIRAL_ARMS.items()
    )
    columns = ("arm", "fit, per cent", "steps", "evaluations", "prediction, ms", "training step, ms")
    return Table("Spiral: a hundred less the relative error, and its price", columns, rows)


def _noise_table(noisy: dict[str, list[TrainedNoise]]) -> Table:
    rows = tuple(
        (ARMS[name].title, PAPER_NOISE[name], *(one[quantity] for quantity in _NOISE_QUANTITIES))
        for name, one in _noise_means(noisy).items()
    )  # fmt: skip
    columns = ("arm", "paper: evaluations", "ours: evaluations", "steps", "test loss", "prediction, ms",
               "training step, ms")  # fmt: skip
    return Table("Spiral with noise, all paths as one system", columns, rows)


def _seed_table(on_digits: Runs, on_spiral: Runs) -> Table:
    """The spread behind the means."""
    rows: list[tuple[Cell, ...]] = []
    for problem, runs in (("digits", on_digits), ("spiral", on_spiral)):
        for name, arm in ARMS.items():
            judged = [one for _, one in runs[name]]
            steps, scores = (", ".join(texts) for texts in (
                (str(one.steps) for one in judged), (f"{one.score:.1f}" for one in judged)
            ))  # fmt: skip
            rows.append((f"{problem}: {arm.title}", steps, scores))
    return Table("Seed by seed", ("arm", "steps", "accuracy or fit, per cent"), tuple(rows))
