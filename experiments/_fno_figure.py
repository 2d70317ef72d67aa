"""The figure of the experiment `fno`: one function, errors against resolution, errors by wavenumber."""

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from sciml.plotting import style
from sciml.plotting.appearance import GREY, INK, MARKERS, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The published curves stay in the background: two greys, told apart by their marks.
_BACKGROUND = "#a3a8b1"


@dataclasses.dataclass(frozen=True)
class Curves:
    """Numbers of the figure; models by name.

    Attributes:
        trained_at: nodes of the training functions.
        initial: one initial function at a finer resolution.
        exact: its solution.
        predictions: what the models make of it.
        errors: relative L2 errors by resolution.
        published: those of the paper.
        target_spectrum: root mean square amplitude of each wavenumber of the solutions.
        error_spectra: of the differences from them.
    """

    trained_at: int
    initial: Float[np.ndarray, "n"]
    exact: Float[np.ndarray, "n"]
    predictions: dict[str, Float[np.ndarray, "n"]]
    errors: dict[str, dict[int, float]]
    published: dict[str, dict[int, float]]
    target_spectrum: Float[np.ndarray, "shells"]
    error_spectra: dict[str, Float[np.ndarray, "shells"]]


def draw_figure(curves: Curves) -> "Figure":
    """Draw the three panels."""
    from matplotlib.figure import Figure

    with style():
        page = Figure(figsize=(14.5, 4.6), layout="constrained")
        page.get_layout_engine().set(w_pad=0.12)  # type: ignore[union-attr]
        left, middle, right = page.subplots(1, 3, width_ratios=(1.25, 1, 1))
        _profiles(left, curves)
        _errors(middle, curves)
        _spectra(right, curves)
    return page


def _profiles(ax: "Axes", curves: Curves) -> None:
    count = curves.exact.size
    x = 2 * math.pi * np.arange(count) / count
    ax.plot(x, curves.initial, color=_BACKGROUND, linewidth=1, linestyle=(0, (4, 2)), label="u(x, 0), the input")
    ax.plot(x, curves.exact, color=GREY, linewidth=5, alpha=0.4, label="u(x, 1), exact")
    for (name, values), colour in reversed(list(zip(curves.predictions.items(), PALETTE))):
        ax.plot(x, values, color=colour, label=name)
    factor = count // curves.trained_at
    ax.set(title=f"One function at {factor}x the training resolution (s = {count})", xlabel="x", ylabel="u")
    ax.set_xticks([0, math.pi, 2 * math.pi], ["0", "π", "2π"])
    ax.margins(x=0)
    ax.legend(fontsize=9)


def _errors(ax: "Axes", curves: Curves) -> None:
    for (name, values), mark in zip(curves.published.items(), ("x", "+")):
        ax.plot(list(values), list(values.values()), color=_BACKGROUND, marker=mark, linewidth=1.1, zorder=1,
                label=f"paper, {name}, trained at each s")  # fmt: skip
    for (name, values), colour, mark in zip(curves.errors.items(), PALETTE, MARKERS):
        ax.plot(list(values), list(values.values()), color=colour, marker=mark, label=name, zorder=3)
    ax.axvline(curves.trained_at, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    ax.set(xscale="log", yscale="log", title="Error against resolution", xlabel="grid points s",
           ylabel="relative L2 error")  # fmt: skip
    points = sorted({s for values in (*curves.published.values(), *curves.errors.values()) for s in values})
    ax.set_xticks(points, [str(s) for s in points])
    ax.minorticks_off()
    ax.legend(fontsize=9)


def _spectra(ax: "Axes", curves: Curves) -> None:
    waves = np.arange(curves.target_spectrum.size)[1:]
    ax.plot(waves, curves.target_spectrum[1:], color=GREY, linewidth=5, alpha=0.4, label="solution")
    for (name, values), colour in zip(curves.error_spectra.items(), PALETTE):
        ax.plot(waves, values[1:], color=colour, label=f"error of {name}")
    ax.set(xscale="log", yscale="log", title="Where the error sits", xlabel="wavenumber", ylabel="amplitude (rms)")
    ax.legend(fontsize=9)
