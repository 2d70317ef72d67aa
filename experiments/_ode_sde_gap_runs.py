"""What the experiment `ode-sde-gap` measures."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jax.scipy.special import ndtri

import sciml
from sciml.data import Generator
from sciml.metrics import sliced_wasserstein2
from sciml.models import (
    AnchoredPotential,
    DenoisingLoss,
    FokkerPlanckLoss,
    OrnsteinUhlenbeck,
    ScorePotential,
    fokker_planck_residual,
    probability_flow,
    sample_reverse,
)
from sciml.solvers import solve_on_times

PROCESS = OrnsteinUhlenbeck(horizon=4.0)
"""Its law is stationary within `exp(-4)` of the data's size."""
EARLIEST = 1e-3
"""Time of the clean data."""
REACH = 3.5
"""Of the box in which residuals are measured."""
BLOB_CENTRES = 0.65 * np.asarray(
    [[0, 0], [2, 2], [2, -2], [-2, 2], [-2, -2], [4, 0], [-4, 0], [0, 4], [0, -4]], np.float64
)
BLOB_VARIANCE = 0.2 * 0.65**2
SQUARES = 6 * np.asarray(
    [[0, 0], [0.5, 0], [0.25, 0.25], [0.75, 0.25], [0, 0.5], [0.5, 0.5], [0.25, 0.75], [0.75, 0.75]], np.float64
)  # fmt: skip
RINGS = np.asarray([0.65, 1.4], np.float64)


SPREAD = 1.5
"""Variance per coordinate of the law to which potentials are anchored; that of the data is 2.3 to 3."""
NOISY = 4
"""Samples of the equation for one of the flow, whose starts are spread evenly and need fewer."""
SHARPNESS = 20.0
"""Of the activation; its derivatives, of which the residual takes two, stay moderate."""
DENOISING = DenoisingLoss(PROCESS, earliest=EARLIEST, concentration=2.0)


class Training(NamedTuple):
    """Sizes of the networks and their training."""

    width: int
    depth: int
    warmup: int
    iterations: int
    batch: int
    points: int
    learning_rate: float


class Arm(NamedTuple):
    """One weight of the residual: sliced distances times `sqrt(2)` and the mean squared residual, by seed; samples of the first."""

    gap: np.ndarray
    flow: np.ndarray
    noisy: np.ndarray
    residual: np.ndarray
    refined: float
    by_flow: np.ndarray
    by_noise: np.ndarray
    seconds: float


class Control(NamedTuple):
    """The exact score: its gap; gaps of pairs of draws of the data."""

    gap: float
    noise: np.ndarray
    data: np.ndarray


def blob(key: Array) -> Array:
    """One point of nine normal laws."""
    pick, draw = jax.random.split(key)
    noise = jax.random.normal(draw, (2,))
    return jnp.asarray(BLOB_CENTRES, noise.dtype)[jax.random.randint(pick, (), 0, 9)] + BLOB_VARIANCE**0.5 * noise


def checker(key: Array) -> Array:
    """One point of eight squares."""
    pick, draw = jax.random.split(key)
    inside = 6 * jax.random.uniform(draw, (2,), minval=-0.5, maxval=-0.25)
    return jnp.asarray(SQUARES, inside.dtype)[jax.random.randint(pick, (), 0, 8)] + inside


def circles2(key: Array) -> Array:
    """One point of two rings."""
    pick, draw, turn_key = jax.random.split(key, 3)
    noise = jax.random.normal(draw, ())
    radius = jnp.asarray(RINGS, noise.dtype)[jax.random.randint(pick, (), 0, 2)] + 0.1 * noise
    turn = jax.random.uniform(turn_key, (), noise.dtype, maxval=2 * np.pi)
    return 2 * radius * jnp.stack([jnp.cos(turn), jnp.sin(turn)])


DATA: dict[str, Callable[[Array], Array]] = {"blob": blob, "circles2": circles2, "checker": checker}


def blob_log_density(t: Any, x: Array) -> Array:
    """Logarithm of the density of `blob` under the process, exact."""
    scale, centres = PROCESS.data_scale(jnp.asarray(t, x.dtype)), jnp.asarray(BLOB_CENTRES, x.dtype)
    width = scale**2 * BLOB_VARIANCE + PROCESS.noise_variance(jnp.asarray(t, x.dtype))
    squares = jnp.sum((x[None] - scale * centres) ** 2, axis=1)
    return jax.nn.logsumexp(-squares / (2 * width)) - jnp.log(2 * jnp.pi * width) - jnp.log(len(centres))


def even_normals(count: int, key: Array) -> Array:
    """Normal points in the plane that fill it evenly: an additive sequence of plastic ratios, shifted at random."""
    ratio = 1.324717957244746
    places = np.arange(count)[:, None] * np.asarray([1 / ratio, 1 / ratio**2]) % 1
    shift = jax.random.uniform(key, (1, 2))
    return ndtri(jnp.clip((jnp.asarray(places, shift.dtype) + shift) % 1, 1e-6, 1 - 1e-6))


