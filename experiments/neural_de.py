"""On neural differential equations: reversible gradients, irregular series, latent noise, known physics, equations read off.

Five small problems, one for each part of the field. The gradient of a reversible solve beside those of other strategies, and the memory
of the compiled programs. Which way noisy spirals turn, seen at random times with values missing, by a neural CDE, a recurrent and a
dense network with equal training. A latent SDE on Ornstein-Uhlenbeck paths, whose exact evidence no bound may exceed. Lotka and
Volterra's equations continued beyond the data by a network alone and by networks beside known physics. And the equation of a damped
pendulum read off a learned field by thresholded regression, by elimination and by evolution, constants tuned through the solve.

Every seed has its own data, networks and batches. Bounds were set before measuring; sizes, learning rates and the options of the
searches were chosen on other seeds.

Source: Kidger, "On Neural Differential Equations", thesis, Oxford 2021 (arXiv 2202.02435). It gives no figures for problems as small as
these: bounds are those of an independent plan, called sheet.
"""

import dataclasses
from functools import partial

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from sciml.experiment import Cell, Claim, Report, Table
from sciml.experiments import _neural_de_adjoint as adjoint
from sciml.experiments import _neural_de_latent as latent
from sciml.experiments import _neural_de_pendulum as pendulum
from sciml.experiments import _neural_de_predators as predators
from sciml.experiments import _neural_de_spirals as spirals
from sciml.experiments._neural_de_figure import Shown, draw_figure

SHARES = (0.0, 0.3, 0.5, 0.7, 0.9)
"""Values dropped at the test; in training it is `Config.dropped`, which is judged too."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes; the defaults run in about three and a half minutes on two free cores."""

    seeds: int = 3
    """Of each problem."""
    adjoint_steps: tuple[int, ...] = (100, 1000)
    """Numbers of steps at which gradients are compared."""
    memory_steps: tuple[int, ...] = (100, 1000, 10_000, 100_000)
    """Numbers of steps for which programs are compiled, not run."""
    dropped: float = 0.3
    """Share of the spirals' values that is missing in training."""
    spiral_samples: int = 256
    """Spirals to learn from."""
    spiral_times: int = 32
    """Times of each."""
    spiral_iterations: int = 200
    """Optimiser steps."""
    spiral_tests: int = 512
    """Spirals to be judged by."""
    latent_samples: int = 512
    """Paths of the Ornstein-Uhlenbeck process."""
    latent_times: int = 12
    """Observations of each."""
    latent_steps: tuple[int, int] = (4, 12)
    """Steps of the solver between observations, coarse and fine."""
    latent_iterations: int = 400
    """Optimiser steps."""
    latent_draws: int = 8
    """Posterior paths for each new trajectory."""
    predator_trajectories: int = 8
    """Of Lotka and Volterra's equations."""
    predator_iterations: int = 1500
    """Optimiser steps."""
    pendulum_trajectories: int = 8
    """Swings."""
    pendulum_iterations: int = 1200
    """Optimiser steps."""
    children: int = 2500
    """Expressions tried by each population."""
    restarts: int = 6
    """Populations."""
    threshold: float = 0.1
    """Share of a rate that is as good as nothing to the sparse regressions."""


def run(config: Config, key: PRNGKeyArray) -> Report:
    """Measure the five.

    Args:
        config: sizes.
        key: random key of data, networks and batches.

    Raises:
        ValueError: sizes that do not fit.
    """
    _check(config)
    keys = jax.random.split(key, 5)
    with jax.enable_x64(True):
        problem = adjoint.Problem(size=8, width=32, batch=16, horizon=10.0)
        seeds = list(jax.random.split(keys[0], config.seeds))
        gradients = adjoint.measure(problem, config.adjoint_steps, config.memory_steps, seeds)
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"):
        shown = Shown(
            gradients, _spirals(config, keys[1]), _latent(config, keys[2]), _predators(config, keys[3]), _pendulum(config, keys[4])
        )  # fmt: skip
    return Report(
        metrics=_metrics(shown),
        tables=[_gradient_table(shown), _memory_table(shown), _spiral_table(shown), _latent_table(shown),
                _predator_table(shown), _pendulum_table(shown), _equation_table(shown)],
        claims=_claims(config, shown),
        figures={"neural-de": partial(draw_figure, shown)},
    )  # fmt: skip


