"""A latent SDE of the experiment `neural-de`, learned from Ornstein-Uhlenbeck paths, whose evidence is known exactly."""

import math
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from sciml.experiments._neural_de_training import train
from sciml.models import (
    DenseField,
    EncodedStart,
    LatentSDE,
    LatentSDELoss,
    ObservedLatentSDE,
    PositiveField,
    TrajectoryEncoder,
)

RATE, SCALE, NOISE, SPACING = 1.0, 1.0, 0.2, 0.25
"""Of the process `dX = -RATE X dt + SCALE dW`, stationary, seen with the noise at times SPACING apart."""
CONTEXT = 8


class Sizes(NamedTuple):
    """How much data, and how long to train."""

    samples: int
    times: int
    steps_between: int
    width: int
    iterations: int
    batch: int
    learning_rate: float


class Fitted(NamedTuple):
    """Of one seed, in nats per trajectory: the bound, the exact evidence of the learned prior (if linear) and of the truth.

    Attributes:
        bound: mean over the test trajectories.
        own: evidence of the learned linear prior.
        truth: evidence of the true process.
        error: standard error of the bound minus the truth.
        rate: learned, of the process that the steps of the solver follow exactly.
        scale: the same.
        noise: learned standard deviation of the observations.
        losses: along training.
    """

    bound: float
    own: float | None
    truth: float
    error: float
    rate: float | None
    scale: float | None
    noise: float
    losses: np.ndarray


class LinearPrior(eqx.Module):
    """`-rate z`."""

    rate: jax.Array

    def __call__(self, t: Any, z: jax.Array, args: Any = None) -> jax.Array:
        """Drift."""
        return -self.rate * z


class ConstantScale(eqx.Module):
    """The same noise everywhere."""

    log_scale: jax.Array

    def __call__(self, t: Any, z: jax.Array, args: Any = None) -> jax.Array:
        """Diffusion."""
        return jnp.exp(self.log_scale) * jnp.ones_like(z)


class Guided(eqx.Module):
    """The posterior's drift: it knows the place within the interval between observations, and what comes after."""

    field: DenseField

    def __call__(self, t: Any, z: jax.Array, contexts: jax.Array) -> jax.Array:
        """Drift."""
        position = t / SPACING
        now = jnp.floor(position + 1e-3)
        after = jnp.clip(now.astype(int) + 1, 0, contexts.shape[0] - 1)
        return self.field(position - now, z, contexts[after])


def make(key: jax.Array, width: int, linear: bool) -> ObservedLatentSDE:
    """A model whose prior is linear, all its numbers unknown, or a network."""
    keys = jax.random.split(key, 5)
    latent = LatentSDE(
        prior=LinearPrior(jnp.asarray([0.5])) if linear else DenseField(1, width=width, depth=1, time=False, key=keys[0]),
        posterior=Guided(DenseField(1, width=width, depth=2, context_size=CONTEXT, key=keys[1])),
        diffusion=ConstantScale(jnp.asarray([math.log(0.5)])) if linear else PositiveField(1, width=width, depth=1, key=keys[2]),
        start=EncodedStart(1, CONTEXT, key=keys[3]),
    )  # fmt: skip
    encoder = TrajectoryEncoder(1, CONTEXT, width=width, sequence=True, key=keys[4])
    return ObservedLatentSDE(latent, encoder, eqx.nn.Identity(), jnp.asarray([math.log(0.5)]))


def observed(count: int, times: int, generator: np.random.Generator) -> np.ndarray:
    """Noisy stationary paths, `(count, times, 1)`, exact in law."""
    root = np.linalg.cholesky(true_covariance(times))
    return (generator.standard_normal((count, times)) @ root.T)[..., None].astype(np.float32)


def true_covariance(times: int) -> np.ndarray:
    """Of the noisy observations."""
    apart = SPACING * np.abs(np.arange(times)[:, None] - np.arange(times)[None, :])
    return SCALE**2 / (2 * RATE) * np.exp(-RATE * apart) + NOISE**2 * np.eye(times)


