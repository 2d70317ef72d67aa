"""Figures and animations of solutions, for the commands that make them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class View:
    """States to be shown.

    Attributes:
        values: `(frames, components, *grid.shape)`.
        times: `(frames,)`.
        grid: where they are.
        equation: whose state it is.
    """

    values: np.ndarray
    times: np.ndarray
    grid: Any
    equation: Any

    @property
    def title(self) -> str:
        """Name of the equation."""
        return type(self.equation).__name__

    @property
    def label(self) -> str:
        """Name of the first component, of its modulus where it is complex; of the plane that is shown."""
        label = self.equation.component_names(self.grid.dimension)[0]
        label = f"|{label}|" if np.iscomplexobj(self.values) else label
        if self.grid.dimension < 3:
            return label
        return f"{label} at z = {self.grid.axes[2].coordinates()[self.grid.shape[2] // 2]:.3g}"


def frames_wanted(count: int, dimension: int, path: Path) -> np.ndarray:
    """Numbers of the frames that a picture of `count` states needs: no more than can be seen."""
    most = 400 if _moves(path) else 1000 if dimension == 1 else 6
    return np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int))


def draw(view: View, path: Path) -> None:
    """Write a figure, or by its ending an animation."""
    from sciml import plotting

    if _moves(path):
        plotting.animate(*_shown(view), path, title=view.title, label=view.label)
    else:
        plotting.save(figure_of(view), path)


def figure_of(view: View) -> Any:
    """Space-time plot in 1-D, six frames in 2-D and of the middle plane in 3-D; the first component, its modulus where complex."""
    from sciml import plotting

    values, grid, times = _shown(view)
    if grid.dimension == 1:
        return plotting.space_time(values, grid, times, title=view.title, label=view.label)
    shown = np.unique(np.linspace(0, len(times) - 1, 6).round().astype(int))
    return plotting.field_grid({f"t = {times[i]:.3g}": values[i] for i in shown}, grid, columns=3, label=view.label)


def _moves(path: Path) -> bool:
    return path.suffix in (".gif", ".mp4")


def _shown(view: View) -> tuple[np.ndarray, Any, np.ndarray]:
    """What a picture shows of a solution: values, their grid, times."""
    import sciml

    grid, values = view.grid, np.asarray(view.values)[:, 0]
    values = np.abs(values) if np.iscomplexobj(values) else values
    if grid.dimension == 3:
        values = values[..., grid.shape[2] // 2]
        grid = sciml.Grid(
            grid.shape[:2],
            extent=[(axis.lower, axis.upper) for axis in grid.axes[:2]],
            boundary=[axis.boundary for axis in grid.axes[:2]],
            nodes=[axis.nodes for axis in grid.axes[:2]],
        )
    return (*_evenly(values, grid), np.asarray(view.times)) if grid.dimension == 2 else (values, grid, view.times)


def _evenly(values: np.ndarray, grid: Any) -> tuple[np.ndarray, Any]:
    """Values on cells of one size, as an image shows them."""
    import sciml

    even = sciml.Grid(grid.shape, extent=[(axis.lower, axis.upper) for axis in grid.axes])
    for number, (axis, cells) in enumerate(zip(grid.axes, even.axes)):
        if axis.nodes == "chebyshev":
            middles = cells.coordinates() + cells.spacing / 2
            matrix = np.stack([np.interp(middles, axis.coordinates(), unit) for unit in np.eye(axis.count)])
            values = np.moveaxis(np.moveaxis(values, number + 1, -1) @ matrix, -1, number + 1)
    return values, even
