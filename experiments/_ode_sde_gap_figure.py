"""The figure of the experiment `ode-sde-gap`."""

from typing import TYPE_CHECKING

import jax
import numpy as np

from sciml.data import Generator
from sciml.experiments._ode_sde_gap_runs import DATA, Arm
from sciml.plotting import style
from sciml.plotting.appearance import GREY, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS = (("ODE-SDE", "gap", PALETTE[0]), ("ODE-data", "flow", PALETTE[1]), ("SDE-data", "noisy", PALETTE[2]))
Published = dict[str, dict[float, tuple[float, float, float]]]


def draw_figure(data: str, arms: dict[float, Arm], paper: Published, noise: np.ndarray) -> "Figure":
    """Draw samples of both samplers without and with the penalty, the data, distances and residuals against the weight."""
    from matplotlib.figure import Figure

    first, last = min(arms), max(arms)
    truth = np.asarray(Generator(DATA[data]).draw(jax.random.key(0), len(arms[first].by_flow)))
    panels = [
        (f"{data}: data", truth),
        (f"ODE, weight {first:g}", arms[first].by_flow),
        (f"SDE, weight {first:g}", arms[first].by_noise),
        (f"ODE, weight {last:g}", arms[last].by_flow),
        (f"SDE, weight {last:g}", arms[last].by_noise),
    ]
    with style():
        page = Figure(figsize=(14.0, 6.0), layout="constrained")
        rows = page.add_gridspec(2, 15)
        for place, (title, points) in enumerate(panels):
            _cloud(page.add_subplot(rows[0, 3 * place : 3 * place + 3]), title, points)
        _distances(page.add_subplot(rows[1, :5]), arms, noise)
        _published(page.add_subplot(rows[1, 5:10]), data, paper)
        _residuals(page.add_subplot(rows[1, 10:]), arms)
    return page


def _cloud(ax: "Axes", title: str, points: np.ndarray) -> None:
    shades = np.histogram2d(*points.T, bins=80, range=((-4, 4), (-4, 4)))[0].T
    ax.imshow(np.sqrt(shades), origin="lower", extent=(-4, 4, -4, 4), cmap="Blues")
    ax.set(title=title)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(visible=False)


def _distances(ax: "Axes", arms: dict[float, Arm], noise: np.ndarray) -> None:
    ax.axhline(float(noise.mean()), color=GREY, linestyle=(0, (4, 2)), label="two draws of the data")
    for label, name, colour in KINDS:
        values = [getattr(arm, name) for arm in arms.values()]
        ax.plot(range(len(arms)), [v.mean() for v in values], color=colour, label=label)
        for place, every in enumerate(values):
            ax.plot(np.full(len(every), place), every, "o", color=colour, markersize=5, alpha=0.8)
    _weights(ax, list(arms), "Ours: distances of samples")
    ax.legend(fontsize=8)


def _published(ax: "Axes", data: str, paper: Published) -> None:
    for place, (label, _, colour) in enumerate(KINDS):
        ax.plot([row[place] for row in paper[data].values()], "o-", color=colour, markersize=5, label=label)
    _weights(ax, list(paper[data]), "The authors' histograms")


def _residuals(ax: "Axes", arms: dict[float, Arm]) -> None:
    for place, arm in enumerate(arms.values()):
        ax.plot(np.full(len(arm.residual), place), arm.residual, "o", color=PALETTE[0], markersize=6, alpha=0.8)
    _weights(ax, list(arms), "Ours: mean squared residual")
    ax.set(yscale="log")


def _weights(ax: "Axes", weights: list[float], title: str) -> None:
    ax.set_xticks(range(len(weights)), [f"{weight:g}" for weight in weights])
    ax.set(title=title, xlabel="weight of the residual", xlim=(-0.4, len(weights) - 0.6))
    ax.set_ylim(bottom=0)