def chain_moments(
    rate: float, scale: float, start: tuple[float, float], steps: int, times: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance, without observation noise, of Euler's chain at every `steps`-th value; `start` is mean and deviation."""
    length = SPACING / steps
    factor = 1 - rate * length
    variances = [start[1] ** 2]
    for _ in range(steps * (times - 1)):
        variances.append(factor**2 * variances[-1] + scale**2 * length)
    own = np.asarray(variances[::steps])
    later, earlier = (
        np.maximum.outer(np.arange(times), np.arange(times)),
        np.minimum.outer(np.arange(times), np.arange(times)),
    )
    return start[0] * factor ** (steps * np.arange(times)), factor ** (steps * (later - earlier)) * own[earlier]


def log_evidence(values: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Of each row under a normal law."""
    whitened = np.linalg.solve(np.linalg.cholesky(covariance), (values - mean).T)
    half = np.linalg.slogdet(covariance)[1] / 2
    return -0.5 * np.sum(whitened**2, axis=0) - half - 0.5 * values.shape[1] * math.log(2 * math.pi)


def fit(sizes: Sizes, linear: bool, test_samples: int, draws: int, seeds: int, key: jax.Array) -> list[Fitted]:
    """Train on each seed's paths and compare the bound on new ones with exact evidences."""
    data_key, train_key, test_key = jax.random.split(key, 3)
    generators = [
        np.random.default_rng(np.asarray(jax.random.key_data(jax.random.fold_in(data_key, s))).ravel().tolist())
        for s in range(seeds)
    ]
    data = np.stack([observed(sizes.samples, sizes.times, one) for one in generators])
    tests = np.stack([observed(test_samples, sizes.times, one) for one in generators])
    loss = LatentSDELoss(t0=0.0, t1=SPACING * (sizes.times - 1), steps_between=sizes.steps_between)
    models, losses = train(
        lambda one: make(one, sizes.width, linear), loss, data, steps=sizes.iterations, batch_size=sizes.batch,
        learning_rate=sizes.learning_rate, key=train_key,
    )  # fmt: skip
    bounds = np.asarray(_bounds(models, jnp.asarray(tests), jax.random.split(test_key, draws), loss), np.float64)
    found = []
    for seed in range(seeds):
        values = tests[seed, :, :, 0].astype(np.float64)
        truth = log_evidence(values, np.zeros(sizes.times), true_covariance(sizes.times))
        model = jax.tree.map(lambda leaf: np.asarray(leaf[seed], np.float64), eqx.filter(models, eqx.is_array))  # noqa: B023
        noise = float(np.exp(model.log_noise[0]))
        own, rate, scale = _own(model, values, noise, sizes) if linear else (None, None, None)
        gaps = bounds[seed] - truth
        found.append(
            Fitted(float(bounds[seed].mean()), own, float(truth.mean()), float(gaps.std() / math.sqrt(len(gaps))), rate, scale,
                   noise, losses[:, seed])
        )  # fmt: skip
    return found


def _own(model: Any, values: np.ndarray, noise: float, sizes: Sizes) -> tuple[float, float, float]:
    """Evidence of the learned linear prior as the solver steps it, and the process that passes through the same values."""
    latent, length = model.latent, SPACING / sizes.steps_between
    rate, scale = float(latent.prior.rate[0]), float(np.exp(latent.diffusion.log_scale[0]))
    start = float(latent.start.prior_mean[0]), float(np.exp(latent.start.prior_log_scale[0]))
    mean, covariance = chain_moments(rate, scale, start, sizes.steps_between, sizes.times)
    own = log_evidence(values, mean, covariance + noise**2 * np.eye(sizes.times)).mean()
    exact = -math.log(1 - rate * length) / length
    return float(own), exact, scale * math.sqrt(2 * exact * length / (1 - math.exp(-2 * exact * length)))


@eqx.filter_jit
def _bounds(models: Any, tests: jax.Array, keys: jax.Array, loss: LatentSDELoss) -> jax.Array:
    """Mean over the draws for each seed and trajectory."""

    def one(model: ObservedLatentSDE, values: jax.Array, key: jax.Array) -> jax.Array:
        return jax.vmap(lambda value, key: -loss(model, value[None], key)[0])(
            values, jax.random.split(key, values.shape[0])
        )

    def draw(key: jax.Array) -> jax.Array:
        return eqx.filter_vmap(one, in_axes=(eqx.if_array(0), 0, None))(models, tests, key)

    return jnp.mean(jax.lax.map(draw, keys), axis=0)
