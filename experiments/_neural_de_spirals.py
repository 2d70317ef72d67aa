"""Irregular spirals of the experiment `neural-de`: a neural CDE and two usual networks that tell which way they turn."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from sciml.experiments._neural_de_training import parameters, train
from sciml.models import MLP, NeuralCDE, classification_loss

ARMS = {"cde": "neural CDE", "gru": "recurrent network (GRU)", "mlp": "dense network"}
HORIZON, NOISE = 6.0, 0.1


class Sizes(NamedTuple):
    """How much data, and how long to train."""

    samples: int
    times: int
    dropped: float
    iterations: int
    batch: int
    learning_rate: float


class Judged(NamedTuple):
    """Accuracies by arm and share dropped at the test, one per seed; losses along training; trained numbers."""

    accuracy: dict[str, dict[float, list[float]]]
    losses: dict[str, np.ndarray]
    parameters: dict[str, int]


class Recurrent(eqx.Module):
    """A gated recurrent unit that is told the values, last ones where missing, which are missing, and the time since the last row."""

    cell: eqx.nn.GRUCell
    readout: MLP

    def __init__(self, channels: int, classes: int, width: int, *, key: jax.Array):
        one, two = jax.random.split(key)
        self.cell = eqx.nn.GRUCell(2 * channels + 1, width, key=one)
        self.readout = MLP(width, classes, width=1, depth=0, key=two)

    def __call__(self, ts: jax.Array, xs: jax.Array, *, key: Any = None) -> jax.Array:
        """Logits of one series."""
        rows = jnp.concatenate(
            [filled(xs), jnp.isnan(xs).astype(xs.dtype), jnp.diff(ts, prepend=ts[:1])[:, None]], axis=1
        )
        first = jnp.zeros(self.cell.hidden_size, xs.dtype)
        state, _ = jax.lax.scan(lambda state, row: (self.cell(row, state), None), first, rows)
        return self.readout(state)


class Dense(eqx.Module):
    """A dense network of all values, last ones where missing, and all times."""

    network: MLP

    def __call__(self, ts: jax.Array, xs: jax.Array, *, key: Any = None) -> jax.Array:
        """Logits of one series."""
        return self.network(jnp.concatenate([filled(xs).ravel(), ts]))


def filled(xs: jax.Array) -> jax.Array:
    """The last value where one is missing, zero before the first."""

    def step(last: jax.Array, row: jax.Array) -> tuple[jax.Array, jax.Array]:
        now = jnp.where(jnp.isnan(row), last, row)
        return now, now

    return jax.lax.scan(step, jnp.zeros_like(xs[0]), xs)[1]


def make_cde(key: jax.Array) -> NeuralCDE:
    """Straight lines through what is there, one step of the log-ODE over four observations."""
    return NeuralCDE(2, 2, hidden=8, width=32, depth=1, interpolation="linear", window=4, key=key)


def make_gru(key: jax.Array) -> Recurrent:
    """About as many numbers as the neural CDE."""
    return Recurrent(2, 2, 20, key=key)


def make_mlp(key: jax.Array, times: int) -> Dense:
    """One hidden layer."""
    return Dense(MLP(3 * times, 2, width=32, depth=1, key=key))


def spirals(count: int, times: int, dropped: float, generator: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Times `(count, times)`, values with NaN where dropped, and which way they turn: 1 anticlockwise, 0 clockwise.

    Times are random, the same for no two series; each value of each channel is dropped on its own. Speed, decay, phase and size vary.
    """
    ts = np.sort(generator.uniform(0, HORIZON, (count, times)), axis=1)
    labels = np.arange(count) % 2
    speed, phase = generator.uniform(0.7, 1.5, (count, 1)), generator.uniform(0, 2 * np.pi, (count, 1))
    decay, size = generator.uniform(0.05, 0.3, (count, 1)), generator.uniform(0.7, 1.3, (count, 1))
    angles = phase + np.where(labels == 1, 1.0, -1.0)[:, None] * speed * ts
    xs = (size * np.exp(-decay * ts))[..., None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    xs = xs + NOISE * generator.standard_normal(xs.shape)
    xs[generator.uniform(size=xs.shape) < dropped] = np.nan
    return ts.astype(np.float32), xs.astype(np.float32), labels.astype(np.int32)


def compare(sizes: Sizes, shares: tuple[float, ...], test_samples: int, seeds: int, key: jax.Array) -> Judged:
    """Train the three on the same series with the same number of steps, and judge them where more and more is dropped."""
    data_key, train_key = jax.random.split(key)
    generators = [np.random.default_rng(_integers(jax.random.fold_in(data_key, seed))) for seed in range(seeds)]
    data = _stacked([spirals(sizes.samples, sizes.times, sizes.dropped, one) for one in generators])
    tests = {
        share: _stacked([spirals(test_samples, sizes.times, share, one) for one in generators]) for share in shares
    }
    makers = {"cde": make_cde, "gru": make_gru, "mlp": lambda key: make_mlp(key, sizes.times)}
    accuracy: dict[str, dict[float, list[float]]] = {}
    losses, counts = {}, {}
    for name, make in makers.items():
        models, losses[name] = train(
            make, classification_loss, data, steps=sizes.iterations, batch_size=sizes.batch,
            learning_rate=sizes.learning_rate, key=train_key,
        )  # fmt: skip
        counts[name] = parameters(models, seeds)
        accuracy[name] = {share: np.asarray(_accuracy(models, given)).tolist() for share, given in tests.items()}
    return Judged(accuracy, losses, counts)


@eqx.filter_jit
def _accuracy(models: Any, data: Any) -> jax.Array:
    """Per cent, one for each seed."""
    return 100 * eqx.filter_vmap(lambda model, *given: classification_loss(model, given)[1]["accuracy"])(models, *data)


def _stacked(parts: list[tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
    return tuple(np.stack(one) for one in zip(*parts))


def _integers(key: jax.Array) -> list[int]:
    return np.asarray(jax.random.key_data(key)).ravel().tolist()
