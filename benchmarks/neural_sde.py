"""Stochastic equations with fixed steps beside a hand-written scan and diffrax; training steps beside torchsde and torchdiffeq.

    python benchmarks/neural_sde.py [--peer-python PATH] [--small] [--json]

The PyTorch rows need an environment of its own with `torch`, `torchsde` and `torchdiffeq`.
"""

import argparse
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from timing import alternate, first_call, ratio

from sciml.models import MLP
from sciml.solvers import EulerMaruyama, ReversibleHeun, StratonovichHeun, brownian_tree_values, solve_sde

PEER = Path(__file__).with_name("neural_sde_peer.py")
RATE, SCALE = 1.0, 0.5
SIZE, BATCH, STEPS, WIDTH = 4, 128, 100, 64


def drift(t: Any, y: jax.Array, args: Any) -> jax.Array:
    """Of the Ornstein-Uhlenbeck process."""
    return -RATE * y


def diffusion(t: Any, y: jax.Array, args: Any) -> jax.Array:
    """Constant."""
    return jnp.full_like(y, SCALE)


def by_hand(batch: int, steps: int) -> Callable[[jax.Array], jax.Array]:
    """What one would write for this equation alone."""
    length = 1.0 / steps

    @jax.jit
    def run(key: jax.Array) -> jax.Array:
        noise = jax.random.normal(key, (steps, batch, 2)) * length**0.5

        def step(y: jax.Array, dw: jax.Array) -> tuple[jax.Array, None]:
            return y - RATE * y * length + SCALE * dw, None

        return jax.lax.scan(step, jnp.ones((batch, 2)), noise)[0]

    return run


def ours(batch: int, steps: int, *, tree: bool = False) -> Callable[[jax.Array], jax.Array]:
    """`solve_sde`, with independent increments or those of the tree."""
    times = jnp.linspace(0.0, 1.0, steps + 1)

    def one(key: jax.Array) -> jax.Array:
        given: dict[str, Any] = {"key": key}
        if tree:
            values = brownian_tree_values(times, t0=0.0, t1=1.0, tol=0.5 / steps, shape=(2,), key=key)
            given = {"increments": jnp.diff(values, axis=0)}
        return solve_sde(
            drift, diffusion, jnp.ones(2), t0=0.0, t1=1.0, steps=steps, method=EulerMaruyama(), save_every=steps, **given
        ).values[-1]  # fmt: skip

    return jax.jit(lambda key: jax.vmap(one)(jax.random.split(key, batch)))


def by_diffrax(batch: int, steps: int, *, tree: bool) -> Callable[[jax.Array], jax.Array]:
    """diffrax' Euler with either of its paths."""

    def one(key: jax.Array) -> jax.Array:
        path = (
            diffrax.VirtualBrownianTree(0.0, 1.0, 0.5 / steps, (2,), key)
            if tree
            else diffrax.UnsafeBrownianPath((2,), key)
        )
        terms = diffrax.MultiTerm(
            diffrax.ODETerm(drift), diffrax.ControlTerm(lambda t, y, args: jnp.diag(diffusion(t, y, args)), path)
        )
        # Its increments cannot be asked for a second time, so diffrax allows no reverse mode with the quick path.
        adjoint = diffrax.RecursiveCheckpointAdjoint() if tree else diffrax.ForwardMode()
        solution: Any = diffrax.diffeqsolve(
            terms, diffrax.Euler(), 0.0, 1.0, 1.0 / steps, jnp.ones(2), max_steps=steps + 1, adjoint=adjoint
        )
        return solution.ys[-1]

    return jax.jit(lambda key: jax.vmap(one)(jax.random.split(key, batch)))


def throughput(batch: int, steps: int, rounds: int) -> dict[str, Any]:
    """Milliseconds of every contender, first calls, and ratios to the hand-written scan."""
    makers = {
        "hand-written scan": lambda: by_hand(batch, steps),
        "solve_sde": lambda: ours(batch, steps),
        "solve_sde, noise of the tree": lambda: ours(batch, steps, tree=True),
        "diffrax, UnsafeBrownianPath": lambda: by_diffrax(batch, steps, tree=False),
        "diffrax, VirtualBrownianTree": lambda: by_diffrax(batch, steps, tree=True),
    }
    key, runs, first = jax.random.key(0), {}, {}
    for name, make in makers.items():
        runs[name], first[name] = first_call(lambda make=make: (lambda run: lambda: run(key))(make()))
    times = alternate(runs, rounds=rounds)
    return {
        name: {
            "ms": 1e3 * median(times[name]),
            "ratio": ratio(times, name, "hand-written scan"),
            "first": first[name],
        }
        for name in makers
    }


