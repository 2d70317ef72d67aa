"""What the experiment `diffusion-concentration` measures."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

import sciml
from sciml.metrics import (
    gaussian_universality_gap,
    hill_estimator,
    lipschitz_statistics,
    lipschitz_tail,
    sampler_lipschitz,
)
from sciml.models import CondOT, DenseField, GaussianMixture
from sciml.models.diffusion import (
    DenoiserScore,
    DenoisingLoss,
    GeometricBrownian,
    MultiplicativeScore,
    OrnsteinUhlenbeck,
    probability_flow,
    sample_dale_langevin,
    sample_reverse,
)
from sciml.solvers import Taylor, solve_on_times

DEGREES = 3.0
"""Of freedom of Student's law: its tail index; the covariance is three times the identity."""
EARLIEST = 1e-3


class Sizes(NamedTuple):
    """Of data, networks and samplers."""

    dimension: int
    samples: int
    width: int
    iterations: int
    batch: int
    steps: int


class Tails(NamedTuple):
    """By seed: tail index of the norms, share of them beyond the 99.9 per cent quantile of the data in units of that of the data,
    kurtosis of projections, norms."""

    hill: list[float]
    beyond: list[float]
    kurtosis: list[float]
    norms: list[np.ndarray]


def student(count: int, dimension: int, key: Array) -> Array:
    """Student's law, the same in all directions."""
    normal, scale = jax.random.split(key)
    precision = jax.random.gamma(scale, DEGREES / 2, (count, 1)) / (DEGREES / 2)
    return jax.random.normal(normal, (count, dimension)) / jnp.sqrt(precision)


def student_score(process: OrnsteinUhlenbeck, dimension: int, nodes: int = 200) -> Callable[[Any, Array], Array]:
    """The exact score of the noised law: a mixture of normal laws over the precision, by the trapezoidal rule in its logarithm."""
    logarithms = jnp.linspace(math.log(1e-7), math.log(20.0), nodes)
    precisions = jnp.exp(logarithms)
    weights = DEGREES / 2 * logarithms - DEGREES / 2 * precisions

    def score(t: Any, x: Array) -> Array:
        widths = process.data_scale(t) ** 2 / precisions + process.noise_variance(t)
        squares = jnp.sum(x**2, axis=1, keepdims=True)
        shares = jax.nn.softmax(
            (weights - dimension / 2 * jnp.log(widths))[None] - squares / (2 * widths[None]), axis=1
        )
        return -x * jnp.sum(shares / widths[None], axis=1, keepdims=True)

    return score


def normal_score(process: OrnsteinUhlenbeck) -> Callable[[Any, Array], Array]:
    """Of normal data with the covariance of Student's law."""

    def score(t: Any, x: Array) -> Array:
        return -x / (process.data_scale(t) ** 2 * DEGREES + process.noise_variance(t))

    return score


def sample_scores(
    process: OrnsteinUhlenbeck, score: Callable[[Any, Array], Array], sizes: Sizes, key: Array
) -> np.ndarray:
    """Samples of the reverse-time equation from its stationary law."""
    times = process.horizon * jnp.linspace(1.0, (EARLIEST / process.horizon) ** 0.5, sizes.steps + 1) ** 2
    noise = math.sqrt(0.5) * jax.random.normal(key, (sizes.samples, sizes.dimension))
    draw = jax.jit(lambda noise, key: sample_reverse(process, score, noise, times, key=key))
    return np.asarray(draw(noise, jax.random.fold_in(key, 1)), np.float64)


def train(process: OrnsteinUhlenbeck, data: Array, sizes: Sizes, key: Array) -> Any:
    """A score of data by denoising; inputs are divided by the root mean square of the data."""
    spread = float(jnp.sqrt(jnp.mean(data**2)))
    field = DenseField(data.shape[1], width=sizes.width, depth=3, activation=jax.nn.silu, zero=True, key=key)
    return _fit(DenoiserScore(field, process, spread), DenoisingLoss(process, EARLIEST, 2.0), data, sizes, key)


