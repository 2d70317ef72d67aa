"""What the experiment `kinetic-paths` measures."""

from collections.abc import Callable
from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

import sciml
from sciml.metrics import sliced_wasserstein2
from sciml.models import (
    CondOT,
    DenseField,
    FlowMatchingLoss,
    GaussianMixture,
    GaussianPath,
    KineticOptimal,
    Trigonometric,
    VPDiffusion,
    data_separation,
    kinetic_energy,
)
from sciml.models.flow.separation import separation_scales
from sciml.solvers import solve_on_times

TABLE = 200
"""Scales at which the separation is known."""
LATEST = 1 - 1e-3
"""Where energies and training stop: the velocity of the diffusion path is infinite at the end, its energy of finite data too."""


class Board(NamedTuple):
    """One draw of the checkerboard: by path the energy, the same by samples, and by number of steps the distance of the samples from
    the data and the mean distance of a sample from the nearest point; `noise` is both for a second draw of the data."""

    data: np.ndarray
    separation: np.ndarray
    paths: dict[str, GaussianPath]
    energies: dict[str, float]
    sampled: dict[str, float]
    distances: dict[str, list[float]]
    nearest: dict[str, list[float]]
    noise: tuple[float, float]
    samples: dict[str, np.ndarray]


class Sphere(NamedTuple):
    """Random points of one dimension."""

    integral: float
    bound: float
    energies: dict[str, float]


class Training(NamedTuple):
    """Sizes of the networks and their training."""

    width: int
    iterations: int
    batch: int
    learning_rate: float
    evaluations: int


def checkerboard(count: int, key: Array) -> Array:
    """Points of the dark squares of a 4 x 4 board, with mean 0 and mean square 1 per coordinate."""
    cell_key, place_key = jax.random.split(key)
    cell = jax.random.randint(cell_key, (count,), 0, 8)
    row = cell // 2
    corner = jnp.stack([2 * (cell % 2) + row % 2, row], axis=1)
    inside = jax.random.uniform(place_key, (count, 2))
    return normalised(corner.astype(inside.dtype) + inside)


def normalised(points: Array) -> Array:
    """Centred, with mean square 1."""
    points = points - jnp.mean(points, axis=0, keepdims=True)
    return points / jnp.sqrt(jnp.mean(points**2))


def named_paths(separation: np.ndarray) -> dict[str, GaussianPath]:
    """The four that are compared."""
    return {
        "diffusion": VPDiffusion(),
        "trigonometric": Trigonometric(),
        "straight": CondOT(),
        "kinetic-optimal": KineticOptimal.of(separation),
    }


def measure_board(points: int, samples: int, steps: tuple[int, ...], key: Array) -> Board:
    """Energies and Euler samples with the exact velocity of a finite set of points."""
    keys = jax.random.split(key, 5)
    data, other = checkerboard(points, keys[0]), checkerboard(points, keys[4])
    separation = np.asarray(data_separation(data, TABLE, samples=20000, key=keys[1]))
    law, paths = GaussianMixture(data, jnp.zeros(())), named_paths(separation)
    noise = jax.random.normal(keys[2], (samples, 2))
    distances, nearest, ends = {}, {}, {}
    for name, path in paths.items():
        moved = [euler(lambda t, x, args, path=path: law.velocity(path, t, x), noise, n) for n in steps]
        distances[name] = [float(sliced_wasserstein2(x, data, key=keys[3])) for x in moved]
        nearest[name] = [_to_nearest(x, data) for x in moved]
        ends[name] = np.asarray(moved[steps.index(shown(steps))])
    return Board(
        np.asarray(data), separation, paths, {name: kinetic_energy(path, separation, latest=LATEST) for name, path in paths.items()},
        {name: sampled_energy(path, law, keys[2]) for name, path in paths.items()}, distances, nearest,
        (float(sliced_wasserstein2(other, data, key=keys[3])), _to_nearest(other, data)), ends,
    )  # fmt: skip


