"""The stochastic part of the experiment `ernode`: a spiral with noise, solved by an adaptive Runge-Kutta method."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import lineax
import numpy as np
import optax
from jax import Array, lax

from sciml.experiments._cheap_ode_tasks import SPIRAL, SPIRAL_START, Dense, Field
from sciml.solvers import StatisticsSolution, solve_with_statistics

NOISE = 0.2
"""Of the truth, times the state."""
TREE = 2.0**-12
"""Finest time of the Brownian tree."""
MAX_STEPS = 512


class Noisy(eqx.Module):
    """Learned drift and diagonal diffusion."""

    drift: Field
    diffusion: Dense


class NoiseSizes(NamedTuple):
    """How to train and to solve."""

    iterations: int
    paths: int
    width: int
    times: int
    learning_rate: float
    tolerance: float


class TrainedNoise(NamedTuple):
    """Course of one arm, and its model judged on Brownian paths of its own."""

    steps: np.ndarray
    seconds: float
    loss: float
    test_steps: float
    test_evaluations: float
    predict_seconds: float


def moments(states: Array) -> tuple[Array, Array]:
    """Means and variances over the paths, `(times, 2)` each."""
    return jnp.mean(states, axis=1), jnp.var(states, axis=1)


def _terms(drift: Any, diffusion: Any, shape: tuple[int, int], key: Array) -> diffrax.MultiTerm:
    brownian = diffrax.VirtualBrownianTree(
        0.0, 1.0, tol=TREE, shape=jax.ShapeDtypeStruct(shape, jnp.result_type(float)), key=key,
        levy_area=diffrax.SpaceTimeLevyArea,
    )  # fmt: skip
    noise = diffrax.ControlTerm(lambda t, y, args: lineax.DiagonalLinearOperator(diffusion(t, y)), brownian)
    return diffrax.MultiTerm(diffrax.ODETerm(lambda t, y, args: drift(t, y)), noise)


def _solve(terms: Any, paths: int, sizes: NoiseSizes, tolerance: float) -> StatisticsSolution:
    """All paths as one system."""
    start = jnp.broadcast_to(jnp.asarray(SPIRAL_START), (paths, 2))
    ts = jnp.arange(1, sizes.times + 1, dtype=start.dtype) / sizes.times
    controller = diffrax.PIDController(rtol=tolerance, atol=tolerance, pcoeff=0.1, icoeff=0.3, dtmin=2 * TREE)
    return solve_with_statistics(
        terms, diffrax.SPaRK(), 0.0, 1.0, 0.01, start, ts=ts, rtol=tolerance, atol=tolerance,
        stepsize_controller=controller, max_steps=MAX_STEPS,
        adjoint=diffrax.RecursiveCheckpointAdjoint(checkpoints=MAX_STEPS),
    )  # fmt: skip


@eqx.filter_jit
def true_moments(sizes: NoiseSizes, key: Array) -> tuple[Array, Array]:
    """Of 2000 paths of the truth, at a tenth of the tolerance."""
    matrix = jnp.asarray(SPIRAL)
    terms = _terms(lambda t, y: y**3 @ matrix.T, lambda t, y: NOISE * y, (2000, 2), key)
    return moments(_solve(terms, 2000, sizes, sizes.tolerance / 10).ys)


def _model_solution(model: Noisy, sizes: NoiseSizes, key: Array) -> StatisticsSolution:
    terms = _terms(model.drift, model.diffusion, (sizes.paths, 2), key)
    return _solve(terms, sizes.paths, sizes, sizes.tolerance)


def _distance(states: Array, truth: tuple[Array, Array]) -> Array:
    mean, variance = moments(states)
    return jnp.mean((mean - truth[0]) ** 2) + jnp.mean((variance - truth[1]) ** 2)


@eqx.filter_jit
def _train(model: Any, keys: Array, truth: tuple[Array, Array], weight: Array, sizes: NoiseSizes) -> tuple[Any, Array]:
    optimizer = optax.adabelief(sizes.learning_rate)

    def loss(model: Noisy, key: Array) -> tuple[Array, Array]:
        found = _model_solution(model, sizes, key)
        return _distance(found.ys, truth) + weight * found.statistics.error, found.statistics.steps

    def step(carry: tuple[Any, Any], key: Array) -> tuple[tuple[Any, Any], Array]:
        model, state = carry
        (_, steps), gradient = jax.value_and_grad(loss, has_aux=True)(model, key)
        updates, state = optimizer.update(gradient, state)
        return (optax.apply_updates(model, updates), state), steps

    (model, _), steps = lax.scan(step, (model, optimizer.init(model)), keys)
    return model, steps


@eqx.filter_jit
def _test(model: Noisy, key: Array, truth: tuple[Array, Array], sizes: NoiseSizes) -> tuple[Array, Any, Any]:
    found = _model_solution(model, sizes, key)
    return _distance(found.ys, truth), found.statistics.steps, found.statistics.evaluations


def train_noise(sizes: NoiseSizes, weights: dict[str, float], keys: Sequence[Array]) -> dict[str, list[TrainedNoise]]:
    """For each weight of the error one model per key, from the same start and on the same Brownian paths."""
    train: Any = None
    found: dict[str, list[TrainedNoise]] = {name: [] for name in weights}
    for key in keys:
        make_key, truth_key, loop_key, test_key = jax.random.split(key, 4)
        truth = true_moments(sizes, truth_key)
        one, two = jax.random.split(make_key)
        model = Noisy(Field(2, sizes.width, cubed=True, key=one), Dense(2, 2, key=two))
        loop = jax.random.split(loop_key, sizes.iterations)
        for name, weight in weights.items():
            given = model, loop, truth, jnp.asarray(weight), sizes
            train = _train.lower(*given).compile() if train is None else train
            begun = time.perf_counter()
            trained, steps = jax.block_until_ready(train(*given))
            seconds = time.perf_counter() - begun
            found[name].append(_judge(trained, np.asarray(steps), seconds, truth, sizes, jax.random.split(test_key, 5)))
    return found


def _judge(
    model: Noisy, steps: np.ndarray, seconds: float, truth: tuple[Array, Array], sizes: NoiseSizes, keys: Array
) -> TrainedNoise:
    """On Brownian paths that training has not seen."""
    jax.block_until_ready(_test(model, keys[0], truth, sizes))
    results, times = [], []
    for key in keys:
        begun = time.perf_counter()
        results.append(jax.block_until_ready(_test(model, key, truth, sizes)))
        times.append(time.perf_counter() - begun)
    loss, count, evaluations = (float(np.mean([one[i] for one in results])) for i in range(3))
    return TrainedNoise(steps, seconds, loss, count, evaluations, min(times))
