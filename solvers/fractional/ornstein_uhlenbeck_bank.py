"""A bank of Ornstein-Uhlenbeck processes driven by one Brownian motion, stepped without error.

`dY_k = -gamma_k Y_k dt + dW` for k = 1, ..., K. Over a step of length h the exact update is `Y_k <- exp(-gamma_k h) Y_k + I_k`, and
the vector `(dW, I_1, ..., I_K)` is jointly Gaussian: one increment of W does not determine it. Its covariance has numerical rank 3 to 4
for small steps, so that a Cholesky factorisation breaks; the root used here comes from the eigenvalues that are not round-off.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

_ROUND_OFF = 1e-15


def decay_factors(gamma: tuple[float, ...], dt: float) -> np.ndarray:
    """Factors `exp(-gamma h)`, shape `(K,)`."""
    return np.exp(-np.asarray(gamma, np.float64) * dt)


def mean_responses(gamma: tuple[float, ...], dt: float) -> np.ndarray:
    """Response of the bank to a constant drift of W over one step, `(1 - exp(-gamma h))/gamma`, shape `(K,)`."""
    g = np.asarray(gamma, np.float64)
    return np.where(g == 0, dt, -np.expm1(-g * dt) / np.where(g == 0, 1.0, g))


def innovation_covariance(gamma: tuple[float, ...], dt: float) -> np.ndarray:
    """Covariance of `(dW, I_1, ..., I_K)` over one step, shape `(K + 1, K + 1)`, in double precision.

    Example:
        >>> innovation_covariance((1.0,), 0.5).round(4)
        array([[0.5   , 0.3935],
               [0.3935, 0.3161]])
    """
    # W itself is the member with rate zero.
    rates = np.concatenate([np.zeros(1), np.asarray(gamma, np.float64)])
    total = rates[:, None] + rates[None, :]
    return np.where(total == 0, dt, -np.expm1(-total * dt) / np.where(total == 0, 1.0, total))


def innovation_root(gamma: tuple[float, ...], dt: float) -> np.ndarray:
    """Matrix R with `R R' = innovation_covariance`, shape `(K + 1, rank)`."""
    return covariance_root(innovation_covariance(gamma, dt))


def stationary_root(gamma: tuple[float, ...]) -> np.ndarray:
    """Root of the stationary covariance `1/(gamma_i + gamma_j)`, shape `(K, rank)`."""
    g = np.asarray(gamma, np.float64)
    return covariance_root(1 / (g[:, None] + g[None, :]))


def covariance_root(covariance: np.ndarray) -> np.ndarray:
    """Square root of a covariance by its eigenvalues, those that are round-off left out."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > _ROUND_OFF * values[-1]
    return vectors[:, kept] * np.sqrt(values[kept])


def draw(
    root: np.ndarray, shape: tuple[int, ...], dtype: jnp.dtype, *, key: PRNGKeyArray
) -> Float[Array, "*shape size"]:
    """Gaussian vectors with covariance `root root'`, in a batch of the given shape."""
    size, rank = root.shape
    normals = jax.random.normal(key, (*shape, rank), dtype)
    return (normals.reshape(-1, rank) @ jnp.asarray(root.T, dtype)).reshape(*shape, size)


def run_bank(
    start: Float[Array, "*shape K"], innovations: Float[Array, "steps *shape K1"], gamma: tuple[float, ...], dt: float
) -> Float[Array, "times *shape K"]:
    """States of the bank at all times, from the innovations `(dW, I_1, ..., I_K)` of each step.

    Args:
        start: states at the first time.
        innovations: one vector of length K + 1 per step, as drawn with `innovation_root`.
        gamma: rates.
        dt: length of a step.

    Returns:
        States, the first axis along time, one longer than `innovations`.
    """
    decay = jnp.asarray(decay_factors(gamma, dt), start.dtype).reshape((1,) * (start.ndim - 1) + (-1,))

    def step(bank: Float[Array, "*shape K"], innovation: Float[Array, "*shape K1"]) -> tuple[Array, Array]:
        bank = decay * bank + innovation[..., 1:]
        return bank, bank

    _, states = jax.lax.scan(step, start, innovations)
    return jnp.concatenate([start[None], states])
