"""The figure of the experiment `darcy-multigrid`."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sciml.plotting import style
from sciml.plotting.appearance import PALETTE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Pictures(NamedTuple):
    """What is shown of one field: coefficient, solution, derivative of the mean solution in the coefficient."""

    coefficient: np.ndarray
    solution: np.ndarray
    slope: np.ndarray


def draw_figure(pictures: Pictures, growth: dict[int, tuple[int, int]]) -> "Figure":
    """Draw one problem and how iterations grow with the grid."""
    from matplotlib.figure import Figure

    with style():
        page = Figure(figsize=(15.0, 3.9), layout="constrained")
        axes = page.subplots(1, 4)
        titles = ("coefficient K", "solution u", "d mean(u) / dK, cell by cell")
        # The derivative has a few large values at corners of the interfaces.
        lowest = float(np.quantile(pictures.slope, 0.005))
        options = ({"cmap": "cividis"}, {"cmap": "viridis"}, {"cmap": "magma", "vmin": lowest, "vmax": 0.0})
        for ax, title, values, how in zip(axes, titles, pictures, options):
            drawn = ax.imshow(values.T, origin="lower", extent=(0, 1, 0, 1), interpolation="nearest", **how)
            ax.set(title=title, xticks=[0, 1], yticks=[0, 1])
            page.colorbar(drawn, ax=ax, shrink=0.85)
        cells = list(growth)
        for number, label in enumerate(("multigrid", "diagonal")):
            steps = [growth[one][number] for one in cells]
            axes[3].plot(cells, steps, marker="o", color=PALETTE[number], label=f"CG, {label}")
        axes[3].set(
            xscale="log", yscale="log", xlabel="cells per side", ylabel="iterations to 1e-8", title="iterations"
        )
        axes[3].set_xticks(cells, [str(one) for one in cells])
        axes[3].minorticks_off()
        axes[3].legend()
    return page
