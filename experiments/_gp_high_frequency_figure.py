"""The figure of the experiment `gp-high-frequency`."""

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

from sciml.experiments._gp_high_frequency_runs import Case, Solved
from sciml.plotting import style
from sciml.plotting.appearance import GREY, INK, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = {"StM": PALETTE[0], "GM": PALETTE[1], "SE": PALETTE[2], "Matern": PALETTE[3], "SE, short": PALETTE[4]}


def draw_figure(cases: dict[str, Case], ours: dict[tuple[str, str], Solved]) -> "Figure":
    """Draw solutions, and errors before and after the kernels were fitted."""
    from matplotlib.figure import Figure

    with style():
        page = Figure(figsize=(13.0, 3.9), layout="constrained")
        first, second, third = page.subplots(1, 3)
        _solutions(first, "P1", cases["P1"], ours, 0.1)
        _solutions(second, "P2", cases["P2"], ours, 1.0)
        _errors(third, ours)
    return page


def _solutions(ax: "Axes", name: str, case: Case, ours: dict[tuple[str, str], Solved], share: float) -> None:
    probes = np.asarray(case.probes()[0])
    count = max(int(share * probes.size), 15)
    shown = slice(0, count, max(count // 30, 1))
    # The probes are too few for a line through a fast wave.
    x = np.linspace(probes[0], probes[shown][-1], 1000)
    exact = np.asarray(jax.vmap(case.exact)(jnp.asarray(x)))
    ax.plot(x, exact, color=INK, linewidth=1.5, label="exact")
    for kernel, size in (("Matern", 5), ("SE, short", 5), ("StM", 3)):
        mean = ours[name, kernel].mean
        if mean is not None:
            ax.plot(probes[shown], mean[shown], "o", markersize=size, color=_COLOURS[kernel], label=kernel)
    reach = 1.6 * float(np.abs(exact).max())
    ax.set(title=f"{name}: exact solution, means at probes", xlabel="x", ylim=(-reach, reach))
    ax.legend(loc="lower right", ncols=2)


def _errors(ax: "Axes", ours: dict[tuple[str, str], Solved]) -> None:
    names = list(dict.fromkeys(name for name, _ in ours))
    for (name, kernel), one in ours.items():
        place = names.index(name) + 0.15 * (list(_COLOURS).index(kernel) - 2)
        ax.plot([place, place], [one.start, one.error], color=GREY, linewidth=0.8)
        ax.plot(place, one.start, "o", color=_COLOURS[kernel], markerfacecolor="none")
        ax.plot(place, one.error, "o", color=_COLOURS[kernel], label=kernel if name == names[0] else None)
    ax.set_yscale("log")
    ax.set_xticks(range(len(names)), [name.replace(" ", "\n") for name in names])
    ax.set(title="Relative error: open before the fit, filled after")
    ax.legend()
