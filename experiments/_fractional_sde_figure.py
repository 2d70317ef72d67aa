"""The figure of the experiment `fractional-sde`."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sciml.experiments._fractional_sde_runs import Bridge, Recovery
from sciml.plotting import style
from sciml.plotting.appearance import INK, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Found(NamedTuple):
    """What is drawn: truths and bridges by Hurst index, bridges of ordinary Brownian motion, estimates by index."""

    bridges: dict[float, tuple[np.ndarray, np.ndarray, list[Bridge]]]
    plain: list[Bridge]
    likelihood: dict[float, list[tuple[float, float]]]
    recovered: dict[float, list[Recovery]]


def draw_figure(found: Found) -> "Figure":
    """Draw paths and standard deviations of the first and last bridge, and the recovered indices."""
    from matplotlib.figure import Figure

    ends = list(dict.fromkeys((min(found.bridges), max(found.bridges))))
    with style():
        page = Figure(figsize=(4.6 * (len(ends) + 1), 7.2), layout="constrained")
        axes = page.subplots(2, len(ends) + 1, squeeze=False)
        for column, hurst in enumerate(ends):
            _paths(axes[0, column], hurst, found.bridges[hurst][2][0])
            _deviations(axes[1, column], hurst, found)
        _paths(axes[0, -1], None, found.plain[0])
        _indices(axes[1, -1], found)
    return page


def _paths(ax: "Axes", hurst: float | None, bridge: Bridge) -> None:
    times = np.concatenate([np.zeros(1), bridge.times])
    colour = PALETTE[0] if hurst is not None else PALETTE[1]
    for number, path in enumerate(bridge.paths[:12]):
        ax.plot(times, path, color=colour, linewidth=0.8, alpha=0.9 if number < 3 else 0.35)
    title = "Brownian motion, learned bridges" if hurst is None else f"H = {hurst:g}, learned bridges"
    ax.set(title=title, xlabel="t", ylabel="x", ylim=(-2.4, 2.4))


def _deviations(ax: "Axes", hurst: float, found: Found) -> None:
    exact, own, bridges = found.bridges[hurst]
    times = bridges[0].times
    ax.plot(times, exact, color=INK, linewidth=2.2, label="exact fractional Brownian motion")
    ax.plot(times, own, color=INK, linewidth=1.2, linestyle=(0, (4, 2)), label="law of the approximation")
    for seed, bridge in enumerate(bridges):
        ax.plot(
            times, bridge.deviation, color=PALETTE[0], linewidth=1.4, label="ours, each seed" if seed == 0 else None
        )
    for seed, bridge in enumerate(found.plain):
        ax.plot(
            times, bridge.deviation, color=PALETTE[1], linewidth=1.2, label="Brownian motion" if seed == 0 else None
        )
    ax.set(title=f"H = {hurst:g}", xlabel="t", ylabel="standard deviation", ylim=(0, None))
    ax.legend(fontsize=9, loc="lower center")


def _indices(ax: "Axes", found: Found) -> None:
    ax.plot([0, 1], [0, 1], color=INK, linewidth=1.0, linestyle=(0, (4, 2)))
    for number, hurst in enumerate(found.recovered):
        first = number == 0
        exact = [markov for markov, _ in found.likelihood[hurst]]
        ax.plot([hurst] * len(exact), exact, "o", color=PALETTE[2], label="exact likelihood" if first else None)
        learned = [one.bound for one in found.recovered[hurst]]
        ax.plot([hurst] * len(learned), learned, "D", color=PALETTE[0], label="bound" if first else None)
    ax.set(title="Recovered Hurst index", xlabel="true", ylabel="estimate", xlim=(0, 1), ylim=(0, 1))
    ax.legend(fontsize=9, loc="lower right")
