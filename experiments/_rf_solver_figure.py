"""The figure of the experiment `rf-solver`."""

from typing import TYPE_CHECKING, Any

import numpy as np

from sciml.experiments._rf_solver_images import Edits
from sciml.experiments._rf_solver_runs import EULER, RF_SOLVER, Accuracy, Trained
from sciml.plotting import style
from sciml.plotting.appearance import GREY, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKS = {
    EULER: (PALETTE[5], "o"),
    RF_SOLVER: (PALETTE[0], "s"),
    "midpoint re-use": (PALETTE[1], "D"),
    "Heun": (PALETTE[2], "^"),
    "Taylor 2, exact": (PALETTE[3], "v"),
    "Taylor 3, exact": (PALETTE[4], "P"),
    "reversible Heun": (GREY, "x"),
}


def draw_figure(evaluations: tuple[int, ...], exact: Accuracy, trained: dict[str, Trained], edits: Edits) -> "Figure":
    """Draw round trips and latents of the mixture, round trips of networks, and edits."""
    from matplotlib.figure import Figure

    with style():
        page = Figure(figsize=(13.0, 7.0), layout="constrained")
        halves: Any = page.subfigures(2, 1, height_ratios=(1.25, 1))
        upper, lower = halves
        axes = upper.subplots(1, 4)
        _curves(axes[0], evaluations, exact.error, "Mixture: there and back", "mean square error")
        axes[0].set_yscale("log")
        _curves(axes[1], evaluations, exact.moment, "Mixture: latents", "second moment")
        axes[1].axhline(1.0, color=GREY, linewidth=0.8)
        axes[1].set_ylim(0.5, 1.3)
        for ax, (name, one) in zip(axes[2:], trained.items()):
            _curves(ax, evaluations, one.error, f"Networks: {name}", "mean square error")
            ax.set_yscale("log")
        handles, labels = axes[0].get_legend_handles_labels()
        upper.legend(handles, labels, loc="outside lower center", ncols=len(labels))
        _images(lower, edits)
    return page


def _curves(ax: "Axes", evaluations: tuple[int, ...], values: dict[str, np.ndarray], title: str, label: str) -> None:
    for name, (colour, marker) in MARKS.items():
        if name in values:
            ax.plot(evaluations, np.median(values[name], axis=0), color=colour, marker=marker, label=name)
    ax.set(title=title, xlabel="evaluations, one way", ylabel=label, xscale="log")
    ax.set_xticks(evaluations, [str(n) for n in evaluations])
    ax.minorticks_off()


def _images(page: "Figure", edits: Edits) -> None:
    rows = {"image": edits.source, "another colour,\ninversion alone": edits.plain, "shared values": edits.shared}
    axes = page.subplots(len(rows), edits.source.shape[0], squeeze=False)
    for line, (name, pictures) in zip(axes, rows.items()):
        for ax, picture in zip(line, pictures):
            ax.imshow(np.clip((np.moveaxis(picture, 0, -1) + 1) / 2, 0, 1), interpolation="nearest")
            ax.set_xticks([])
            ax.set_yticks([])
            ax.spines[:].set_visible(False)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