def sample_both(score: Callable[[Any, Array], Array], count: int, steps: int, key: Array) -> tuple[Array, Array]:
    """Samples of the flow (Heun) and `NOISY` times as many of the reverse-time equation (Euler); times are dense near the data."""
    flow_key, start_key, noise_key = jax.random.split(key, 3)
    times = PROCESS.horizon * jnp.linspace(1.0, (EARLIEST / PROCESS.horizon) ** 0.5, steps + 1) ** 2
    spread = jnp.sqrt(PROCESS.noise_variance(times[0]))
    batched = jax.vmap(score, (None, 0))
    flow = probability_flow(PROCESS, batched)
    noise = spread * jax.random.normal(start_key, (NOISY * count, 2))
    return (
        solve_on_times(flow, diffrax.Heun(), PROCESS.horizon - times, spread * even_normals(count, flow_key)),
        sample_reverse(PROCESS, batched, noise, times, key=noise_key),
    )


def distance(x: Array, y: Array) -> Array:
    """Sliced, times `sqrt(2)`: the distance itself where one law is the other moved."""
    return 2**0.5 * sliced_wasserstein2(x, y, key=jax.random.key(0))


def activation(x: Array) -> Array:
    """A smooth ramp: it goes on outside the data, where a bounded one would leave the score to die."""
    return jax.nn.softplus(SHARPNESS * x) / SHARPNESS


def start(kind: str, data: str, training: Training, seeds: int, key: Array) -> Any:
    """Potentials of all seeds at once, plain or anchored, trained by denoising alone: where every weight begins."""
    init_key, fit_key = jax.random.split(key)
    plain = jax.vmap(
        lambda key: ScorePotential(2, width=training.width, depth=training.depth, activation=activation, key=key)
    )(jax.random.split(init_key, seeds))  # fmt: skip
    models = AnchoredPotential(plain, PROCESS, SPREAD**0.5) if kind == "anchored" else plain
    return _fit(models, DENOISING, data, training, training.warmup, seeds, fit_key)


def continued(models: Any, data: str, weight: float, training: Training, key: Array) -> tuple[Any, float]:
    """The same trained on with a weight of the residual, zero for none, and the seconds it took."""
    seeds = jax.tree.leaves(models)[0].shape[0]
    penalised = FokkerPlanckLoss(DENOISING, weight=weight, points=training.points, reach=REACH)
    before = time.perf_counter()
    found = _fit(models, penalised if weight else DENOISING, data, training, training.iterations, seeds, key)
    return found, time.perf_counter() - before


def _fit(models: Any, loss: Any, data: str, training: Training, steps: int, seeds: int, key: Array) -> Any:
    rates = optax.cosine_decay_schedule(training.learning_rate, steps)
    return sciml.fit(
        models, loss, Generator(DATA[data]), optimizer=optax.adam(rates), steps=steps, batch_size=training.batch,
        seeds=seeds, progress=False, key=key,
    ).model  # fmt: skip


def measure_arm(
    models: Any, data: str, weight: float, training: Training, count: int, steps: int, keys: tuple[Array, Array]
) -> Arm:
    """Train on, sample both ways, compare; with twice the steps for the first seed.

    Args:
        models: from `start`.
        data: name of the data.
        weight: of the residual.
        training: sizes.
        count: samples.
        steps: of both samplers.
        keys: of training and of samples, the same for all weights.
    """
    models, seconds = continued(models, data, weight, training, keys[0])
    sample_key, data_key, box_key = jax.random.split(keys[1], 3)
    truth = Generator(DATA[data]).draw(data_key, NOISY * count)
    x_key, t_key = jax.random.split(box_key)
    x = jax.random.uniform(x_key, (20000, 2), minval=-REACH, maxval=REACH)
    t = jax.random.uniform(t_key, (20000,), minval=EARLIEST, maxval=PROCESS.horizon)

    def sampled(model: Any, steps: int) -> tuple[Array, Array]:
        return sample_both(model.score, count, steps, sample_key)

    def one(model: Any) -> tuple[Array, ...]:
        by_flow, by_noise = sampled(model, steps)
        residual = jnp.mean(jax.vmap(fokker_planck_residual(model, PROCESS))(t, x) ** 2)
        distances = distance(by_flow, by_noise), distance(by_flow, truth), distance(by_noise, truth)
        return *distances, residual, by_flow, by_noise

    found = [np.asarray(part) for part in jax.jit(lambda models: jax.lax.map(one, models))(models)]
    refined = jax.jit(lambda model: distance(*sampled(model, 2 * steps)))(jax.tree.map(lambda leaf: leaf[0], models))
    gap, flow, noisy, residual, by_flow, by_noise = found
    return Arm(gap, flow, noisy, residual, float(refined), by_flow[0], by_noise[0], seconds)


def measure_control(count: int, steps: int, key: Array, pairs: int = 20) -> Control:
    """The gap of the exact score of `blob`, and the distances of as many samples of equal laws."""
    sample_key, data_key = jax.random.split(key)
    gap = jax.jit(
        lambda key: distance(*sample_both(jax.grad(blob_log_density, argnums=1), count, steps, key))
    )(sample_key)  # fmt: skip
    draw = Generator(blob).draw

    def pair(key: Array) -> Array:
        one, other = jax.random.split(key)
        return distance(draw(one, count), draw(other, NOISY * count))

    noise = jax.jit(lambda keys: jax.lax.map(pair, keys))(jax.random.split(data_key, pairs))
    return Control(float(gap), np.asarray(noise), np.asarray(draw(data_key, count)))
