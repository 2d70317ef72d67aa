"""The figure of the experiment `skr`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from sciml.experiments._skr_runs import METHODS, Measured
from sciml.experiments._skr_systems import FAMILIES
from sciml.plotting import style
from sciml.plotting.appearance import GREY, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHOWN = {"gmres": 0, "warm": 5, "given": 4, "sorted": 1, "cg": 2, "deflated": 3, "multigrid": 2, "batched": 5}
"""Method -> its colour."""
_LABELS = {
    "darcy": "Darcy\n12 and 3",
    "lognormal": "Darcy\nlognormal",
    "jacobi": "lognormal\nJacobi",
    "helmholtz": "Helmholtz",
}


def draw_figure(runs: dict[tuple[str, str], list[Measured]]) -> "Figure":
    """Draw products along a sequence for two families, and products and times of all methods."""
    from matplotlib.figure import Figure

    with style():
        page = Figure(figsize=(13.5, 8.0), layout="constrained")
        axes = page.subplots(2, 2).ravel()
        for ax, name in zip(axes, ("lognormal", "helmholtz")):
            _along(ax, runs, name)
        _bars(axes[2], runs, "products with the operator per system", lambda one: float(one.matvecs.mean()))
        _bars(axes[3], runs, "seconds for a sequence", lambda one: one.seconds)
        handles, labels = axes[3].get_legend_handles_labels()
        page.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=9)
    return page


def _along(ax: "Axes", runs: dict[tuple[str, str], list[Measured]], family: str) -> None:
    """Products of each system in the order in which they were solved, first draw."""
    for method in ("gmres", "given", "sorted", "cg", "deflated"):
        if (family, method) in runs:
            matvecs = runs[family, method][0].matvecs
            ax.plot(np.arange(1, len(matvecs) + 1), matvecs, color=PALETTE[_SHOWN[method]], marker="o", markersize=3)
    title = FAMILIES[family].title
    ax.set(
        yscale="log", xlabel="system, in the order of solution", ylabel="products", title=f"{title}: along a sequence"
    )
    ax.set_ylim(bottom=40)


def _bars(ax: "Axes", runs: dict[tuple[str, str], list[Measured]], title: str, of: Callable[[Measured], float]) -> None:
    width = 0.8 / len(METHODS)
    for number, (label, method) in enumerate(METHODS.items()):
        places, heights = [], []
        for place, family in enumerate(FAMILIES):
            if (family, label) in runs:
                places.append(place + (number - len(METHODS) / 2 + 0.5) * width)
                heights.append(float(np.mean([of(one) for one in runs[family, label]])))
        hatch = {"batched": "///", "multigrid": ".."}.get(label)
        ax.bar(
            places,
            heights,
            0.9 * width,
            color=PALETTE[_SHOWN[label]],
            hatch=hatch,
            edgecolor="white",
            label=method.title,
        )
    ax.set(yscale="log", title=title[0].upper() + title[1:])
    ax.set_xticks(range(len(FAMILIES)), [_LABELS[name] for name in FAMILIES], color=GREY)
    ax.grid(visible=False, axis="x")
    ax.set_axisbelow(True)
