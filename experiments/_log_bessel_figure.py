"""The figure of the experiment `log-bessel`."""

from typing import TYPE_CHECKING, Any

import numpy as np

from sciml.experiments._log_bessel_runs import Accuracy, Fit
from sciml.plotting import style
from sciml.plotting.appearance import GREY, INK, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_figure(known: dict[str, Accuracy], speed: dict[str, float], fits: list[Fit]) -> "Figure":
    """Draw maps of the errors, times, and concentrations found."""
    from matplotlib.figure import Figure

    with style():
        page = Figure(figsize=(13.0, 3.9), layout="constrained")
        axes = page.subplots(1, 4)
        for ax, function in zip(axes, ("I", "K")):
            shown = _errors(ax, known, function)
        if known:
            page.colorbar(shown, ax=axes[1], label="log10 of the error")
        _times(axes[2], speed)
        _fits(axes[3], fits)
    return page


def _errors(ax: "Axes", known: dict[str, Accuracy], function: str) -> Any:
    shown: Any = None
    for one in known.values():
        digits = np.log10(np.maximum(one.errors[function], 1e-17))
        shown = ax.scatter(one.orders, one.arguments, c=digits, s=4, vmin=-17, vmax=-12, cmap="viridis", linewidths=0)
    ax.set(title=f"Error of log {function}", xlabel="order", ylabel="argument", xscale="log", yscale="log")
    return shown


def _times(ax: "Axes", speed: dict[str, float]) -> None:
    colours = [PALETTE[0] if name.startswith("log") else GREY for name in speed]
    ax.bar(range(len(speed)), list(speed.values()), color=colours)
    ax.set_xticks(range(len(speed)), [name.replace(" ", "\n") for name in speed])
    ax.set(title="Seconds for all pairs")


def _fits(ax: "Axes", fits: list[Fit]) -> None:
    places = np.log2([fit.dimension for fit in fits])
    for name, colour, shift in (("plain", GREY, -0.1), ("corrected", PALETTE[0], 0.1)):
        off = [(getattr(fit, name) - fit.true) / fit.deviation for fit in fits]
        label = "by likelihood" if name == "plain" else name
        ax.plot(places + shift, off, "o", color=colour, label=label)
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.set_yscale("symlog", linthresh=3)
    ax.set_xticks(sorted(set(places)), [f"{2**place:.0f}" for place in sorted(set(places))])
    ax.set(title="Error of the concentration", xlabel="dimension", ylabel="standard errors")
    ax.legend()
