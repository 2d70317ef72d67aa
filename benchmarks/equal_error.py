"""Wall time at equal error beside exponax: how long each takes to a given accuracy, steps chosen by each for itself.

Double precision. Each contender runs with a series of steps; the time at the target error is read off its curve of error against time
(logarithmic interpolation). The peer's time is that of its best order, 2 or 4. The error of Korteweg-de Vries is that against the
exact soliton, of the others against a run of ours with four times as many steps as the finest.

    python benchmarks/equal_error.py [--rounds 7] [--json]
"""

import argparse
import itertools
import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import exponax
import jax
import numpy as np
from timing import alternate

import sciml
from sciml import physics, solvers
from sciml.compilation import WHOLE_LOOPS


@dataclass(frozen=True)
class Race:
    """One comparison: a problem, a target error and the numbers of steps that each contender tries."""

    label: str
    equation: sciml.Evolution
    grid: sciml.Grid
    start: np.ndarray
    end: float
    peer: Callable[[float, int], Any]
    sign: int
    target: float
    our_steps: tuple[int, ...]
    peer_steps: tuple[int, ...]
    exact: np.ndarray | None = None


def soliton(x: np.ndarray, t: float) -> np.ndarray:
    """Of speed 4, for `u_t + 6 u u_x + u_xxx = 0`."""
    return (2 / np.cosh(x - 8 - 4 * t) ** 2)[None]


def smooth(grid: sciml.Grid) -> np.ndarray:
    """A random state of a few waves."""
    return np.asarray(sciml.random.RandomFourierSeries(grid, modes=3).sample(jax.random.key(0)), np.float64)


def races() -> list[Race]:
    """The comparisons."""
    peer, line = exponax.stepper, sciml.Grid((256,), extent=(30.0,))
    x = line.axes[0].coordinates()
    flame, square = sciml.Grid((256,), extent=(60.0,)), sciml.Grid((64, 64), extent=(2 * math.pi,) * 2)
    return [
        Race(
            "Korteweg-de Vries, N=256, t=1", physics.KortewegDeVries(), line, soliton(x, 0.0), 1.0,
            lambda dt, order: peer.KortewegDeVries(1, 30.0, 256, dt, hyper_diffusivity=0.0, order=order), -1, 1e-3,
            (50, 100, 200, 400), (2000, 8000, 32000, 64000), soliton(x, 1.0),
        ),
        Race(
            "Kuramoto-Sivashinsky, N=256, t=10", physics.KuramotoSivashinsky(), flame, smooth(flame), 10.0,
            lambda dt, order: peer.KuramotoSivashinskyConservative(1, 60.0, 256, dt, order=order), 1, 1e-6,
            (50, 100, 200, 400), (50, 100, 200, 400, 1600, 6400),
        ),
        Race(
            "Navier-Stokes, N=64 x 64, t=1", physics.NavierStokesVorticity(viscosity=1e-3), square, smooth(square), 1.0,
            lambda dt, order: peer.NavierStokesVorticity(2, 2 * math.pi, 64, dt, diffusivity=1e-3, order=order), -1, 1e-6,
            (10, 20, 40, 80), (10, 20, 40, 80, 320),
        ),
    ]  # fmt: skip


def ours(race: Race, steps: int) -> Callable[[], jax.Array]:
    """Our compiled run."""
    stepper = solvers.Stepper.build(race.equation, race.grid, dt=race.end / steps)

    def end(u: jax.Array) -> jax.Array:
        return solvers.rollout_with(stepper, u, steps=steps, save_every=steps, throw=False).values[-1]

    run = jax.jit(end, compiler_options=WHOLE_LOOPS)
    return lambda: run(race.start)


def theirs(race: Race, steps: int, order: int) -> Callable[[], jax.Array]:
    """The peer's compiled run, in our sign."""
    run = jax.jit(exponax.repeat(race.peer(race.end / steps, order), steps))
    return lambda: race.sign * run(race.sign * race.start)


def time_at(target: float, errors: list[float], seconds: list[float]) -> float | None:
    """Time at an error, between the measured points; `None` where it is not reached."""
    points = [(e, s) for e, s in zip(errors, seconds) if np.isfinite(e)]
    for (e0, s0), (e1, s1) in itertools.pairwise(points):
        if e0 >= target >= e1:
            share = math.log(e0 / target) / math.log(e0 / e1) if e0 > e1 else 0.0
            return s0 * (s1 / s0) ** share
    return points[0][1] if points and points[0][0] <= target else None


def run_race(race: Race, rounds: int) -> dict[str, Any]:
    """Measure one comparison."""
    runs = {("sciml", 4, n): ours(race, n) for n in race.our_steps}
    runs |= {("exponax", order, n): theirs(race, n, order) for order in (2, 4) for n in race.peer_steps}
    reference = race.exact if race.exact is not None else np.asarray(ours(race, 4 * max(race.our_steps))())
    scale = np.abs(reference).max()
    errors = {name: float(np.abs(np.asarray(run()) - reference).max() / scale) for name, run in runs.items()}
    times = {name: median(values) for name, values in alternate(runs, rounds=rounds).items()}

    def reached(who: str, order: int) -> float | None:
        names = [name for name in runs if name[:2] == (who, order)]
        return time_at(race.target, [errors[n] for n in names], [times[n] for n in names])

    peers = [found for order in (2, 4) if (found := reached("exponax", order)) is not None]
    mine, best = reached("sciml", 4), min(peers, default=None)
    return {
        "case": race.label,
        "target": race.target,
        "sciml_ms": None if mine is None else 1e3 * mine,
        "exponax_ms": None if best is None else 1e3 * best,
        "ratio": None if mine is None or best is None else best / mine,
        "curves": [[*name, errors[name], times[name]] for name in runs],
    }


def table(rows: list[dict]) -> str:
    """The measurements as a Markdown table."""
    lines = ["| case | relative error | exponax ms | sciml ms | ratio |", "|---|---|---|---|---|"]
    for row in rows:
        cells = [
            "not reached" if row[key] is None else f"{row[key]:.3g}" for key in ("exponax_ms", "sciml_ms", "ratio")
        ]
        lines.append(f"| {row['case']} | {row['target']:.0e} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print one JSON object in place of the table")
    arguments = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    rows = []
    for race in races():
        rows.append(run_race(race, arguments.rounds))
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    print(json.dumps({"rows": rows, "table": table(rows)}) if arguments.json else table(rows))


if __name__ == "__main__":
    main()
