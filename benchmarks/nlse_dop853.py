"""SciPy's DOP853 beside ours on one soliton to t = 10, 512 nodes, at equal error, in double precision.

    python benchmarks/nlse_dop853.py [--json] [--rounds 5]

DOP853 is set as published: the state in Fourier coefficients, the 2/3 filter on linear and cubic term, rtol 1e-9, atol 1e-11, steps of
at most 0.1. For each of our methods the coarsest step is taken whose largest error at t = 10 is not above DOP853's. The contenders run
by turns; compilation and set-up are outside the clock for both. The batch of soliton speeds is solved by `jax.vmap`, and its time is
divided by their number; DOP853 has no such thing. BLAS has one thread: with more, DOP853's small matrix products wait for each other
on a busy machine, which made it up to ten times as slow.
"""

import argparse
import json
import os
from collections.abc import Callable
from statistics import median
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is imported

import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import solve_ivp
from timing import alternate, first_call, ratio

import sciml
from sciml import solvers
from sciml.physics import NonlinearSchroedinger
from sciml.physics import nonlinear_schroedinger_exact as exact

LENGTH, NODES, END, TARGET = 50.0, 512, 10.0, 50.0
GRID = sciml.Grid((NODES,), extent=((-LENGTH / 2, LENGTH / 2),))
X = GRID.coordinates()[0]
BATCH = 16


def soliton(t: float) -> np.ndarray:
    """Height 2, speed 1, from -5 to 5."""
    return np.asarray(exact.soliton(X, t, amplitude=2.0, velocity=1.0, position=-5.0))


def dop853() -> tuple[np.ndarray, int]:
    """State at the end and evaluations of the right side."""
    k = 2 * np.pi * np.fft.fftfreq(NODES, LENGTH / NODES)
    keep = np.exp(-36 * (np.abs(k) / (2 * np.pi * NODES / (3 * LENGTH))) ** 36)
    linear, cubic = -0.5j * k**2 * keep, 1j * keep

    def rate(t: float, y: np.ndarray) -> np.ndarray:
        psi = np.fft.ifft(keep * y)
        return linear * y + cubic * np.fft.fft(np.abs(psi) ** 2 * psi)

    found = solve_ivp(
        rate, (0, END), np.fft.fft(soliton(0)), method="DOP853", rtol=1e-9, atol=1e-11, max_step=0.1, t_eval=[END]
    )
    return np.fft.ifft(found.y[:, -1]), found.nfev


def ours(method: Any, steps: int) -> Callable[[], jax.Array]:
    """A prepared run."""
    stepper = solvers.Stepper.build(NonlinearSchroedinger(), GRID, dt=END / steps, method=method, dealiasing="none")
    start = jnp.asarray(soliton(0))[None]
    return lambda: solvers.rollout_with(stepper, start, steps=steps, save_every=steps, include_initial=False).values[
        -1, 0
    ]


def batch(method: Any, steps: int) -> Callable[[], jax.Array]:
    """As `ours`, for many starts at once."""
    stepper = solvers.Stepper.build(NonlinearSchroedinger(), GRID, dt=END / steps, method=method, dealiasing="none")
    starts = jnp.stack([jnp.asarray(soliton(0)) * np.exp(0.01j * i) for i in range(BATCH)])[:, None]
    solve = jax.jit(
        jax.vmap(
            lambda u: solvers.rollout_with(stepper, u, steps=steps, save_every=steps, include_initial=False).values[-1]
        )
    )
    return lambda: solve(starts)


def coarsest(method: Any, error: float, truth: np.ndarray) -> tuple[int, float]:
    """Few steps that reach the error, by the law of order 4 with a rise of a hundredth at least, and what they reach."""
    steps = 1000
    while True:
        reached = float(np.abs(np.asarray(ours(method, steps)()) - truth).max())
        if reached <= error:
            return steps, reached
        steps = int(steps * max(1.01, (reached / error) ** 0.25))


def table(rows: dict[str, dict[str, Any]], best: float) -> str:
    """The measurements as a Markdown table and the verdict."""
    lines = ["| | steps or evaluations | largest error | seconds | speed-up |", "|---|---|---|---|---|"]
    for name, row in rows.items():
        title = f"ETDRK4, {BATCH} at once, each" if name == "batch" else name
        error = f"{row['error']:.1e}" if "error" in row else ""
        count = row.get("steps", row.get("evaluations"))
        lines.append(f"| {title} | {count} | {error} | {row['seconds']:.4f} | {row['speed_up']:.1f} |")
    verdict = "holds" if best >= TARGET else "does not hold"
    return "\n".join(
        [*lines, "", f"The best on one trajectory is {best:.1f} times as fast; the target, {TARGET:g}, {verdict}."]
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    truth = soliton(END)
    end, evaluations = dop853()
    error = float(np.abs(end - truth).max())
    runs, rows = {"DOP853": dop853}, {"DOP853": {"evaluations": evaluations, "error": error}}
    for method in (solvers.Yoshida4(), solvers.ETDRK4(), solvers.IFRK4()):
        name = type(method).__name__
        steps, reached = coarsest(method, error, truth)
        rows[name] = {"steps": steps, "error": reached}
        runs[name], rows[name]["first_call_s"] = first_call(lambda m=method, n=steps: ours(m, n))
    runs["batch"], _ = first_call(lambda: batch(solvers.ETDRK4(), rows["ETDRK4"]["steps"]))
    rows["batch"] = {"steps": rows["ETDRK4"]["steps"], "trajectories": BATCH}
    times = alternate(runs, rounds=options.rounds)
    for name, row in rows.items():
        share = BATCH if name == "batch" else 1
        row |= {"seconds": median(times[name]) / share, "speed_up": share * ratio(times, "DOP853", name)}
    best = max(row["speed_up"] for name, row in rows.items() if name != "batch")
    report = {"rows": rows, "target": TARGET, "best": best, "holds": best >= TARGET, "table": table(rows, best)}
    if options.json:
        print(json.dumps(report))
        return
    for name, row in rows.items():
        print(f"{name:9s}", ", ".join(f"{key} {value:.3g}" for key, value in row.items()))
    print(
        f"best of one trajectory: {best:.1f} times DOP853; target {TARGET:g}: {'holds' if best >= TARGET else 'does not hold'}"
    )


if __name__ == "__main__":
    main()
