"""The figure of the experiment `sho-flares`."""

from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from sciml.experiments._sho_flares_runs import MODELS, SOLVER, Curve, oscillation
from sciml.gp import GP
from sciml.kernels import Kernel
from sciml.plotting import style
from sciml.plotting.appearance import GREY, INK, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_figure(results: dict[str, list], truth: Any) -> "Figure":
    """Draw a light curve with its fit, spectra, differences of AICc, and qualities with time scales."""
    from matplotlib.figure import Figure

    with style(), jax.enable_x64(True):
        page = Figure(figsize=(13.0, 3.9), layout="constrained")
        axes = page.subplots(1, 4)
        _light_curve(axes[0], *results["SHO"][0][:2])
        _spectra(axes[1], results["SHO"][0][1], truth)
        _criteria(axes[2], results)
        _oscillators(axes[3], results, truth)
    return page


def _light_curve(ax: "Axes", curve: Any, fits: dict[str, Any]) -> None:
    days = jnp.linspace(curve.times[0] - 1, curve.times[-1] + 1, 600)
    fit = fits["SHO"]
    mean, variance = map(np.asarray, _predict(fit.kernel, curve, jnp.asarray(fit.mean), days))
    width = 2 * np.sqrt(variance)
    ax.errorbar(curve.times, curve.values, np.sqrt(curve.noise), fmt=".", color=GREY, markersize=2, elinewidth=0.5)
    ax.plot(days, mean, color=PALETTE[0], linewidth=1.2)
    ax.fill_between(days, mean - width, mean + width, color=PALETTE[0], alpha=0.25, linewidth=0)
    ax.set(title="A light curve and its oscillator", xlabel="days", ylabel="log-flux")


@eqx.filter_jit
def _predict(kernel: Kernel, curve: Curve, mean: Any, days: Any) -> Any:
    process = GP(kernel, curve.times, curve.noise, mean=mean, solver=SOLVER)
    return process.condition(curve.values)(days)


def _spectra(ax: "Axes", fits: dict[str, Any], truth: Any) -> None:
    angular = jnp.geomspace(0.01, 100.0, 200)
    ax.loglog(angular, truth.power_spectral_density(angular), color=INK, linewidth=2.5, alpha=0.4, label="truth")
    for colour, name in zip(PALETTE, MODELS):
        ax.loglog(angular, _density(fits[name].kernel, angular), color=colour, label=name)
    ax.set(title="Spectra found from it", xlabel="angular frequency per day", ylabel="power", ylim=(1e-8, None))
    ax.legend()


def _density(kernel: Any, angular: Any) -> Any:
    if hasattr(kernel, "power_spectral_density"):
        return kernel.power_spectral_density(angular)
    return kernel.spectrum().density(angular[:, None])


def _criteria(ax: "Axes", results: dict[str, list]) -> None:
    for place, curves in enumerate(results.values()):
        for shift, colour, name in ((-0.12, PALETTE[0], "SHO"), (0.12, PALETTE[2], "Matern-3/2")):
            excess = [fits["DRW"].aicc - fits[name].aicc for _, fits, _ in curves]
            ax.plot(np.full(len(excess), place + shift), excess, "o", color=colour, markersize=3, alpha=0.7,
                    label=name if place == 0 else None)  # fmt: skip
    for level in (-10, 10):
        ax.axhline(level, color=GREY, linewidth=0.8, linestyle="--")
    ax.set_xticks(range(len(results)), [name.replace(", ", "\n") for name in results])
    ax.set_yscale("symlog", linthresh=10)
    ax.set(title="AICc of the DRW less that of", xlabel="truth")
    ax.legend()


def _oscillators(ax: "Axes", results: dict[str, list], truth: Any) -> None:
    for colour, (name, curves) in zip(PALETTE, results.items()):
        found = np.array([oscillation(fits["SHO"].kernel) for _, fits, _ in curves])
        ax.loglog(found[:, 1], found[:, 0], "o", color=colour, markersize=4, alpha=0.8, label=name)
    quality, timescale, _ = oscillation(truth)
    ax.plot(timescale, quality, "+", color=INK, markersize=12, markeredgewidth=2)
    ax.set(title="Oscillators found, by truth", xlabel="1 / w, days", ylabel="quality")
    ax.legend()
