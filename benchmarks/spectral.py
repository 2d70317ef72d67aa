"""Our rollout beside exponax: time per step, gradient, first call, and the bound set by the transforms alone.

Same equation, grid, step, order and dealiasing (2/3 rule), float32, contenders by turns in one process. "Transforms" runs only the
transforms that one step of ours needs. The gradient is that of the mean square of the last state with respect to the first, by
reverse mode through `GRADIENT_STEPS` steps. A first call is measured in a process of its own, imports left out: set-up, tracing,
compilation and one run.

    python benchmarks/spectral.py [--rounds 15] [--cases burgers1 ns256 ...] [--json]
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from spectral_cases import METHODS, Case, cases
from timing import alternate, ratio, summary

from sciml import solvers
from sciml.compilation import WHOLE_LOOPS

GRADIENT_STEPS = {1: 200, 2: 10, 3: 4}


def forward(case: Case, order: int, contender: str) -> Callable[[], jax.Array]:
    """A compiled run of one contender."""
    u0 = case.sign * case.state() if contender == "exponax" else case.state()
    run = jax.jit(case.theirs(order, case.steps)) if contender == "exponax" else case.ours(order, case.steps)
    return lambda: run(u0)


def gradient(case: Case, order: int, contender: str) -> Callable[[], jax.Array]:
    """A compiled gradient of one contender."""
    steps = min(case.steps, GRADIENT_STEPS[case.dimension])
    u0 = case.sign * case.state() if contender == "exponax" else case.state()
    end = case.theirs(order, steps) if contender == "exponax" else case.ours(order, steps)
    options = None if contender == "exponax" else WHOLE_LOOPS
    run = jax.jit(jax.grad(lambda u: jnp.mean(end(u) ** 2)), compiler_options=options)
    return lambda: run(u0)


def transforms_alone(case: Case, order: int) -> Callable[[], jax.Array]:
    """Only the transforms of one step, as the solver calls them."""
    basis = solvers.Stepper.build(case.equation, case.grid, dt=case.dt).basis
    inverse, back = case.transforms
    points = jnp.ones((back, *basis.quadrature), jnp.float32)

    def evaluation(points: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
        # Each evaluation depends on the one before, and neither direction can be left out.
        coefficients = basis.from_points(points)
        values = basis.to_points(coefficients[:inverse])
        return jnp.concatenate([values] * -(-back // inverse))[:back], coefficients[-1:, ..., :1]

    def run(points: jax.Array) -> jax.Array:
        return lax.scan(evaluation, points, None, length=case.steps * order)[0]

    compiled = jax.jit(run, compiler_options=WHOLE_LOOPS)
    return lambda: compiled(points)


def first_call(name: str, order: int, contender: str) -> float:
    """Seconds of a first call in a fresh process."""
    command = [sys.executable, __file__, "--first-call", name, str(order), contender]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def time_first_call(name: str, order: int, contender: str) -> float:
    """What the fresh process does."""
    case = cases()[name]
    jax.block_until_ready(case.state())
    start = time.perf_counter()
    jax.block_until_ready(forward(case, order, contender)())
    return time.perf_counter() - start


def run_case(name: str, order: int, rounds: int) -> dict[str, float | str | int]:
    """Measure one comparison."""
    case = cases()[name]
    runs = {contender: forward(case, order, contender) for contender in ("exponax", "sciml")}
    difference = jnp.max(jnp.abs(case.sign * runs["exponax"]() - runs["sciml"]()))
    gradients = {contender: gradient(case, order, contender) for contender in runs}
    for run in gradients.values():
        jax.block_until_ready(run())
    bound = transforms_alone(case, order)
    jax.block_until_ready(bound())
    times = alternate({**runs, "transforms": bound}, rounds=rounds)
    backward = alternate(gradients, rounds=rounds)
    per_step = summary(times, case.steps)
    return {
        "case": case.label,
        "dimension": case.dimension,
        "order": order,
        "exponax_us": per_step["exponax"],
        "sciml_us": per_step["sciml"],
        "speed_up": ratio(times, "exponax", "sciml"),
        "gradient_speed_up": ratio(backward, "exponax", "sciml"),
        "of_bound": ratio(times, "transforms", "sciml"),
        "exponax_first_s": first_call(name, order, "exponax"),
        "sciml_first_s": first_call(name, order, "sciml"),
        "difference": float(difference),
    }


def geometric_mean(rows: list[dict], key: str) -> float:
    """Geometric mean of one column."""
    return float(np.exp(np.mean([np.log(row[key]) for row in rows])))


def table(rows: list[dict]) -> str:
    """The measurements as a Markdown table."""
    lines = [
        "| case | order | exponax µs/step | sciml µs/step | speed-up | gradient | of bound | first call s (exponax / sciml) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        lines.append(
            f"| {r['case']} | {r['order']} | {r['exponax_us']:.0f} | {r['sciml_us']:.0f} | {r['speed_up']:.2f} | "
            f"{r['gradient_speed_up']:.2f} | {r['of_bound']:.2f} | {r['exponax_first_s']:.1f} / {r['sciml_first_s']:.1f} |"
        )
    lines += ["", "Geometric means of speed-up and gradient speed-up:"]
    for dimension in sorted({r["dimension"] for r in rows}):
        own = [r for r in rows if r["dimension"] == dimension]
        means = [geometric_mean(own, key) for key in ("speed_up", "gradient_speed_up")]
        lines.append(f"{dimension}-D {means[0]:.2f} and {means[1]:.2f};")
    overall = [geometric_mean(rows, key) for key in ("speed_up", "gradient_speed_up")]
    return "\n".join([*lines, f"all {overall[0]:.2f} and {overall[1]:.2f}."])


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = cases()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--cases", nargs="*", default=list(known), choices=list(known))
    parser.add_argument("--json", action="store_true", help="print one JSON object in place of the table")
    parser.add_argument("--first-call", nargs=3, metavar=("CASE", "ORDER", "CONTENDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.first_call:
        name, order, contender = arguments.first_call
        print(time_first_call(name, int(order), contender))
        return
    rows = []
    for name in arguments.cases:
        for order in METHODS:
            rows.append(run_case(name, order, arguments.rounds))
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    print(json.dumps({"rows": rows, "table": table(rows)}) if arguments.json else table(rows))


if __name__ == "__main__":
    main()
