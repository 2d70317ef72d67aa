"""Log-probability of Gaussian processes in time, with its gradient, beside tinygp and celerite2.

    python benchmarks/gp_state_space.py [--json] [--lengths 1000 10000 100000]

Sums of one to three stochastic oscillators at irregular times, noise of each point, double precision; the gradient with respect to the
oscillators' parameters, the observations and the noise. Values are compared before the clock starts; the contenders take turns. A peer
that is not installed is left out: `pip install tinygp==0.3.1 celerite2==0.3.3`. Sums and a million points are left out for tinygp.
"""

import argparse
import importlib
import json
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from timing import alternate

from sciml.gp import StateSpaceSolver
from sciml.kernels import SHO

OSCILLATORS = np.array([[0.5, 1.4, 1.0], [3.0, 3.0, 0.5], [7.0, 2.0, 0.3]])
"""Angular frequency, quality, variance."""
TINYGP_LIMIT = 200_000
Arguments = tuple[jax.Array, ...]


def ours(parameters: jax.Array, times: jax.Array, y: jax.Array, noise: jax.Array) -> jax.Array:
    """By the solver's default."""
    kernel: Any = sum((SHO(*row) for row in parameters[1:]), start=SHO(*parameters[0]))
    return StateSpaceSolver().factorise(kernel, times, noise).log_prob(y)


def of_tinygp(parameters: jax.Array, times: jax.Array, y: jax.Array, noise: jax.Array) -> jax.Array:
    """The quasi-separable solver."""
    tinygp = importlib.import_module("tinygp")
    terms = [tinygp.kernels.quasisep.SHO(omega=w, quality=q, sigma=jnp.sqrt(v)) for w, q, v in parameters]
    return tinygp.GaussianProcess(
        sum(terms[1:], start=terms[0]), times, diag=noise, assume_sorted=True
    ).log_probability(y)


def of_celerite2(parameters: jax.Array, times: jax.Array, y: jax.Array, noise: jax.Array) -> jax.Array:
    """The binding to JAX."""
    celerite2 = importlib.import_module("celerite2.jax")
    terms = [celerite2.terms.SHOTerm(w0=w, Q=q, sigma=jnp.sqrt(v)) for w, q, v in parameters]
    process = celerite2.GaussianProcess(sum(terms[1:], start=terms[0]), mean=0.0)
    process.compute(times, diag=noise, check_sorted=False)
    return process.log_likelihood(y)


def contenders(length: int, terms: int) -> dict[str, Callable[..., jax.Array]]:
    """Those installed that take part."""
    found: dict[str, Callable[..., jax.Array]] = {"ours": ours}
    for name, module, function in (("tinygp", "tinygp", of_tinygp), ("celerite2", "celerite2.jax", of_celerite2)):
        if name == "tinygp" and (length > TINYGP_LIMIT or terms > 1):
            continue
        try:
            importlib.import_module(module)
        except ImportError:
            continue
        found[name] = function
    return found


def data(length: int, terms: int) -> Arguments:
    """Log-normal steps, noise of the observations."""
    random = np.random.default_rng(0)
    times, y = np.cumsum(random.lognormal(-2, 0.5, length)), random.normal(size=length)
    return tuple(jnp.asarray(part) for part in (OSCILLATORS[:terms], times, y, random.uniform(0.05, 0.2, length)))


def compiled(function: Callable[..., jax.Array], arguments: Arguments) -> tuple[Any, float]:
    """The program and the seconds it took to make."""
    start = time.perf_counter()
    program = jax.jit(function).lower(*arguments).compile()
    return program, time.perf_counter() - start


def measure(length: int, terms: int, rounds: int) -> dict[str, Any]:
    """Milliseconds of value and value with gradient, seconds of compilation, megabytes of temporary memory."""
    arguments = data(length, terms)
    row: dict[str, Any] = {"length": length, "terms": terms}
    values = {}
    for kind in ("value", "gradient"):
        programs = {}
        for name, function in contenders(length, terms).items():
            target: Any = function if kind == "value" else jax.value_and_grad(function, argnums=(0, 2, 3))
            program, seconds = compiled(target, arguments)
            programs[name] = lambda program=program: program(*arguments)
            row[f"{name} {kind} compile_s"] = seconds
            row[f"{name} {kind} MiB"] = program.memory_analysis().temp_size_in_bytes / 2**20
            result = programs[name]()
            values[name] = float(result if kind == "value" else result[0])
        worst = max(abs(value / values["ours"] - 1) for value in values.values())
        if worst > 1e-9:
            raise SystemExit(f"values differ: {values}")
        for name, times in alternate(programs, rounds=rounds).items():
            row[f"{name} {kind} ms"] = 1e3 * median(times)
            row[f"{name} {kind} least ms"] = 1e3 * min(times)
    return row


def table(rows: list[dict[str, Any]]) -> str:
    """Medians, with the ratio to ours in brackets."""
    lines = [
        "| points | terms | | ours, ms | tinygp | celerite2 | compile s: ours, tinygp, celerite2 | memory MiB, ours |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        for kind, label in (("value", "value"), ("gradient", "value and gradient")):
            own = row[f"ours {kind} ms"]
            cells = [
                f"{row[f'{name} {kind} ms']:.3g} ({row[f'{name} {kind} ms'] / own:.1f}x)"
                if f"{name} {kind} ms" in row
                else ""
                for name in ("tinygp", "celerite2")
            ]
            seconds = ", ".join(
                f"{row[f'{name} {kind} compile_s']:.1f}" if f"{name} {kind} compile_s" in row else "-"
                for name in ("ours", "tinygp", "celerite2")
            )
            memory = row[f"ours {kind} MiB"]
            lines.append(
                f"| {row['length']:,} | {row['terms']} | {label} | {own:.3g} | {' | '.join(cells)} | {seconds} | {memory:.3g} |"
            )
    return "\n".join(lines)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--lengths", type=int, nargs="*", default=[1000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--sums", type=int, nargs="*", default=[2, 3], help="terms of the sums, at 100,000 points")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    cases = [(length, 1) for length in arguments.lengths] + [(100_000, terms) for terms in arguments.sums]
    rows = [measure(length, terms, arguments.rounds) for length, terms in cases]
    report = {"rows": rows, "table": table(rows)}
    print(json.dumps(report) if arguments.json else report["table"])


if __name__ == "__main__":
    main()
