"""The figure of the experiment `light-sb`."""

from typing import TYPE_CHECKING

import numpy as np

from sciml.experiments._light_sb_runs import Benchmark, Normal, Roll
from sciml.plotting import style
from sciml.plotting.appearance import GREY, INK, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_figure(
    benchmarks: dict[tuple[int, float], Benchmark], normals: dict[float, Normal], rolls: dict[float, Roll]
) -> "Figure":
    """Draw the swiss rolls with some paths, conditional laws, unexplained variances and the matrices between normal laws."""
    from matplotlib.figure import Figure

    shown = min(benchmarks, key=lambda pair: (-pair[0], pair[1]))
    clouds = benchmarks[shown].clouds
    width = max(len(rolls), len(clouds)) + 1
    reach = 1.15 * max(float(np.abs(points[:, :2]).max()) for points in clouds["truth"])
    with style():
        page = Figure(figsize=(3.3 * width, 6.8), layout="constrained")
        axes = page.subplots(2, width, squeeze=False)
        for ax in axes.flat:
            ax.set_visible(False)
        for ax, (noise, roll) in zip(axes[0], rolls.items()):
            _roll(ax, noise, roll)
        for ax, (name, points) in zip(axes[1], clouds.items()):
            _clouds(ax, reach, f"D = {shown[0]}, noise {shown[1]:g}: {name}", points)
        _variances(axes[0, -1], benchmarks)
        _normals(axes[1, -1], normals)
    return page


def _roll(ax: "Axes", noise: float, roll: Roll) -> None:
    ax.set_visible(True)
    ax.scatter(*roll.samples.T, s=2, color=PALETTE[0], alpha=0.5, linewidths=0)
    for path in roll.paths:
        ax.plot(*path.T, color=INK, linewidth=0.6, alpha=0.8)
        ax.plot(*path[0], "o", color=PALETTE[1], markersize=4)
    ax.set(title=f"To the swiss roll, noise {noise:g}", aspect="equal", xlim=(-2.6, 2.6), ylim=(-2.6, 2.6))
    _bare(ax)


def _clouds(ax: "Axes", reach: float, title: str, clouds: list[np.ndarray]) -> None:
    ax.set_visible(True)
    for points, colour in zip(clouds, (PALETTE[0], PALETTE[1], PALETTE[2])):
        ax.scatter(*points[:, :2].T, s=4, color=colour, alpha=0.5, linewidths=0)
    ax.set(title=title, aspect="equal", xlim=(-reach, reach), ylim=(-reach, reach))
    _bare(ax)


def _bare(ax: "Axes") -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(visible=False)


def _variances(ax: "Axes", benchmarks: dict[tuple[int, float], Benchmark]) -> None:
    ax.set_visible(True)
    kinds = (("Sinkhorn", "sinkhorn", GREY), ("same samples", "same", PALETTE[1]), ("new samples", "fresh", PALETTE[0]))
    for label, name, colour in kinds:
        points = [
            (place, value)
            for place, one in enumerate(benchmarks.values())
            for value in (() if getattr(one, name) is None else getattr(one, name))
        ]
        if points:
            ax.plot(*np.asarray(points).T, "o", color=colour, markersize=5, alpha=0.8, label=label)
    ax.set_xticks(range(len(benchmarks)), [f"D = {d}\nnoise {noise:g}" for d, noise in benchmarks], fontsize=8)
    ax.set(title="Unexplained variance, per cent", yscale="log", xlim=(-0.5, len(benchmarks) - 0.5))
    ax.legend(fontsize=8)


def _normals(ax: "Axes", normals: dict[float, Normal]) -> None:
    ax.set_visible(True)
    top = 0.0
    for place, (noise, one) in enumerate(normals.items()):
        ax.plot(one.exact.ravel(), one.found.ravel(), "o", color=PALETTE[place], markersize=4, label=f"noise {noise:g}")
        top = max(top, float(one.exact.max()))
    ax.plot((0, top), (0, top), color=GREY, linewidth=1, zorder=0)
    ax.set(title="Normal laws: eigenvalues of S", xlabel="closed form", ylabel="learned")
    ax.legend(fontsize=8)
