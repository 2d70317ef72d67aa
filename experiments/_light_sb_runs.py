"""What the experiment `light-sb` measures."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

import sciml
from sciml.data import Generator
from sciml.metrics import sliced_wasserstein2, unexplained_variance
from sciml.models import LightSB, LightSBLoss, discrete_bridge
from sciml.solvers import EulerMaruyama, solve_sde

TRUE_COMPONENTS = 5
"""Of a known potential."""
RADIUS = 2.0
"""On which its centres lie."""
SCALES = (0.2, 0.8)
"""Between which its scales are, before their mean is made 1/2: then no component takes all."""
HELD_OUT = 20000
"""Pairs for variances and losses."""
TESTS = 500
"""Starts at which conditional laws are compared."""
FRAMES = 4
"""Dimension of the potentials with correlated components and of the normal laws."""
ROLL_SAMPLES = 10000


class Sizes(NamedTuple):
    """Of a training: potentials at once, components, optimiser steps, batch, learning rate, samples when they are few."""

    seeds: int
    components: int
    iterations: int
    batch: int
    learning_rate: float
    samples: int


class Benchmark(NamedTuple):
    """One dimension and noise; one value per seed, of which each has its own potential.

    `fresh` and `same` are unexplained variances in per cent, of bridges that saw new samples at each step and of those that saw the few
    that Sinkhorn saw; `excess` is the least held-out loss beyond that of the truth, in standard errors.
    """

    fresh: np.ndarray
    same: np.ndarray
    sinkhorn: np.ndarray | None
    share: float
    excess: float
    seconds: tuple[float, float, float]
    clouds: dict[str, list[np.ndarray]]
    deviation: float


class Normal(NamedTuple):
    """One component between normal laws: eigenvalues found and of the closed form, and the relative error of the matrix, by seed."""

    found: np.ndarray
    exact: np.ndarray
    errors: np.ndarray


class Roll(NamedTuple):
    """A swiss roll at one noise: samples, paths `(paths, times, 2)`, sliced distance from the data, seconds of training."""

    samples: np.ndarray
    paths: np.ndarray
    distance: float
    seconds: float


def known_potentials(seeds: int, d: int, noise: float, key: Array, *, full: bool = False) -> LightSB:
    """Potentials from which benchmarks are made, stacked along a leading axis."""

    def one(key: Array) -> LightSB:
        centre_key, scale_key, frame_key = jax.random.split(key, 3)
        centres = jax.random.normal(centre_key, (TRUE_COMPONENTS, d))
        centres = RADIUS * centres / jnp.linalg.norm(centres, axis=1, keepdims=True)
        scales = jax.random.uniform(scale_key, (TRUE_COMPONENTS, d), minval=SCALES[0], maxval=SCALES[1])
        scales = 0.5 * scales / jnp.mean(scales, axis=1, keepdims=True)
        start = LightSB.at(centres, noise=noise, full=full, key=frame_key)
        return eqx.tree_at(lambda model: model.log_scales, start, jnp.log(scales))

    return jax.jit(jax.vmap(one))(jax.random.split(key, seeds))


def pairs_of(truth: LightSB) -> Callable[[Array], tuple[Array, Array]]:
    """A draw of `(x, y)`, shape `(seeds, d)`, from the true couplings."""

    def pairs(key: Array) -> tuple[Array, Array]:
        def one(model: LightSB, key: Array) -> tuple[Array, Array]:
            start_key, end_key = jax.random.split(key)
            x = jax.random.normal(start_key, model.centres.shape[1:], model.centres.dtype)
            return x, model(x, key=end_key)

        return jax.vmap(one)(truth, jax.random.split(key, truth.centres.shape[0]))

    return pairs


def _draw(source: Generator, key: Array, count: int) -> Any:
    """Samples by one compiled program."""
    return jax.jit(source.draw, static_argnums=1)(key, count)


def train(starts: LightSB, data: Any, sizes: Sizes, key: Array) -> tuple[LightSB, float]:
    """All potentials at once: the losses add up and Adam takes each parameter for itself. With the seconds it took."""

    def loss(models: LightSB, batch: tuple[Array, Array], key: Array) -> tuple[Array, dict[str, Array]]:
        return jnp.sum(
            jax.vmap(lambda model, x, y: LightSBLoss()(model, (x, y))[0], in_axes=(0, 1, 1))(models, *batch)
        ), {}

    before = time.perf_counter()
    rates = optax.cosine_decay_schedule(sizes.learning_rate, sizes.iterations)
    result = sciml.fit(
        starts, loss, data, optimizer=optax.adam(rates), steps=sizes.iterations, batch_size=sizes.batch, progress=False, key=key
    )  # fmt: skip
    return result.model, time.perf_counter() - before


def measure_benchmark(d: int, noise: float, sizes: Sizes, simulated: int, key: Array) -> Benchmark:
    """Learn potentials that are known, from new samples and from few, and beside them Sinkhorn's plan of the few."""
    keys = jax.random.split(key, 7)
    truth = known_potentials(sizes.seeds, d, noise, keys[0])
    pairs = Generator(pairs_of(truth))
    few, held_out = _draw(pairs, keys[1], sizes.samples), _draw(pairs, keys[2], HELD_OUT)
    starts = _starts(few[1], sizes.components, noise)
    fresh, fresh_seconds = train(starts, pairs, sizes, keys[3])
    same, same_seconds = train(starts, few, sizes, keys[4])
    tests = jax.random.normal(keys[5], (TESTS, d))
    score = _scorer(truth, held_out[1], tests)
    bridges, seconds = _sinkhorn(few, noise)
    models = {"truth": truth, "light bridge": same} | ({} if bridges is None else {"Sinkhorn": bridges})
    shares = jax.jit(jax.vmap(lambda model: jnp.mean(jax.vmap(model.shares)(tests), axis=0)))(truth)
    return Benchmark(
        score(fresh), score(same), None if bridges is None else score(bridges), float(jnp.min(shares)),
        min(_excess(model, truth, held_out) for model in (fresh, same)), (fresh_seconds, same_seconds, seconds),
        {name: _clouds(model, d, keys[6]) for name, model in models.items()},
        simulated_deviation(fresh, simulated, keys[6]) if simulated else 0.0,
    )  # fmt: skip


