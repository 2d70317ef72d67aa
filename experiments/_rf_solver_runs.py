"""The exact velocity of a mixture and trained networks: what an inversion costs at equal evaluations."""

from collections.abc import Callable
from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

import sciml
from sciml.metrics import wasserstein2
from sciml.models import CondOT, DenseField, FlowMatchingLoss, GaussianMixture, round_trip
from sciml.solvers import MidpointReuse, Taylor, count_nfe, solve_on_times

EULER, RF_SOLVER = "Euler", "RF-Solver"
SAMPLERS: dict[str, tuple[Any, bool]] = {
    EULER: (diffrax.Euler(), False),
    RF_SOLVER: (Taylor(2, "difference"), False),
    "midpoint re-use": (MidpointReuse(), False),
    "Heun": (diffrax.Heun(), False),
    "Taylor 2, exact": (Taylor(2, "jvp"), False),
    "Taylor 3, exact": (Taylor(3, "jvp"), False),
    "reversible Heun": (diffrax.ReversibleHeun(), False),
    "reversible Heun, state kept": (diffrax.ReversibleHeun(), True),
}
"""Solvers, and whether the solver's state is handed from the inversion to the sampling."""

ORDERS = {EULER: 1, RF_SOLVER: 2, "Taylor 3, exact": 3}


class Accuracy(NamedTuple):
    """By sampler: error of the round trip and second moment of the latents, `(seeds, budgets)`."""

    error: dict[str, np.ndarray]
    moment: dict[str, np.ndarray]


class Trained(NamedTuple):
    """Of networks on one set of data: errors as above, and exact distance of samples from fresh data; `noise` is that of two draws."""

    error: dict[str, np.ndarray]
    distance: dict[str, np.ndarray]
    noise: float


class Training(NamedTuple):
    """Sizes of the networks and their training."""

    width: int
    iterations: int
    batch: int
    learning_rate: float


def mixture() -> GaussianMixture:
    """Three narrow normal laws in the plane."""
    means = jnp.asarray([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]])
    return GaussianMixture(means, jnp.asarray(0.05, means.dtype))


def steps_within(solver: Any, evaluations: int) -> int:
    """The largest number of steps that a solver takes with so many evaluations, at least one."""
    return max([n for n in range(1, evaluations + 1) if count_nfe(solver, n) <= evaluations], default=1)


def measure_mixture(points: int, budgets: tuple[int, ...], seeds: int, key: Array) -> Accuracy:
    """Round trips of samples of the mixture, with its exact velocity, in double precision."""
    with jax.enable_x64(True):
        law = mixture()
        data = jax.vmap(lambda key: law.sample(points, key=key))(jax.random.split(key, seeds))
        return _accuracy(lambda t, x, args: law.velocity(CondOT(), t, x), budgets, data)


def _accuracy(velocity: Callable[..., Array], budgets: tuple[int, ...], data: Array) -> Accuracy:
    errors: dict[str, np.ndarray] = {}
    moments: dict[str, np.ndarray] = {}
    for name, (solver, keep) in SAMPLERS.items():
        found = [_there(velocity, solver, steps_within(solver, budget), keep, data) for budget in budgets]
        errors[name] = np.stack([np.asarray(error) for error, _ in found], axis=1)
        moments[name] = np.stack([np.asarray(moment) for _, moment in found], axis=1)
    return Accuracy(errors, moments)


def _there(velocity: Any, solver: Any, steps: int, keep: bool, data: Array) -> tuple[Array, Array]:
    """Mean square error of the round trip, and second moment of the latents per coordinate, of each set of data."""
    times = jnp.linspace(0.0, 1.0, steps + 1, dtype=data.dtype)

    def one(data: Array) -> tuple[Array, Array]:
        trip = round_trip(velocity, solver, times, data, keep_state=keep)
        return trip.error, jnp.mean(trip.noise**2)

    return jax.jit(lambda data: jax.vmap(one)(data))(data)


