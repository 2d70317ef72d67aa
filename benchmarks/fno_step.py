"""Training step of our FNO beside the PyTorch library neuraloperator 2.0, on the CPU, at equal sizes and weights.

Both sides take the complete FNO of that library (two-layer lifting and projection, gated channel networks): 64 x 64
points, batch 16, width 32, 12 modes, four layers, 701 281 parameters, mean squared error, Adam, float32. The peer
writes its weights, ours loads them, outputs must agree to 1e-6 (relative L2; float32 rounding of the peer alone gives
3e-7); then short blocks of steps alternate through a pipe, so that a change of the machine's load meets both.

    python benchmarks/fno_step.py --peer-python PATH_TO_PYTHON_WITH_NEURALOPERATOR
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", help="a Python that has neuraloperator 2.0; without it only ours is timed")
    parser.add_argument("--rounds", type=int, default=15, help="alternations")
    parser.add_argument(
        "--block", type=int, default=2, help="timed steps of each side per alternation, after one untimed"
    )
    parser.add_argument(
        "--micro-batch", type=int, nargs="+", default=[1], help="samples per gradient; several are compared"
    )
    parser.add_argument("--devices", type=int, default=1, help="virtual CPU devices to shard the batch over")
    parser.add_argument("--threads", type=int, default=0, help="threads of the peer; 0 leaves its default")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--modes", type=int, default=12)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    return parser.parse_args()


class Peer:
    """The other library in its own process."""

    def __init__(self, options: argparse.Namespace, path: Path):
        sizes = [f"--{n}={getattr(options, n)}" for n in ("size", "batch", "width", "modes", "layers", "threads")]
        script = Path(__file__).with_name("fno_step_peer.py")
        command = [options.peer_python, str(script), "--write", str(path), *sizes]
        # Its idle threads must not spin while ours works.
        environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"} if options.peer_python else None
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.about = self._read()

    def _read(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            sys.exit("fno_step: the peer's process ended; does its Python have neuraloperator 2.0?")
        return json.loads(line)

    def steps(self, count: int) -> tuple[list[float], float]:
        """Run steps; give the seconds of each and the last loss."""
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        reply = self._read()
        return reply["seconds"], reply["loss"]

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


class Ours:
    """Our model, its compiled training step and its state."""

    def __init__(self, model, x, y, micro_batch: int, devices: int):
        import equinox as eqx
        import jax
        import optax

        optimiser = optax.adam(1e-3)
        # The step donates its state: each side of a comparison needs its own copy.
        self.params, static = eqx.partition(jax.tree.map(lambda w: w.copy(), model), eqx.is_inexact_array)
        self.state, self.data = optimiser.init(self.params), (x, y)
        gradients = _shard(_gradients(static, micro_batch, len(x) // devices), devices)

        def step(params, state, x, y):
            loss, gradient = gradients(params, x, y)
            updates, state = optimiser.update(gradient, state)
            return optax.apply_updates(params, updates), state, loss

        start = time.perf_counter()
        lowered = jax.jit(step, donate_argnums=(0, 1)).lower(self.params, self.state, x, y)
        self.step = lowered.compile()
        self.compile_seconds = time.perf_counter() - start
        self.temporary_bytes = self.step.memory_analysis().temp_size_in_bytes

    def steps(self, count: int) -> tuple[list[float], float]:
        """Run steps; give the seconds of each and the last loss."""
        seconds, loss = [], 0.0
        for _ in range(count):
            start = time.perf_counter()
            self.params, self.state, loss = self.step(self.params, self.state, *self.data)
            loss = float(loss)
            seconds.append(time.perf_counter() - start)
        return seconds, loss


def _gradients(static, micro_batch: int, batch: int):
    """Make `gradients(params, x, y)`: the mean loss and its gradient, accumulated over micro-batches."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    def loss(params, x, y):
        model = eqx.combine(params, static)
        # A batch of one needs no vmap: arrays then have the layout that the layers work in.
        out = model(x[0])[None] if len(x) == 1 else jax.vmap(model)(x)
        return jnp.mean((out - y) ** 2)

    value_and_grad = jax.value_and_grad(loss)
    count = batch // micro_batch
    if count == 1:
        return value_and_grad

    def gradients(params, x, y):
        def add(total, chunk):
            return jax.tree.map(jnp.add, total, value_and_grad(params, *chunk)), None

        zero = jax.tree.map(jnp.zeros_like, (jnp.zeros(()), params))
        chunks = jax.tree.map(lambda a: a.reshape(count, micro_batch, *a.shape[1:]), (x, y))
        return jax.tree.map(lambda a: a / count, jax.lax.scan(add, zero, chunks)[0])

    return gradients


