"""Linear equations with Markovian fractional noise are Gaussian: exact covariance, likelihood and conditioning."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from sciml.solvers.fractional import ornstein_uhlenbeck_bank as bank
from sciml.solvers.fractional.markov_fbm import MarkovFBM

MOST_DOUBLINGS = 40
"""Of a step: enough for rates times steps up to 1e12."""


def markov_fou_covariance(
    noise: MarkovFBM, steps: int, dt: float, *, rate: Any = 0.0, scale: Any = 1.0
) -> Float[Array, "times times"]:
    """Covariance of `dX = -rate X dt + scale dB`, `X(0) = 0`, at the times `dt, 2 dt, ..., steps dt`, with B a Markov approximation.

    Differentiable in the Hurst index, `rate` and `scale`: with `gaussian_log_likelihood` this is maximum likelihood for all three.

    Args:
        noise: the approximation, a scalar and constant Hurst index.
        steps: number of times.
        dt: distance between times.
        rate: decay rate, a number or a traced scalar.
        scale: factor of the noise.

    Returns:
        Covariance matrix, shape `(steps, steps)`.

    Raises:
        ValueError: the Hurst index varies or has channels.

    Example:
        >>> covariance = markov_fou_covariance(MarkovFBM.brownian(), 2, 0.5, rate=1.0)
        >>> np.asarray(covariance, float).round(4)
        array([[0.3161, 0.1917],
               [0.1917, 0.4323]])

    Source:
        Exact discretisation of the joint linear system of X and the bank (Van Loan, "Computing integrals involving the matrix
        exponential", IEEE Transactions on Automatic Control 23, 1978).
    """
    if noise.varies:
        raise ValueError("markov_fou_covariance: the Hurst index must not vary with time.")
    weights = noise.weights()
    if weights.ndim != 1:
        raise ValueError("markov_fou_covariance: the Hurst index must be a scalar; take one `MarkovFBM` per channel.")
    dtype, size = weights.dtype, len(noise.gamma) + 1
    step, added = _discretised(noise, weights, dt, jnp.asarray(rate, dtype))
    first = jnp.zeros((size, size), dtype)
    if noise.kind == "I":
        root = jnp.asarray(bank.stationary_root(noise.gamma), dtype)
        first = first.at[1:, 1:].set(root @ root.T)

    def advance(covariance: Array, _: None) -> tuple[Array, Array]:
        covariance = step @ covariance @ step.T + added
        return covariance, covariance

    _, own = jax.lax.scan(advance, first, length=steps)

    def decay(powers: Array, _: None) -> tuple[Array, Array]:
        return step @ powers, powers[0]

    # First rows of step**n: Cov(x_{m+n}, x_m) = (step**n own_m)[0, 0].
    _, rows = jax.lax.scan(decay, jnp.eye(size, dtype=dtype), length=steps)
    lagged = rows @ own[:, :, 0].T
    later, earlier = np.meshgrid(np.arange(steps), np.arange(steps), indexing="ij")
    lower = lagged[np.abs(later - earlier), np.minimum(later, earlier)]
    return jnp.asarray(scale, dtype) ** 2 * lower


def _discretised(noise: MarkovFBM, weights: Array, dt: float, rate: Array) -> tuple[Array, Array]:
    """Transition matrix and added covariance of `(X, Y_1, ..., Y_K)` over one step."""
    rates = jnp.asarray(np.asarray(noise.gamma), weights.dtype)
    size = len(noise.gamma) + 1
    drift = jnp.zeros((size, size), weights.dtype)
    drift = drift.at[0, 0].set(-rate).at[0, 1:].set(-weights * rates)
    drift = drift.at[jnp.arange(1, size), jnp.arange(1, size)].set(-rates)
    noise_in = jnp.concatenate([jnp.sum(weights)[None], jnp.ones(size - 1, weights.dtype)])
    spread = jnp.outer(noise_in, noise_in)
    # The block holds exp(+rate * dt), which drowns the result from rate * dt = 20 on: take short steps and double them.
    fastest = jnp.maximum(jnp.max(rates), jnp.abs(jax.lax.stop_gradient(rate)))
    doublings = jnp.clip(jnp.ceil(jnp.log2(jnp.maximum(fastest * dt, 1.0))), 0, MOST_DOUBLINGS)
    block = jnp.block([[-drift, spread], [jnp.zeros_like(drift), drift.T]]) * (dt * jnp.exp2(-doublings))
    powers = jax.scipy.linalg.expm(block)
    step = powers[size:, size:].T
    added = step @ powers[:size, size:]

    def double(law: tuple[Array, Array], count: Array) -> tuple[tuple[Array, Array], None]:
        step, added = law
        twice = step @ step, added + step @ added @ step.T
        return jax.tree.map(lambda new, old: jnp.where(count < doublings, new, old), twice, law), None

    counts = jnp.arange(MOST_DOUBLINGS, dtype=doublings.dtype)
    (step, added), _ = jax.lax.scan(double, (step, 0.5 * (added + added.T)), counts)
    return step, 0.5 * (added + added.T)


def gaussian_log_likelihood(
    values: Float[Array, "*paths n"], covariance: Float[Array, "n n"], *, noise_scale: Any = 0.0
) -> Float[Array, "*paths"]:
    """Log density of paths under a centred Gaussian law, with independent measurement noise if asked for.

    Args:
        values: observed values.
        covariance: covariance of the process at the times of observation.
        noise_scale: standard deviation of the measurement noise.

    Returns:
        One log density per path; NaN where the covariance is not positive definite.

    Example:
        >>> round(float(gaussian_log_likelihood(jnp.zeros(2), jnp.eye(2))), 4)
        -1.8379
    """
    size = covariance.shape[0]
    full = covariance + jnp.asarray(noise_scale, covariance.dtype) ** 2 * jnp.eye(size, dtype=covariance.dtype)
    root = jnp.linalg.cholesky(full)
    white = jax.scipy.linalg.solve_triangular(root, values.reshape(-1, size).T, lower=True)
    constant = jnp.sum(jnp.log(jnp.diag(root))) + 0.5 * size * math.log(2 * math.pi)
    return (-0.5 * jnp.sum(white**2, axis=0) - constant).reshape(values.shape[:-1])


def condition(
    covariance: Float[Array, "n n"],
    observed: np.ndarray,
    values: Float[Array, " m"],
    *,
    noise_scale: float,
) -> tuple[Float[Array, " n"], Float[Array, "n n"]]:
    """Mean and covariance of a centred Gaussian vector, given noisy values of some of its components.

    Args:
        covariance: prior covariance.
        observed: indices of what was observed, shape `(m,)`.
        values: what was measured there.
        noise_scale: standard deviation of the measurement noise.

    Returns:
        Posterior mean and covariance.

    Example:
        >>> mean, covariance = condition(jnp.eye(2), np.array([1]), jnp.array([2.0]), noise_scale=1.0)
        >>> mean.tolist(), covariance.diagonal().tolist()
        ([0.0, 1.0], [1.0, 0.5])
    """
    inner = covariance[np.ix_(observed, observed)]
    noisy = inner + jnp.asarray(noise_scale, inner.dtype) ** 2 * jnp.eye(len(observed), dtype=inner.dtype)
    gain = jnp.linalg.solve(noisy, covariance[observed, :]).T
    return gain @ values, covariance - gain @ covariance[observed, :]
