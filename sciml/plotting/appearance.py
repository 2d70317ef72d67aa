"""The style: one palette, thin grey axes, no boxes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GREY, PALE = "#1b1f27", "#70757f", "#e4e6ea"
PALETTE = ("#1f5fa8", "#d5572b", "#2f8f6b", "#8a56ac", "#c49a1a", "#5b6b7c")
"""Colours of lines, in order: told apart in print and by colour-blind readers (blue, vermilion, ...)."""
MARKERS = ("o", "s", "D", "^", "v", "P")
SEQUENTIAL, DIVERGING = "magma", "RdBu_r"

_SETTINGS: dict[str, Any] = {
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "figure.facecolor": "white",
    "font.size": 10,
    "grid.color": PALE,
    "grid.linewidth": 0.7,
    "image.cmap": SEQUENTIAL,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "savefig.facecolor": "white",
    "text.color": INK,
    "xtick.color": GREY,
    "ytick.color": GREY,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the style of this library inside a `with` block; all settings are as before after it.

    Example:
        >>> from sciml.plotting import style
        >>> with style():
        ...     pass
    """
    matplotlib = require()
    cycle = matplotlib.cycler(color=PALETTE)
    with matplotlib.rc_context({**_SETTINGS, "axes.prop_cycle": cycle}):
        yield


def figure(rows: int = 1, columns: int = 1, *, width: float = 6.4, height: float = 3.6) -> "tuple[Figure, np.ndarray]":
    """Make a figure of `rows` x `columns` axes in the style.

    Args:
        rows: number of rows.
        columns: number of columns.
        width: of one axes, inches.
        height: of one axes, inches.

    Returns:
        The figure and a two-dimensional array of axes.

    Example:
        >>> from sciml.plotting import figure
        >>> page, axes = figure(1, 2)
        >>> axes.shape
        (1, 2)
    """
    require()
    from matplotlib.figure import Figure

    with style():
        page = Figure(figsize=(width * columns, height * rows), layout="constrained")
        axes = page.subplots(rows, columns, squeeze=False)
    return page, axes


def save(page: "Figure", path: str | Path) -> Path:
    """Write a figure; the ending of the name chooses the format (png, pdf, svg).

    Raises:
        ValueError: for an ending that matplotlib does not know.
    """
    path = Path(path)
    kinds = page.canvas.get_supported_filetypes()
    if path.suffix.removeprefix(".") not in kinds:
        raise ValueError(
            f"save: `path` must end in one of {', '.join('.' + k for k in sorted(kinds))}; got {path.name!r}."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    page.savefig(path, dpi=160, bbox_inches="tight")
    return path


def canvas(axes: "Axes | None", **size: float) -> "tuple[Figure, Axes]":
    """The figure of `axes`, or a new one with a single axes."""
    if axes is not None:
        return axes.get_figure(root=True), axes  # type: ignore[return-value]
    page, made = figure(**size)  # type: ignore[arg-type]
    return page, made[0, 0]


def require() -> Any:
    """Import matplotlib, or say how to get it."""
    try:
        import matplotlib
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("plotting needs matplotlib; install it with: pip install 'sciml[plot]'") from error
    return matplotlib