def _check(config: Config) -> None:
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if isinstance(value, int) and value < 1:
            raise ValueError(f"neural-de: `{field.name}` must be at least 1, got {value}.")
    if not 0 <= config.dropped < 1:
        raise ValueError(f"neural-de: `dropped` must be in [0, 1), got {config.dropped}.")
    for name in ("adjoint_steps", "memory_steps", "latent_steps"):
        if not getattr(config, name) or min(getattr(config, name)) < 1:
            raise ValueError(f"neural-de: `{name}` must be positive numbers, got {getattr(config, name)}.")


def _spirals(config: Config, key: PRNGKeyArray) -> spirals.Judged:
    sizes = spirals.Sizes(
        config.spiral_samples, config.spiral_times, config.dropped, config.spiral_iterations, 32, 1e-2
    )
    shares = tuple(sorted({*SHARES, config.dropped}))
    return spirals.compare(sizes, shares, config.spiral_tests, config.seeds, key)


def _latent(config: Config, key: PRNGKeyArray) -> dict[str, list[latent.Fitted]]:
    coarse, fine = config.latent_steps

    def fitted(steps: int, linear: bool) -> list[latent.Fitted]:
        sizes = latent.Sizes(config.latent_samples, config.latent_times, steps, 32, config.latent_iterations, 64, 1e-2)
        return latent.fit(sizes, linear, config.latent_samples, config.latent_draws, config.seeds, key)

    return {
        f"linear prior, {coarse} steps": fitted(coarse, True),
        f"linear prior, {fine} steps": fitted(fine, True),
        f"network prior, {coarse} steps": fitted(coarse, False),
    }


def _predators(config: Config, key: PRNGKeyArray) -> predators.Extrapolated:
    sizes = predators.Sizes(config.predator_trajectories, 31, 32, config.predator_iterations, 1e-2)
    return predators.compare(sizes, config.seeds, key)


def _pendulum(config: Config, key: PRNGKeyArray) -> list[pendulum.Found]:
    sizes = pendulum.Sizes(
        config.pendulum_trajectories, 31, 32, config.pendulum_iterations, 1e-2, config.children, config.restarts,
        config.threshold,
    )  # fmt: skip
    return pendulum.discover(sizes, config.seeds, key)


# --- report -----------------------------------------------------------------------------------------------------------


def _claims(config: Config, shown: Shown) -> list[Claim]:
    return [
        *_gradient_claims(config, shown.gradients),
        *_spiral_claims(config, shown.spirals),
        *_latent_claims(config, shown.latent),
        *_predator_claims(shown.predators),
        *_pendulum_claims(shown.pendulum),
    ]


def _gradient_claims(config: Config, found: adjoint.Gradients) -> list[Claim]:
    own = [found.differences[name] for name in adjoint.GRADIENTS[:2]]
    worst = max(value for by_steps in own for values in by_steps.values() for value in values)
    few = min(config.adjoint_steps)
    ours, theirs = found.differences["reversible"][few], found.differences["adjoint equation"][few]
    flat, (least, most) = found.memory["reversible"], (min(config.memory_steps), max(config.memory_steps))
    return [
        Claim("reversible gradient: largest difference from that of all steps stored", worst, 1e-10),
        Claim(f"reversible gradient: memory at {most} steps divided by that at {least}", flat[most] / flat[least], 1.05),
        Claim(f"adjoint equation: its error at {few} steps divided by that of the reversible gradient, least of the seeds",
              min(a / b for a, b in zip(theirs, ours)), 1e3, ">="),
    ]  # fmt: skip