def _starts(ends: Array, components: int, noise: float, *, full: bool = False, key: Array | None = None) -> LightSB:
    """The first samples as centres, for each seed."""
    models = [
        LightSB.at(ends[:components, seed], noise=noise, scale=1.0, full=full, key=key) for seed in range(ends.shape[1])
    ]
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *models)


def _scorer(truth: LightSB, ends: Array, tests: Array) -> Callable[[LightSB], np.ndarray]:
    """Unexplained variance of each seed."""
    moments = jax.jit(lambda models: jax.lax.map(lambda model: jax.vmap(model.moments)(tests), models))
    known = moments(truth)
    variances = np.asarray(jnp.sum(jnp.var(ends, axis=0), axis=-1))

    def score(models: LightSB) -> np.ndarray:
        found = moments(models)
        return np.asarray([
            unexplained_variance((found[0][s], found[1][s]), (known[0][s], known[1][s]), float(variances[s]))
            for s in range(len(variances))
        ])  # fmt: skip

    return score


def _sinkhorn(few: tuple[Array, Array], noise: float) -> tuple[LightSB | None, float]:
    """The discrete bridges of all seeds and the seconds they took; None without ott-jax."""
    before = time.perf_counter()
    try:
        found = [discrete_bridge(few[0][:, seed], few[1][:, seed], noise=noise) for seed in range(few[0].shape[1])]
    except ImportError:
        return None, float("nan")
    bridges = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(one.model for one in found))
    return jax.block_until_ready(bridges), time.perf_counter() - before


