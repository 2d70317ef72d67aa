"""Stiff systems beside SciPy and diffrax: time to a given error at the end of the run, double precision.

Each contender runs at relative tolerances 1e-3 to 1e-9; for each asked error the fastest run that reaches it counts. SciPy calls
compiled fields and Jacobians (LSODA, BDF, Radau; LSODA with bands and differences was slower on the Brusselator); ours and diffrax'
are compiled whole.

    python benchmarks/stiff.py [--error 1e-5] [--small] [--json]
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import solve_ivp

from sciml.physics.stiff import HIRES, Brusselator, Oregonator, Pollution, Robertson, StiffSystem, VanDerPol
from sciml.solvers import BandedJacobian, DenseJacobian, Rodas4, Rodas5P

TOLERANCES = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9)
REPEATS = 5


@dataclass(frozen=True)
class Run:
    """One solve at one tolerance."""

    solver: str
    error: float
    seconds: float
    first: float
    steps: int


def relative_error(found: Any, truth: np.ndarray) -> float:
    """Largest over the components, relative to each of them."""
    return float(np.max(np.abs(np.asarray(found) - truth) / (np.abs(truth) + 1e-12 * np.abs(truth).max())))


def compiled_runs(system: StiffSystem, name: str, solver: Any, truth: np.ndarray) -> Iterator[Run]:
    """A diffrax solver at all tolerances, compiled once."""

    @jax.jit
    def run(y0: jax.Array, tolerance: jax.Array) -> Any:
        controller = diffrax.PIDController(rtol=tolerance, atol=1e-6 * tolerance * jnp.abs(y0).max())
        return diffrax.diffeqsolve(
            diffrax.ODETerm(system), solver, 0.0, system.end, 1e-7, y0,
            stepsize_controller=controller, max_steps=1_000_000, throw=False,
        )  # fmt: skip

    y0 = jnp.asarray(system.initial)
    first = 0.0
    for tolerance in TOLERANCES:
        seconds = []
        for repeat in range(REPEATS + 1):
            start = time.perf_counter()
            solution = jax.block_until_ready(run(y0, jnp.asarray(tolerance)))
            seconds.append(time.perf_counter() - start)
            if repeat == 0 and tolerance == TOLERANCES[0]:
                first = seconds[0]
        yield Run(
            name, relative_error(solution.ys[0], truth), median(seconds[1:]), first, int(solution.stats["num_steps"])
        )


def scipy_runs(system: StiffSystem, method: str, truth: np.ndarray) -> Iterator[Run]:
    """A SciPy solver at all tolerances, with a compiled field and Jacobian."""
    field = jax.jit(lambda t, y: system(t, y))
    jacobian = jax.jit(lambda t, y: jax.jacfwd(lambda y: system(t, y))(y))
    for tolerance in TOLERANCES:
        seconds: list[float] = []
        for _ in range(2):
            start = time.perf_counter()
            solution = solve_ivp(
                lambda t, y: np.asarray(field(t, y)), (0.0, system.end), system.initial, method=method, rtol=tolerance,
                atol=1e-6 * tolerance * np.abs(system.initial).max(), jac=lambda t, y: np.asarray(jacobian(t, y)),
            )  # fmt: skip
            seconds.append(time.perf_counter() - start)
        yield Run(method, relative_error(solution.y[:, -1], truth), min(seconds), 0.0, solution.t.size)


def reference(system: StiffSystem) -> np.ndarray:
    """The end state by Rodas5P at a tolerance far below all others, checked against SciPy's Radau by the tests."""
    controller = diffrax.PIDController(rtol=1e-11, atol=1e-17)
    y0 = jnp.asarray(system.initial)
    solver = Rodas5P(BandedJacobian(2) if isinstance(system, Brusselator) else DenseJacobian())
    return np.asarray(
        diffrax.diffeqsolve(
            diffrax.ODETerm(system), solver, 0.0, system.end, 1e-8, y0, stepsize_controller=controller, max_steps=10_000_000
        ).ys[0]
    )  # fmt: skip


def contenders(system: StiffSystem) -> dict[str, Callable[[np.ndarray], Iterator[Run]]]:
    """By name, what gives a solver's runs."""
    jacobian = BandedJacobian(2) if isinstance(system, Brusselator) else DenseJacobian()
    compiled = {"Rodas4": Rodas4(jacobian), "Rodas5P": Rodas5P(jacobian), "Kvaerno5": diffrax.Kvaerno5()}
    return {
        **{name: lambda truth, n=name, s=solver: compiled_runs(system, n, s, truth) for name, solver in compiled.items()},
        **{name: lambda truth, n=name: scipy_runs(system, n, truth) for name in ("LSODA", "BDF", "Radau")},
    }  # fmt: skip


def until_reached(runs: Iterator[Run], error: float) -> Iterator[Run]:
    """Up to the second run below the error: tighter tolerances only cost more, and Kvaerno5's Newton iteration then fails."""
    reached = 0
    for run in runs:
        yield run
        reached += run.error <= error
        if reached == 2:
            return


def measure(system: StiffSystem, error: float) -> dict[str, Any]:
    """For each solver its fastest run below the error."""
    truth = reference(system)
    row: dict[str, Any] = {"system": type(system).__name__, "unknowns": truth.size, "error": error}
    for name, runs in contenders(system).items():
        done = list(until_reached(runs(truth), error))
        good = [run for run in done if run.error <= error]
        best = min(good, key=lambda run: run.seconds) if good else None
        row[name] = None if best is None else {"ms": 1e3 * best.seconds, "steps": best.steps, "error": best.error}
        if done[0].first:
            row[f"{name} first"] = done[0].first
    return row


NAMES = ("Rodas4", "Rodas5P", "Kvaerno5", "LSODA", "BDF", "Radau")


def table(rows: list[dict[str, Any]]) -> str:
    """The measurements as a Markdown table."""
    lines = [
        "| system | unknowns | "
        + " | ".join(f"{name} ms (steps)" for name in NAMES)
        + " | first call s, Rodas4 / Rodas5P |",
        "|---|---|" + "---|" * (len(NAMES) + 1),
    ]
    for row in rows:
        cells = [f"{row[name]['ms']:.2f} ({row[name]['steps']})" if row[name] else "not reached" for name in NAMES]
        first = f"{row['Rodas4 first']:.1f} / {row['Rodas5P first']:.1f}"
        lines.append(f"| {row['system']} | {row['unknowns']} | " + " | ".join(cells) + f" | {first} |")
    return "\n".join(lines)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--error", type=float, default=1e-5)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    systems = [Robertson(), HIRES(), VanDerPol(), Oregonator(), Pollution(), Brusselator(nodes=100)]
    rows = []
    for system in systems[:2] if arguments.small else systems:
        rows.append(measure(system, arguments.error))
        print(table(rows[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
    report = {"rows": rows, "table": table(rows)}
    print(json.dumps(report) if arguments.json else report["table"])


if __name__ == "__main__":
    main()
