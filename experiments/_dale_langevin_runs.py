"""What the experiment `dale-langevin` measures."""

from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from scipy.spatial import KDTree

import sciml
from sciml.data import load_digits
from sciml.metrics import energy_distance, wasserstein1
from sciml.models import MLP, DenseField
from sciml.models.diffusion import (
    BrownianMotion,
    DenoiserScore,
    DenoisingLoss,
    GeometricBrownian,
    MultiplicativeScore,
    sample_dale_langevin,
    sample_reverse,
)

HORIZON, EARLIEST = 25.0, 1e-3
"""In units of the variance of the data or of their logarithms."""
LOG_MEAN, LOG_SPREAD = 0.3, 0.5
"""Of the log-normal data whose score is known."""


class Training(NamedTuple):
    """Sizes of a network, of its training and of its samples."""

    width: int
    iterations: int
    batch: int
    learning_rate: float
    steps: int
    samples: int


class Sampled(NamedTuple):
    """What one kind of diffusion made of one set of data, by seed: samples, the part of them that is not positive, and two distances of
    their logarithms from those of fresh data; the energy distance knows no noise of its own."""

    samples: np.ndarray
    outside: np.ndarray
    distances: np.ndarray
    energies: np.ndarray


class Digits(NamedTuple):
    """Generated digits, their mean distance from the nearest digit that was learned, the share of the class made least, and the part of
    the values `1 + pixel` that is not positive."""

    samples: np.ndarray
    nearest: float
    rarest: float
    outside: float


class Signs(NamedTuple):
    """Weights whose sign training changed, per cent, and digits recognised, per cent."""

    changed: float
    accuracy: float


class OnDigits(NamedTuple):
    """By kind of noise, generated digits; distances to compare theirs with; by optimiser, what learning did to signs."""

    made: dict[str, Digits]
    references: dict[str, float]
    signs: dict[str, Signs]


def mixture(count: int, key: Array) -> Array:
    """Four log-normal laws in the plane."""
    pick, draw = jax.random.split(key)
    centres = jnp.log(jnp.asarray([[0.3, 0.3], [0.4, 3.0], [2.5, 0.5], [4.0, 4.0]]))
    return jnp.exp(centres[jax.random.randint(pick, (count,), 0, 4)] + 0.25 * jax.random.normal(draw, (count, 2)))


def gamma(count: int, key: Array) -> Array:
    """Two independent Gamma(2, 1) numbers: density `x exp(-x)`, most of it near zero."""
    return jax.random.gamma(key, 2.0, (count, 2))


def steep(count: int, key: Array) -> Array:
    """Two independent Gamma(1/2, 1) numbers: the density is infinite at zero."""
    return jax.random.gamma(key, 0.5, (count, 2))


LAWS = {"log-normal": mixture, "gamma 2": gamma, "gamma 1/2": steep}


# --- a known score ----------------------------------------------------------------------------------------------------


def known_errors(steps: tuple[int, ...], count: int, key: Array) -> dict[int, tuple[float, float]]:
    """Error of mean and standard deviation of the logarithm, by number of steps, with the exact score of log-normal data."""
    process = GeometricBrownian(horizon=9.0)

    def score(t: Array, x: Array) -> Array:
        return -(1 + (jnp.log(x) - LOG_MEAN) / (LOG_SPREAD**2 + t)) / x

    # Quantiles in place of random numbers at the start: the law of the noise adds no error of its own.
    levels = jnp.linspace(0.5, count - 0.5, count) / count
    start = jnp.exp(LOG_MEAN + jnp.sqrt(LOG_SPREAD**2 + 9.0) * jax.scipy.stats.norm.ppf(levels))

    def error(n: int) -> tuple[float, float]:
        times = jnp.geomspace(9.0, EARLIEST, n + 1)
        ends = jax.jit(lambda start: sample_dale_langevin(process, score, start, times, key=key))(start)
        logarithms = np.log(np.asarray(ends, np.float64))
        return abs(float(logarithms.mean()) - LOG_MEAN), abs(float(logarithms.std()) - LOG_SPREAD)

    return {n: error(n) for n in steps}


