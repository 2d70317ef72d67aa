"""Error against wall time of every sensible integrator on four equations, in double precision.

    python benchmarks/work_precision.py [--json] [--figure docs/images/work_precision.png] [--only kdv]

Fixed steps: one compiled program per method for all step counts, set-up (tables, once per step length) and compilation not timed,
the shortest of three runs. Adaptive: the second call of `sciml.solve`, set-up included. Errors are relative, in the mean square.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import sciml
from sciml import physics, solvers
from sciml.compilation import compiled
from sciml.fields.basis import Dealiasing

COMMON = ["ETDRK2", "ETDRK4", "IFRK4", "ARS222", "ARS443", "SIL3", "CNRK3", "CNAB2", "SBDF2", "SBDF3", "Strang"]
TOLERANCES = [1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9]
ROUNDS = 3
LONGEST = 4.0
"""Seconds after which finer steps of a method are left out."""


@dataclass(frozen=True)
class Case:
    """One equation: where, from what, how long, and what is true at the end (`None`: fine steps of ETDRK4)."""

    title: str
    equation: Any
    grid: sciml.Grid
    u0: np.ndarray
    end: float
    steps: list[int]
    exact: np.ndarray | None = None
    finest: int = 0
    dealiasing: Dealiasing = "truncation"
    extra: tuple[str, ...] = ()


def korteweg_de_vries() -> Case:
    """One soliton over a fifth of the box."""
    grid = sciml.Grid((256,), extent=(20.0,))
    x = grid.coordinates()[0]

    def soliton(t: float) -> np.ndarray:
        return (2 / np.cosh((x - 8 - 4 * t + 10) % 20 - 10) ** 2)[None]

    steps = [2**k * 125 for k in range(8)]
    return Case(
        "KdV, soliton", physics.KortewegDeVries(), grid, soliton(0), 1.0, steps, soliton(1.0), extra=("Yoshida4",)
    )


def kuramoto_sivashinsky() -> Case:
    """Out of long waves into chaos."""
    grid = sciml.Grid((256,), extent=(100.0,))
    x = 2 * np.pi * grid.coordinates()[0] / 100
    u0 = (np.cos(3 * x) * (1 + np.sin(2 * x)) + 0.3 * np.cos(7 * x))[None]
    steps = [2**k * 50 for k in range(9)]
    return Case("Kuramoto-Sivashinsky", physics.KuramotoSivashinsky(), grid, u0, 10.0, steps, finest=40_000)


def schroedinger() -> Case:
    """One soliton with twice the amplitude of its velocity."""
    grid = sciml.Grid((512,), extent=((-25.0, 25.0),))
    x = grid.coordinates()[0]

    def soliton(t: float) -> np.ndarray:
        return (2 / np.cosh(2 * (x + 5 - t)) * np.exp(1j * (x + 1.5 * t)))[None]

    steps = [2**k * 250 for k in range(7)]
    return Case(
        "NLSE, soliton", physics.NonlinearSchroedinger(), grid, soliton(0), 5.0, steps, soliton(5.0),
        dealiasing="none", extra=("Yoshida4",),
    )  # fmt: skip


def navier_stokes() -> Case:
    """Decaying vortices, 64 x 64 nodes."""
    grid = sciml.Grid((64, 64), extent=(2 * np.pi,) * 2)
    x, y = grid.coordinates()
    rng = np.random.default_rng(0)
    waves = [(a, b) for a in range(-3, 4) for b in range(4)]
    w0 = np.zeros(grid.shape)
    for a, b in waves:
        w0 += rng.normal() * np.cos(a * x + b * y + rng.uniform(0, 2 * np.pi))
    steps = [2**k * 25 for k in range(8)]
    return Case(
        "Navier-Stokes 2-D, viscosity 0.002",
        physics.NavierStokesVorticity(2e-3),
        grid,
        w0[None],
        1.0,
        steps,
        finest=8000,
    )


CASES: dict[str, Callable[[], Case]] = {
    "kdv": korteweg_de_vries, "ks": kuramoto_sivashinsky, "nlse": schroedinger, "navier_stokes": navier_stokes,
}  # fmt: skip


@compiled
def _steps(stepper: solvers.Stepper, u0: jax.Array, count: jax.Array) -> jax.Array:
    start = stepper.start(stepper.basis.encode(u0))
    end = lax.fori_loop(0, count, lambda i, state: stepper.advance(state, i * stepper.dt), start)
    return stepper.basis.decode(stepper.coefficients(end))


def fixed(case: Case, method: Any, count: int) -> tuple[np.ndarray, float]:
    """End state and seconds of a run by steps of one length."""
    stepper = solvers.Stepper.build(
        case.equation, case.grid, dt=case.end / count, method=method, dealiasing=case.dealiasing
    )
    u0, steps = jnp.asarray(case.u0), jnp.asarray(count)
    end = _steps(stepper, u0, jnp.asarray(0)).block_until_ready()
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        end = _steps(stepper, u0, steps).block_until_ready()
        seconds.append(time.perf_counter() - started)
        if seconds[0] > 1:
            break
    return np.asarray(end), min(seconds)


def adaptive(case: Case, rtol: float) -> tuple[np.ndarray, float]:
    """End state and seconds of the second call of `sciml.solve`."""
    seconds = []
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        solution = sciml.solve(
            case.equation, case.grid, case.u0, ts=[0.0, case.end], rtol=rtol, dealiasing=case.dealiasing, throw=False
        )
        solution.values.block_until_ready()
        seconds.append(time.perf_counter() - started)
    return np.asarray(solution.values[-1]), min(seconds[1:])


def measure(case: Case) -> dict[str, list[dict[str, float]]]:
    """Name of the method -> rows of steps or tolerance, seconds and error."""
    truth = fixed(case, solvers.ETDRK4(), case.finest)[0] if case.exact is None else case.exact

    def row(parameter: float, end: np.ndarray, seconds: float) -> dict[str, float]:
        error = np.linalg.norm(end - truth) / np.linalg.norm(truth)
        return {
            "parameter": parameter,
            "seconds": seconds,
            "error": float(error) if np.isfinite(error) else float("inf"),
        }

    rows: dict[str, list[dict[str, float]]] = {}
    for name in (*COMMON, *case.extra):
        rows[name] = []
        for count in case.steps:
            rows[name].append(row(count, *fixed(case, getattr(solvers, name)(), count)))
            if rows[name][-1]["seconds"] > LONGEST:
                break
        print(case.title, name, [f"{r['error']:.1e}" for r in rows[name]], file=sys.stderr)
    rows["adaptive ETDRK4"] = [row(rtol, *adaptive(case, rtol)) for rtol in TOLERANCES]
    return rows


def draw(report: dict[str, Any], path: Path) -> None:
    """Four panels, one legend."""
    from sciml import plotting
    from sciml.plotting.appearance import PALETTE

    families = {
        0: ["ETDRK2", "ETDRK4", "IFRK4"],
        1: ["ARS222", "ARS443", "SIL3", "CNRK3"],
        2: ["CNAB2", "SBDF2", "SBDF3"],
        3: ["Strang", "Yoshida4"],
        4: ["adaptive ETDRK4"],
    }
    looks = {
        name: {"color": PALETTE[colour], "marker": "os^D"[i], "linestyle": ("-", "--", ":", "-.")[i], "linewidth": 1.3}
        for colour, names in families.items()
        for i, name in enumerate(names)
    }
    with plotting.style():
        page, panels = plotting.figure(2, 2, width=6.2, height=4.6)
        handles = {}
        for ax, found in zip(np.ravel(panels), report["cases"].values()):
            for name, rows in found["rows"].items():
                # Not a number breaks the line where a method was unstable.
                errors = [r["error"] if r["error"] < 0.5 else np.nan for r in rows]
                line = ax.loglog([r["seconds"] for r in rows], errors, label=name, markersize=4.5, **looks[name])
                handles.setdefault(name, line[0])
            ax.set(title=found["title"], xlabel="wall time [s]", ylabel="relative error at the end")
        order = [name for names in families.values() for name in names if name in handles]
        page.legend([handles[n] for n in order], order, loc="outside lower center", ncols=7, fontsize=9)
        page.savefig(path, dpi=110, bbox_inches="tight")


def main() -> None:
    """Measure, print or draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--only", choices=list(CASES), action="append")
    parser.add_argument("--report", type=Path, help="draw from an earlier --json output")
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    if options.report:
        report = json.loads(options.report.read_text())
    else:
        cases = {name: CASES[name]() for name in options.only or CASES}
        report = {"cases": {name: {"title": case.title, "rows": measure(case)} for name, case in cases.items()}}
    if options.figure:
        draw(report, options.figure)
    if options.json:
        print(json.dumps(report))
        return
    for found in report["cases"].values():
        print(f"\n{found['title']}: least seconds to an error below")
        for name, rows in found["rows"].items():
            best = {
                goal: min((r["seconds"] for r in rows if r["error"] <= goal), default=None) for goal in (1e-3, 1e-6)
            }
            print(f"  {name:16s}", *(f"{goal:g}: {'-' if s is None else f'{s:.4f}'}" for goal, s in best.items()))


if __name__ == "__main__":
    main()
