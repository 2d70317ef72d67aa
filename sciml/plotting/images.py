"""Images: space-time plots and fields side by side."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from sciml.grid import Grid
from sciml.plotting.appearance import DIVERGING, SEQUENTIAL, canvas, figure, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def space_time(
    values: ArrayLike,
    grid: Grid,
    times: ArrayLike,
    *,
    title: str = "",
    label: str = "u",
    axes: "Axes | None" = None,
) -> "Figure":
    """A 1-D solution over time: position upwards, time to the right.

    Args:
        values: real values, shape `(frames, n)`.
        grid: the 1-D grid.
        times: rising times of the frames, shape `(frames,)`.
        title: of the axes.
        label: of the colour bar.
        axes: where to draw; a new figure if None.

    Example:
        >>> import numpy as np, sciml
        >>> from sciml.plotting import space_time
        >>> page = space_time(np.zeros((4, 16)), sciml.Grid((16,), extent=(1.0,)), np.arange(4.0))
        >>> page.axes[0].get_xlabel()
        't'
    """
    values, times = np.asarray(values), np.asarray(times)
    if grid.dimension != 1 or values.shape != (times.size, *grid.shape):
        raise ValueError(
            f"space_time: `values` must have shape (frames, n) = {(times.size, *grid.shape)} on a 1-D grid, got "
            f"{values.shape}."
        )
    with style():
        page, ax = canvas(axes)
        mesh = ax.pcolormesh(
            times, grid.axes[0].coordinates(), values.T, shading="nearest", rasterized=True, **_colours(values)
        )
        ax.set(xlabel="t", ylabel="x", title=title)
        _frameless(ax)
        _bar(page, mesh, ax, label)
    return page


def field_grid(
    fields: Mapping[str, ArrayLike],
    grid: Grid,
    *,
    columns: int = 4,
    shared: bool = True,
    label: str = "",
) -> "Figure":
    """2-D fields side by side.

    Args:
        fields: title -> real values, shape `grid.shape`.
        grid: the 2-D grid.
        columns: axes per row.
        shared: one colour scale for all, so that they compare; otherwise one each.
        label: of the colour bar.

    Example:
        >>> import numpy as np, sciml
        >>> from sciml.plotting import field_grid
        >>> page = field_grid({"a": np.eye(8), "b": np.ones((8, 8))}, sciml.Grid((8, 8), extent=(1.0, 1.0)))
        >>> [ax.get_title(loc="left") for ax in page.axes[:2]]
        ['a', 'b']
    """
    images = {title: np.asarray(values) for title, values in fields.items()}
    wrong = {title: image.shape for title, image in images.items() if image.shape != grid.shape}
    if grid.dimension != 2 or wrong or not images:
        raise ValueError(f"field_grid: fields must have the shape of a 2-D grid, {grid.shape}; got {wrong or 'none'}.")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    extent = [bound for axis in grid.axes for bound in (axis.lower, axis.upper)]
    whole = _colours(np.stack(list(images.values())))
    page, axes = figure(rows, columns, width=2.6, height=2.4)
    with style():
        drawn = None
        for ax, (title, image) in zip(axes.flat, images.items()):
            colours = whole if shared else _colours(image)
            drawn = ax.imshow(image.T, origin="lower", extent=extent, interpolation="nearest", **colours)
            ax.set_title(title)
            ax.set(xticks=[], yticks=[])
            _frameless(ax)
            if not shared:
                _bar(page, drawn, ax, label)
        for ax in axes.flat[len(images) :]:
            ax.set_visible(False)
        if shared:
            _bar(page, drawn, list(axes.flat), label)
    return page


def _colours(values: np.ndarray) -> dict[str, Any]:
    """A diverging scale centred on zero for data of both signs, else a sequential one."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low < 0 < high and min(-low, high) > 0.1 * max(-low, high):
        bound = max(-low, high)
        return {"cmap": DIVERGING, "vmin": -bound, "vmax": bound}
    return {"cmap": SEQUENTIAL, "vmin": low, "vmax": high if high > low else low + 1}


def _frameless(ax: "Axes") -> None:
    ax.grid(False)
    ax.spines[:].set_visible(False)


def _bar(page: "Figure", mappable: Any, axes: Any, label: str) -> None:
    bar = page.colorbar(mappable, ax=axes, pad=0.02, fraction=0.04, aspect=30, label=label)
    bar.outline.set_visible(False)  # type: ignore[operator]
