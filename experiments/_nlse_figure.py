"""The figure of the experiment `nlse`."""

from typing import TYPE_CHECKING

import numpy as np

from sciml.experiments._nlse_runs import Growth, Trajectory
from sciml.plotting import style
from sciml.plotting.appearance import INK, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TITLES = {
    "single": "single soliton",
    "two": "two solitons",
    "breather": "the published “breather”",
    "noisy": "noisy Gaussian",
}


def draw_figure(cases: dict[str, Trajectory], breather: Trajectory, growth: Growth) -> "Figure":
    """Draw `|psi|^2` of the four cases and of the true breather, and the growth of small waves."""
    from matplotlib.figure import Figure

    with style():
        page = Figure(figsize=(14.5, 7.6), layout="constrained")
        page.get_layout_engine().set(w_pad=0.08, h_pad=0.08, wspace=0.03)  # type: ignore[union-attr]
        axes = page.subplots(2, 3).ravel()
        for ax, (name, case) in zip(axes, cases.items()):
            _space_time(page, ax, case, _TITLES[name])
            if name in ("breather", "noisy"):
                ax.set_ylim(-14, 14)
        _space_time(page, axes[4], breather, "Akhmediev's breather, a = 1/4")
        _growth(axes[5], growth)
    return page


def _space_time(page: "Figure", ax: "Axes", case: Trajectory, title: str) -> None:
    density = np.abs(case.values[:, 0]) ** 2
    axis, times = case.grid.axes[0], case.times
    image = ax.imshow(density.T, origin="lower", aspect="auto", cmap="inferno", interpolation="bilinear",
                      extent=(float(times[0]), float(times[-1]), axis.lower, axis.lower + axis.length))  # fmt: skip
    ax.set(title=title, xlabel="t", ylabel="x")
    ax.grid(False)
    bar = page.colorbar(image, ax=ax, pad=0.02, fraction=0.05, aspect=28)
    bar.ax.set_title("|ψ|²", fontsize=9)
    bar.outline.set_visible(False)  # type: ignore[operator]


def _growth(ax: "Axes", growth: Growth) -> None:
    for number, (wave, rate, colour) in enumerate(zip(growth.waves, growth.theory, PALETTE)):
        for seed, amplitudes in enumerate(growth.amplitudes):
            label = f"{wave} periods, rate {rate:.3f}" if seed == 0 else None
            ax.plot(growth.times, amplitudes[:, number], color=colour, linewidth=1.0, alpha=0.7, label=label)
        middle = np.argmin(np.abs(growth.times - 7.5))
        height = np.exp(np.log(growth.amplitudes[:, middle, number]).mean())
        t = np.array([5.0, 10.0])
        ax.plot(t, 8 * height * np.exp(rate * (t - 7.5)), color=INK, linewidth=1.4, linestyle=(0, (4, 2)), zorder=5,
                label="slopes of theory" if number == 0 else None)  # fmt: skip
    ax.set(yscale="log", xlabel="t", ylabel="amplitude", title="Noise of 1e-8 on a plane wave", ylim=(1e-11, 3))
    ax.legend(fontsize=9, loc="lower right")
