"""The figure of the experiment `kinetic-paths`."""

from typing import TYPE_CHECKING

import jax
import numpy as np

from sciml.experiments._kinetic_paths_runs import Board, Sphere
from sciml.models.flow.separation import separation_angles
from sciml.plotting import style
from sciml.plotting.appearance import GREY, INK, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {
    "diffusion": PALETTE[5],
    "trigonometric": PALETTE[2],
    "straight": PALETTE[1],
    "kinetic-optimal": PALETTE[0],
}


def draw_figure(
    steps: int, evaluations: int, boards: list[Board], spheres: dict[int, Sphere], trained: dict[str, np.ndarray]
) -> "Figure":
    """Draw paths, separation, samples of so many Euler steps, energies against dimension and the networks' distances."""
    from matplotlib.figure import Figure

    with style():
        page = Figure(figsize=(13.0, 7.4), layout="constrained")
        axes = page.subplots(2, 4)
        _paths(axes[0, 0], boards[0])
        _separation(axes[0, 1], boards[0])
        _spheres(axes[0, 2], spheres)
        _networks(axes[0, 3], evaluations, trained)
        for ax, name in zip(axes[1], COLOURS):
            _samples(ax, steps, boards[0], name)
        handles, labels = axes[0, 0].get_legend_handles_labels()
        page.legend(handles, labels, loc="outside lower center", ncols=4)
    return page


def _paths(ax: "Axes", board: Board) -> None:
    times = np.linspace(0.0, 1.0, 200)
    for name, path in board.paths.items():
        a, m = jax.vmap(path.scales)(times)
        ax.plot(a, m, color=COLOURS[name], label=name)
    ax.set(title="Paths for the checkerboard", xlabel="scale of the data", ylabel="scale of the noise", aspect="equal")


def _separation(ax: "Axes", board: Board) -> None:
    angles = separation_angles(len(board.separation))
    ax.plot(angles, board.separation, color=INK, label="checkerboard")
    ax.plot(angles, np.sin(angles) ** 2, color=GREY, linestyle=(0, (4, 2)), label="normal law")
    ax.set(title="Separation of the data", xlabel="angle: 0 noise, π/2 data", ylabel="separation")
    ax.legend()


def _spheres(ax: "Axes", spheres: dict[int, Sphere]) -> None:
    for name, colour in COLOURS.items():
        ax.plot(list(spheres), [one.energies[name] for one in spheres.values()], color=colour, marker="o", markersize=4)
    ax.set(title="Random points: energy", xlabel="dimension", ylabel="kinetic energy per dimension", xscale="log")


def _networks(ax: "Axes", evaluations: int, trained: dict[str, np.ndarray]) -> None:
    for place, (name, values) in enumerate(trained.items()):
        ax.plot(np.full(len(values), place), values, "o", color=COLOURS[name], markersize=6, alpha=0.8)
    ax.set_xticks(range(len(trained)), [name.replace("-", "-\n") for name in trained], fontsize=8)
    ax.set(
        title=f"Networks, {evaluations} evaluations", ylabel="distance from the data", xlim=(-0.5, len(trained) - 0.5)
    )
    ax.set_ylim(bottom=0)


def _samples(ax: "Axes", steps: int, board: Board, name: str) -> None:
    points = board.samples[name]
    ax.scatter(*points.T, s=2, color=COLOURS[name], alpha=0.6, linewidths=0)
    ax.set(title=f"{name}: {steps} Euler steps", aspect="equal", xlim=(-2.4, 2.4), ylim=(-2.4, 2.4))
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(visible=False)
