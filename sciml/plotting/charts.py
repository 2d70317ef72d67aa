"""Lines: profiles, errors against resolution, training histories."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from sciml.plotting.appearance import GREY, MARKERS, PALETTE, canvas, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def lines(
    x: ArrayLike,
    curves: Mapping[str, ArrayLike],
    *,
    reference: str | None = None,
    title: str = "",
    xlabel: str = "x",
    ylabel: str = "u",
    axes: "Axes | None" = None,
) -> "Figure":
    """Profiles over one coordinate.

    Args:
        x: coordinate, shape `(n,)`.
        curves: name -> values, shape `(n,)`.
        reference: name of the curve to draw broad and grey below the others.
        title: of the axes.
        xlabel: of the coordinate.
        ylabel: of the values.
        axes: where to draw; a new figure if None.

    Example:
        >>> import numpy as np
        >>> from sciml.plotting import lines
        >>> x = np.linspace(0, 1, 9)
        >>> page = lines(x, {"exact": np.sin(x), "FNO": x}, reference="exact")
        >>> len(page.axes)
        1
    """
    with style():
        page, ax = canvas(axes)
        others = 0
        for name, values in curves.items():
            if name == reference:
                ax.plot(np.asarray(x), np.asarray(values), color=GREY, linewidth=4.5, alpha=0.45, label=name, zorder=1)
            else:
                ax.plot(np.asarray(x), np.asarray(values), color=PALETTE[others % len(PALETTE)], label=name, zorder=2)
                others += 1
        ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
        ax.margins(x=0)
        if len(curves) > 1:
            ax.legend()
    return page


def error_chart(
    resolutions: Sequence[int],
    errors: Mapping[str, ArrayLike],
    *,
    trained_at: int | None = None,
    title: str = "",
    xlabel: str = "grid points",
    ylabel: str = "relative L2 error",
    axes: "Axes | None" = None,
) -> "Figure":
    """Error against resolution, both logarithmic; several seeds show as their median and range.

    Args:
        resolutions: one number per point.
        errors: name -> errors, shape `(resolutions,)` or `(seeds, resolutions)`.
        trained_at: resolution of the training data, marked by a line.
        title: of the axes.
        xlabel: of the resolution.
        ylabel: of the error.
        axes: where to draw; a new figure if None.

    Example:
        >>> from sciml.plotting import error_chart
        >>> page = error_chart([128, 256], {"FNO": [0.01, 0.01], "CNN": [[0.02, 0.2], [0.03, 0.3]]}, trained_at=128)
        >>> page.axes[0].get_yscale()
        'log'
    """
    points = np.asarray(resolutions)
    with style():
        page, ax = canvas(axes)
        if trained_at is not None:
            ax.axvline(trained_at, color=GREY, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
            ax.annotate("trained here", (trained_at, 1.0), xycoords=("data", "axes fraction"), xytext=(4, -3),
                        textcoords="offset points", va="top", fontsize=9, color=GREY)  # fmt: skip
        for number, (name, values) in enumerate(errors.items()):
            runs = np.atleast_2d(np.asarray(values, float))
            if runs.shape[1:] != points.shape:
                raise ValueError(
                    f"error_chart: {name!r} has errors of shape {runs.shape} for {points.size} resolutions."
                )
            colour, marker = PALETTE[number % len(PALETTE)], MARKERS[number % len(MARKERS)]
            ax.plot(points, np.median(runs, axis=0), color=colour, marker=marker, label=name, zorder=3)
            if len(runs) > 1:
                ax.fill_between(points, runs.min(axis=0), runs.max(axis=0), color=colour, alpha=0.18, linewidth=0)
        ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel, title=title)
        ax.set_xticks(points, [str(p) for p in points])
        ax.minorticks_off()
        ax.legend()
    return page


def history_chart(
    steps: ArrayLike,
    curves: Mapping[str, ArrayLike],
    *,
    title: str = "",
    ylabel: str = "loss",
    axes: "Axes | None" = None,
) -> "Figure":
    """Losses against training steps, on a logarithmic scale.

    Args:
        steps: step of every point, shape `(n,)`.
        curves: name -> positive values, shape `(n,)`; values that are not finite leave gaps.
        title: of the axes.
        ylabel: of the values.
        axes: where to draw; a new figure if None.

    Example:
        >>> from sciml.plotting import history_chart
        >>> page = history_chart([1, 2, 3], {"training": [1.0, 0.5, 0.2]})
        >>> page.axes[0].get_xlabel()
        'step'
    """
    page = lines(steps, curves, title=title, xlabel="step", ylabel=ylabel, axes=axes)
    (page.axes[0] if axes is None else axes).set_yscale("log")
    return page
