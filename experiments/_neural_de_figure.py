"""The figure of the experiment `neural-de`."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sciml.experiments import _neural_de_adjoint as adjoint
from sciml.experiments import _neural_de_latent as latent
from sciml.experiments import _neural_de_pendulum as pendulum
from sciml.experiments import _neural_de_predators as predators
from sciml.experiments import _neural_de_spirals as spirals
from sciml.plotting import style
from sciml.plotting.appearance import GREY, INK, MARKERS, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Shown(NamedTuple):
    """What the five problems gave."""

    gradients: adjoint.Gradients
    spirals: spirals.Judged
    latent: dict[str, list[latent.Fitted]]
    predators: predators.Extrapolated
    pendulum: list[pendulum.Found]


def draw_figure(shown: Shown) -> "Figure":
    """Draw memory and error of gradients, accuracies, bounds, a continued solution, and the acceleration of the pendulum."""
    from matplotlib.figure import Figure

    with style():
        page = Figure(figsize=(14.5, 8.2), layout="constrained")
        axes = page.subplots(2, 3)
        _memory(axes[0, 0], shown.gradients)
        _errors(axes[0, 1], shown.gradients)
        _accuracies(axes[0, 2], shown.spirals)
        _bounds(axes[1, 0], shown.latent)
        _continued(axes[1, 1], shown.predators)
        _accelerations(axes[1, 2], shown.pendulum)
    return page


def _memory(ax: "Axes", found: adjoint.Gradients) -> None:
    for (name, by_steps), colour, marker in zip(found.memory.items(), PALETTE, MARKERS):
        ax.loglog(list(by_steps), [size / 1e6 for size in by_steps.values()], f"{marker}-", color=colour, label=name)
    ax.set(title="1  Gradient: memory of the program", xlabel="steps of the solve", ylabel="MB")
    ax.legend(loc="upper left")


def _errors(ax: "Axes", found: adjoint.Gradients) -> None:
    kinds = {**found.differences, "adjoint equation,\nmidpoint rule": found.midpoint}
    names = (
        "reversible",
        "reversible,\nin diffrax",
        "checkpoints",
        "adjoint\nequation",
        "adjoint\nequation,\nmidpoint",
    )
    for place, by_steps in enumerate(kinds.values()):
        for number, (steps, values) in enumerate(by_steps.items()):
            at = place + 0.24 * (number - (len(by_steps) - 1) / 2)
            label = f"{steps} steps" if place == 0 else None
            ax.semilogy([at] * len(values), values, MARKERS[number], color=PALETTE[number], alpha=0.85, label=label)
    ax.axhline(1e-10, color=GREY, linewidth=1.0, linestyle=(0, (4, 2)))
    ax.set_xticks(range(len(kinds)), names, fontsize=8.5)
    ax.set(title="1  Gradient: relative error, each seed", ylim=(1e-17, 10))
    ax.legend(loc="upper left", ncols=2)


def _accuracies(ax: "Axes", found: spirals.Judged) -> None:
    for (name, title), colour, marker in zip(spirals.ARMS.items(), PALETTE, MARKERS):
        shares = 100 * np.array(list(found.accuracy[name]))
        values = np.array(list(found.accuracy[name].values()))
        ax.plot(shares, values.mean(axis=1), f"{marker}-", color=colour, label=title)
        ax.fill_between(shares, values.min(axis=1), values.max(axis=1), color=colour, alpha=0.15, linewidth=0)
    ax.axhline(95, color=GREY, linewidth=1.0, linestyle=(0, (4, 2)))
    ax.set(
        title="2  Which way spirals turn", xlabel="values dropped at the test, per cent", ylabel="accuracy, per cent"
    )
    ax.set_ylim(45, 102)
    ax.legend(loc="lower left")


def _bounds(ax: "Axes", found: dict[str, list[latent.Fitted]]) -> None:
    for place, fits in enumerate(found.values()):
        for seed, one in enumerate(fits):
            at, first = place + 0.2 * (seed - (len(fits) - 1) / 2), place == seed == 0
            top = one.truth if one.own is None else one.own
            ax.plot([at, at], [one.bound - one.truth, top - one.truth], color=GREY, linewidth=1.0)
            if one.own is not None:
                label = "evidence of the learned prior" if first else None
                ax.plot(at, one.own - one.truth, "D", color=PALETTE[1], label=label)
            ax.plot(at, one.bound - one.truth, "o", color=PALETTE[0], label="bound" if first else None)
    ax.axhline(0, color=INK, linewidth=1.4, label="evidence of the true process")
    ax.set_xticks(range(len(found)), [name.replace(", ", ",\n") for name in found])
    ax.set(title="3  Latent SDE, each seed", ylabel="nats per trajectory, less those of the truth")
    low = min(one.bound - one.truth for fits in found.values() for one in fits)
    ax.set(xlim=(-0.5, len(found) - 0.5), ylim=(1.35 * low, -0.12 * low))
    ax.legend(loc="lower left", fontsize=9)


def _continued(ax: "Axes", found: predators.Extrapolated) -> None:
    ax.axvspan(0, predators.SEEN, color=GREY, alpha=0.12, linewidth=0, label="times of the data")
    for (name, title), colour in zip(predators.ARMS.items(), (PALETTE[1], PALETTE[4], PALETTE[0])):
        for seed, course in enumerate(found.courses[name]):
            ax.semilogy(found.times[1:], course[1:], color=colour, linewidth=1.3, label=title if seed == 0 else None)
    ax.set(
        title="4  Lotka-Volterra: error, each seed",
        xlabel="t",
        ylabel="error by spread of the solution",
    )
    high = max(float(course.max()) for course in found.courses.values())
    ax.set_ylim(1e-3, 25 * high)
    ax.legend(loc="upper left", fontsize=9)


def _accelerations(ax: "Axes", found: list[pendulum.Found]) -> None:
    grid, truth = pendulum.GRID, -pendulum.GRAVITY * np.sin(pendulum.GRID)
    ax.plot(grid, truth, color=INK, linewidth=3.0, alpha=0.35, label="truth")
    for seed, one in enumerate(found):
        first = seed == 0
        ax.plot(grid, one.learned, color=PALETTE[1], linewidth=1.2, label="learned field, each seed" if first else None)
        label = "equation by elimination, tuned" if first else None
        ax.plot(grid, one.tuned, color=PALETTE[0], linewidth=1.2, linestyle=(0, (3, 2)), label=label)
    ax.set(title="5  Pendulum at rest: acceleration", xlabel="angle", ylabel="acceleration", ylim=(-2.2, 2.2))
    ax.legend(loc="upper right", fontsize=9)
