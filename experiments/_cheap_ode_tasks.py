"""What the experiments `ernode` and `local-nde` learn: digits of 8 x 8 pixels, and a spiral with cubic speed."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from sciml.data import load_digits
from sciml.models import NeuralODE

PIXELS, CLASSES, TRAINING = 64, 10, 1347
SPIRAL = np.array([[-0.1, -2.0], [2.0, -0.1]])
"""The truth is u' = u^3 A, by components."""
SPIRAL_START = np.array([2.0, 0.0])


class Dense(eqx.Module):
    """Affine map of the last axis; the time may be appended to its input."""

    weight: Array
    bias: Array
    with_time: bool = eqx.field(static=True)

    def __init__(self, size: int, out: int, *, with_time: bool = False, key: Array):
        rows = size + with_time
        limit = np.sqrt(6 / (rows + out))
        self.weight = jax.random.uniform(key, (rows, out), float, -limit, limit)
        self.bias = jnp.zeros(out, self.weight.dtype)
        self.with_time = with_time

    def __call__(self, t: Any, x: Array) -> Array:
        """Apply to `(..., size)`."""
        weight, offset = self.weight, self.bias
        if self.with_time:
            weight, offset = weight[:-1], offset + jnp.asarray(t, x.dtype) * weight[-1]
        product = x @ weight
        return product + jnp.broadcast_to(offset, product.shape)


class Field(eqx.Module):
    """Two layers with tanh between; of the cubes of the state where `cubed`."""

    first: Dense
    second: Dense
    cubed: bool = eqx.field(static=True)

    def __init__(self, size: int, width: int, *, cubed: bool, key: Array):
        one, two = jax.random.split(key)
        self.first = Dense(size, width, with_time=not cubed, key=one)
        self.second = Dense(width, size, with_time=not cubed, key=two)
        self.cubed = cubed

    def __call__(self, t: Any, y: Array, args: Any = None) -> Array:
        """Speed of a state."""
        return self.second(t, jnp.tanh(self.first(t, y**3 if self.cubed else y)))


class Learner(eqx.Module):
    """The equation, and what reads its solution."""

    equation: NeuralODE
    readout: Dense | None


class Task(NamedTuple):
    """A data set and how a solution is judged. States are solved as one system, `(batch, size)`."""

    make: Callable[..., Learner]
    """Of a key, and how the equation is solved."""
    inputs: np.ndarray
    targets: np.ndarray
    test_inputs: np.ndarray
    test_targets: np.ndarray
    times: tuple[float, ...] | None
    """Where the solution is compared, from 0 on; the end alone where None."""
    loss: Callable[[Learner, Array, Array], Array]
    """Of the model, states `(batch, times, size)`, targets."""
    score: Callable[[Learner, Array, Array], Array]
    """Of the same; in per cent."""


def digits(width: int) -> Task:
    """Handwritten digits: 1347 to learn from and 450 to be judged by, the same ones whatever the seed.

    Raises:
        ImportError: without scikit-learn.
    """
    images, labels = load_digits()
    images = images.reshape(-1, PIXELS)
    order = np.random.default_rng(0).permutation(len(images))
    images, labels = images[order], labels[order]

    def make(key: Array, **options: Any) -> Learner:
        one, two = jax.random.split(key)
        field = Field(PIXELS, width, cubed=False, key=one)
        return Learner(NeuralODE(field, **options), Dense(PIXELS, CLASSES, key=two))

    return Task(
        make, images[:TRAINING], labels[:TRAINING], images[TRAINING:], labels[TRAINING:], None, _cross_entropy, _accuracy
    )  # fmt: skip


def _logits(model: Learner, states: Array) -> Array:
    if model.readout is None:
        raise ValueError("a classifier has a readout")
    return model.readout(1.0, states[:, -1])


def _cross_entropy(model: Learner, states: Array, labels: Array) -> Array:
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(_logits(model, states), labels))


def _accuracy(model: Learner, states: Array, labels: Array) -> Array:
    return 100 * jnp.mean((jnp.argmax(_logits(model, states), axis=-1) == labels).astype(states.dtype))


def spiral(width: int, count: int = 30) -> Task:
    """One path of the spiral on [0, 1], `count` times."""
    from scipy.integrate import solve_ivp

    times = np.arange(1, count + 1) / count

    def truth(t: float, u: np.ndarray) -> np.ndarray:
        return u**3 @ SPIRAL.T

    path = solve_ivp(truth, (0.0, 1.0), SPIRAL_START, t_eval=times, rtol=1e-10, atol=1e-10).y.T

    def make(key: Array, **options: Any) -> Learner:
        return Learner(NeuralODE(Field(2, width, cubed=True, key=key), **options), None)

    start, target = SPIRAL_START[None], path[None]
    return Task(make, start, target, start, target, (0.0, *times.tolist()), _path_loss, _path_score)


def _path_loss(model: Learner, states: Array, target: Array) -> Array:
    return jnp.mean((states[:, 1:] - target) ** 2)


def _path_score(model: Learner, states: Array, target: Array) -> Array:
    """A hundred less the relative error in per cent."""
    return 100 * (1 - jnp.sqrt(_path_loss(model, states, target) / jnp.mean(target**2)))
