"""The figure of the experiment `dcdm`."""

import dataclasses
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import lineax as lx
import numpy as np
from jaxtyping import Float

from sciml.experiments._dcdm_runs import LEVELS, METHODS, System
from sciml.experiments._dcdm_systems import GEOMETRIES
from sciml.plotting import style
from sciml.plotting.appearance import GREY, MARKERS, PALE, PALETTE, SEQUENTIAL
from sciml.solvers import ConjugateGradients

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ORDER = {"cg": 0, "dcdm": 1, "multigrid": 2, "deflated": 3, "ic": 4}
"""Method -> its colour and mark."""
_SHORT = {"box": "box", "held": "held at zero", "walls": "walls"}


@dataclasses.dataclass(frozen=True)
class Picture:
    """One right-hand side, the first direction at its best length, and the solution; NaN in obstacles, a slice of a cube."""

    load: Float[np.ndarray, "..."]
    direction: Float[np.ndarray, "..."]
    solution: Float[np.ndarray, "..."]


@dataclasses.dataclass(frozen=True)
class Findings:
    """Numbers of the figure.

    Attributes:
        curves: median iterations to each tolerance, obstacles with walls, training size, by method.
        steps: median iterations by (size, geometry) and method.
        seconds: median times likewise.
        cells: size of the training grid.
        picture: what the network sees and says.
    """

    curves: dict[str, np.ndarray]
    steps: dict[tuple[int, str], dict[str, float]]
    seconds: dict[tuple[int, str], dict[str, float]]
    cells: int
    picture: Picture


def picture_of(model: Any, system: System) -> Picture:
    """The last right-hand side of a system, what the network says to it, and the solution."""
    b, operator = system.loads[-1, 0], system.operator
    unit = (b / jnp.linalg.norm(b.ravel())).astype(jnp.float32)
    direction = model(unit).astype(b.dtype) * jnp.asarray(system.free, b.dtype)
    length = jnp.sum(direction * b) / jnp.sum(direction * operator.mv(direction))
    solution = lx.linear_solve(operator.as_lineax(), b, ConjugateGradients(rtol=1e-8)).value
    return Picture(*(_shown(part, system.free) for part in (b, length * direction, solution)))


def _shown(values: Any, free: np.ndarray) -> np.ndarray:
    shown = np.where(free, np.asarray(values), np.nan)
    return shown[tuple(slice(None) if axis < 2 else n // 2 for axis, n in enumerate(shown.shape))]


def draw_figure(findings: Findings) -> "Figure":
    """Draw a direction beside the solution, convergence, and iterations and times against the size of the grid."""
    from matplotlib.figure import Figure

    with style():
        page = Figure(figsize=(13.5, 8.2), layout="constrained")
        grid = page.add_gridspec(2, 3, height_ratios=(1, 1.15))
        _pictures([page.add_subplot(grid[0, column]) for column in range(3)], findings.picture)
        _convergence(page.add_subplot(grid[1, 0]), findings)
        axes = [page.add_subplot(grid[1, column]) for column in (1, 2)]
        _against_size(axes[0], findings.steps, "iterations")
        _against_size(
            axes[1], {key: _scaled(row) for key, row in findings.seconds.items()}, "milliseconds of one solve"
        )
        handles, labels = axes[0].get_legend_handles_labels()
        page.legend(handles, labels, loc="outside lower center", ncols=len(METHODS), fontsize=10)
    return page


def _scaled(row: dict[str, float]) -> dict[str, float]:
    return {method: 1e3 * value for method, value in row.items()}


def _pictures(axes: "list[Axes]", picture: Picture) -> None:
    from matplotlib import colormaps

    colours = colormaps[SEQUENTIAL].with_extremes(bad=GREY)
    titles = ("A right-hand side, obstacles with walls", "The network's first direction", "The solution")
    top = float(np.nanmax(picture.solution))
    for ax, title, values, limits in zip(
        axes, titles, (picture.load, picture.direction, picture.solution), ({}, {"vmin": 0, "vmax": top}, {"vmin": 0, "vmax": top})
    ):  # fmt: skip
        if values.ndim == 1:
            ax.plot(values)
        else:
            image = ax.imshow(values.T, origin="lower", cmap=colours, **limits)
            ax.figure.colorbar(image, ax=ax, shrink=0.85, pad=0.02).outline.set_visible(False)  # type: ignore[union-attr]
            ax.set(xticks=[], yticks=[])
            ax.grid(visible=False)
        ax.set_title(title)


def _convergence(ax: "Axes", findings: Findings) -> None:
    for method, steps in findings.curves.items():
        number = _ORDER[method]
        ax.plot(
            [0, *steps], [1.0, *LEVELS], color=PALETTE[number], marker=MARKERS[number], markersize=4,
            zorder=3 if method == "dcdm" else 2,
        )  # fmt: skip
    ax.set(yscale="log", xlabel="iterations (median)", ylabel="relative residual")
    ax.set_title(f"Obstacles with walls, {findings.cells} per axis")


def _against_size(ax: "Axes", values: dict[tuple[int, str], dict[str, float]], title: str) -> None:
    """Lines for obstacles with walls, a band over all geometries."""
    sizes = sorted({n for n, _ in values})
    for method in METHODS:
        number = _ORDER[method]
        every = np.asarray([[values[n, geometry][method] for geometry in GEOMETRIES] for n in sizes])
        ax.fill_between(sizes, every.min(1), every.max(1), color=PALETTE[number], alpha=0.15, linewidth=0)
        line = [values[n, "walls"][method] for n in sizes]
        ax.plot(sizes, line, color=PALETTE[number], marker=MARKERS[number], label=METHODS[method])
    ax.axvline(sizes[0], color=PALE, linewidth=6, zorder=0)
    ax.annotate("trained here", (sizes[0], 0.985), xycoords=("data", "axes fraction"), xytext=(6, 0),
                textcoords="offset points", color=GREY, va="top", fontsize=9)  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="unknowns per axis")
    ax.set_xticks(sizes, [str(n) for n in sizes])
    ax.minorticks_off()
    ax.set_title(title[0].upper() + title[1:] + ", no retraining")
