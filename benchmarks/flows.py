"""Rectified flows beside a plain JAX program and PyTorch; training of a light Schroedinger bridge.

    python benchmarks/flows.py [--peer-python PATH] [--small] [--json]

The PyTorch rows are written as torchcfm's examples are and need an environment of their own with `torch` alone.
"""

import argparse
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import optax
from timing import alternate, first_call, ratio

import sciml
from sciml.models import DenseField, FlowMatchingLoss, LightSB, LightSBLoss
from sciml.solvers import Taylor, solve_on_times

PEER = Path(__file__).with_name("flows_peer.py")
WIDTH, BATCH, SAMPLES, STEPS = 64, 256, 1024, 100
Weights = list[tuple[jax.Array, jax.Array]]


def data() -> jax.Array:
    """Eight normal laws on a circle."""
    keys = jax.random.split(jax.random.key(0))
    angle = jnp.pi / 4 * jax.random.randint(keys[0], (10000,), 0, 8)
    return 3 * jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1) + 0.3 * jax.random.normal(keys[1], (10000, 2))


# --- by hand ----------------------------------------------------------------------------------------------------------


def plain_weights() -> Weights:
    """Three hidden layers, like those of `DenseField`."""
    sizes = (3, WIDTH, WIDTH, WIDTH, 2)
    keys = jax.random.split(jax.random.key(1), 4)
    return [
        (jax.random.normal(k, (n, m)) * (2 / (n + m)) ** 0.5, jnp.zeros(m)) for k, n, m in zip(keys, sizes, sizes[1:])
    ]


def plain_velocity(weights: Weights, t: jax.Array, x: jax.Array) -> jax.Array:
    """Of a batch."""
    h = jnp.concatenate([x, jnp.broadcast_to(t, (len(x), 1))], axis=1)
    for w, b in weights[:-1]:
        h = jax.nn.silu(h @ w + b)
    return h @ weights[-1][0] + weights[-1][1]


def plain_loss(weights: Weights, x1: jax.Array, key: jax.Array) -> jax.Array:
    """Conditional flow matching along straight lines."""
    one, two = jax.random.split(key)
    x0, t = jax.random.normal(one, x1.shape), jax.random.uniform(two, (len(x1), 1))
    return jnp.mean((plain_velocity(weights, t, (1 - t) * x0 + t * x1) - (x1 - x0)) ** 2)


def plain_training(steps: int) -> Callable[[], Any]:
    """A loop in Python over one compiled step."""
    points, optimizer = data(), optax.adam(1e-3)

    @jax.jit
    def step(weights: Weights, state: Any, key: jax.Array) -> tuple[Weights, Any]:
        pick, draw = jax.random.split(key)
        batch = points[jax.random.randint(pick, (BATCH,), 0, len(points))]
        updates, state = optimizer.update(jax.grad(plain_loss)(weights, batch, draw), state)
        return optax.apply_updates(weights, updates), state

    def run() -> Any:
        weights, key = plain_weights(), jax.random.key(2)
        state = optimizer.init(weights)
        for _ in range(steps):
            key, used = jax.random.split(key)
            weights, state = step(weights, state, used)
        return weights

    return run


def plain_sampling(middle: bool) -> Callable[[], Any]:
    """Euler or midpoint steps in a scan."""
    weights, noise, length = plain_weights(), jax.random.normal(jax.random.key(3), (SAMPLES, 2)), 1 / STEPS

    @jax.jit
    def run(weights: Weights, x: jax.Array) -> jax.Array:
        def step(x: jax.Array, t: jax.Array) -> tuple[jax.Array, None]:
            v = plain_velocity(weights, t, x)
            if middle:
                v = plain_velocity(weights, t + length / 2, x + length / 2 * v)
            return x + length * v, None

        return jax.lax.scan(step, x, jnp.arange(STEPS) * length)[0]

    return lambda: run(weights, noise)


# --- ours -------------------------------------------------------------------------------------------------------------


def model() -> DenseField:
    """The same network."""
    return DenseField(2, width=WIDTH, depth=3, activation=jax.nn.silu, key=jax.random.key(1))


def our_training(steps: int) -> dict[str, float]:
    """Seconds of `sciml.fit`, with its history: compilation, and those of the steps."""
    return sciml.fit(
        model(), FlowMatchingLoss(), data(), optimizer=optax.adam(1e-3), steps=steps, batch_size=BATCH, progress=False,
        key=jax.random.key(2),
    ).statistics  # fmt: skip


def our_sampling(solver: Any) -> Callable[[], Any]:
    """`solve_on_times` with a solver of diffrax or ours."""
    field, noise = model(), jax.random.normal(jax.random.key(3), (SAMPLES, 2))
    times = jnp.linspace(0.0, 1.0, STEPS + 1)

    @jax.jit
    def run(field: DenseField, x: jax.Array) -> jax.Array:
        return solve_on_times(lambda t, x, args: jax.vmap(lambda x: args(t, x))(x), solver, times, x, field)

    return lambda: run(field, noise)