def _shard(gradients, devices: int):
    """Spread the batch over devices and average."""
    if devices == 1:
        return gradients
    import jax
    from jax.sharding import AxisType, PartitionSpec

    mesh = jax.make_mesh((devices,), ("batch",), axis_types=(AxisType.Auto,))
    rows, whole = PartitionSpec("batch"), PartitionSpec()

    def local(params, x, y):
        return jax.tree.map(lambda a: jax.lax.pmean(a, "batch"), gradients(params, x, y))

    return jax.shard_map(local, mesh=mesh, in_specs=(whole, rows, rows), out_specs=whole, check_vma=False)


def summary(seconds: list[float]) -> dict[str, float]:
    return {"median_s": statistics.median(seconds), "min_s": min(seconds), "steps": len(seconds)}


def alternate(sides: dict, rounds: int, block: int) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Run blocks of steps of each side in turn; give the seconds per step and the loss after the same number of steps."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    losses: dict[str, float] = {}
    for index in range(rounds):
        names = list(sides) if index % 2 == 0 else list(reversed(sides))
        for name in names:
            # The first step of a block finds another side's data in the caches.
            times, losses[name] = sides[name].steps(block + 1)
            seconds[name] += times[1:]
            time.sleep(0.05)
    return seconds, losses


def main() -> None:
    options = arguments()
    if options.devices > 1:
        os.environ["JAX_NUM_CPU_DEVICES"] = str(options.devices)
    import jax
    import jax.numpy as jnp
    import numpy as np

    from sciml.models import GatedFNO, load_neuraloperator

    report: dict = {"sizes": {n: getattr(options, n) for n in ("size", "batch", "width", "modes", "layers", "devices")}}
    peer = None
    if options.peer_python:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "peer.npz"
            peer = Peer(options, path)
            weights = dict(np.load(path))
        x, y, expected = (jnp.asarray(weights.pop(name)) for name in ("input", "target", "output"))
        model = load_neuraloperator(weights)
        output = jax.jit(lambda x: jax.vmap(model)(x))(x)
        report["peer"] = peer.about
        report["output_error"] = float(jnp.linalg.norm(output - expected) / jnp.linalg.norm(expected))
        if not report["output_error"] < 1e-6:
            sys.exit(f"fno_step: outputs differ by {report['output_error']:.1e}.")
    else:
        modes = (options.modes // 2, options.modes // 2 + 1)
        model = GatedFNO(2, 1, 1, width=options.width, modes=modes, layers=options.layers, key=jax.random.key(0))
        shape = (options.batch, 1, options.size, options.size)
        x, y = (jax.random.normal(jax.random.key(i), shape) for i in (1, 2))
    report["parameters"] = sum(w.size for w in jax.tree.leaves(model))
    ours = {f"sciml, {m} at a time": Ours(model, x, y, m, options.devices) for m in options.micro_batch}
    sides = {"neuraloperator": peer, **ours} if peer else dict(ours)
    seconds, report["losses"] = alternate(sides, options.rounds, options.block)
    report["times"] = {name: summary(times) for name, times in seconds.items()}
    for name, side in ours.items():
        report["times"][name] |= {"compile_s": side.compile_seconds, "temporary_MB": side.temporary_bytes / 1e6}
        if peer:
            pairs = (summary(seconds["neuraloperator"]), report["times"][name])
            report["times"][name] |= {f"ratio_{k}": pairs[0][f"{k}_s"] / pairs[1][f"{k}_s"] for k in ("median", "min")}
    if peer:
        peer.close()
    print(json.dumps(report) if options.json else table(report))


def table(report: dict) -> str:
    lines = [f"FNO training step, {report['parameters']} parameters, {report['sizes']}"]
    if "peer" in report:
        lines += [f"peer: {report['peer']}; relative difference of outputs (L2): {report['output_error']:.1e}"]
        lines += [f"losses after the same steps: {report['losses']}"]
    lines += [f"{'':24s} {'median s':>9s} {'min s':>8s} {'ratio':>6s} {'(min)':>6s} {'compile s':>9s} {'temp MB':>8s}"]
    for name, row in report["times"].items():
        line = f"{name:24s} {row['median_s']:9.4f} {row['min_s']:8.4f}"
        if "ratio_median" in row:
            line += f" {row['ratio_median']:6.2f} {row['ratio_min']:6.2f}"
        elif "compile_s" in row:
            line += 14 * " "
        if "compile_s" in row:
            line += f" {row['compile_s']:9.1f} {row['temporary_MB']:8.0f}"
        lines.append(line)
    return "\n".join(lines)


if __name__ == "__main__":
    main()