# --- networks on positive data ----------------------------------------------------------------------------------------


class Frame(NamedTuple):
    """Units in which additive noise sees the data: mean 0, root mean square 1."""

    mean: Array
    spread: Array

    @staticmethod
    def of(data: Array) -> "Frame":
        """The units of these data."""
        mean = jnp.mean(data, axis=0, keepdims=True)
        return Frame(mean, jnp.sqrt(jnp.mean((data - mean) ** 2)))


def train_additive(training: Training, data: Array, seeds: int, key: Array) -> tuple[Any, Frame]:
    """Scores under additive noise, one per seed."""
    frame, process = Frame.of(data), BrownianMotion(horizon=HORIZON)
    make = partial(_network, training, data.shape[1], process)
    return _fit(training, process, make, (data - frame.mean) / frame.spread, seeds, key), frame


def train_multiplicative(training: Training, data: Array, seeds: int, key: Array) -> tuple[Any, Frame]:
    """Scores under multiplicative noise: the same network of the logarithms."""
    frame = Frame.of(jnp.log(data))
    process = GeometricBrownian(horizon=HORIZON)

    def make(key: Array) -> MultiplicativeScore:
        return MultiplicativeScore(_network(training, data.shape[1], process.logarithm, key), process)

    return _fit(training, process, make, jnp.exp((jnp.log(data) - frame.mean) / frame.spread), seeds, key), frame


def sample_additive(training: Training, model: Any, frame: Frame, dimension: int, key: Array) -> Array:
    """Samples of the data; nothing keeps them positive."""
    process = BrownianMotion(horizon=HORIZON)
    noise = jnp.sqrt(HORIZON + 1) * jax.random.normal(key, (training.samples, dimension))
    score = jax.vmap(model.score, (None, 0))
    ends = sample_reverse(process, score, noise, _times(training), key=jax.random.fold_in(key, 1))
    return frame.mean + frame.spread * ends


def sample_multiplicative(training: Training, model: Any, frame: Frame, dimension: int, key: Array) -> Array:
    """Samples of the data by multiplication."""
    process = GeometricBrownian(horizon=HORIZON)
    noise = jnp.exp(jnp.sqrt(HORIZON + 1) * jax.random.normal(key, (training.samples, dimension)))
    score = jax.vmap(model.score, (None, 0))
    ends = sample_dale_langevin(process, score, noise, _times(training), key=jax.random.fold_in(key, 1))
    return jnp.exp(frame.mean) * ends**frame.spread


KINDS = {
    "additive": (train_additive, sample_additive),
    "multiplicative": (train_multiplicative, sample_multiplicative),
}


def compare(training: Training, law: Any, points: int, seeds: int, key: Array) -> tuple[dict[str, Sampled], float]:
    """Both kinds on the same data with the same budget, and the distance of two draws of the data."""
    keys = jax.random.split(key, 5)
    data = law(points, keys[0])
    fresh, other = (np.log(np.asarray(law(training.samples, k), np.float64)) for k in keys[1:3])
    found = {}
    for name, (train, sample) in KINDS.items():
        models, frame = train(training, data, seeds, keys[3])
        draw = jax.jit(jax.vmap(lambda m, k: sample(training, m, frame, data.shape[1], k)))  # noqa: B023
        samples = np.asarray(draw(models, jax.random.split(keys[4], seeds)), np.float64)
        # What has no logarithm counts as the least datum.
        logarithms = np.log(np.maximum(samples, float(jnp.min(data))))
        distances = np.asarray([wasserstein1(one, fresh) for one in logarithms])
        energies = np.asarray([float(energy_distance(jnp.asarray(one), jnp.asarray(fresh))) for one in logarithms])
        found[name] = Sampled(samples, np.mean(np.any(samples <= 0, axis=2), axis=1), distances, energies)
    return found, wasserstein1(other, fresh)