def sample_radii(data: Array, sizes: Sizes, key: Array) -> np.ndarray:
    """Norms alone, by noise that multiplies: exponentials of what concentrates need not concentrate."""
    radii = jnp.linalg.norm(data, axis=1, keepdims=True)
    middle, spread = jnp.mean(jnp.log(radii)), float(jnp.std(jnp.log(radii)))
    process = GeometricBrownian(horizon=25.0 * spread**2)
    field = DenseField(1, width=sizes.width, depth=3, activation=jax.nn.silu, zero=True, key=key)
    model = MultiplicativeScore(DenoiserScore(field, process.logarithm, spread), process)
    loss = DenoisingLoss(process, EARLIEST * spread**2, float("inf"))
    model = _fit(model, loss, radii / jnp.exp(middle), sizes, key)
    width = math.sqrt(process.horizon + spread**2)
    noise = jnp.exp(width * jax.random.normal(jax.random.fold_in(key, 1), (sizes.samples, 1)))
    times = jnp.geomspace(process.horizon, EARLIEST * spread**2, sizes.steps + 1)
    score = jax.vmap(model.score, (None, 0))
    draw = jax.jit(lambda noise, key: sample_dale_langevin(process, score, noise, times, key=key))
    return np.asarray(jnp.exp(middle) * draw(noise, jax.random.fold_in(key, 2)), np.float64)[:, 0]


def tails_of(samples: np.ndarray, quantile: float, key: Array) -> tuple[float, float, float, np.ndarray]:
    """Tail index, share beyond a quantile divided by 1/1000, kurtosis of projections, norms."""
    found = lipschitz_statistics(jnp.asarray(samples), key=key)
    norms, along = np.asarray(found["norm"]), np.asarray(found["projections"])
    centred = along - along.mean(axis=0, keepdims=True)
    kurtosis = np.mean(centred**4, axis=0) / np.mean(centred**2, axis=0) ** 2
    return hill_estimator(norms), float(np.mean(norms > quantile) / 1e-3), float(kurtosis.mean()), norms


def collect(found: list[tuple[float, float, float, np.ndarray]]) -> Tails:
    """Of all seeds."""
    return Tails(*(list(part) for part in zip(*found)))


def flow_excess(process: OrnsteinUhlenbeck, model: Any, sizes: Sizes, probes: int, key: Array) -> tuple[float, float]:
    """Lipschitz constant of the probability flow, the largest at some noises, and the worst tail excess with it."""
    flow = probability_flow(process, model.score)
    times = process.horizon * (1 - jnp.linspace(1.0, (EARLIEST / process.horizon) ** 0.5, sizes.steps // 4 + 1) ** 2)

    def sampler(z: Array) -> Array:
        return solve_on_times(flow, Taylor(2, "difference"), times, math.sqrt(0.5) * z)

    noise = jax.random.normal(key, (sizes.samples, sizes.dimension))
    samples = jax.jit(lambda noise: jax.lax.map(sampler, noise, batch_size=1000))(noise)
    # Where samples are far out the map stretches most.
    far = noise[jnp.argsort(-jnp.sum(samples**2, axis=1))[:probes]]
    constant = jax.jit(jax.vmap(lambda z: sampler_lipschitz(sampler, z, iterations=12, key=key)))
    scale = float(jnp.max(constant(far)))
    found = lipschitz_statistics(samples, key=key)
    values = [found["norm"], found["largest"], *found["projections"].T]
    return scale, max(lipschitz_tail(one, scale) for one in values)


def universality(dimension: int, training: int, key: Array) -> tuple[float, float]:
    """Test errors of ridge regression on samples of two flows, and on normal laws with their moments, per cent.

    Each class is a mixture of three normal laws whose velocity is exact, solved by 16 midpoint steps.
    """
    keys = jax.random.split(key, 4)
    times, classes = jnp.linspace(0.0, 1.0, 17), []
    for place in range(2):
        centres = 0.25 * jax.random.normal(keys[place], (3, dimension))
        # One component in each class far from the others: far from normal.
        law = GaussianMixture(centres.at[0].add(0.5 * (-1.0) ** place), jnp.asarray(1.0))
        noise = jax.random.normal(keys[2 + place], (training // 2 + 2000, dimension))

        def velocity(t: Any, x: Array, args: Any) -> Array:
            return args.velocity(CondOT(), t, x)

        solver = Taylor(2, "difference")
        classes.append(jax.jit(lambda x, law: solve_on_times(velocity, solver, times, x, law))(noise, law))  # noqa: B023
    labels = np.repeat([0, 1], [len(one) for one in classes])
    found = gaussian_universality_gap(np.concatenate([np.asarray(one) for one in classes]), labels, training=training)
    return 100 * found.samples, 100 * found.normal


def _fit(model: Any, loss: DenoisingLoss, data: Array, sizes: Sizes, key: Array) -> Any:
    schedule = optax.cosine_decay_schedule(2e-3, sizes.iterations)
    return sciml.fit(
        model, loss, data, optimizer=optax.adam(schedule), steps=sizes.iterations, batch_size=min(sizes.batch, len(data)),
        progress=False, key=key,
    ).model  # fmt: skip
