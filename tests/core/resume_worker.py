"""One training run as a process of its own, to be killed: `python resume_worker.py FOLDER STEPS [reference]`.

Writes `result.npz` with all that must not depend on kills. With `reference` an uninterrupted run follows in the same
process and goes to `reference.npz`.
"""

import sys
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

import sciml


class Operator(eqx.Module):
    """Fourier layers: unlike a dense network, its bits depend on how the step is compiled."""

    lift: jax.Array
    real: jax.Array
    imaginary: jax.Array

    def __init__(self, key):
        keys = jax.random.split(key, 3)
        self.lift = jax.random.normal(keys[0], (8,), jnp.float32)
        self.real = jax.random.normal(keys[1], (2, 8, 8, 6), jnp.float32) / 8
        self.imaginary = jax.random.normal(keys[2], (2, 8, 8, 6), jnp.float32) / 8

    def __call__(self, u):
        v = self.lift[:, None] * u
        for real, imaginary in zip(self.real, self.imaginary):
            modes = jnp.fft.rfft(v)[:, :6]
            low = jnp.einsum("iok,ik->ok", jax.lax.complex(real, imaginary), modes)
            v = jax.nn.gelu(jnp.fft.irfft(jnp.pad(low, ((0, 0), (0, 11))), n=32) + v)
        return jnp.mean(v, axis=0, keepdims=True)


def loss(model, batch, key):
    inputs = batch["inputs"] + 0.01 * jax.random.normal(key, batch["inputs"].shape, jnp.float32)
    error = jax.vmap(model)(inputs) - batch["outputs"]
    return jnp.mean(error**2), {"largest": jnp.max(jnp.abs(error))}


def train(folder, steps, name):
    random = np.random.default_rng(0)
    inputs = random.normal(size=(50, 1, 32)).astype(np.float32)
    data = {"inputs": inputs, "outputs": np.roll(inputs, 3, axis=-1) ** 2}
    schedule = optax.warmup_cosine_decay_schedule(0.0, 3e-3, 20, steps)
    result = sciml.fit(
        Operator(jax.random.key(0)),
        loss,
        data,
        optimizer=optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule)),
        steps=steps,
        batch_size=16,
        validation=jax.tree.map(lambda leaf: leaf[:10], data),
        validate_every=max(1, steps // 7),
        keep_best=True,
        ema=0.99,
        checkpoint=folder / f"{name}.checkpoint",
        checkpoint_every=max(1, steps // 12),
        log=folder / f"{name}.jsonl",
        log_every=5,
        progress=False,
        key=jax.random.key(1),
    )
    leaves = jax.tree.leaves((result.model, result.average, result.best, result.history, result.validation))
    leaves += [result.best_value, result.best_step]
    stored = sciml.load(folder / f"{name}.checkpoint")["state"]
    np.savez(folder / f"{name}.npz", *leaves, **{f"state{path}": value for path, value in stored.items()})
    (folder / f"{name}.resumed").write_text(str(int(result.statistics["resumed_from"])))


if __name__ == "__main__":
    target = Path(sys.argv[1])
    train(target, int(sys.argv[2]), "result")
    if "reference" in sys.argv:
        train(target, int(sys.argv[2]), "reference")
