"""The figure of the experiment `diffusion-concentration`."""

from typing import TYPE_CHECKING

import numpy as np

from sciml.experiments._diffusion_concentration_runs import Tails
from sciml.plotting import style
from sciml.plotting.appearance import GREY, INK, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_figure(tails: dict[str, Tails], gaps: list[tuple[float, float]]) -> "Figure":
    """Draw survival of the norms, tail indices, and errors on both kinds of samples."""
    from matplotlib.figure import Figure

    colours = {name: INK if name == "data" else PALETTE[place % len(PALETTE)] for place, name in enumerate(tails)}
    with style():
        page = Figure(figsize=(13.0, 4.2), layout="constrained")
        axes = page.subplots(1, 3)
        _survival(axes[0], tails, colours)
        _indices(axes[1], tails, colours)
        _classes(axes[2], gaps)
    return page


def _survival(ax: "Axes", tails: dict[str, Tails], colours: dict[str, str]) -> None:
    for name, one in tails.items():
        falling = np.sort(one.norms[0])[::-1]
        places = np.unique(np.geomspace(1, len(falling), 300).astype(int))
        ax.loglog(falling[places - 1], places / len(falling), color=colours[name], label=name)
    ax.set(title="Share of norms above", xlabel="norm", xlim=(2, None), ylim=(None, 1.2))
    ax.legend(fontsize=8)


def _indices(ax: "Axes", tails: dict[str, Tails], colours: dict[str, str]) -> None:
    for place, (name, one) in enumerate(tails.items()):
        ax.semilogx(one.hill, np.full(len(one.hill), -place), "o", color=colours[name])
    ax.axvline(3, color=GREY, linewidth=0.8)
    ax.set(title="Tail index of the norms")
    ax.set_yticks(-np.arange(len(tails)), list(tails))
    ax.minorticks_off()
    ax.set_xticks([3, 5, 10, 20], ["3", "5", "10", "20"])


def _classes(ax: "Axes", gaps: list[tuple[float, float]]) -> None:
    samples, normal = np.asarray(gaps).T
    ends = [0.9 * min(samples.min(), normal.min()), 1.1 * max(samples.max(), normal.max())]
    ax.plot(ends, ends, color=GREY, linewidth=0.8)
    ax.plot(normal, samples, "o", color=PALETTE[0])
    ax.set(title="Error of ridge regression, %", xlabel="on normal laws", ylabel="on samples of flows", aspect="equal")