def _spiral_claims(config: Config, found: spirals.Judged) -> list[Claim]:
    def mean(arm: str, share: float) -> float:
        return float(np.mean(found.accuracy[arm][share]))

    def lead(share: float) -> float:
        return mean("cde", share) - max(mean("gru", share), mean("mlp", share))

    return [
        Claim(f"spirals, {config.dropped:.0%} dropped: accuracy of the neural CDE, worst seed, per cent",
              min(found.accuracy["cde"][config.dropped]), 95.0, ">"),
        Claim("the same: points ahead of the better usual network, mean of the seeds", lead(config.dropped), 0.0, ">="),
        Claim("spirals, 70% dropped at the test alone: points ahead, mean of the seeds", lead(0.7), 0.0, ">="),
    ]  # fmt: skip


def _latent_claims(config: Config, found: dict[str, list[latent.Fitted]]) -> list[Claim]:
    coarse, fine, _ = found.values()

    def gap(fits: list[latent.Fitted]) -> list[float]:
        return [one.own - one.bound for one in fits if one.own is not None]

    misses = [abs(one.scale / latent.SCALE - 1) for one in fine if one.scale is not None]
    return [
        Claim("latent SDE: bound minus exact evidence of the learned linear prior, nats, worst seed",
              -min(gap(coarse) + gap(fine)), 0.0),
        Claim("latent SDE: bound minus exact evidence of the true process, nats, worst prior and seed",
              max(one.bound - one.truth for fits in found.values() for one in fits), 0.0),
        Claim("latent SDE: gap to the evidence of the learned prior, nats per observation, worst seed, fine steps",
              max(gap(fine)) / config.latent_times, 0.1),
        Claim("latent SDE: that gap with fine steps divided by that with coarse ones, mean of the seeds",
              float(np.mean(gap(fine)) / np.mean(gap(coarse))), 1.0, "<"),
        Claim("latent SDE: learned scale of the noise, largest relative miss, fine steps", max(misses), 0.2),
    ]  # fmt: skip


def _predator_claims(found: predators.Extrapolated) -> list[Claim]:
    def ratio(arm: str) -> float:
        return max(ours / alone for ours, alone in zip(found.after[arm], found.after["black"]))

    return [
        Claim("Lotka-Volterra: error beyond the data, form known, divided by that of the network alone, worst seed",
              ratio("form"), 0.5, "<"),
        Claim("Lotka-Volterra: the same where only births and deaths are known", ratio("growth"), 0.5, "<"),
    ]  # fmt: skip


def _pendulum_claims(found: list[pendulum.Found]) -> list[Claim]:
    return [
        Claim("pendulum: share of seeds where thresholding finds the true terms alone",
              float(np.mean([one.usual_right for one in found])), 1.0, ">="),
        Claim("pendulum: share of seeds where elimination does", float(np.mean([one.right for one in found])), 1.0, ">="),
        Claim("pendulum: coefficients after elimination and tuning, largest relative miss",
              max(one.sparse_misses[1] for one in found), 0.05),
        Claim("pendulum: evolved expressions, largest relative miss of a coefficient after tuning",
              max(one.evolved_misses[1] for one in found), 0.05),
        Claim("pendulum: share of seeds where evolution finds the true terms alone (rest below 0.001)",
              float(np.mean([one.evolved_rest < 1e-3 for one in found])), 1.0, ">="),
        Claim("pendulum: evolved expressions, largest relative rest beside the true terms",
              max(one.evolved_rest for one in found), 0.05),
    ]  # fmt: skip


def _metrics(shown: Shown) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, by_steps in shown.gradients.differences.items():
        found |= {f"gradient_{name}_{steps}": max(values) for steps, values in by_steps.items()}
    for name, by_share in shown.spirals.accuracy.items():
        found |= {f"spirals_{name}_{share:g}": float(np.mean(values)) for share, values in by_share.items()}
    for name, fits in shown.latent.items():
        found[f"latent_{name}_bound"] = float(np.mean([one.bound for one in fits]))
        found[f"latent_{name}_truth"] = float(np.mean([one.truth for one in fits]))
    for name in predators.ARMS:
        found[f"predators_{name}_after"] = float(np.mean(shown.predators.after[name]))
    found["pendulum_network"] = float(np.mean([one.network for one in shown.pendulum]))
    return found


