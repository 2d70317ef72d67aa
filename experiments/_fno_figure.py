"""The figure of the experiment `fno`."""

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from sciml.plotting import style
from sciml.plotting.appearance import GREY, INK, MARKERS, PALE, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The published curves stay in the background: two greys, told apart by their marks.
_BACKGROUND = "#a3a8b1"


@dataclasses.dataclass(frozen=True)
class Sample:
    """One test function at one resolution.

    Attributes:
        initial: u(x, 0).
        exact: u(x, 1).
        predictions: what the models make of it.
    """

    initial: Float[np.ndarray, "n"]
    exact: Float[np.ndarray, "n"]
    predictions: dict[str, Float[np.ndarray, "n"]]


@dataclasses.dataclass(frozen=True)
class Curves:
    """Numbers of the figure; models by name.

    Attributes:
        samples: the same function at the training resolution and at a finer one.
        modes: wavenumbers that the Fourier layers keep.
        errors: relative L2 errors by resolution.
        interpolated: those of the CNN when it only sees the training resolution.
        published: those of the paper.
        target_spectrum: root mean square amplitude of each wavenumber of the solutions, at the finer resolution.
        error_spectra: of the differences from them.
    """

    samples: tuple[Sample, Sample]
    modes: int
    errors: dict[str, dict[int, float]]
    interpolated: dict[int, float]
    published: dict[str, dict[int, float]]
    target_spectrum: Float[np.ndarray, "shells"]
    error_spectra: dict[str, Float[np.ndarray, "shells"]]


