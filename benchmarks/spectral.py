"""Our rollout beside exponax: time per step, first call, and the bound set by the transforms alone.

Same equation, grid, step, order and dealiasing (2/3 rule), float32, contenders by turns in one process. The first call of ours is
set-up, tracing, compilation and one run; the peer's likewise. "Transforms" runs only the transforms that one step of ours needs.

    python benchmarks/spectral.py [--rounds 15] [--cases burgers1 ns256 ...] [--json]
"""

import argparse
import json
import math
import sys
from dataclasses import dataclass
from functools import partial

import exponax
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from timing import alternate, first_call, ratio, summary

import sciml
from sciml import physics, solvers

TWO_PI = 2 * math.pi


@dataclass(frozen=True)
class Case:
    """One comparison: ours, the peer's stepper, and the transforms of one evaluation (inverse, forward) by components."""

    label: str
    equation: sciml.Evolution
    nodes: int
    dimension: int
    extent: float
    dt: float
    steps: int
    peer: object
    transforms: tuple[int, int]


def cases() -> dict[str, Case]:
    """The comparisons by name."""
    stepper = exponax.stepper
    table = {
        "burgers1": Case(
            "Burgers 1-D, N=1024",
            physics.Burgers(0.01),
            1024,
            1,
            TWO_PI,
            1e-3,
            1000,
            lambda n, dt, order: stepper.Burgers(1, TWO_PI, n, dt, diffusivity=0.01, order=order),
            (1, 1),
        ),
        "ks1": Case(
            "Kuramoto-Sivashinsky 1-D, N=1024",
            physics.KuramotoSivashinsky(),
            1024,
            1,
            100.0,
            1e-2,
            1000,
            lambda n, dt, order: stepper.KuramotoSivashinskyConservative(1, 100.0, n, dt, order=order),
            (1, 1),
        ),
        "burgers3": Case(
            "Burgers 3-D, N=64",
            physics.Burgers(0.05, form="conservative"),
            64,
            3,
            TWO_PI,
            1e-3,
            6,
            lambda n, dt, order: stepper.Burgers(3, TWO_PI, n, dt, diffusivity=0.05, order=order, conservative=True),
            (3, 6),
        ),
    }
    for n, steps in ((128, 200), (256, 50), (512, 10)):
        table[f"ns{n}"] = Case(
            f"Navier-Stokes 2-D, N={n}",
            physics.NavierStokesVorticity(viscosity=1e-3),
            n,
            2,
            TWO_PI,
            1e-3,
            steps,
            lambda n, dt, order: stepper.NavierStokesVorticity(2, TWO_PI, n, dt, diffusivity=1e-3, order=order),
            (2, 2),
        )
    return table


def smooth_state(components: int, grid: sciml.Grid) -> jax.Array:
    """Band-limited random state of unit size: below the cut-off of both codes."""
    field = sciml.random.RandomFourierSeries(grid, modes=5)
    keys = jax.random.split(jax.random.key(0), components)
    return jnp.concatenate([field.sample(key) for key in keys]).astype(jnp.float32)


def run_case(case: Case, order: int, rounds: int) -> dict[str, float | str | int]:
    """Measure one comparison."""
    grid = sciml.Grid((case.nodes,) * case.dimension, extent=(case.extent,) * case.dimension)
    u0 = smooth_state(len(case.equation.component_names(case.dimension)), grid)
    method = {2: solvers.ETDRK2(), 4: solvers.ETDRK4()}[order]

    def ours():
        stepper = solvers.Stepper.build(case.equation, grid, dt=case.dt, method=method)
        return lambda: solvers.rollout_with(
            stepper, u0, steps=case.steps, save_every=case.steps, include_initial=False
        ).values[-1]

    def peer():
        run = jax.jit(exponax.repeat(case.peer(case.nodes, case.dt, order), case.steps))
        return lambda: run(u0)

    peer_run, peer_first = first_call(peer)
    our_run, our_first = first_call(ours)
    # The peer's vorticity has the other sign: ours on -w is minus theirs on w.
    flip = -1 if isinstance(case.equation, physics.NavierStokesVorticity) else 1
    reference = (
        peer_run() if flip == 1 else -jax.jit(exponax.repeat(case.peer(case.nodes, case.dt, order), case.steps))(-u0)
    )
    difference = float(jnp.max(jnp.abs(reference - our_run())))
    bound_run, _ = first_call(partial(transforms_alone, case, grid, order))
    times = alternate({"exponax": peer_run, "sciml": our_run, "transforms": bound_run}, rounds=rounds)
    per_step = summary(times, case.steps)
    return {
        "case": case.label,
        "order": order,
        "exponax_us": per_step["exponax"],
        "sciml_us": per_step["sciml"],
        "speed_up": ratio(times, "exponax", "sciml"),
        "transforms_us": per_step["transforms"],
        "of_bound": ratio(times, "transforms", "sciml"),
        "exponax_first_s": peer_first,
        "sciml_first_s": our_first,
        "difference": difference,
    }


def transforms_alone(case: Case, grid: sciml.Grid, order: int):
    """Only the transforms of one step, as the solver calls them."""
    basis = solvers.Stepper.build(case.equation, grid, dt=case.dt).basis
    inverse, forward = case.transforms
    points = jnp.ones((forward, *basis.quadrature), jnp.float32)

    def evaluation(points, _):
        # Each evaluation depends on the one before, and neither direction can be left out.
        coefficients = basis.from_points(points)
        back = basis.to_points(coefficients[:inverse])
        return (jnp.concatenate([back] * (forward // inverse))[:forward] if forward != inverse else back), coefficients[
            -1:, ..., :1
        ]

    run = jax.jit(lambda p: lax.scan(evaluation, p, None, length=case.steps * order))
    return lambda: run(points)


def table(rows: list[dict]) -> str:
    """The measurements as a Markdown table."""
    titles = (
        "case",
        "order",
        "exponax µs/step",
        "sciml µs/step",
        "speed-up",
        "transforms alone µs",
        "of bound",
        "first call s",
    )
    head = f"| {' | '.join(titles)} (exponax / sciml) |"
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    for r in rows:
        lines.append(
            f"| {r['case']} | {r['order']} | {r['exponax_us']:.0f} | {r['sciml_us']:.0f} | {r['speed_up']:.2f} | "
            f"{r['transforms_us']:.0f} | {r['of_bound']:.2f} | {r['exponax_first_s']:.1f} / {r['sciml_first_s']:.1f} |"
        )
    mean = float(np.exp(np.mean([np.log(r["speed_up"]) for r in rows])))
    return "\n".join([*lines, "", f"Geometric mean of the speed-up: {mean:.2f}."])


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = cases()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--cases", nargs="*", default=list(known), choices=list(known))
    parser.add_argument("--json", action="store_true", help="print one JSON object in place of the table")
    arguments = parser.parse_args()
    rows = []
    for name in arguments.cases:
        for order in (2, 4):
            rows.append(run_case(known[name], order, arguments.rounds))
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    print(json.dumps({"rows": rows, "table": table(rows)}) if arguments.json else table(rows))


if __name__ == "__main__":
    main()
