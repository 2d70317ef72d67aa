"""Neural ODEs on diffrax: what statistics cost, reversible gradients beside checkpointed ones, and estimates beside the compiler.

An MLP field of one hidden layer on a batch as one system. The contenders run by turns in one process; medians, and medians of the
ratio within each round. Memory is what XLA calls temporary.

    python benchmarks/neural_ode.py [--rounds 15] [--small] [--only statistics|reversible|estimate] [--json]
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp

from sciml.solvers import CoupledSolver, GradientStrategy, RecordStatistics, solve_reversible, solve_with_statistics

TOLERANCE = 1e-6


class Field(eqx.Module):
    """The network; parameters come as arguments of the solve."""

    width: int
    dimension: int

    def parameters(self, key: jax.Array) -> Any:
        """Drawn at random."""
        return eqx.filter(
            eqx.nn.MLP(self.dimension, self.dimension, self.width, 1, activation=jnp.tanh, key=key), eqx.is_array
        )

    def __call__(self, t: Any, y: jax.Array, parameters: Any) -> jax.Array:
        """Rates of the batch."""
        first, second = parameters.layers
        return jnp.tanh(y @ first.weight.T + first.bias) @ second.weight.T + second.bias


def problem(batch: int, dimension: int, width: int) -> tuple[diffrax.ODETerm, Any, jax.Array]:
    """Term, parameters and initial state."""
    field, (first, second) = Field(width, dimension), jax.random.split(jax.random.key(0))
    return diffrax.ODETerm(field), field.parameters(first), jax.random.normal(second, (batch, dimension))


def by_turns(contenders: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each, in rounds."""
    for run in contenders.values():
        jax.block_until_ready(run())
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            began = time.perf_counter()
            jax.block_until_ready(run())
            times[name].append(time.perf_counter() - began)
    return times


def ratio(times: dict[str, list[float]], one: str, other: str) -> float:
    """Median of the ratio within rounds."""
    return median(a / b for a, b in zip(times[one], times[other], strict=True))


def measure_statistics(batch: int, dimension: int, width: int, rounds: int) -> dict[str, Any]:
    """The wrapped solver beside the raw one."""
    term, parameters, y0 = problem(batch, dimension, width)
    controller = diffrax.PIDController(rtol=TOLERANCE, atol=TOLERANCE)
    adjoint = diffrax.RecursiveCheckpointAdjoint(checkpoints=64)

    def raw(parameters: Any) -> Any:
        solution = diffrax.diffeqsolve(
            term, diffrax.Tsit5(), 0.0, 5.0, 0.01, y0, parameters, stepsize_controller=controller, adjoint=adjoint
        )
        return jnp.sum(solution.ys**2), solution.stats

    def wrapped(parameters: Any, stiffness: bool | None = None) -> Any:
        solver = RecordStatistics(diffrax.Tsit5(), rtol=TOLERANCE, atol=TOLERANCE, stiffness=stiffness)
        solution = solve_with_statistics(
            term, solver, 0.0, 5.0, 0.01, y0, parameters, rtol=TOLERANCE, atol=TOLERANCE, adjoint=adjoint
        )
        return jnp.sum(solution.ys**2), solution.statistics

    def regularised(parameters: Any) -> jax.Array:
        loss, statistics = wrapped(parameters)
        return loss + statistics.mean_error + 1e-3 * statistics.mean_stiffness

    forward = {"raw": jax.jit(raw), "wrapped": jax.jit(wrapped), "error": jax.jit(lambda p: wrapped(p, False))}
    reverse = {"raw": jax.jit(jax.grad(lambda p: raw(p)[0])), "wrapped": jax.jit(jax.grad(regularised))}
    forth = by_turns({name: lambda f=f: f(parameters) for name, f in forward.items()}, rounds)
    back = by_turns({name: lambda f=f: f(parameters) for name, f in reverse.items()}, rounds)
    return {
        "case": f"{batch} x {dimension}, width {width}",
        "steps": int(forward["raw"](parameters)[1]["num_steps"]),
        "raw": median(forth["raw"]), "error": ratio(forth, "error", "raw"), "both": ratio(forth, "wrapped", "raw"),
        "raw_gradient": median(back["raw"]), "gradient": ratio(back, "wrapped", "raw"),
    }  # fmt: skip


def measure_reversible(steps: int, rounds: int) -> dict[str, Any]:
    """Reversible gradients beside checkpointed ones of the same steps."""
    term, parameters, y0 = problem(64, 32, 64)

    def listed(solver: Any, adjoint: Any, parameters: Any) -> jax.Array:
        grid = diffrax.StepTo(jnp.linspace(0.0, 1.0, steps + 1, dtype=y0.dtype))
        return jnp.sum(
            diffrax.diffeqsolve(
                term, solver, 0.0, 1.0, None, y0, parameters, stepsize_controller=grid, adjoint=adjoint, max_steps=steps
            ).ys
            ** 2
        )

    def undone(solver: Any, parameters: Any) -> jax.Array:
        return jnp.sum(solve_reversible(term, solver, 0.0, 1.0, y0, parameters, steps=steps).ys ** 2)

    heun, tsit = diffrax.ReversibleHeun(), diffrax.Tsit5()
    losses = {
        "reversible Heun": lambda p: undone(heun, p),
        "its checkpointed gradient": lambda p: listed(heun, diffrax.RecursiveCheckpointAdjoint(), p),
        "coupled Tsit5": lambda p: undone(CoupledSolver(tsit), p),
        "Tsit5, checkpointed": lambda p: listed(tsit, diffrax.RecursiveCheckpointAdjoint(), p),
    }
    programs = {name: jax.jit(jax.grad(loss)).lower(parameters).compile() for name, loss in losses.items()}
    timed = list(programs) if steps < 100_000 else list(programs)[:2]  # a coupled gradient of 1e5 steps takes minutes
    times = by_turns({name: lambda f=programs[name]: f(parameters) for name in timed}, rounds)
    slopes = [
        jnp.concatenate([jnp.ravel(leaf) for leaf in jax.tree.leaves(programs[name](parameters))]) for name in timed[:2]
    ]
    megabytes = {name: f.memory_analysis().temp_size_in_bytes / 1e6 for name, f in programs.items()}
    return {
        "steps": steps, "megabytes": megabytes, "seconds": {name: median(each) for name, each in times.items()},
        "heun": ratio(times, "reversible Heun", "its checkpointed gradient"),
        "coupled": ratio(times, "coupled Tsit5", "Tsit5, checkpointed") if len(timed) == 4 else float("nan"),
        "difference": float(jnp.linalg.norm(slopes[0] - slopes[1]) / jnp.linalg.norm(slopes[1])),
    }  # fmt: skip


