"""The figures of the experiments `ernode` and `local-nde`."""

from typing import TYPE_CHECKING

import numpy as np

from sciml.experiments._cheap_ode_noise import TrainedNoise
from sciml.experiments._cheap_ode_training import Arm, Runs
from sciml.plotting import style
from sciml.plotting.appearance import INK, MARKERS, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS, _MARKERS = (INK, *PALETTE), (*MARKERS, "X")


def draw_global(arms: dict[str, Arm], digits: Runs, spiral: Runs, noisy: dict[str, list[TrainedNoise]]) -> "Figure":
    """Draw the steps along training, and steps against accuracy, for the three problems."""
    from matplotlib.figure import Figure

    with style():
        page = Figure(figsize=(13.5, 7.6), layout="constrained")
        axes = page.subplots(2, 3)
        courses(axes[0, 0], arms, digits, "Digits: steps of a training solve")
        courses(axes[0, 1], arms, spiral, "Spiral: steps of a training solve")
        _noisy_courses(axes[0, 2], noisy)
        prices(axes[1, 0], arms, digits, "Digits: each seed", "accuracy, per cent")
        prices(axes[1, 1], arms, spiral, "Spiral: each seed", "a hundred less relative error, per cent")
        _noisy_prices(axes[1, 2], noisy)
        handles, labels = axes[0, 0].get_legend_handles_labels()
        page.legend(handles, labels, loc="outside lower center", ncols=len(arms))
    return page


def draw_local(arms: dict[str, Arm], runs: Runs) -> "Figure":
    """Draw the steps along training, steps against accuracy, and the time of a training step."""
    from matplotlib.figure import Figure

    with style():
        page = Figure(figsize=(13.5, 4.4), layout="constrained")
        axes = page.subplots(1, 3)
        courses(axes[0], arms, runs, "Steps of a training solve")
        prices(axes[1], arms, runs, "Test data: each seed", "accuracy, per cent")
        _times(axes[2], arms, runs)
        handles, labels = axes[0].get_legend_handles_labels()
        page.legend(handles, labels, loc="outside lower center", ncols=len(arms))
    return page


def smooth(values: np.ndarray, window: int = 15) -> np.ndarray:
    """Running mean, shorter at the start."""
    sums = np.cumsum(np.concatenate([np.zeros(1), values]))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    return (sums[ends] - sums[starts]) / (ends - starts)


def courses(ax: "Axes", arms: dict[str, Arm], runs: Runs, title: str) -> None:
    """Mean of the seeds, over the iterations."""
    for (name, arm), colour in zip(arms.items(), _COLOURS):
        if name in runs:
            ax.plot(smooth(np.mean([one.steps for one, _ in runs[name]], axis=0)), color=colour, label=arm.title)
    ax.set(title=title, xlabel="iteration", ylabel="accepted and rejected steps")
    ax.set_ylim(bottom=0)


def prices(ax: "Axes", arms: dict[str, Arm], runs: Runs, title: str, label: str) -> None:
    """Each seed as a point, steps against score; points that coincide are moved apart a little."""
    for number, ((name, _), colour) in enumerate(zip(arms.items(), _COLOURS)):
        judged = [one for _, one in runs.get(name, [])]
        steps = np.array([one.steps for one in judged]) * (1 + 0.012 * (number - len(arms) / 2))
        marker = _MARKERS[number % len(_MARKERS)]
        ax.plot(steps, [one.score for one in judged], marker, color=colour, markersize=7, alpha=0.85)
    ax.set(title=title, xlabel="steps of a prediction", ylabel=label)


def _noisy_courses(ax: "Axes", noisy: dict[str, list[TrainedNoise]]) -> None:
    for (_, done), colour in zip(noisy.items(), _COLOURS):
        for one in done:
            ax.plot(smooth(one.steps), color=colour, linewidth=1.1)
    ax.set(title="Spiral with noise, each seed", xlabel="iteration", ylabel="accepted and rejected steps")
    ax.set_ylim(bottom=0)


def _noisy_prices(ax: "Axes", noisy: dict[str, list[TrainedNoise]]) -> None:
    for number, ((_, done), colour) in enumerate(zip(noisy.items(), _COLOURS)):
        ax.plot(
            [one.test_steps for one in done], [one.loss for one in done], _MARKERS[number], color=colour, markersize=7
        )
    ax.set(title="Spiral with noise: each seed", xlabel="steps of a prediction", ylabel="test loss", yscale="log")


def _times(ax: "Axes", arms: dict[str, Arm], runs: Runs) -> None:
    for place, ((name, _), colour) in enumerate(zip(arms.items(), _COLOURS)):
        times = [1e3 * one.seconds / len(one.steps) for one, _ in runs[name]]
        ax.bar(place, np.median(times), 0.7, color=colour)
    ax.set_xticks(range(len(arms)), [arm.title.replace(" ", "\n", 1) for arm in arms.values()], fontsize=8)
    ax.set(title="Time of a training step", ylabel="ms")
    ax.grid(visible=False, axis="x")
    ax.set_axisbelow(True)