def _excess(models: LightSB, truth: LightSB, held_out: tuple[Array, Array]) -> float:
    """Held-out loss minus that of the true potential, in standard errors, least of the seeds."""

    def one(model: LightSB, x: Array, y: Array) -> Array:
        return jax.vmap(model.log_normaliser)(x) - jax.vmap(model.log_potential)(y)

    def score(given: tuple[LightSB, LightSB, Array, Array]) -> Array:
        found, known, x, y = given
        difference = one(found, x, y) - one(known, x, y)
        return jnp.mean(difference) / (jnp.std(difference) / jnp.sqrt(float(len(x))))

    x, y = (jnp.swapaxes(part, 0, 1) for part in held_out)
    return float(jnp.min(jax.jit(lambda *given: jax.lax.map(score, given))(models, truth, x, y)))


def _clouds(models: LightSB, d: int, key: Array, count: int = 400) -> list[np.ndarray]:
    """Ends of particles of the first seed from three starts on the first axis."""
    model = jax.tree.map(lambda leaf: leaf[0], models)
    starts = jnp.asarray([-1.2, 0.0, 1.2])[:, None] * jnp.eye(d)[:1]
    draws = jax.jit(jax.vmap(jax.vmap(lambda x, key: model(x, key=key), (None, 0)), (0, None)))
    return list(np.asarray(draws(starts, jax.random.split(key, count))))


def simulated_deviation(models: LightSB, paths: int, key: Array, steps: int = 200) -> float:
    """Simulated particles against direct ones at half time and at the end: largest difference of moments in standard errors."""
    simulate_key, direct_key, start_key = jax.random.split(key, 3)

    def both(model: LightSB) -> tuple[Array, Array]:
        def path(x: Array, key: Array) -> Array:
            return solve_sde(
                model.drift, lambda t, x, args: jnp.full_like(x, model.noise**0.5), x, t0=0.0, t1=1.0, steps=steps,
                save_every=steps // 2, method=EulerMaruyama(), key=key,
            ).values[-2:]  # fmt: skip

        def direct(x: Array, key: Array) -> Array:
            return jax.vmap(lambda t: model.at_time(t, x, key=key))(jnp.asarray([0.5, 1.0], x.dtype))

        starts = jax.random.normal(start_key, (2, paths, models.centres.shape[2]))
        return (
            jax.vmap(path)(starts[0], jax.random.split(simulate_key, paths)),
            jax.vmap(direct)(starts[1], jax.random.split(direct_key, paths)),
        )

    def deviation(x: Array, y: Array) -> Array:
        off = [(one - jnp.mean(one, axis=0, keepdims=True)) ** 2 for one in (x, y)]

        def apart(x: Array, y: Array) -> Array:
            spread = jnp.sqrt((jnp.var(x, axis=0) + jnp.var(y, axis=0)) / paths)
            return jnp.max(jnp.abs(jnp.mean(x, axis=0) - jnp.mean(y, axis=0)) / spread)

        return jnp.maximum(apart(x, y), apart(*off))

    return float(jnp.max(jax.jit(lambda models: jax.lax.map(lambda model: deviation(*both(model)), models))(models)))


def measure_frames(noise: float, sizes: Sizes, key: Array) -> dict[str, np.ndarray]:
    """Potentials with correlated components, learned with diagonal and with full matrices: unexplained variances."""
    keys = jax.random.split(key, 5)
    truth = known_potentials(sizes.seeds, FRAMES, noise, keys[0], full=True)
    pairs = Generator(pairs_of(truth))
    held_out = _draw(pairs, keys[1], HELD_OUT)
    score = _scorer(truth, held_out[1], jax.random.normal(keys[2], (TESTS, FRAMES)))
    found = {}
    for name, full in (("diagonal", False), ("full", True)):
        starts = _starts(held_out[1], sizes.components, noise, full=full, key=keys[3])
        found[name] = score(train(starts, pairs, sizes, keys[4])[0])
    return found


