"""The figure of the experiment `dale-langevin`."""

from typing import TYPE_CHECKING

import numpy as np

from sciml.experiments._dale_langevin_runs import Digits, Sampled
from sciml.plotting import style
from sciml.plotting.appearance import GREY, INK, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"additive": PALETTE[1], "multiplicative": PALETTE[0]}
SHOWN = {"log-normal": 7.0, "gamma 1/2": 2.0}
"""Data whose samples are drawn, and up to where."""
COLUMNS, ROWS = 6, 4
"""Of digits in a panel."""


def draw_figure(
    steps: tuple[int, ...],
    known: list[dict[int, tuple[float, float]]],
    compared: dict[str, dict[str, Sampled]],
    noise: dict[str, float],
    pictures: dict[str, Digits],
) -> "Figure":
    """Draw the errors with a known score, samples of both kinds on both data, digits."""
    from matplotlib.figure import Figure

    with style():
        page = Figure(figsize=(13.0, 6.6), layout="constrained")
        axes = page.subplots(2, 4)
        _known(axes[0, 0], steps, known)
        for row, (name, reach) in zip(axes[:, 1:3], SHOWN.items()):
            for ax, (kind, one) in zip(row, compared.get(name, {}).items()):
                _samples(ax, name, kind, one, reach)
        _distances(axes[1, 0], compared, noise)
        for ax, kind in zip(axes[:, 3], COLOURS):
            _digits(ax, kind, pictures.get(kind))
    return page


def _known(ax: "Axes", steps: tuple[int, ...], known: list[dict[int, tuple[float, float]]]) -> None:
    errors = np.asarray([[errors[n] for n in steps] for errors in known]).mean(axis=0)
    for place, name in enumerate(("mean", "deviation")):
        ax.loglog(steps, errors[:, place], "o-", color=PALETTE[place], label=name)
    ax.loglog(steps, errors[0].max() * steps[0] / np.asarray(steps), ":", color=GREY, label="first order")
    ax.set(title="Known score: errors of logarithms", xlabel="steps")
    ax.legend()


def _samples(ax: "Axes", name: str, kind: str, one: Sampled, reach: float) -> None:
    points = one.samples[0]
    outside = np.any(points <= 0, axis=1)
    ax.scatter(*points[~outside].T, s=3, color=COLOURS[kind], linewidths=0)
    ax.scatter(*points[outside].T, s=5, color=INK, linewidths=0)
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.axvline(0, color=GREY, linewidth=0.8)
    limits = (-0.15 * reach, reach)
    ax.set(title=f"{name}, {kind}:\n{100 * outside.mean():.1f} % not positive", xlim=limits, ylim=limits)


def _distances(ax: "Axes", compared: dict[str, dict[str, Sampled]], noise: dict[str, float]) -> None:
    for place, (name, kinds) in enumerate(compared.items()):
        for shift, (kind, one) in zip((-0.12, 0.12), kinds.items()):
            where = np.full(len(one.distances), place + shift)
            label = kind if place == 0 else None
            ax.semilogy(where, one.distances / noise[name], "o", color=COLOURS[kind], label=label)
    ax.axhline(1, color=GREY, linewidth=0.8)
    ax.set(title="Logarithms: distance from data", ylabel="W1 / that of two draws", xlim=(-0.5, len(compared) - 0.5))
    ax.set_xticks(range(len(compared)), list(compared))
    ax.set_yticks([1, 2, 5], ["1", "2", "5"])
    ax.minorticks_off()
    ax.legend()


def _digits(ax: "Axes", kind: str, made: Digits | None) -> None:
    ax.set_axis_off()
    if made is None:
        ax.set(title="digits: left out")
        return
    tiles = made.samples[: ROWS * COLUMNS].reshape(ROWS, COLUMNS, 8, 8)
    framed = np.pad(tiles, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=0.5)
    ax.imshow(framed.transpose(0, 2, 1, 3).reshape(10 * ROWS, 10 * COLUMNS), cmap="gray_r", vmin=0, vmax=1)
    ax.set(title=f"digits, {kind}")