def split_digits() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Images `(., 64)` and labels, 1347 to learn from and 450 others, the same ones whatever the seed."""
    images, labels = load_digits()
    order = np.random.default_rng(0).permutation(len(images))
    images, labels = images.reshape(len(images), -1)[order], labels[order]
    return (images[:1347], labels[:1347]), (images[1347:], labels[1347:])


def make_digits(training: Training, kind: str, key: Array) -> Digits:
    """Train on `1 + pixel` and look for the nearest digit that was learned."""
    train, sample = KINDS[kind]
    (images, labels), _ = split_digits()
    data = 1 + jnp.asarray(images, float)
    models, frame = train(training, data, 1, key)
    model = jax.tree.map(lambda leaf: leaf[0] if eqx.is_array(leaf) else leaf, models)
    draw = jax.jit(lambda key: sample(training, model, frame, data.shape[1], key))
    samples = np.asarray(draw(jax.random.fold_in(key, 1)), np.float64)
    distances, places = to_nearest(samples - 1, images)
    classes = np.bincount(labels[places], minlength=10) / training.samples
    return Digits(samples - 1, float(distances.mean()), float(classes.min()), float(np.mean(samples <= 0)))


def reference_distances(count: int) -> dict[str, float]:
    """As `Digits.nearest`: of digits that were not learned, and of a normal law with the moments of those that were."""
    (images, _), (others, _) = split_digits()
    normal = np.random.default_rng(0).multivariate_normal(
        images.mean(axis=0), np.cov(images, rowvar=False), count, method="eigh"
    )
    return {
        "other digits": float(to_nearest(others, images)[0].mean()),
        "normal law": float(to_nearest(normal, images)[0].mean()),
    }


def to_nearest(points: np.ndarray, data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance from the nearest row of `data`, and which it is."""
    distances, places = KDTree(data).query(points)
    return np.asarray(distances), np.asarray(places)


def _network(training: Training, dimension: int, process: Any, key: Array) -> DenoiserScore:
    field = DenseField(dimension, width=training.width, depth=3, activation=jax.nn.silu, zero=True, key=key)
    return DenoiserScore(field, process)


def _fit(training: Training, process: Any, make: Any, data: Array, seeds: int, key: Array) -> Any:
    schedule = optax.cosine_decay_schedule(training.learning_rate, training.iterations)
    return sciml.fit(
        jax.vmap(make)(jax.random.split(key, seeds)), DenoisingLoss(process, EARLIEST, float("inf")), data,
        optimizer=optax.adam(schedule), steps=training.iterations, batch_size=min(training.batch, len(data)), seeds=seeds,
        progress=False, key=key,
    ).model  # fmt: skip


def _times(training: Training) -> Array:
    return jnp.geomspace(HORIZON, EARLIEST, training.steps + 1)


# --- the same rule as an optimiser ------------------------------------------------------------------------------------


def learn_digits(optimizer: optax.GradientTransformation, steps: int, key: Array) -> Signs:
    """A network of one hidden layer that learns the digits."""
    (images, labels), (others, answers) = split_digits()
    model = MLP(images.shape[1], 10, width=64, depth=1, activation=jax.nn.relu, key=key)
    known = (jnp.asarray(images, float), jnp.asarray(labels))

    def loss(model: Any, batch: Any, key: Any) -> tuple[Array, dict[str, Array]]:
        logits = jax.vmap(model)(batch[0])
        return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, batch[1])), {}

    trained = sciml.fit(
        model, loss, known, optimizer=optimizer, steps=steps, batch_size=128, progress=False, key=key
    ).model
    changed = [np.sign(a) != np.sign(b) for a, b in zip(model.weights, trained.weights)]
    right = np.argmax(np.asarray(jax.vmap(trained)(jnp.asarray(others, float))), axis=1) == answers
    return Signs(100 * float(np.mean(np.concatenate([c.ravel() for c in changed]))), 100 * float(np.mean(right)))