def measure_normal(d: int, noise: float, sizes: Sizes, key: Array) -> Normal:
    """From the standard normal law to correlated ones, by one full component."""
    keys = jax.random.split(key, 3)
    roots = jax.random.normal(keys[0], (sizes.seeds, d, d)) / d**0.5

    def pair(key: Array) -> tuple[Array, Array]:
        x, y = jax.random.normal(key, (2, sizes.seeds, d))
        return x, jnp.einsum("sij,sj->si", roots, y, precision="highest")

    models, _ = train(
        _starts(jnp.zeros((1, sizes.seeds, d)), 1, noise, full=True, key=keys[1]), Generator(pair), sizes, keys[2]
    )
    # For one component `mean(e_i)` minus `mean(0)` is column i of S.
    columns = jax.jit(jax.vmap(lambda model: jax.vmap(lambda x: model.mean(x) - model.mean(jnp.zeros(d)))(jnp.eye(d))))(
        models
    )
    found = np.swapaxes(np.asarray(columns, np.float64), 1, 2)
    host = np.asarray(roots, np.float64)
    values, vectors = np.linalg.eigh(host @ np.swapaxes(host, 1, 2))
    exact = (-noise + np.sqrt(noise**2 + 4 * np.maximum(values, 0))) / 2
    matrices = (vectors * exact[:, None, :]) @ np.swapaxes(vectors, 1, 2)
    errors = np.linalg.norm(found - matrices, axis=(1, 2)) / np.linalg.norm(matrices, axis=(1, 2))
    return Normal(np.linalg.eigvalsh((found + np.swapaxes(found, 1, 2)) / 2), exact, errors)


def swiss_roll(key: Array) -> Array:
    """One point of the noisy spiral in the plane, about 2 wide."""
    place_key, noise_key = jax.random.split(key)
    turn = 1.5 * jnp.pi * (1 + 2 * jax.random.uniform(place_key))
    return (turn * jnp.stack([jnp.cos(turn), jnp.sin(turn)]) + 0.8 * jax.random.normal(noise_key, (2,))) / 7.5


def measure_roll(noise: float, sizes: Sizes, key: Array) -> Roll:
    """From a normal law to the swiss roll; the first sizes' seed alone."""
    keys = jax.random.split(key, 6)

    def pair(key: Array) -> tuple[Array, Array]:
        start_key, end_key = jax.random.split(key)
        return jax.random.normal(start_key, (1, 2)), swiss_roll(end_key)[None]

    data, fresh = (_draw(Generator(swiss_roll), one, ROLL_SAMPLES) for one in keys[:2])
    start = jax.tree.map(lambda leaf: leaf[None], LightSB.at(data[: sizes.components], noise=noise))
    trained, seconds = train(start, Generator(pair), sizes, keys[2])
    model = jax.tree.map(lambda leaf: leaf[0], trained)
    x = jax.random.normal(keys[3], (ROLL_SAMPLES, 2))
    ends = jax.jit(jax.vmap(lambda x, key: model(x, key=key)))(x, jax.random.split(keys[4], ROLL_SAMPLES))

    def path(x: Array, key: Array) -> Array:
        return solve_sde(
            model.drift, lambda t, x, args: jnp.full_like(x, noise**0.5), x, t0=0.0, t1=1.0, steps=200, save_every=2,
            method=EulerMaruyama(), key=key,
        ).values  # fmt: skip

    paths = jax.jit(jax.vmap(path))(x[:12], jax.random.split(keys[4], 12))
    distance = float(sliced_wasserstein2(ends, fresh, key=keys[5]))
    return Roll(np.asarray(ends[:2000]), np.asarray(paths), distance, seconds)


def roll_noise(key: Array) -> float:
    """Sliced distance of two draws of the swiss roll."""
    first, second, directions = jax.random.split(key, 3)
    x, y = (_draw(Generator(swiss_roll), one, ROLL_SAMPLES) for one in (first, second))
    return float(sliced_wasserstein2(x, y, key=directions))
