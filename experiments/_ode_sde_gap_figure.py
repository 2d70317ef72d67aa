"""The figure of the experiment `ode-sde-gap`."""

from typing import TYPE_CHECKING

import numpy as np

from sciml.experiments._ode_sde_gap_runs import Arm
from sciml.plotting import style
from sciml.plotting.appearance import GREY, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS = (("ODE-SDE", "gap", PALETTE[0]), ("ODE-data", "flow", PALETTE[1]), ("SDE-data", "noisy", PALETTE[2]))
Published = dict[str, dict[float, tuple[float, float, float]]]


def draw_figure(data: str, kinds: dict[str, dict[float, Arm]], paper: Published, noise: np.ndarray) -> "Figure":
    """Draw samples of both samplers without and with the penalty, distances and residuals against the weight, and the paper's."""
    from matplotlib.figure import Figure

    arms = next(iter(kinds.values()))
    first, last = min(arms), max(arms)
    with style():
        page = Figure(figsize=(14.0, 3.1 * (len(kinds) + 1)), layout="constrained")
        axes = page.subplots(len(kinds) + 1, 4, squeeze=False)
        for row, (kind, arms) in zip(axes, kinds.items()):
            for ax, weight, name, label in zip(
                row, (first, first, last, last), ("by_flow", "by_noise") * 2, ("ODE", "SDE") * 2
            ):
                _cloud(ax, f"{data}, {kind}: {label}, weight {weight:g}", getattr(arms[weight], name))
        *ours, published, residuals = axes[-1]
        for ax, (kind, arms) in zip(ours, kinds.items()):
            _distances(ax, f"Ours, {kind}: distances", arms, noise)
        _published(published, data, paper)
        _residuals(residuals, kinds)
        for ax in ours[len(kinds) :]:
            ax.set_visible(False)
    return page


def _cloud(ax: "Axes", title: str, points: np.ndarray) -> None:
    shades = np.histogram2d(*points.T, bins=80, range=((-4, 4), (-4, 4)))[0].T
    ax.imshow(np.sqrt(shades), origin="lower", extent=(-4, 4, -4, 4), cmap="Blues")
    ax.set(title=title)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(visible=False)


def _distances(ax: "Axes", title: str, arms: dict[float, Arm], noise: np.ndarray) -> None:
    ax.axhline(float(noise.mean()), color=GREY, linestyle=(0, (4, 2)), label="two draws of the data")
    for label, name, colour in KINDS:
        values = [getattr(arm, name) for arm in arms.values()]
        ax.plot(range(len(arms)), [v.mean() for v in values], color=colour, label=label)
        for place, every in enumerate(values):
            ax.plot(np.full(len(every), place), every, "o", color=colour, markersize=5, alpha=0.8)
    _weights(ax, list(arms), title)
    ax.legend(fontsize=8)


def _published(ax: "Axes", data: str, paper: Published) -> None:
    for place, (label, _, colour) in enumerate(KINDS):
        ax.plot([row[place] for row in paper[data].values()], "o-", color=colour, markersize=5, label=label)
    _weights(ax, list(paper[data]), "The authors' histograms")


def _residuals(ax: "Axes", kinds: dict[str, dict[float, Arm]]) -> None:
    weights = list(next(iter(kinds.values())))
    ax.set(yscale="log")
    for (kind, arms), colour in zip(kinds.items(), (PALETTE[0], PALETTE[1])):
        for place, arm in enumerate(arms.values()):
            label = kind if place == 0 else None
            ax.plot(
                np.full(len(arm.residual), place), arm.residual, "o", color=colour, markersize=6, alpha=0.8, label=label
            )
    _weights(ax, weights, "Ours: mean squared residual")
    ax.legend(fontsize=8)


def _weights(ax: "Axes", weights: list[float], title: str) -> None:
    ax.set_xticks(range(len(weights)), [f"{weight:g}" for weight in weights])
    ax.set(title=title, xlabel="weight of the residual", xlim=(-0.4, len(weights) - 0.6))
    if ax.get_yscale() == "linear":
        ax.set_ylim(bottom=0)