def measure_estimate(kind: str, solver: Any, steps: int) -> dict[str, Any]:
    """What the estimate says, and what was compiled."""
    term, parameters, y0 = problem(64, 32, 64)
    strategy = GradientStrategy(kind)

    def loss(parameters: Any) -> jax.Array:
        grid = diffrax.StepTo(jnp.linspace(0.0, 1.0, steps + 1, dtype=y0.dtype))
        return jnp.sum(
            diffrax.diffeqsolve(
                term, solver, 0.0, 1.0, None, y0, parameters, stepsize_controller=grid, max_steps=steps,
                adjoint=strategy.adjoint(steps=steps),
            ).ys
            ** 2
        )  # fmt: skip

    program = jax.jit(jax.grad(loss)).lower(parameters).compile()
    seconds = median(by_turns({"it": lambda: program(parameters)}, 5)["it"])
    abstract, measured = (
        strategy.estimate(term, solver, 0.0, 1.0, y0, parameters, steps=steps, measure=flag) for flag in (False, True)
    )
    compiled = program.memory_analysis().temp_size_in_bytes
    return {
        "case": f"{type(solver).__name__}, {kind}, {steps} steps", "compiled": compiled / 1e6,
        "abstract": abstract.memory_bytes / compiled, "measured": measured.memory_bytes / compiled,
        "seconds": seconds, "estimated_seconds": measured.seconds,
    }  # fmt: skip


def table(report: dict[str, list[dict[str, Any]]]) -> str:
    """The measurements as Markdown tables."""
    lines = ["| batch x dimension | steps | raw ms | with error | error and stiffness | raw gradient ms | regularised gradient |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    lines += [
        f"| {row['case']} | {row['steps']} | {1e3 * row['raw']:.2f} | {row['error']:.2f} | {row['both']:.2f} | "
        f"{1e3 * row['raw_gradient']:.2f} | {row['gradient']:.2f} |"
        for row in report["statistics"]
    ]
    lines += ["", "| steps | reversible Heun ms, MB | checkpointed ms, MB | ratio | gradients differ by | coupled Tsit5 ms, MB "
              "| Tsit5 checkpointed ms, MB | ratio |", "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for row in report["reversible"]:
        cells = [f"{1e3 * row['seconds'][name]:.1f}, {row['megabytes'][name]:.2f}" for name in row["seconds"]]
        lines.append(
            f"| {row['steps']} | {cells[0]} | {cells[1]} | {row['heun']:.2f} | {row['difference']:.0e} | {cells[2]} | {cells[3]} | "
            f"{row['coupled']:.2f} |"
        )
    lines += ["", "| gradient | compiled MB | estimate ÷ compiled | with a compiled step | s | estimated s |",
              "|---|---|---|---|---|---|"]  # fmt: skip
    lines += [
        f"| {row['case']} | {row['compiled']:.2f} | {row['abstract']:.2f} | {row['measured']:.2f} | {row['seconds']:.3f} | "
        f"{row['estimated_seconds']:.3f} |"
        for row in report["estimate"]
    ]
    return "\n".join(lines)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--only", default="", help="one of the three parts")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    report: dict[str, list[dict[str, Any]]] = {"statistics": [], "reversible": [], "estimate": []}
    if arguments.only in ("", "statistics"):
        for sizes in [(16, 8, 32)] if arguments.small else [(64, 2, 64), (64, 64, 64), (256, 32, 128)]:
            report["statistics"].append(measure_statistics(*sizes, arguments.rounds))
            print(report["statistics"][-1], file=sys.stderr, flush=True)
    if arguments.only in ("", "reversible"):
        for steps in (100,) if arguments.small else (100, 1000, 10_000, 100_000):
            rounds = max(1, min(arguments.rounds, 20_000 // steps))
            report["reversible"].append(measure_reversible(steps, rounds))
            print(report["reversible"][-1], file=sys.stderr, flush=True)
    if arguments.only in ("", "estimate"):
        for solver, kinds in (
            (diffrax.Tsit5(), ("store", "checkpoint")),
            (diffrax.ReversibleHeun(), ("store", "checkpoint", "reversible")),
        ):
            for kind in kinds:
                report["estimate"].append(measure_estimate(kind, solver, 100 if arguments.small else 1000))
                print(report["estimate"][-1], file=sys.stderr, flush=True)
    whole = {**report, "table": table(report)}
    print(json.dumps(whole) if arguments.json else whole["table"])


if __name__ == "__main__":
    main()