def _gradient_table(shown: Shown) -> Table:
    differences, steps = shown.gradients.differences, list(shown.gradients.midpoint)
    rows: list[tuple[Cell, ...]] = [(name, *(max(differences[name][n]) for n in steps)) for name in adjoint.GRADIENTS]
    rows.append(("midpoint rule, adjoint equation", *(max(shown.gradients.midpoint[n]) for n in steps)))
    title = (
        "Relative difference from the gradient with all steps stored, worst seed (paper, adjoint equation: 0.01 to 0.1)"
    )
    return Table(title, ("reversible Heun", *(f"{n} steps" for n in steps)), tuple(rows))


def _memory_table(shown: Shown) -> Table:
    memory = shown.gradients.memory
    steps = list(memory["reversible"])
    rows = tuple((name, *(by_steps[n] / 1e6 for n in steps)) for name, by_steps in memory.items())
    return Table("Temporary memory of the compiled gradient, MB", ("gradient", *(f"{n} steps" for n in steps)), rows)


def _spiral_table(shown: Shown) -> Table:
    accuracy, shares = shown.spirals.accuracy, list(shown.spirals.accuracy["cde"])
    rows = tuple(
        (title, shown.spirals.parameters[name], *(f"{np.mean(accuracy[name][s]):.1f} ({min(accuracy[name][s]):.1f})" for s in shares))
        for name, title in spirals.ARMS.items()
    )  # fmt: skip
    columns = ("network", "parameters", *(f"{share:.0%} dropped" for share in shares))
    return Table("Spirals: accuracy in per cent, mean of the seeds (worst)", columns, rows)


def _latent_table(shown: Shown) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (f"{name}: seed {seed}", one.bound, one.own, one.truth, one.error, one.rate, one.scale, one.noise)
        for name, fits in shown.latent.items()
        for seed, one in enumerate(fits)
    ]
    truth = (None, None, None, None, latent.RATE, latent.SCALE, latent.NOISE)
    columns = ("nats per new trajectory", "bound", "evidence of the learned prior", "of the truth", "standard error", "rate",
               "scale", "noise")  # fmt: skip
    return Table("Latent SDE on an Ornstein-Uhlenbeck process", columns, (*rows, ("truth", *truth)))


def _predator_table(shown: Shown) -> Table:
    found = shown.predators

    def cells(name: str) -> list[str]:
        return [", ".join(f"{v:.3f}" for v in one[name]) for one in (found.inside, found.after, found.elsewhere)]

    rows = tuple((title, found.parameters[name], *cells(name)) for name, title in predators.ARMS.items())
    columns = ("Lotka-Volterra", "parameters", "within the data", "beyond", "other first states")
    return Table(
        "Error by the spread of the solution, each seed: data to t = 3, continued to t = 12, about three periods",
        columns,
        rows,
    )


def _pendulum_table(shown: Shown) -> Table:
    rows = tuple(
        (f"seed {seed}", one.network, *one.sparse_misses, *one.evolved_misses, one.evolved_rest)
        for seed, one in enumerate(shown.pendulum)
    )
    columns = ("pendulum", "learned field", "elimination", "tuned", "evolution", "tuned", "rest")
    return Table("Pendulum: relative error of the field and largest relative miss of a coefficient", columns, rows)


def _equation_table(shown: Shown) -> Table:
    rows: list[tuple[Cell, ...]] = [("truth", "x0' = x1", f"x1' = -{pendulum.GRAVITY} sin(x0) - {pendulum.DAMPING} x1")]
    for seed, one in enumerate(shown.pendulum):
        rows.append((f"seed {seed}: thresholding", *one.usual))
        rows.append((f"seed {seed}: elimination", *one.sparse))
        rows.append((f"seed {seed}: evolution", *one.evolved))
    return Table("Pendulum: equations", ("", "first", "second"), tuple(rows))
