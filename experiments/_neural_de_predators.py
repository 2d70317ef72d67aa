"""Lotka and Volterra's equations in the experiment `neural-de`: a network beside known physics, and a network alone."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from sciml.experiments._neural_de_training import parameters, train
from sciml.models import DenseField, HybridField, NeuralODE, TrajectoryLoss

BIRTH, EATEN, DEATH, FED = 1.3, 0.9, 1.8, 0.8
"""`x' = BIRTH x - EATEN x y`, `y' = -DEATH y + FED x y`."""
ARMS = {"black": "network alone", "growth": "births and deaths known", "form": "form known, rates guessed"}
NOISE, SEEN, SPAN = 0.02, 3.0, 12.0
"""Noise of the data, time until which they reach, and to which is extrapolated; a period takes about 4."""


class Sizes(NamedTuple):
    """How much data, and how long to train."""

    trajectories: int
    times: int
    width: int
    iterations: int
    learning_rate: float


class Extrapolated(NamedTuple):
    """By arm, one for each seed: root mean square errors within and after the data.

    Attributes:
        inside: relative to the spread of the true solution, to the end of the data.
        after: the same from there to `SPAN`, from the same first states.
        elsewhere: the same over all times, from other first states.
        losses: along training, `(steps, seeds)`.
        parameters: trained numbers.
        times: of the courses.
        courses: errors in the course of time, `(seeds, times)`.
    """

    inside: dict[str, list[float]]
    after: dict[str, list[float]]
    elsewhere: dict[str, list[float]]
    losses: dict[str, np.ndarray]
    parameters: dict[str, int]
    times: np.ndarray
    courses: dict[str, np.ndarray]


class Growth(eqx.Module):
    """Births of the prey and deaths of the predators, known; what happens when they meet is not."""

    def __call__(self, t: Any, y: jax.Array, args: Any = None) -> jax.Array:
        """Speed of a state."""
        return jnp.asarray([BIRTH, -DEATH], y.dtype) * y


class Guessed(eqx.Module):
    """Lotka and Volterra's form with rates that are trained.

    Attributes:
        rates: births, losses by meetings, deaths, gains by meetings.
    """

    rates: jax.Array

    def __call__(self, t: Any, y: jax.Array, args: Any = None) -> jax.Array:
        """Speed of a state."""
        birth, eaten, death, fed = self.rates.astype(y.dtype)
        return jnp.stack([birth * y[0] - eaten * y[0] * y[1], fed * y[0] * y[1] - death * y[1]])


def make(key: jax.Array, width: int, arm: str) -> NeuralODE:
    """The same network in every arm; guesses are up to a quarter off."""
    network_key, guess_key = jax.random.split(key)
    field: Any = DenseField(2, width=width, depth=2, time=False, key=network_key)
    if arm == "growth":
        field = HybridField(Growth(), field)
    if arm == "form":
        off = jax.random.uniform(guess_key, (4,), minval=0.75, maxval=1.25)
        field = HybridField(Guessed(off * jnp.asarray([BIRTH, EATEN, DEATH, FED])), field)
    return NeuralODE(field, rtol=1e-4, atol=1e-4, expected_steps=32)


def solved(starts: np.ndarray, times: np.ndarray) -> np.ndarray:
    """True solutions, `(starts, times, 2)`."""
    from scipy.integrate import solve_ivp

    def rate(t: float, y: np.ndarray) -> list[float]:
        return [BIRTH * y[0] - EATEN * y[0] * y[1], -DEATH * y[1] + FED * y[0] * y[1]]

    return np.stack([solve_ivp(rate, (0.0, times[-1]), one, t_eval=times, rtol=1e-9, atol=1e-9).y.T for one in starts])


def compare(sizes: Sizes, seeds: int, key: jax.Array) -> Extrapolated:
    """Train each arm on the same noisy trajectories from the same networks."""
    data_key, train_key = jax.random.split(key)
    seen, all_times = np.linspace(0, SEEN, sizes.times), np.linspace(0, SPAN, 121)
    starts, others, data = [], [], []
    for seed in range(seeds):
        generator = np.random.default_rng(
            np.asarray(jax.random.key_data(jax.random.fold_in(data_key, seed))).ravel().tolist()
        )
        starts.append(generator.uniform(0.8, 3.0, (sizes.trajectories, 2)))
        others.append(generator.uniform(0.8, 3.0, (sizes.trajectories, 2)))
        exact = solved(starts[-1], seen)
        data.append((exact + NOISE * generator.standard_normal(exact.shape)).astype(np.float32))
    truths = np.stack([solved(one, all_times) for one in starts]), np.stack([solved(one, all_times) for one in others])
    found = Extrapolated({}, {}, {}, {}, {}, all_times, {})
    for name in ARMS:
        models, found.losses[name] = _trained(sizes, name, seen, np.stack(data), train_key)
        found.parameters[name] = parameters(models, seeds)
        own, new = (
            np.asarray(
                _predict(models, jnp.asarray(truth[:, :, 0], jnp.float32), jnp.asarray(all_times, jnp.float32)),
                np.float64,
            )
            for truth in truths
        )
        late = all_times > SEEN
        found.inside[name] = _errors(own[:, :, ~late], truths[0][:, :, ~late])
        found.after[name] = _errors(own[:, :, late], truths[0][:, :, late])
        found.elsewhere[name] = _errors(new, truths[1])
        found.courses[name] = _course(own, truths[0])
    return found


def _trained(sizes: Sizes, arm: str, seen: np.ndarray, data: np.ndarray, key: jax.Array) -> tuple[Any, np.ndarray]:
    """Fitted to all pieces a third as long, each beginning at a noisy value."""
    piece = max(2, sizes.times // 3 + 1)
    at = np.arange(sizes.times - piece + 1)[:, None] + np.arange(piece)
    pieces = data[:, :, at].reshape(data.shape[0], -1, piece, 2)
    return train(
        lambda one: make(one, sizes.width, arm), TrajectoryLoss(jnp.asarray(seen[:piece], jnp.float32)), pieces,
        steps=sizes.iterations, batch_size=min(64, pieces.shape[1]), learning_rate=sizes.learning_rate, key=key,
    )  # fmt: skip


@eqx.filter_jit
def _predict(models: Any, starts: jax.Array, times: jax.Array) -> jax.Array:
    """`(seeds, starts, times, 2)`."""
    return eqx.filter_vmap(lambda model, y0: model.solve_batch(y0, ts=times).ys)(models, starts)


def _course(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Root mean square over the trajectories by that of the truth about its mean over all times, `(seeds, times)`."""
    spread = truth - truth.mean(axis=(1, 2), keepdims=True)
    return np.sqrt(np.mean((found - truth) ** 2, axis=(1, 3)) / np.mean(spread**2, axis=(1, 2, 3))[:, None])


def _errors(found: np.ndarray, truth: np.ndarray) -> list[float]:
    """Root mean square by the root mean square of the truth about its mean, one per seed."""
    spread = truth - truth.mean(axis=(1, 2), keepdims=True)
    ratio = np.mean((found - truth) ** 2, axis=(1, 2, 3)) / np.mean(spread**2, axis=(1, 2, 3))
    return np.sqrt(ratio).tolist()
