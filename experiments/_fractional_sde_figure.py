"""The figures of the experiment `fractional-sde`."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sciml.experiments._fractional_sde_nile import CUT, FIRST_LOW_YEAR, INDICES, Nile
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


def draw_nile(nile: Nile) -> "Figure":
    """Draw the flows with both levels, and the profiles of the likelihood over the Hurst index."""
    from matplotlib.figure import Figure

    with style():
        page = Figure(figsize=(11.5, 4.2), layout="constrained")
        left, right = page.subplots(1, 2)
        _flows(left, nile)
        _profiles(right, nile)
    return page


def _flows(ax: "Axes", nile: Nile) -> None:
    mean, before, after = nile.levels
    ax.plot(nile.years, nile.flows, color=INK, linewidth=0.9)
    ax.axhline(mean, color=PALETTE[0], linewidth=1.6, label="level")
    ax.step(
        nile.years, np.where(nile.years < FIRST_LOW_YEAR, before, after), where="mid", color=PALETTE[1],
        linewidth=1.6, label="level, change in 1899",
    )  # fmt: skip
    ax.set(title="Flow of the Nile at Aswan", xlabel="year", ylabel="1e8 cubic metres a year")
    ax.legend(fontsize=9)


def _profiles(ax: "Axes", nile: Nile) -> None:
    top = max(one.peak[1] for one in nile.changed.values())
    for colour, name, every in (
        (PALETTE[0], "level", nile.plain),
        (PALETTE[1], "level, change in 1899", nile.changed),
    ):
        exact, markov = every["exact"], every["Markov"]
        ax.plot(INDICES, exact.values, color=colour, linewidth=2.0, label=f"{name}: exact law")
        ax.plot(
            INDICES, markov.values, color=INK, linewidth=1.2, linestyle=(0, (4, 2)),
            label="approximation" if every is nile.changed else None,
        )  # fmt: skip
        ax.plot(exact.interval, [exact.peak[1] - CUT] * 2, "|-", color=colour, linewidth=1.0, markersize=9)
    ax.axvline(0.5, color=INK, linewidth=0.8, linestyle=":")
    ax.set(
        title="Log-likelihood, 95 % intervals", xlabel="Hurst index", ylabel="level and scale at their best",
        xlim=(0.2, 1.0), ylim=(top - 35, top + 3),
    )  # fmt: skip
    ax.legend(fontsize=9, loc="lower right")
