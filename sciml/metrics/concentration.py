"""How light the tails of samples are: diagnostics for generative models.

A sampler that turns normal noise into data by a map with Lipschitz constant `s` can only make samples whose 1-Lipschitz statistics
(norms, projections, largest coordinates) concentrate: `P(|phi - E phi| > t) <= 2 exp(-t^2 / (2 s^2))`. It cannot make heavy tails.

Source: R. Ghane, A. Bao, D. Akhtiamov & B. Hassibi, Concentration of Measure for Distributions Generated via Diffusion Models, 2025
(arXiv 2501.07741).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

LEAST = 10
"""Samples beyond a threshold without which its probability is not believed."""


def lipschitz_statistics(
    samples: Float[Array, "n d"], *, projections: int = 16, key: PRNGKeyArray
) -> dict[str, Float[Array, "n ..."]]:
    """Functions of a sample whose Lipschitz constant is 1: its norm, largest coordinate, and components along random directions.

    Args:
        samples: one per row.
        projections: number of directions.
        key: random key.

    Returns:
        "norm" `(n,)`, "largest" `(n,)`, "projections" `(n, projections)`.

    Example:
        >>> found = lipschitz_statistics(jnp.ones((5, 3)), key=jax.random.key(0))
        >>> found["projections"].shape
        (5, 16)
    """
    directions = jax.random.normal(key, (samples.shape[1], projections), samples.dtype)
    directions = directions / jnp.linalg.norm(directions, axis=0, keepdims=True)
    return {
        "norm": jnp.linalg.norm(samples, axis=1),
        "largest": jnp.max(samples, axis=1),
        "projections": jnp.matmul(samples, directions, precision="highest"),
    }


def lipschitz_tail(values: Float[np.ndarray | Array, " n"], scale: float) -> float:
    """Largest `log P(|phi - E phi| > t) + t^2 / (2 scale^2)` over thresholds t that at least ten samples exceed.

    At most `log 2`, up to noise, where the samples are the image of normal noise under a map of Lipschitz constant `scale`, and the
    statistic is 1-Lipschitz; heavy tails make it large.

    Args:
        values: of one statistic.
        scale: constant of the map, or the standard deviation of the values for a scale-free figure.

    Raises:
        ValueError: fewer than twenty values, or `scale` not positive.

    Example:
        >>> normal = np.random.default_rng(0).normal(size=100000)
        >>> lipschitz_tail(normal, 1.0) < math.log(2) < lipschitz_tail(normal**3, float((normal**3).std()))
        True
    """
    if scale <= 0:
        raise ValueError(f"lipschitz_tail: `scale` must be positive, got {scale}.")
    distances, log_survival = _tail("lipschitz_tail", values)
    return float(np.max(log_survival + distances**2 / (2 * scale**2)))


def sub_gaussian_proxy(values: Float[np.ndarray | Array, " n"]) -> float:
    """The least s for which `P(|phi - E phi| > t) <= 2 exp(-t^2 / (2 s^2))` holds of the samples, over thresholds that ten exceed.

    About 0.9 of the standard deviation for 1e5 normal values; it grows with the number of samples where there is no such s.

    Args:
        values: of one statistic.

    Raises:
        ValueError: fewer than twenty values.

    Example:
        >>> bool(0.8 < sub_gaussian_proxy(np.random.default_rng(0).normal(size=100000)) < 1)
        True
    """
    distances, log_survival = _tail("sub_gaussian_proxy", values)
    return float(np.max(distances / np.sqrt(2 * (math.log(2) - log_survival))))


def hill_estimator(values: Float[np.ndarray | Array, " n"], *, share: float = 0.005) -> float:
    """Tail index of positive values by their largest: `a` where `P(X > x)` falls as `x^-a`; of light tails it is large and grows.

    Args:
        values: only those above zero count.
        share: of the values that are taken for the tail.

    Raises:
        ValueError: a share that leaves fewer than ten values.

    Source: B. M. Hill, Annals of Statistics 3 (1975) 1163.

    Example:
        >>> bool(abs(hill_estimator(np.random.default_rng(0).pareto(3.0, 100000) + 1) - 3) < 0.3)
        True
    """
    rising = np.sort(np.asarray(values, np.float64))
    count = int(share * len(rising))
    if count < LEAST or rising[-count - 1] <= 0:
        raise ValueError(
            f"hill_estimator: the tail must hold ten positive values or more; {count} of {len(rising)} were taken."
        )
    return float(1 / np.mean(np.log(rising[-count:] / rising[-count - 1])))


def sampler_lipschitz(
    sampler: Callable[[Array], Array], noise: Float[Array, " d"], *, iterations: int = 20, key: PRNGKeyArray
) -> Float[Array, ""]:
    """Largest singular value of the derivative of a sampler at one noise, by power iteration on its products.

    The maximum over many noises is a lower bound of the Lipschitz constant. Costs `iterations` forward and reverse derivatives, so the
    sampler needs both: Runge-Kutta methods of diffrax have them with `scan_kind="bounded"`, ours as they are.

    Args:
        sampler: from one noise to one sample, differentiable both ways.
        noise: where.
        iterations: of the power method.
        key: draws the first direction.

    Example:
        >>> matrix = jnp.asarray([[3.0, 0.0], [1.0, 1.0]])
        >>> value = sampler_lipschitz(lambda z: matrix @ z, jnp.ones(2), key=jax.random.key(0))
        >>> bool(abs(value - jnp.linalg.norm(matrix, 2)) < 1e-4)
        True
    """
    _, forward = jax.linearize(sampler, noise)
    backward = jax.linear_transpose(forward, noise)

    def step(direction: Array, _: None) -> tuple[Array, Array]:
        image = forward(direction)
        (back,) = backward(image)
        size = jnp.linalg.norm(direction)
        return back / jnp.linalg.norm(back), jnp.linalg.norm(image) / size

    start = jax.random.normal(key, noise.shape, noise.dtype)
    return jax.lax.scan(step, start / jnp.linalg.norm(start), None, length=iterations)[1][-1]


class UniversalityGap(NamedTuple):
    """Test errors of one linear classifier, as shares.

    Attributes:
        samples: learned and tested on the samples.
        normal: learned and tested on normal laws with the moments of each class.
    """

    samples: float
    normal: float


def gaussian_universality_gap(
    samples: Float[np.ndarray | Array, "n d"],
    labels: Int[np.ndarray | Array, " n"],
    *,
    training: int,
    ridge: float = 1.0,
    repeats: int = 10,
    seed: int = 0,
) -> UniversalityGap:
    """Do linear classifiers see more of the samples than the mean and covariance of each class?

    Ridge regression on the labels -1 and 1, learned from `training` samples and tested on the others, averaged over splits; the same
    for normal laws with the moments that each class has.

    Args:
        samples: of two classes.
        labels: 0 or 1.
        training: samples to learn from, fewer than there are.
        ridge: penalty, in units of the mean square of a coordinate.
        repeats: random splits.
        seed: of splits and normal samples.

    Raises:
        ValueError: labels other than 0 and 1, or no samples left to test.

    Example:
        >>> draw = np.random.default_rng(0)
        >>> labels = draw.integers(0, 2, 2000)
        >>> samples = draw.normal(size=(2000, 8)) + 0.5 * labels[:, None]
        >>> found = gaussian_universality_gap(samples, labels, training=500)
        >>> abs(found.samples - found.normal) < 0.02
        True
    """
    x, y = np.asarray(samples, np.float64), np.asarray(labels)
    if set(np.unique(y)) != {0, 1} or not 0 < training < len(x):
        raise ValueError(
            f"gaussian_universality_gap: needs labels 0 and 1 and samples left to test; got labels {np.unique(y)[:5]}, "
            f"{training} of {len(x)} to learn from."
        )
    draw = np.random.default_rng(seed)
    twin = np.empty_like(x)
    for label in (0, 1):
        own = x[y == label]
        # By eigenvalues: covariances of generated samples can be singular.
        twin[y == label] = draw.multivariate_normal(
            own.mean(axis=0), np.cov(own, rowvar=False), len(own), method="eigh"
        )
    splits = [draw.permutation(len(x)) for _ in range(repeats)]
    return UniversalityGap(*(_ridge_error(data, 2 * y - 1.0, splits, training, ridge) for data in (x, twin)))


def _ridge_error(x: np.ndarray, signs: np.ndarray, splits: list[np.ndarray], training: int, ridge: float) -> float:
    errors = []
    for order in splits:
        known, rest = order[:training], order[training:]
        middle = x[known].mean(axis=0)
        a, offset = x[known] - middle, signs[known].mean()
        weight = ridge * np.mean(a**2) * np.eye(x.shape[1])
        slope = np.linalg.solve(a.T @ a / training + weight, a.T @ (signs[known] - offset) / training)
        errors.append(np.mean(np.sign((x[rest] - middle) @ slope + offset) != signs[rest]))
    return float(np.mean(errors))


def _tail(name: str, values: np.ndarray | Array) -> tuple[np.ndarray, np.ndarray]:
    """Distances from the mean, falling, and logarithms of the share of values at least as far; from the tenth on."""
    centred = np.asarray(values, np.float64)
    if centred.ndim != 1 or len(centred) < 2 * LEAST:
        raise ValueError(f"{name}: needs one statistic of twenty samples or more, got shape {centred.shape}.")
    distances = np.sort(np.abs(centred - centred.mean()))[::-1]
    shares = np.arange(1, len(distances) + 1) / len(distances)
    return distances[LEAST - 1 :], np.log(shares[LEAST - 1 :])