class Fields(eqx.Module):
    """Drift and diagonal diffusion of the trained equation."""

    drift: MLP
    diffusion: MLP


def sde_training(method: Any) -> Callable[[], Callable[[], Any]]:
    """One Adam step of a neural stochastic equation whose end is drawn to zero."""

    def make() -> Callable[[], Any]:
        keys = jax.random.split(jax.random.key(0))
        model = Fields(*(MLP(SIZE, SIZE, width=WIDTH, depth=1, key=key) for key in keys))

        def loss(model: Fields, key: jax.Array) -> jax.Array:
            def end(one: jax.Array) -> jax.Array:
                return solve_sde(
                    lambda t, y, args: args.drift(y), lambda t, y, args: jax.nn.sigmoid(args.diffusion(y)), jnp.ones(SIZE),
                    t0=0.0, t1=1.0, steps=STEPS, method=method, args=model, save_every=STEPS, key=one,
                ).values[-1]  # fmt: skip

            return jnp.mean(jax.vmap(end)(jax.random.split(key, BATCH)) ** 2)

        return adam_steps(model, loss)

    return make


def ode_training() -> Callable[[], Any]:
    """One Adam step of a neural ordinary equation, Dormand-Prince steps."""
    model = MLP(2, 2, width=64, depth=2, key=jax.random.key(0))
    starts = jax.random.normal(jax.random.key(1), (64, 2))

    def loss(model: MLP, key: jax.Array) -> jax.Array:
        solution: Any = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: jax.vmap(args)(y)), diffrax.Dopri5(), 0.0, 1.0, 0.1, starts, model,
            stepsize_controller=diffrax.PIDController(rtol=1e-4, atol=1e-4), max_steps=32,
            adjoint=diffrax.RecursiveCheckpointAdjoint(checkpoints=32),
        )  # fmt: skip
        return jnp.mean(solution.ys[-1] ** 2)

    return adam_steps(model, loss)


def adam_steps(model: Any, loss: Callable[[Any, jax.Array], jax.Array]) -> Callable[[], Any]:
    """A function that takes one more step each time it is called."""
    optimizer = optax.adam(1e-3)

    @jax.jit
    def step(model: Any, state: Any, key: jax.Array) -> tuple[Any, Any, jax.Array]:
        key, used = jax.random.split(key)
        gradient = jax.grad(loss)(model, used)
        updates, state = optimizer.update(gradient, state)
        return optax.apply_updates(model, updates), state, key

    box = [(model, optimizer.init(model), jax.random.key(2))]

    def run() -> Any:
        box[0] = step(*box[0])
        return box[0][0]

    return run


def training(rounds: int, peer_python: str | None) -> dict[str, dict[str, float]]:
    """Milliseconds of one training step of each contender."""
    makers: dict[str, Callable[[], Callable[[], Any]]] = {
        "neural SDE, ReversibleHeun": sde_training(ReversibleHeun()),
        "neural SDE, StratonovichHeun": sde_training(StratonovichHeun()),
        "neural ODE, Dopri5": ode_training,
    }
    runs, rows = {}, {}
    for name, make in makers.items():
        runs[name], first = first_call(make)
        rows[name] = {"first": first}
    for name, times in alternate(runs, rounds=rounds).items():
        rows[name]["ms"] = 1e3 * median(times)
    if peer_python:
        done = subprocess.run([peer_python, PEER], check=True, stdout=subprocess.PIPE, text=True)
        rows |= {name: {"ms": ms} for name, ms in json.loads(done.stdout).items()}
    return rows


def table(report: dict[str, Any]) -> str:
    """The measurements as Markdown tables."""
    lines = ["| 256 paths, 1000 steps | ms | times the hand-written scan | first call s |", "|---|---|---|---|"]
    for name, row in report["throughput"].items():
        lines.append(f"| {name} | {row['ms']:.1f} | {row['ratio']:.2f} | {row['first']:.1f} |")
    lines += ["", "| training step | ms | first call s |", "|---|---|---|"]
    for name, row in report["training"].items():
        first = f"{row['first']:.1f}" if "first" in row else ""
        lines.append(f"| {name} | {row['ms']:.1f} | {first} |")
    return "\n".join(lines)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Stochastic equations beside diffrax, torchsde and torchdiffeq.")
    parser.add_argument("--peer-python", help="Python with torch, torchsde and torchdiffeq")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    batch, steps, rounds = (16, 100, 3) if arguments.small else (256, 1000, 7)
    report: dict[str, Any] = {"throughput": throughput(batch, steps, rounds)}
    report["training"] = training(rounds, arguments.peer_python)
    report["table"] = table(report)
    print(json.dumps(report) if arguments.json else report["table"])


if __name__ == "__main__":
    main()
