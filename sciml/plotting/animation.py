"""Animations: a curve or a field over time, as GIF or MP4."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sciml.grid import Grid
from sciml.plotting.appearance import figure, style
from sciml.plotting.images import _bar, _colours, _frameless

SUFFIXES = (".gif", ".mp4")


def animate(
    values: ArrayLike,
    grid: Grid,
    times: ArrayLike,
    path: str | Path,
    *,
    title: str = "",
    label: str = "u",
    frames_per_second: int = 20,
) -> Path:
    """Write a solution as a moving picture: a curve in 1-D, an image in 2-D, scales fixed over time.

    Args:
        values: real values, shape `(frames, *grid.shape)`.
        grid: the grid, 1-D or 2-D.
        times: times of the frames, shape `(frames,)`.
        path: where to write; `.gif`, or `.mp4`, which needs the program ffmpeg.
        title: above the axes, before the time.
        label: of the values.
        frames_per_second: speed.

    Returns:
        The path.

    Raises:
        ValueError: for wrong shapes or another suffix.
        RuntimeError: for `.mp4` where ffmpeg is not installed.

    Example:
        >>> import tempfile, pathlib, numpy as np, sciml
        >>> from sciml.plotting import animate
        >>> grid, times = sciml.Grid((16,), extent=(1.0,)), np.arange(2.0)
        >>> animate(np.ones((2, 16)), grid, times, pathlib.Path(tempfile.mkdtemp()) / "u.gif").suffix
        '.gif'
    """
    values, times, path = np.asarray(values), np.asarray(times), Path(path)
    if grid.dimension > 2 or values.shape != (times.size, *grid.shape):
        raise ValueError(
            f"animate: `values` must have shape (frames, *grid.shape) = {(times.size, *grid.shape)} in one or two dimensions, "
            f"got {values.shape}."
        )
    writer = _writer(path, frames_per_second)
    with style():
        page, axes = figure(1, 1, width=4.6, height=3.0 if grid.dimension == 1 else 4.0)
        draw = (_curve if grid.dimension == 1 else _image)(page, axes.flat[0], values, grid, label)
        with writer.saving(page, str(path), dpi=110):
            for frame, time in zip(values, times):
                draw(frame)
                axes.flat[0].set_title(f"{title}  t = {time:.3g}".strip())
                writer.grab_frame()
    return path


def _writer(path: Path, frames_per_second: int) -> Any:
    from matplotlib.animation import FFMpegWriter, PillowWriter

    if path.suffix == ".gif":
        return PillowWriter(fps=frames_per_second)
    if path.suffix != ".mp4":
        raise ValueError(f"animate: `path` must end in .gif or .mp4, got {path.name!r}.")
    if not FFMpegWriter.isAvailable():
        raise RuntimeError("animate: .mp4 needs the program ffmpeg, which is not installed; write a .gif instead.")
    return FFMpegWriter(fps=frames_per_second)


def _curve(page: Any, ax: Any, values: np.ndarray, grid: Grid, label: str) -> Callable[[np.ndarray], None]:
    low, high = float(values.min()), float(values.max())
    margin = 0.05 * (high - low) or 1.0
    x = grid.axes[0].coordinates()
    (line,) = ax.plot(x, values[0])
    ax.set(xlabel="x", ylabel=label, xlim=(x[0], x[-1]), ylim=(low - margin, high + margin))
    return line.set_ydata


def _image(page: Any, ax: Any, values: np.ndarray, grid: Grid, label: str) -> Callable[[np.ndarray], None]:
    extent = [bound for axis in grid.axes for bound in (axis.lower, axis.upper)]
    image = ax.imshow(values[0].T, origin="lower", extent=extent, interpolation="nearest", **_colours(values))
    _frameless(ax)
    _bar(page, image, ax, label)
    return lambda frame: image.set_data(frame.T)
