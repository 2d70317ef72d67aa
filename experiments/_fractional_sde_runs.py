"""Training and measuring of the experiment `fractional-sde`."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from scipy.optimize import minimize_scalar

from sciml.models import ControlNetwork, FixedStart, FractionalSDE
from sciml.solvers import MarkovFBM
from sciml.solvers.fractional import (
    condition,
    fbm_covariance,
    fou_covariance,
    gaussian_log_likelihood,
    markov_fou_covariance,
)
from sciml.solvers.fractional import ornstein_uhlenbeck_bank as bank

BRIDGE_SCALE = 0.1
"""Standard deviation of the one observation of a bridge."""


class Sizes(NamedTuple):
    """How long and how finely to train."""

    horizon: float
    steps: int
    batch: int
    iterations: int
    width: int
    learning_rate: float
    frequencies: tuple[float, ...]


class Bridge(NamedTuple):
    """Standard deviations at the times of the grid after 0, and the loss at the end of training."""

    times: np.ndarray
    deviation: np.ndarray
    loss: float
    bound: float
    paths: np.ndarray


def still(t: Any, x: jax.Array, context: Any) -> jax.Array:
    """No drift."""
    return jnp.zeros_like(x)


def decaying(t: Any, x: jax.Array, context: Any) -> jax.Array:
    """Rate one."""
    return -x


def unit(t: Any, x: jax.Array, context: Any) -> jax.Array:
    """Additive noise."""
    return jnp.ones_like(x)


# --- bridges ----------------------------------------------------------------------------------------------------------


def bridge_log_density(path: Any) -> jax.Array:
    """Log density of the observation `X(end) = 0`."""
    return -0.5 * (path.x[-1, 0] / BRIDGE_SCALE) ** 2 - np.log(BRIDGE_SCALE) - 0.5 * np.log(2 * np.pi)


def train_bridge(noise: MarkovFBM, sizes: Sizes, key: jax.Array) -> Bridge:
    """Fit the control of a bridge from 0 to 0, then draw its posterior; single precision."""
    model_key, train_key, test_key = jax.random.split(key, 3)
    control = ControlNetwork(1, noise, width=sizes.width, frequencies=sizes.frequencies, key=model_key)
    model = FractionalSDE(still, unit, noise, control, FixedStart(jnp.zeros(1)), learn_hurst=False)
    with jax.numpy_dtype_promotion("standard"):
        model, losses = _train_bridge(model, train_key, sizes)
        paths, bounds = _draw_bridge(model, test_key, sizes)
    times = sizes.horizon * np.arange(1, sizes.steps + 1) / sizes.steps
    values = np.asarray(paths)[:, 1:]
    tail = max(1, sizes.iterations // 20)
    return Bridge(
        times, values.std(axis=0), float(np.mean(losses[-tail:])), float(np.mean(bounds)), np.asarray(paths)[:30]
    )


@eqx.filter_jit
def _train_bridge(model: FractionalSDE, key: jax.Array, sizes: Sizes) -> tuple[FractionalSDE, jax.Array]:
    def loss(model: FractionalSDE, key: jax.Array) -> jax.Array:
        bound = model.bound(
            bridge_log_density, t0=0.0, t1=sizes.horizon, steps=sizes.steps, samples=sizes.batch, key=key
        )
        return -bound.value

    return descend(model, loss, jax.random.split(key, sizes.iterations), sizes.learning_rate)


@eqx.filter_jit
def _draw_bridge(model: FractionalSDE, key: jax.Array, sizes: Sizes) -> tuple[jax.Array, jax.Array]:
    def one(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        path = model(t0=0.0, t1=sizes.horizon, steps=sizes.steps, key=key)
        return path.x[:, 0], bridge_log_density(path) - path.divergence

    return jax.vmap(one)(jax.random.split(key, 4000))


def descend(
    model: Any, loss: Callable[[Any, jax.Array], jax.Array], keys: jax.Array, rate: float
) -> tuple[Any, jax.Array]:
    """Adam with clipped gradients, the rate falling to zero along a cosine; the whole run is one loop on the device."""
    optimizer = optax.chain(
        optax.clip_by_global_norm(10.0), optax.adam(optax.cosine_decay_schedule(rate, keys.shape[0]))
    )
    trained, rest = eqx.partition(model, eqx.is_inexact_array)

    def step(carry: tuple[Any, Any], key: jax.Array) -> tuple[tuple[Any, Any], jax.Array]:
        trained, state = carry
        value, gradient = jax.value_and_grad(lambda part: loss(eqx.combine(part, rest), key))(trained)
        updates, state = optimizer.update(gradient, state)
        return (optax.apply_updates(trained, updates), state), value

    (trained, _), values = jax.lax.scan(step, (trained, optimizer.init(trained)), keys)
    return eqx.combine(trained, rest), values


def bridge_truth(covariance: np.ndarray) -> np.ndarray:
    """Standard deviations of a Gaussian process given the observation at its last time."""
    last = np.array([len(covariance) - 1])
    posterior = condition(jnp.asarray(covariance), last, jnp.zeros(1, covariance.dtype), noise_scale=BRIDGE_SCALE)[1]
    return np.sqrt(np.diag(np.asarray(posterior)))


def bridge_truths(noise: MarkovFBM, hurst: float, sizes: Sizes) -> tuple[np.ndarray, np.ndarray, float]:
    """Of exact fractional Brownian motion, of the approximation, and the log evidence under the latter; double precision."""
    dt = sizes.horizon / sizes.steps
    times = dt * np.arange(1, sizes.steps + 1)
    own = np.asarray(markov_fou_covariance(noise, sizes.steps, dt))
    exact = fbm_covariance(times[:, None], times[None, :], hurst)
    evidence = -0.5 * np.log(2 * np.pi * (own[-1, -1] + BRIDGE_SCALE**2))
    return bridge_truth(exact), bridge_truth(own), float(evidence)


def attainable_bound(noise: MarkovFBM, sizes: Sizes) -> float:
    """The best bound that any control constant over each step can reach, from the linear-quadratic regulator."""
    dt, rates, weights = sizes.horizon / sizes.steps, np.asarray(noise.gamma), np.asarray(noise.weights())
    size = len(rates) + 1
    decay = bank.decay_factors(noise.gamma, dt)
    move = np.zeros((size, size))
    move[0], move[1:, 1:] = np.concatenate([np.ones(1), weights * (decay - 1)]), np.diag(decay)
    lift = np.concatenate([weights[None, :], np.eye(size - 1)])
    push = lift @ bank.mean_responses(noise.gamma, dt)
    added = lift @ bank.innovation_covariance(noise.gamma, dt)[1:, 1:] @ lift.T
    value, cost = np.zeros((size, size)), 0.0
    value[0, 0] = BRIDGE_SCALE**-2
    for _ in range(sizes.steps):
        cost += 0.5 * np.sum(value * added)
        along = push @ value @ move
        value = move.T @ value @ move - np.outer(along, along) / (dt + push @ value @ push)
    if noise.kind == "I":
        root = bank.stationary_root(noise.gamma)
        cost += 0.5 * np.sum(value[1:, 1:] * (root @ root.T))
    return -cost - np.log(BRIDGE_SCALE) - 0.5 * np.log(2 * np.pi)


# --- Hurst index ------------------------------------------------------------------------------------------------------


class Recovery(NamedTuple):
    """Estimates of the Hurst index from the same noisy paths, and the two sides of the bound at the learned index."""

    bound: float
    markov: float
    bound_value: float
    evidence: float
    trace: np.ndarray


def likelihood_estimates(hurst: float, gamma: tuple[float, ...], paths: int, key: jax.Array) -> tuple[float, float]:
    """Estimates from exact fractional Ornstein-Uhlenbeck paths, 40 values on [0, 2]: by the approximation, by the exact law."""
    steps, dt = 40, 0.05
    times = dt * np.arange(1, steps + 1)
    exact = partial(fou_covariance, times[:, None], times[None, :], rate=1.0)
    values = jax.random.normal(key, (paths, steps), float) @ np.linalg.cholesky(exact(hurst)).T

    @jax.jit
    def markov(index: jax.Array) -> jax.Array:
        noise = MarkovFBM(index, gamma, horizon=steps * dt)
        return -jnp.sum(gaussian_log_likelihood(values, markov_fou_covariance(noise, steps, dt, rate=1.0)))

    def full(index: float) -> float:
        return -float(jnp.sum(gaussian_log_likelihood(values, jnp.asarray(exact(index)))))

    return minimise(lambda index: float(markov(jnp.asarray(index, float)))), minimise(full)


def minimise(objective: Callable[[float], float]) -> float:
    """Where a function of the Hurst index is least."""
    found: Any = minimize_scalar(objective, bounds=(0.03, 0.97), method="bounded", options={"xatol": 1e-4})
    return float(found.x)


class Ahead(eqx.Module):
    """What the control may know: the place within the interval between observations, and the next two of them."""

    values: jax.Array
    spacing: float = eqx.field(static=True)
    substeps: int = eqx.field(static=True)

    def __call__(self, t: Any) -> jax.Array:
        """Features at a time."""
        dtype, count = self.values.dtype, self.values.shape[0]
        position = jnp.asarray(t, dtype) / self.spacing + 1e-3
        index = jnp.clip(jnp.floor(position), 0, count - 1)
        place = jax.nn.one_hot(jnp.floor((position - index) * self.substeps).astype(int), self.substeps, dtype=dtype)
        now = index.astype(int)
        return jnp.concatenate([place, self.values[now][None], self.values[jnp.minimum(now + 1, count - 1)][None]])


class Observed(NamedTuple):
    """How the paths of the bound are observed."""

    count: int
    substeps: int
    scale: float
    horizon: float


def observe(hurst: float, paths: int, design: Observed, key: jax.Array) -> np.ndarray:
    """Riemann-Liouville paths with measurement noise; double precision."""
    times = design.horizon * np.arange(1, design.count + 1) / design.count
    covariance = fbm_covariance(times[:, None], times[None, :], hurst, kind="II")
    root = np.linalg.cholesky(covariance + design.scale**2 * np.eye(design.count))
    return np.asarray(jax.random.normal(key, (paths, design.count), float)) @ root.T


def learn_hurst(
    values: np.ndarray, gamma: tuple[float, ...], design: Observed, sizes: Sizes, key: jax.Array
) -> tuple[float, float, np.ndarray]:
    """Maximise the bound over control and Hurst index, from 1/2; single precision. Index, bound at the end, loss along the way."""
    model_key, train_key, test_key = jax.random.split(key, 3)
    noise = MarkovFBM(0.5, gamma, kind="II", horizon=design.horizon)
    control = ControlNetwork(1, noise, context_size=design.substeps + 2, width=sizes.width, key=model_key)
    model = FractionalSDE(still, unit, noise, control, FixedStart(jnp.zeros(1)))
    data = jnp.asarray(values, jnp.float32)
    with jax.numpy_dtype_promotion("standard"):
        model, losses = _train_hurst(model, data, design, sizes, train_key)
        bound = _evaluate_hurst(model, data, design, jax.random.split(test_key, 16))
    return float(model.noise.hurst()), float(jnp.mean(bound)), np.asarray(losses)


def _bound_of_paths(model: FractionalSDE, data: jax.Array, design: Observed, key: jax.Array) -> jax.Array:
    """Mean over the paths of the bound, one sample each."""

    def one(values: jax.Array, key: jax.Array) -> jax.Array:
        context = Ahead(values, design.horizon / design.count, design.substeps)
        path: Any = model(context, t0=0.0, t1=design.horizon, steps=design.count * design.substeps, key=key)
        missed = (path.x[design.substeps :: design.substeps, 0] - values) / design.scale
        constant = design.count * (np.log(design.scale) + 0.5 * np.log(2 * np.pi))
        return -0.5 * jnp.sum(missed**2) - constant - path.divergence

    return jnp.mean(jax.vmap(one)(data, jax.random.split(key, data.shape[0])))


@eqx.filter_jit
def _train_hurst(
    model: FractionalSDE, data: jax.Array, design: Observed, sizes: Sizes, key: jax.Array
) -> tuple[FractionalSDE, jax.Array]:
    keys = jax.random.split(key, sizes.iterations)
    return descend(model, lambda m, k: -_bound_of_paths(m, data, design, k), keys, sizes.learning_rate)


@eqx.filter_jit
def _evaluate_hurst(model: FractionalSDE, data: jax.Array, design: Observed, keys: jax.Array) -> jax.Array:
    return jax.lax.map(lambda key: _bound_of_paths(model, data, design, key), keys)


def markov_evidence(values: np.ndarray, index: Any, gamma: tuple[float, ...], design: Observed) -> jax.Array:
    """Mean log evidence of noisy paths under the approximation of kind II; double precision."""
    noise = MarkovFBM(index, gamma, kind="II", horizon=design.horizon)
    covariance = markov_fou_covariance(noise, design.count, design.horizon / design.count)
    return jnp.mean(gaussian_log_likelihood(jnp.asarray(values), covariance, noise_scale=design.scale))


def recover(
    hurst: float, gamma: tuple[float, ...], paths: int, design: Observed, sizes: Sizes, key: jax.Array
) -> Recovery:
    """Learn the Hurst index by the bound, and by the exact likelihood of the same approximation on the same paths."""
    data_key, train_key = jax.random.split(key)
    with jax.enable_x64(True):
        values = observe(hurst, paths, design, data_key)
        evidence = jax.jit(lambda index: markov_evidence(values, index, gamma, design))
        markov = minimise(lambda index: -float(evidence(jnp.asarray(index, float))))
    with jax.enable_x64(False):
        learned, bound, losses = learn_hurst(values, gamma, design, sizes, train_key)
    with jax.enable_x64(True):
        at_learned = float(evidence(jnp.asarray(learned, float)))
    return Recovery(learned, markov, bound, at_learned, losses)