def _to_nearest(points: Array, data: Array) -> float:
    squares = jnp.sum((points[:, None] - data[None]) ** 2, axis=-1)
    return float(jnp.mean(jnp.sqrt(jnp.min(squares, axis=1))))


def shown(steps: tuple[int, ...]) -> int:
    """The number of steps whose samples are drawn."""
    return steps[:2][-1]


def euler(velocity: Callable[[Any, Array, Any], Array], noise: Array, steps: int) -> Array:
    """Samples by Euler's method, compiled."""
    times = jnp.linspace(0.0, 1.0, steps + 1)
    return jax.jit(lambda noise: solve_on_times(velocity, diffrax.Euler(), times, noise))(noise)


def sampled_energy(path: GaussianPath, law: GaussianMixture, key: Array, nodes: int = 32, count: int = 8000) -> float:
    """The mean square of the exact velocity, without the identity."""
    at, weights = np.polynomial.legendre.leggauss(nodes)
    turn = np.pi / 4 * (at + 1)
    times, weights = LATEST * np.sin(turn) ** 2, LATEST * weights * np.pi / 4 * np.sin(2 * turn)
    data_key, noise_key = jax.random.split(key)
    data = jnp.repeat(law.sample(count // 2, key=data_key), 2, axis=0)
    # Each noise with its opposite: half of the variance is gone.
    half = jax.random.normal(noise_key, (count // 2, data.shape[1]))
    noise = jnp.stack([half, -half], axis=1).reshape(data.shape)

    def square(t: Array) -> Array:
        return jnp.mean(law.velocity(path, t, path.position(t, data, noise)) ** 2)

    squares = jax.jit(lambda times: jax.lax.map(square, times))(jnp.asarray(times, data.dtype))
    return float(np.sum(weights * np.asarray(squares)))


def measure_sphere(count: int, dimension: int, key: Array) -> Sphere:
    """Random points of norm `sqrt(d)`, centred."""
    points_key, separation_key = jax.random.split(key)
    points = jax.random.normal(points_key, (count, dimension))
    points = normalised(points / jnp.linalg.norm(points, axis=1, keepdims=True))
    separation = np.asarray(data_separation(points, TABLE, key=separation_key))
    scales = separation_scales(TABLE)[:-1]
    integral = float(np.trapezoid(1 - separation[:-1], scales))
    energies = {name: kinetic_energy(path, separation, latest=LATEST) for name, path in named_paths(separation).items()}
    return Sphere(integral, 3 * count / dimension**0.5, energies)


def train_networks(training: Training, seeds: int, points: int, key: Array) -> dict[str, np.ndarray]:
    """Distance of the samples of a network for each path and seed; the seeds are trained side by side."""
    keys = jax.random.split(key, 4)
    data, fresh = checkerboard(20 * points, keys[0]), checkerboard(points, keys[1])
    separation = np.asarray(data_separation(normalised(data[:points]), TABLE, key=keys[2]))
    noise = jax.random.normal(keys[3], (points, 2))
    found = {}
    for name, path in named_paths(separation).items():
        models = jax.vmap(
            lambda key: DenseField(2, width=training.width, depth=3, activation=jax.nn.silu, key=key)
        )(jax.random.split(keys[2], seeds))  # fmt: skip
        result = sciml.fit(
            models, FlowMatchingLoss(path, latest=LATEST), data, optimizer=optax.adam(training.learning_rate),
            steps=training.iterations, batch_size=training.batch, seeds=seeds, progress=False, key=keys[3],
        )  # fmt: skip

        def distance(model: Any) -> Array:
            velocity = lambda t, x, args: jax.vmap(lambda x: model(t, x, args))(x)  # noqa: E731
            times = jnp.linspace(0.0, 1.0, training.evaluations + 1)
            return sliced_wasserstein2(solve_on_times(velocity, diffrax.Euler(), times, noise), fresh, key=keys[1])

        found[name] = np.asarray(jax.jit(jax.vmap(distance))(result.model))
    return found