def measure_orders(points: int, steps: tuple[int, int], key: Array) -> dict[str, float]:
    """Observed order of a sampling in double precision: of the median distance of a point from its exact place."""
    with jax.enable_x64(True):
        law = mixture()
        noise = jax.random.normal(key, (points, 2))

        def velocity(t: Any, x: Array, args: Any) -> Array:
            return law.velocity(CondOT(), t, x)

        def end(solver: Any, count: int) -> np.ndarray:
            times = jnp.linspace(0.0, 1.0, count + 1)
            return np.asarray(jax.jit(lambda noise: solve_on_times(velocity, solver, times, noise))(noise))

        truth = end(diffrax.Dopri8(), 2000)
        orders = {}
        for name in ORDERS:
            errors = [np.median(np.linalg.norm(end(SAMPLERS[name][0], count) - truth, axis=1)) for count in steps]
            orders[name] = float(np.log(errors[0] / errors[1]) / np.log(steps[1] / steps[0]))
        return orders


# --- networks ---------------------------------------------------------------------------------------------------------


def two_moons(count: int, key: Array) -> Array:
    """Two half circles that reach into each other, with noise of 0.1, about centred."""
    half, angle, noise = jax.random.split(key, 3)
    upper = jax.random.bernoulli(half, shape=(count,))
    angles = jnp.pi * jax.random.uniform(angle, (count,))
    x = jnp.where(upper, jnp.cos(angles), 1 - jnp.cos(angles)) - 0.5
    y = jnp.where(upper, jnp.sin(angles), 0.5 - jnp.sin(angles)) - 0.25
    return 1.5 * (jnp.stack([x, y], axis=1) + 0.1 * jax.random.normal(noise, (count, 2)))


def eight_gaussians(count: int, key: Array) -> Array:
    """Eight normal laws of deviation 0.15 on a circle of radius 2."""
    angles = jnp.arange(8.0) * (jnp.pi / 4)
    means = 2 * jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=1)
    return GaussianMixture(means, jnp.asarray(0.15**2, means.dtype)).sample(count, key=key)


DATA = {"two moons": two_moons, "eight Gaussians": eight_gaussians}


def measure_networks(
    draw: Callable[[int, Array], Array],
    training: Training,
    budgets: tuple[int, ...],
    points: int,
    seeds: int,
    key: Array,
) -> Trained:
    """Train a network for each seed, side by side, and sample and invert with each."""
    keys = jax.random.split(key, 6)
    data, fresh, other = draw(40 * points, keys[0]), draw(points, keys[1]), draw(points, keys[2])
    models = jax.vmap(
        lambda key: DenseField(2, width=training.width, depth=3, activation=jax.nn.silu, key=key)
    )(jax.random.split(keys[3], seeds))  # fmt: skip
    schedule = optax.cosine_decay_schedule(training.learning_rate, training.iterations)
    models = sciml.fit(
        models, FlowMatchingLoss(), data, optimizer=optax.adam(schedule), steps=training.iterations, batch_size=training.batch,
        seeds=seeds, ema=0.999, progress=False, key=keys[4],
    ).model  # fmt: skip
    noise = jax.random.normal(keys[5], (points, 2))
    errors, distances = {}, {}
    for name in (EULER, RF_SOLVER):
        solver = SAMPLERS[name][0]
        found = [_with_networks(models, solver, steps_within(solver, budget), fresh, noise) for budget in budgets]
        errors[name] = np.stack([np.asarray(error) for error, _ in found], axis=1)
        distances[name] = np.array([[wasserstein2(x, other) for x in ends] for _, ends in found]).T
    return Trained(errors, distances, wasserstein2(fresh, other))


def _with_networks(models: Any, solver: Any, steps: int, data: Array, noise: Array) -> tuple[Array, Array]:
    """Of each network: mean square error of the round trip of data, and samples."""
    times = jnp.linspace(0.0, 1.0, steps + 1)

    def one(model: Any) -> tuple[Array, Array]:
        velocity = lambda t, x, args: jax.vmap(lambda x: model(t, x, args))(x)  # noqa: E731
        return round_trip(velocity, solver, times, data).error, solve_on_times(velocity, solver, times, noise)

    return jax.jit(jax.vmap(one))(models)
