"""Elliptic problems beside pyamg and SciPy: set-up and solve to a relative residual of 1e-8, double precision.

Vertex-centred finite volumes with harmonic faces, f = 1, zero Dirichlet values; all contenders solve the same matrix. Ours is one
compiled program from the coefficient to the solution. The coefficients come from smoothed noise with a correlation length of 1/32 of
the side.

    python benchmarks/elliptic.py [--rounds 3] [--small] [--only 1025] [--json]
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import pyamg
import scipy.sparse as sparse
from scipy.ndimage import gaussian_filter

import sciml
from sciml.solvers.multigrid import FiniteVolumes, finite_volumes

TOLERANCE = 1e-8
# Arrays of the fine level's size that one iteration reads or writes, counted by hand: conjugate gradients, the fine level of a V(1,1)
# cycle with two Chebyshev sweeps, and the coarser levels with their wider stencils.
ARRAYS_PER_ITERATION = {2: 21 + 36 + 15, 3: 22 + 46 + 15}


@dataclass(frozen=True)
class Case:
    """A coefficient on a cube of nodes."""

    kind: str
    dimension: int
    count: int

    @property
    def label(self) -> str:
        """For the table."""
        return f"{self.kind}, {self.count}{'²³'[self.dimension - 2]}"

    @property
    def grid(self) -> sciml.Grid:
        """The unit cube."""
        return sciml.Grid(
            (self.count,) * self.dimension, extent=(1.0,) * self.dimension, boundary=sciml.boundary.Dirichlet()
        )

    def coefficient(self) -> np.ndarray:
        """Values at the nodes."""
        noise = np.random.default_rng(0).standard_normal((self.count,) * self.dimension)
        smooth = gaussian_filter(noise, self.count / 32, mode="wrap")
        smooth /= smooth.std()
        return {
            "Poisson": np.ones_like(smooth),
            "lognormal s=1": np.exp(smooth),
            "lognormal s=3": np.exp(3 * smooth),
            "12/3": np.where(smooth > 0, 12.0, 3.0),
            "contrast 1e4": np.where(smooth > 0, 1e4, 1.0),
        }[self.kind]


KINDS = ("Poisson", "lognormal s=1", "lognormal s=3", "12/3", "contrast 1e4")
LARGE = [Case(kind, 2, count) for count in (257, 1025) for kind in KINDS] + [
    Case(kind, 3, count) for count in (65, 129) for kind in ("Poisson", "12/3")
]
SMALL = [Case(kind, 2, 129) for kind in KINDS] + [Case("12/3", 3, 33)]


def matrix_of(volumes: FiniteVolumes) -> tuple[sparse.csr_matrix, np.ndarray]:
    """The operator among the unknowns, and which nodes these are."""
    operator = volumes.operator
    index = np.arange(operator.size).reshape(operator.shape)
    diagonal = np.asarray(operator.centre)
    rows, columns, entries = [index.ravel()], [index.ravel()], [diagonal.ravel()]
    for offset in operator.offsets:
        link = np.asarray(operator.entry(offset)).ravel()
        there = np.roll(index, [-step for step in offset], range(operator.dimension)).ravel()
        rows += [index.ravel(), there]
        columns += [there, index.ravel()]
        entries += [link, link]
    whole = sparse.csr_matrix((np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))))
    inside = np.flatnonzero(diagonal.ravel())
    matrix = whole[inside][:, inside].tocsr()
    matrix.eliminate_zeros()
    return matrix, inside


def by_amg(make: Callable[[Any], Any], matrix: Any, load: np.ndarray) -> tuple[np.ndarray, int]:
    """Set up algebraic multigrid and run it inside conjugate gradients."""
    residuals: list[float] = []
    hierarchy = make(matrix)
    # pyamg stops on the preconditioned or the plain residual depending on its version; the caller checks what was reached.
    solution = hierarchy.solve(load, tol=TOLERANCE, accel="cg", residuals=residuals, maxiter=300)
    return solution, len(residuals) - 1


def clocked(function: Callable[[], Any]) -> tuple[float, Any]:
    """Wall time and result."""
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def relative_residual(matrix: Any, solution: np.ndarray, load: np.ndarray) -> float:
    """What was reached."""
    return float(np.linalg.norm(load - matrix @ solution) / np.linalg.norm(load))


def bandwidth(size: int = 1 << 24, repeats: int = 10) -> float:
    """Bytes per second of a compiled `a + s b` on arrays beyond the caches, two read and one written, repeated inside one program."""
    start = jnp.zeros(size), jnp.ones(size)
    run = jax.jit(lambda a, b: jax.lax.fori_loop(0, repeats, lambda i, x: jax.lax.optimization_barrier(x + 0.5 * b), a))
    jax.block_until_ready(run(*start))
    seconds = min(clocked(lambda: jax.block_until_ready(run(*start)))[0] for _ in range(3))
    return 3 * 8 * size * repeats / seconds


def lineax_cg(volumes: FiniteVolumes, f: jax.Array) -> float | None:
    """Seconds of lineax' conjugate gradients without a preconditioner on our operator, compiled; `None` where it stops short."""
    solver = lx.CG(rtol=TOLERANCE, atol=0.0, max_steps=20_000)
    solve = jax.jit(lambda b: lx.linear_solve(volumes.operator.as_lineax(), b, solver, throw=False).value)
    load = volumes.load(f)
    residual = jnp.linalg.norm(load - volumes.operator.mv(solve(load))) / jnp.linalg.norm(load)
    seconds = clocked(lambda: jax.block_until_ready(solve(load)))[0]
    return seconds if residual < 100 * TOLERANCE else None