def draw_figure(curves: Curves) -> "Figure":
    """Draw one function at two resolutions, errors against resolution, and errors by wavenumber."""
    from matplotlib.figure import Figure

    with style():
        page = Figure(figsize=(14.5, 5.0), layout="constrained")
        page.get_layout_engine().set(w_pad=0.08, wspace=0.03)  # type: ignore[union-attr]
        grid = page.add_gridspec(2, 3, width_ratios=(1.25, 1, 1))
        top = page.add_subplot(grid[0, 0])
        bottom = page.add_subplot(grid[1, 0], sharex=top, sharey=top)
        for ax, sample in zip((top, bottom), curves.samples):
            _profiles(ax, sample, factor=sample.exact.size // curves.samples[0].exact.size)
        low, high = top.get_ylim()
        top.set_ylim(low, high + 0.18 * (high - low))  # room for the legend
        top.tick_params(labelbottom=False)
        bottom.set_xlabel("x")
        _errors(page.add_subplot(grid[:, 1]), curves)
        _spectra(page.add_subplot(grid[:, 2]), curves)
    return page


def _profiles(ax: "Axes", sample: Sample, factor: int) -> None:
    count = sample.exact.size
    x = 2 * math.pi * np.arange(count + 1) / count
    curves = {name: np.append(values, values[0]) for name, values in sample.predictions.items()}
    initial, exact = (np.append(values, values[0]) for values in (sample.initial, sample.exact))
    ax.plot(x, initial, color=_BACKGROUND, linewidth=0.9, linestyle=(0, (4, 2)), label="u(x, 0)")
    ax.plot(x, exact, color=GREY, linewidth=5.5, alpha=0.4, label="exact u(x, 1)")
    place = 1.0
    for (name, values), colour in reversed(list(zip(curves.items(), PALETTE))):
        ax.plot(x, values, color=colour, linewidth=1.6, label=name)
        error = np.linalg.norm(values[1:] - exact[1:]) / np.linalg.norm(exact[1:])
        ax.annotate(f"{name} error {_percent(error)}", (place, 1), xycoords="axes fraction", xytext=(0, 6),
                    textcoords="offset points", ha="right", color=colour, fontsize=9, weight="bold")  # fmt: skip
        place -= 0.29
    ax.set(title=f"s = {count}, trained here" if factor == 1 else f"s = {count}, same weights", ylabel="u")
    ax.set_xticks([0, math.pi, 2 * math.pi], ["0", "π", "2π"])
    ax.margins(x=0)
    if factor == 1:
        ax.legend(fontsize=9, ncols=4, loc="upper center", handlelength=1.6, columnspacing=1.4)


def _errors(ax: "Axes", curves: Curves) -> None:
    for (name, values), mark, above in zip(curves.published.items(), ("x", "+"), (True, False)):
        ax.plot(list(values), list(values.values()), color=_BACKGROUND, marker=mark, linewidth=1.1, zorder=1)
        _name(ax, values, f"paper: {name}", _BACKGROUND, end=-1, above=above)
    for (name, values), colour, mark in zip(curves.errors.items(), PALETTE, MARKERS):
        ax.plot(list(values), list(values.values()), color=colour, marker=mark, zorder=3)
        _name(ax, values, name, colour, end=-1, above=name != "FNO", weight="bold")
    cnn = PALETTE[1]
    ax.plot(list(curves.interpolated), list(curves.interpolated.values()), color=cnn, linewidth=1,
            linestyle=(0, (4, 2)), zorder=2)  # fmt: skip
    _name(ax, curves.interpolated, "CNN at the training resolution, interpolated", cnn, end=1, above=True)
    coarse = curves.samples[0].exact.size
    ax.axvline(coarse, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    ax.annotate("trained here", (coarse, 1), xycoords=("data", "axes fraction"), xytext=(5, -4),
                textcoords="offset points", va="top", fontsize=9, color=INK)  # fmt: skip
    ax.annotate("grey: published,\ntrained anew at each s", (1, 1), xycoords="axes fraction", xytext=(-2, -4),
                textcoords="offset points", ha="right", va="top", fontsize=9, color=GREY)  # fmt: skip
    ax.set(xscale="log", yscale="log", title="Error on new functions against resolution", xlabel="grid points s",
           ylabel="relative L2 error")  # fmt: skip
    points = sorted({s for values in (*curves.published.values(), *curves.errors.values()) for s in values})
    ax.set_xticks(points, [str(s) for s in points])
    ax.minorticks_off()
    ax.margins(y=0.09)


def _name(
    ax: "Axes", values: dict[int, float], text: str, colour: str, *, end: int, above: bool, weight: str = "normal"
) -> None:
    """Write the name of a curve beside its point number `end`."""
    x, y = list(values.items())[end]
    ax.annotate(text, (x, y), xytext=(0, 7 if above else -7), textcoords="offset points", color=colour, fontsize=9,
                ha="right" if end == -1 else "left", va="bottom" if above else "top", weight=weight)  # fmt: skip


def _spectra(ax: "Axes", curves: Curves) -> None:
    # Neither the mean nor the highest wavenumber, of which an even grid holds the cosine only.
    shells = slice(1, curves.target_spectrum.size - 1)
    waves = np.arange(curves.target_spectrum.size)[shells]
    ax.axvspan(waves[0], curves.modes, color=PALE, alpha=0.6, linewidth=0, zorder=0)
    ax.plot(waves, curves.target_spectrum[shells], color=GREY, linewidth=5.5, alpha=0.4, label="solution")
    for (name, values), colour in reversed(list(zip(curves.error_spectra.items(), PALETTE))):
        ax.plot(waves, values[shells], color=colour, label=f"error of {name}")
    lowest = min(values[shells].min() for values in curves.error_spectra.values())
    ax.set(xscale="log", yscale="log", xlabel="wavenumber", ylabel="amplitude (rms over functions)")
    ax.set(title=f"Where the error sits, s = {curves.samples[1].exact.size}", xlim=(1, waves[-1]))
    ax.set_ylim(bottom=lowest / 4)
    ax.annotate("modes kept by the FNO", (1, 0), xycoords=("data", "axes fraction"), xytext=(5, 5),
                textcoords="offset points", va="bottom", fontsize=9, color=GREY)  # fmt: skip
    ax.legend(fontsize=9)


def _percent(error: float | np.floating) -> str:
    return f"{100 * error:.2g} %" if error < 1 else f"{100 * error:.0f} %"
