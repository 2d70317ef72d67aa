"""Error against evaluations of the samplers of flows and diffusions, with exact velocities and scores, in double precision.

    python benchmarks/samplers.py [--json] [--figure docs/images/samplers.png]

Data are three normal laws in the plane, of variance 0.05 and 3.4 apart. Errors of a flow are root mean squares over 512 points,
of the end against a fine solve and of the way to the noise and back; that of a diffusion is how far the mean square distance of 20000
samples from their mode is off, relatively.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffrax
import jax
import jax.numpy as jnp

from sciml.models import GaussianMixture, OrnsteinUhlenbeck, probability_flow, round_trip, sample_reverse, shifted_times
from sciml.models.flow import CondOT
from sciml.solvers import MidpointReuse, Taylor, count_nfe, solve_on_times

BUDGETS = (6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
SOLVERS: dict[str, Any] = {
    "Euler": diffrax.Euler(),
    "midpoint = RF-Solver": Taylor(2, "difference"),
    "MidpointReuse": MidpointReuse(),
    "Heun": diffrax.Heun(),
    "ReversibleHeun": diffrax.ReversibleHeun(),
    "Taylor(2), jvp": Taylor(2),
    "Taylor(3), jvp": Taylor(3),
    "Bosh3": diffrax.Bosh3(),
    "Tsit5": diffrax.Tsit5(),
}
GRIDS: dict[str, Callable[[int], jax.Array]] = {
    "uniform": lambda steps: jnp.linspace(0.0, 1.0, steps + 1),
    "more near the noise": lambda steps: shifted_times(steps, shift=1.0),
    "more near the data": lambda steps: shifted_times(steps, shift=-1.0),
}
Curves = dict[str, list[tuple[int, float]]]


def law() -> GaussianMixture:
    """Of the data."""
    return GaussianMixture(jnp.asarray([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]]), jnp.asarray(0.05))


def steps_within(solver: Any, budget: int) -> int:
    """The most steps that cost no more than `budget` evaluations."""
    return max((steps for steps in range(1, budget + 1) if count_nfe(solver, steps) <= budget), default=0)


def curve(solver: Any, measure: Callable[[int], float]) -> list[tuple[int, float]]:
    """Evaluations and errors for all budgets that pay for two steps."""
    numbers = sorted({steps_within(solver, budget) for budget in BUDGETS} - {0, 1})
    return [(int(count_nfe(solver, steps)), measure(steps)) for steps in numbers]


def flow_curves() -> tuple[Curves, Curves, Curves]:
    """Errors of the samples, of the way there and back, and of samples on other grids."""
    data, path = law(), CondOT()

    def velocity(t: Any, x: jax.Array, args: Any) -> jax.Array:
        return data.velocity(path, t, x)

    noise = jax.random.normal(jax.random.key(0), (512, 2))
    points = data.sample(512, key=jax.random.key(1))
    exact = jax.jit(lambda x: solve_on_times(velocity, diffrax.Dopri8(), jnp.linspace(0.0, 1.0, 1001), x))(noise)

    def of_samples(solver: Any, grid: Callable[[int], jax.Array]) -> Callable[[int], float]:
        def error(steps: int) -> float:
            found = jax.jit(lambda x: solve_on_times(velocity, solver, grid(steps), x))(noise)
            return float(jnp.sqrt(jnp.mean((found - exact) ** 2)))

        return error

    def of_return(solver: Any) -> Callable[[int], float]:
        def error(steps: int) -> float:
            times = GRIDS["uniform"](steps)
            return float(jnp.sqrt(jax.jit(lambda x: round_trip(velocity, solver, times, x).error)(points)))

        return error

    samples = {name: curve(solver, of_samples(solver, GRIDS["uniform"])) for name, solver in SOLVERS.items()}
    returns = {name: curve(solver, of_return(solver)) for name, solver in SOLVERS.items()}
    grids = {
        f"{name}, {grid}": curve(SOLVERS[name], of_samples(SOLVERS[name], times))
        for name in ("Heun", "MidpointReuse")
        for grid, times in GRIDS.items()
    }
    return samples, returns, grids


def diffusion_curves(count: int = 20000) -> tuple[Curves, float]:
    """Relative error of the spread of the modes, and the standard error of it."""
    data, process = law(), OrnsteinUhlenbeck(horizon=4.0)
    keys = jax.random.split(jax.random.key(2))
    noise = jnp.sqrt(process.noise_variance(jnp.asarray(4.0))) * jax.random.normal(keys[0], (count, 2))

    def log_density(t: Any, x: jax.Array) -> jax.Array:
        scale, variance = process.data_scale(t), process.noise_variance(t)
        squares = jnp.sum((x[None] - scale * data.means) ** 2, axis=1)
        return jax.nn.logsumexp(-squares / (2 * (scale**2 * 0.05 + variance)))

    score = jax.vmap(jax.grad(log_density, argnums=1), (None, 0))
    flow = probability_flow(process, score)

    def times(steps: int) -> jax.Array:
        return 4.0 * jnp.linspace(1.0, 1e-2, steps + 1) ** 2

    def spread(samples: jax.Array) -> float:
        squares = jnp.min(jnp.sum((samples[:, None] - data.means[None]) ** 2, axis=2), axis=1)
        return abs(float(jnp.mean(squares)) / (2 * 0.05) - 1)

    def by_flow(solver: Any) -> Callable[[int], float]:
        return lambda n: spread(jax.jit(lambda x: solve_on_times(flow, solver, 4.0 - times(n), x))(noise))

    def by_noise(steps: int) -> float:
        return spread(jax.jit(lambda x: sample_reverse(process, score, x, times(steps), key=keys[1]))(noise))

    flows = ("Euler", "Heun", "MidpointReuse", "Tsit5")
    found = {f"flow, {name}": curve(SOLVERS[name], by_flow(SOLVERS[name])) for name in flows}
    return {"reverse-time SDE, Euler": [(n, by_noise(n)) for n in (*BUDGETS, 256, 512)]} | found, 1 / count**0.5


def draw(report: dict[str, Any], path: Path) -> None:
    """The figure of docs/flows.md."""
    from matplotlib.figure import Figure

    from sciml.plotting import style
    from sciml.plotting.appearance import GREY

    titles = {
        "samples": "Flow: error of the samples",
        "returns": "Flow: error of the way there and back",
        "grids": "Flow: error on other grids of time",
        "diffusion": "Diffusion: relative error of the modes' spread",
    }
    with style():
        page = Figure(figsize=(11.0, 9.0), layout="constrained")
        for ax, (part, title) in zip(page.subplots(2, 2).flat, titles.items()):
            for place, (name, points) in enumerate(report[part].items()):
                line = ("-", "--", ":")[place % 3] if part == "grids" else "-"
                colour = f"C{place // 3 if part == 'grids' else place}"
                ax.loglog(*zip(*points), line, marker="o", markersize=3, color=colour, label=name)
            ax.set(title=title, xlabel="evaluations" + (" one way" if part == "returns" else ""))
            ax.legend(fontsize=8, handlelength=3)
        ax.axhline(report["floor"], color=GREY, linewidth=0.8)
        ax.set_ylim(top=5)
    page.savefig(path, dpi=110)


def table(report: dict[str, Any]) -> str:
    """Errors at about 8, 16, 32 and 64 evaluations."""
    lines = ["| | 8 | 16 | 32 | 64 |", "|---|---|---|---|---|"]
    for part in ("samples", "returns", "grids", "diffusion"):
        for name, points in report[part].items():
            cells = [[error for nfe, error in points if nfe <= budget] for budget in (8, 16, 32, 64)]
            lines.append(f"| {part}: {name} | " + " | ".join(f"{c[-1]:.1e}" if c else "" for c in cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Error against evaluations of samplers.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--figure", type=Path)
    arguments = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    samples, returns, grids = flow_curves()
    diffusion, floor = diffusion_curves()
    report = {"samples": samples, "returns": returns, "grids": grids, "diffusion": diffusion, "floor": floor}
    if arguments.figure:
        draw(report, arguments.figure)
    print(json.dumps(report) if arguments.json else table(report))


if __name__ == "__main__":
    main()
