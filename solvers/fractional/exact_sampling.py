"""Exact samples of fractional Gaussian noise and fractional Brownian motion on a grid of times."""

from typing import Literal, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.solvers.fractional.exact_covariance import fbm_covariance
from sciml.solvers.fractional.mixing_weights import check_hurst, deviation
from sciml.solvers.fractional.normal_equations import Kind

SamplingMethod: TypeAlias = Literal["davies-harte", "cholesky"]


def sample_fgn(
    hurst: Float[Array, ""] | float, steps: int, *, dt: float = 1.0, shape: tuple[int, ...] = (), key: PRNGKeyArray
) -> Float[Array, "*shape steps"]:
    """Increments of unit-variance fractional Brownian motion over equal steps, by circulant embedding.

    Exact for every Hurst index in (0, 1): the eigenvalues of the circulant matrix are not negative. `O(N log N)`, differentiable in
    `hurst`, which may be traced.

    Args:
        hurst: Hurst index in (0, 1), a scalar.
        steps: number of increments N.
        dt: length of a step.
        shape: shape of the batch of independent paths.
        key: random key.

    Returns:
        Increments with standard deviation `dt**H`, the last axis along time, in the dtype of `hurst`.

    Raises:
        ValueError: a number `hurst` outside (0, 1), `steps` below 1 or `dt` not positive.

    Example:
        >>> noise = sample_fgn(0.3, 1000, dt=0.01, shape=(4,), key=jax.random.key(0))
        >>> noise.shape, bool(abs(noise.std() / 0.01**0.3 - 1) < 0.05)
        ((4, 1000), True)

    Source:
        Davies and Harte, "Tests for Hurst effect", Biometrika 74, 1987.
    """
    _check_steps("sample_fgn", steps, dt)
    if isinstance(hurst, float | int):
        check_hurst(hurst)
    index = jnp.asarray(hurst, float) if isinstance(hurst, float | int) else hurst
    dtype = index.dtype
    lags = jnp.arange(steps + 1, dtype=dtype)
    covariance = 0.5 * (
        _power(lags + 1, 2 * index) + _power(jnp.abs(lags - 1), 2 * index) - 2 * _power(lags, 2 * index)
    )
    circle = jnp.concatenate([covariance, covariance[-2:0:-1]])
    # Round-off leaves values of about -1e-16; sqrt'(0) would be infinite.
    spectrum = jnp.maximum(jnp.fft.rfft(circle).real, jnp.finfo(dtype).tiny)
    white = jnp.fft.rfft(jax.random.normal(key, (*shape, 2 * steps), dtype), axis=-1)
    root = jnp.sqrt(spectrum).reshape((1,) * len(shape) + spectrum.shape)
    coloured = jax.lax.complex(root * white.real, root * white.imag)
    return jnp.fft.irfft(coloured, 2 * steps, axis=-1)[..., :steps] * jnp.asarray(dt, dtype) ** index


def sample_fbm(
    hurst: float,
    steps: int,
    *,
    horizon: float = 1.0,
    kind: Kind = "I",
    normalise: bool = True,
    method: SamplingMethod | None = None,
    shape: tuple[int, ...] = (),
    key: PRNGKeyArray,
) -> Float[Array, "*shape times"]:
    """Exact paths of fractional Brownian motion at `steps + 1` equally spaced times from 0 to `horizon`.

    Args:
        hurst: Hurst index, a number in (0, 1).
        steps: number of steps.
        horizon: last time.
        kind: "I" or "II", see `fbm_covariance`.
        normalise: unit variance at time 1.
        method: "davies-harte" (kind "I" alone, any number of steps) or "cholesky" (both kinds, up to some thousand steps); the first
            where it applies if left out.
        shape: shape of the batch of independent paths.
        key: random key.

    Returns:
        Values in JAX' default precision, zero at time 0, the last axis along time.

    Raises:
        ValueError: an argument out of range, or "davies-harte" for kind "II".

    Example:
        >>> sample_fbm(0.7, 64, horizon=2.0, shape=(3,), key=jax.random.key(0)).shape
        (3, 65)

    Source:
        Davies and Harte, Biometrika 74, 1987; the Cholesky factor of `fbm_covariance`.
    """
    _check_steps("sample_fbm", steps, horizon)
    check_hurst(hurst)
    chosen = method or ("davies-harte" if kind == "I" else "cholesky")
    if chosen not in ("davies-harte", "cholesky") or (chosen == "davies-harte" and kind == "II"):
        raise ValueError(
            f"sample_fbm: `method` must be 'cholesky', or 'davies-harte' for kind 'I', got {method!r} for kind {kind!r}: "
            "increments of kind 'II' are not stationary."
        )
    if chosen == "cholesky":
        root = _cholesky(hurst, steps, horizon, kind, normalise)
        inner = jnp.asarray(root, float) @ jax.random.normal(key, (*shape, steps), float)[..., None]
        values = inner[..., 0]
    else:
        noise = sample_fgn(hurst, steps, dt=horizon / steps, shape=shape, key=key)
        values = jnp.cumsum(noise, axis=-1)
        if not normalise:
            values = values * deviation(jnp.asarray(hurst, values.dtype), kind)
    return jnp.concatenate([jnp.zeros((*shape, 1), values.dtype), values], axis=-1)


def _cholesky(hurst: float, steps: int, horizon: float, kind: Kind, normalise: bool) -> np.ndarray:
    times = horizon * np.arange(1, steps + 1) / steps
    return np.linalg.cholesky(fbm_covariance(times[:, None], times[None, :], hurst, kind=kind, normalise=normalise))


def _power(base: Float[Array, "..."], exponent: Float[Array, ""]) -> Float[Array, "..."]:
    """`base**exponent` with derivatives at base 0."""
    positive = base > 0
    return jnp.where(positive, jnp.exp(exponent * jnp.log(jnp.where(positive, base, 1))), 0)


def _check_steps(where: str, steps: int, length: float) -> None:
    if steps < 1 or not length > 0:
        raise ValueError(
            f"{where}: at least one step of positive length is needed, got steps={steps}, length {length}."
        )