def measure(case: Case, rounds: int) -> dict[str, Any]:
    """One row."""
    grid, coefficient = case.grid, jnp.asarray(case.coefficient())
    f = jnp.ones(grid.shape)
    volumes = finite_volumes(grid, coefficient)
    matrix, inside = matrix_of(volumes)
    load = np.asarray(volumes.load(f)).ravel()[inside]

    solve = jax.jit(lambda k: sciml.solvers.solve_elliptic(grid, f, k))
    rough = jax.jit(lambda k: sciml.solvers.solve_elliptic(grid, f, k, rtol=1e-2))
    loss = jax.jit(jax.value_and_grad(lambda k: jnp.sum(sciml.solvers.solve_elliptic(grid, f, k).values ** 2)))
    first, solution = clocked(lambda: jax.block_until_ready(solve(coefficient)))
    first_gradient, _ = clocked(lambda: jax.block_until_ready(loss(coefficient)))
    saved = int(solution.iterations) - int(rough(coefficient).iterations)
    times: dict[str, list[float]] = {"ours": [], "rough": [], "gradient": [], "rs": [], "sa": []}
    for _ in range(rounds):
        for _ in range(3):
            times["ours"].append(clocked(lambda: jax.block_until_ready(solve(coefficient)))[0])
            times["rough"].append(clocked(lambda: jax.block_until_ready(rough(coefficient)))[0])
            times["gradient"].append(clocked(lambda: jax.block_until_ready(loss(coefficient)))[0])
        rs_time, (rs, rs_steps) = clocked(lambda: by_amg(pyamg.ruge_stuben_solver, matrix, load))
        sa_time, (_, sa_steps) = clocked(lambda: by_amg(pyamg.smoothed_aggregation_solver, matrix, load))
        times["rs"].append(rs_time)
        times["sa"].append(sa_time)
    direct = (
        clocked(lambda: sparse.linalg.spsolve(matrix.tocsc(), load))[0]
        if matrix.shape[0] < 3e5 and case.dimension == 2
        else None
    )
    krylov = lineax_cg(volumes, f) if matrix.shape[0] < 3e5 else None
    ours = np.asarray(solution.values).ravel()[inside]
    assert relative_residual(matrix, ours, load) < 1.01 * TOLERANCE
    assert np.linalg.norm(ours - rs) < 1e-5 * np.linalg.norm(rs)
    middle = {name: median(values) for name, values in times.items()}
    least = ARRAYS_PER_ITERATION[case.dimension] * 8 * volumes.operator.size / bandwidth()
    return {
        # Smaller ones fit the caches.
        "of_bound": least * saved / (middle["ours"] - middle["rough"]) if matrix.shape[0] > 1e6 else None,
        "case": case.label, "unknowns": matrix.shape[0], "its": int(solution.iterations), "rs_its": rs_steps, "sa_its": sa_steps,
        "ours": middle["ours"], "rs": middle["rs"], "sa": middle["sa"], "direct": direct, "krylov": krylov,
        "speed_up": middle["rs"] / middle["ours"],
        "gradient": middle["gradient"] / middle["ours"], "first": first, "first_gradient": first_gradient,
    }  # fmt: skip


def table(rows: list[dict[str, Any]]) -> str:
    """The measurements as a Markdown table."""
    lines = [
        "| problem | iterations ours / RS / SA | pyamg RS s | pyamg SA s | SciPy direct s | lineax CG s | sciml s | speed-up "
        "| gradient ÷ solve | of memory bound | first call s (with gradient) |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        direct = f"{row['direct']:.2f}" if row["direct"] else "–"
        krylov = f"{row['krylov']:.2f}" if row["krylov"] else "–"
        bound = f"{row['of_bound']:.2f}" if row["of_bound"] else "–"
        lines.append(
            f"| {row['case']} | {row['its']} / {row['rs_its']} / {row['sa_its']} | {row['rs']:.2f} | {row['sa']:.2f} | {direct} "
            f"| {krylov} | {row['ours']:.3f} | {row['speed_up']:.1f} | {row['gradient']:.1f} | {bound} | "
            f"{row['first']:.1f} ({row['first_gradient']:.1f}) |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--only", default="", help="part of the label of the problems to run")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    rows = []
    for case in SMALL if arguments.small else LARGE:
        if arguments.only not in case.label:
            continue
        rows.append(measure(case, arguments.rounds))
        print(table(rows[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
    report = {"rows": rows, "table": table(rows)}
    print(json.dumps(report) if arguments.json else report["table"])


if __name__ == "__main__":
    main()
