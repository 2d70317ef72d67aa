"""From noise back to data: the reverse-time equation and the flow with the same marginals."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.diffusion.forward_process import ForwardProcess
from sciml.solvers.taylor.solution_derivatives import VectorField

Score = Callable[[Any, Array], Array]


def reverse_drift(process: ForwardProcess, score: Score) -> VectorField:
    """Drift of the reverse-time equation in `tau = horizon - t`: `-f + (g^2)' + g^2 score`; its diffusion is `g` (Ito).

    Args:
        process: the forward process.
        score: gradient of the logarithm of the marginal density, `score(t, x)`.

    Source: B. D. O. Anderson, Stochastic Processes and their Applications 12 (1982) 313.
    """

    def drift(tau: Any, x: Array, args: Any) -> Array:
        t = process.horizon - tau
        squared, slope = _squared_diffusion(process, t, x)
        return (slope - process.drift(t, x) + squared * score(t, x)).astype(x.dtype)

    return drift


def probability_flow(process: ForwardProcess, score: Score) -> VectorField:
    """Vector field in `tau = horizon - t` whose solutions have the marginals of the process: `-f + ((g^2)' + g^2 score) / 2`.

    Args:
        process: the forward process.
        score: as for `reverse_drift`.

    Source: Song et al. 2021 (arXiv 2011.13456), section 4.3.
    """

    def field(tau: Any, x: Array, args: Any) -> Array:
        t = process.horizon - tau
        squared, slope = _squared_diffusion(process, t, x)
        return ((slope + squared * score(t, x)) / 2 - process.drift(t, x)).astype(x.dtype)

    return field


def sample_reverse(
    process: ForwardProcess,
    score: Score,
    noise: Float[Array, "*shape"],
    times: Float[Array, " times"],
    *,
    key: PRNGKeyArray,
) -> Float[Array, "*shape"]:
    """Samples of the reverse-time equation by Euler-Maruyama steps, the last of them without noise.

    Args:
        process: the forward process.
        score: `score(t, x)`, called on the whole batch.
        noise: samples of the law at the horizon: of additive noise, standard normal ones times `sqrt(noise_variance(horizon))`.
        times: decreasing, from the horizon to where the data are taken for clean.
        key: random key.

    Raises:
        ValueError: fewer than two times, or times that do not fall.

    Example:
        >>> from sciml.models.diffusion import OrnsteinUhlenbeck
        >>> process = OrnsteinUhlenbeck(horizon=4.0)  # data that are normal of variance 1/2 are stationary: the score is -2 x
        >>> noise = jnp.sqrt(0.5) * jax.random.normal(jax.random.key(0), (4000,))
        >>> data = sample_reverse(process, lambda t, x: -2 * x, noise, jnp.linspace(4.0, 0.0, 201), key=jax.random.key(1))
        >>> bool(abs(data.var() - 0.5) < 0.05)
        True
    """
    check_falling("sample_reverse", times)
    drift = reverse_drift(process, score)
    lengths, last = times[:-1] - times[1:], times.shape[0] - 2

    def step(x: Array, given: tuple[Array, Array, Array]) -> tuple[Array, None]:
        number, t, length = given
        draw = jax.random.normal(jax.random.fold_in(key, number), x.shape, x.dtype)
        spread = jnp.where(number < last, jnp.sqrt(length), 0).astype(x.dtype) * process.diffusion(t, x)
        return x + length.astype(x.dtype) * drift(process.horizon - t, x, None) + spread * draw, None

    return jax.lax.scan(step, noise, (jnp.arange(last + 1), times[:-1], lengths))[0]


def check_falling(name: str, times: Array) -> None:
    """Refuse times that do not lead from noise to data, where their values are known."""
    if times.ndim != 1 or times.shape[0] < 2:
        raise ValueError(f"{name}: `times` must be at least two numbers, got shape {times.shape}.")
    if not isinstance(times, Tracer) and np.any(np.diff(np.asarray(times)) >= 0):
        raise ValueError(
            f"{name}: `times` must fall, from the horizon, noise, to the data; got {times[0]:g} to {times[-1]:g}."
        )


def _squared_diffusion(process: ForwardProcess, t: Any, x: Array) -> tuple[Array, Array]:
    """`g^2` and its derivative in `x`, coordinate by coordinate."""
    return jax.jvp(lambda x: process.diffusion(t, x) ** 2, (x,), (jnp.ones_like(x),))