def bridge_training(dimension: int, components: int, steps: int) -> Callable[[], Any]:
    """A light bridge as in its paper: batches of 128."""
    keys = jax.random.split(jax.random.key(4))
    start, end = jax.random.normal(keys[0], (10000, dimension)), 2 + jax.random.normal(keys[1], (10000, dimension))
    return lambda: sciml.fit(
        LightSB.at(end[:components], noise=1.0), LightSBLoss(), (start, end), optimizer=optax.adam(3e-3), steps=steps,
        batch_size=128, progress=False, key=jax.random.key(5),
    ).model  # fmt: skip


# --- measurement ------------------------------------------------------------------------------------------------------


def compare(makers: dict[str, Callable[[], Callable[[], Any]]], rounds: int, base: str) -> dict[str, dict[str, float]]:
    """Milliseconds, ratios to `base` and first calls."""
    runs, first = {}, {}
    for name, make in makers.items():
        runs[name], first[name] = first_call(make)
    times = alternate(runs, rounds=rounds)
    return {
        name: {"ms": 1e3 * median(times[name]), "ratio": ratio(times, name, base), "first": first[name]}
        for name in makers
    }


def training_steps(steps: int, rounds: int) -> dict[str, dict[str, float]]:
    """As `compare`, without the compilation that every call of `sciml.fit` begins with."""
    plain, compiling = first_call(lambda: plain_training(steps))
    seconds: dict[str, list[float]] = {"plain JAX, loop in Python": [], "sciml.fit": []}
    first = {"plain JAX, loop in Python": compiling, "sciml.fit": 0.0}
    for _ in range(rounds):
        seconds["plain JAX, loop in Python"] += alternate({"plain": plain}, rounds=1)["plain"]
        statistics = our_training(steps)
        seconds["sciml.fit"].append(steps / statistics["steps_per_second"])
        first["sciml.fit"] = first["sciml.fit"] or statistics["compile_seconds"] + seconds["sciml.fit"][0]
    return {
        name: {
            "ms": 1e3 * median(times) / steps,
            "ratio": ratio(seconds, name, "plain JAX, loop in Python"),
            "first": first[name],
        }
        for name, times in seconds.items()
    }


def measure(small: bool, peer_python: str | None) -> dict[str, Any]:
    """All three parts."""
    steps, rounds = (50, 2) if small else (2000, 5)
    sampling = compare(
        {
            "Euler: plain JAX": lambda: plain_sampling(False),
            "Euler: solve_on_times": lambda: our_sampling(diffrax.Euler()),
            "midpoint: plain JAX": lambda: plain_sampling(True),
            "midpoint: Taylor(2, difference)": lambda: our_sampling(Taylor(2, "difference")),
            "midpoint: diffrax.Midpoint": lambda: our_sampling(diffrax.Midpoint()),
        },
        3 * rounds, "Euler: plain JAX",
    )  # fmt: skip
    peer: dict[str, float] = {}
    if peer_python:
        done = subprocess.run([peer_python, PEER], check=True, stdout=subprocess.PIPE, text=True)
        peer = json.loads(done.stdout)
    bridge_steps = 100 if small else 10000
    bridges = {
        f"{d} dimensions, {k} components": first_call(lambda d=d, k=k: bridge_training(d, k, bridge_steps))[1]
        for d, k in ((2, 50), (16, 50), (128, 50))
    }
    return {
        "training": training_steps(steps, rounds),
        "sampling": sampling,
        "peer": peer,
        "bridge": bridges,
        "bridge_steps": bridge_steps,
    }


def table(report: dict[str, Any]) -> str:
    """The measurements as Markdown tables."""
    lines = []
    for part, what in (("training", "training step"), ("sampling", f"{SAMPLES} samples, {STEPS} steps")):
        lines += [f"| {what} | ms | times the first row | first call s |", "|---|---|---|---|"]
        for name, row in report[part].items():
            lines.append(f"| {name} | {row['ms']:.3f} | {row['ratio']:.2f} | {row['first']:.1f} |")
        base = next(iter(report[part].values()))["ms"]
        for name, ms in report["peer"].items():
            if name.startswith(part):
                lines.append(f"| PyTorch{name.removeprefix(part)} | {ms:.3f} | {ms / base:.2f} | |")
        lines.append("")
    lines += [f"| light bridge, {report['bridge_steps']} steps | s, compilation included |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {seconds:.1f} |" for name, seconds in report["bridge"].items())])


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Rectified flows beside plain JAX and PyTorch; light bridges.")
    parser.add_argument("--peer-python", help="Python with torch")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    report = measure(arguments.small, arguments.peer_python)
    report["table"] = table(report)
    print(json.dumps(report) if arguments.json else report["table"])


if __name__ == "__main__":
    main()
