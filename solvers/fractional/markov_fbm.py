"""Fractional Brownian motion as a finite sum of Ornstein-Uhlenbeck processes."""

from collections.abc import Callable
from typing import Any, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.solvers.fractional import ornstein_uhlenbeck_bank as bank
from sciml.solvers.fractional.mixing_weights import check_hurst, optimal_weights
from sciml.solvers.fractional.normal_equations import Kind, check
from sciml.solvers.fractional.rate_grid import gamma_grid
from sciml.solvers.fractional.sampled_path import SampledPath

HurstSchedule: TypeAlias = Callable[[Float[Array, ""]], Float[Array, ""]]


class MarkovFBM(eqx.Module):
    """`B(t) = sum_k w_k (Y_k(t) - Y_k(0))` with `dY_k = -gamma_k Y_k dt + dW`: noise with memory in a Markovian state.

    The weights minimise the mean-square distance to exact fractional Brownian motion over `[0, horizon]`. The only array leaf is the
    logit of the Hurst index: a training step keeps the index in (0, 1), and derivatives pass through the weights.

    Args:
        hurst: Hurst index in (0, 1), a number, an array `()` for all channels of the noise or `(channels,)` for one each, or a function
            of time (an `eqx.Module` if it has parameters): then the path is `sum_k w_k(H(t)) (Y_k(t) - Y_k(0))`.
        gamma: rates of the bank, see `gamma_grid`.
        kind: "I" (Mandelbrot-Van Ness, the bank starts from its stationary law) or "II" (Riemann-Liouville, it starts at zero).
        horizon: end of the interval on which the weights are optimal.
        normalise: unit variance of the exact process at time 1, the usual convention; the published code has none.

    Raises:
        ValueError: an argument out of range.

    Example:
        >>> noise = MarkovFBM(0.3, gamma_grid(5, 20.0))
        >>> noise.weights().shape, noise.path(100, key=jax.random.key(0)).values.shape
        ((5,), (101,))
        >>> jax.grad(lambda n: n.variance(jnp.array(1.0)))(noise).parameter.shape
        ()

    Source:
        Daems et al., "Variational Inference for SDEs Driven by Fractional Noise", ICLR 2024 (arXiv 2310.12975).
    """

    parameter: Float[Array, "*channels"] | HurstSchedule
    gamma: tuple[float, ...] = eqx.field(static=True)
    kind: Kind = eqx.field(static=True)
    horizon: float = eqx.field(static=True)
    normalise: bool = eqx.field(static=True)

    def __init__(
        self,
        hurst: Float[Array, "*channels"] | float | HurstSchedule,
        gamma: tuple[float, ...] | None = None,
        *,
        kind: Kind = "I",
        horizon: float = 1.0,
        normalise: bool = True,
    ):
        if isinstance(hurst, float | int):
            check_hurst(hurst)
            hurst = jnp.asarray(hurst, float)
        self.gamma = gamma_grid() if gamma is None else tuple(float(rate) for rate in gamma)
        check(self.gamma, horizon, kind)
        self.parameter = hurst if callable(hurst) else jnp.log(hurst) - jnp.log1p(-hurst)
        self.kind, self.horizon, self.normalise = kind, float(horizon), normalise

    @classmethod
    def brownian(cls) -> "MarkovFBM":
        """Ordinary Brownian motion in the same form: one rate of zero, weight one."""
        return cls(0.5, (0.0,), kind="II")

    @property
    def varies(self) -> bool:
        """Whether the Hurst index is a function of time."""
        return callable(self.parameter)

    def hurst(self, time: Any = 0.0) -> Float[Array, "*channels"]:
        """Hurst index, at a time where it varies."""
        if callable(self.parameter):
            return self.parameter(jnp.asarray(time, float) if isinstance(time, float | int) else time)
        return jax.nn.sigmoid(self.parameter)

    def weights(self, time: Any = 0.0) -> Float[Array, "*channels K"]:
        """Mixing weights, at a time where the Hurst index varies."""
        return optimal_weights(self.gamma, self.hurst(time), self.horizon, kind=self.kind, normalise=self.normalise)

    # --- law --------------------------------------------------------------------------------------------------------------------

    def covariance(self, first: Float[Array, "..."], second: Float[Array, "..."]) -> Float[Array, "..."]:
        """Covariance of the approximation at two times (arrays of one shape), in closed form.

        Raises:
            ValueError: the Hurst index has channels.
        """
        shape = jnp.broadcast_shapes(first.shape, second.shape)
        s, t = jnp.broadcast_to(first, shape).reshape(-1), jnp.broadcast_to(second, shape).reshape(-1)
        return jax.vmap(self._covariance)(s, t).reshape(shape)

    def variance(self, time: Float[Array, "..."]) -> Float[Array, "..."]:
        """Variance of the approximation; without normalisation and error it would be that of the exact process."""
        return self.covariance(time, time)

    def _covariance(self, s: Float[Array, ""], t: Float[Array, ""]) -> Float[Array, ""]:
        left, right = self.weights(s), self.weights(t)
        if left.ndim != 1:
            raise ValueError("MarkovFBM.covariance: give each channel its own `MarkovFBM`; this one has several.")
        dtype = left.dtype
        g = np.asarray(self.gamma, np.float64)
        total, rates = g[:, None] + g[None, :], jnp.asarray(g, dtype)
        inverse = jnp.asarray(1 / np.where(total == 0, 1.0, total), dtype)
        early, gap = jnp.minimum(s, t), t - s
        # exp(-gamma * lag) by the member that goes on after the earlier time.
        lag = jnp.maximum(gap, 0) * rates[None, :] + jnp.maximum(-gap, 0) * rates[:, None]
        if self.kind == "II":
            grown = -jnp.expm1(-jnp.asarray(total, dtype) * early) * inverse
            pair = jnp.exp(-lag) * jnp.where(jnp.asarray(total == 0), early, grown)
        else:
            starts = jnp.expm1(-rates * s)[:, None] + jnp.expm1(-rates * t)[None, :]
            pair = (jnp.expm1(-lag) - starts) * inverse
        return left @ pair @ right

    # --- samples ----------------------------------------------------------------------------------------------------------------

    def initial_bank(
        self, shape: tuple[int, ...] = (), *, dtype: Any = None, key: PRNGKeyArray
    ) -> Float[Array, "*shape K"]:
        """States of the bank at time 0: drawn from the stationary law (kind "I") or zero (kind "II")."""
        dtype = self._dtype if dtype is None else dtype
        if self.kind == "II":
            return jnp.zeros((*shape, len(self.gamma)), dtype)
        return bank.draw(bank.stationary_root(self.gamma), shape, dtype, key=key)

    def innovations(
        self, steps: int, dt: float, shape: tuple[int, ...] = (), *, dtype: Any = None, key: PRNGKeyArray
    ) -> Float[Array, "steps *shape K1"]:
        """Exact `(dW, I_1, ..., I_K)` of every step, the first axis along time."""
        dtype = self._dtype if dtype is None else dtype
        return bank.draw(bank.innovation_root(self.gamma, dt), (steps, *shape), dtype, key=key)

    def path(
        self,
        steps: int,
        *,
        t0: float = 0.0,
        t1: float | None = None,
        shape: tuple[int, ...] = (),
        key: PRNGKeyArray,
    ) -> SampledPath:
        """A path on a uniform grid, exact at its times, ready to be a control for diffrax.

        Args:
            steps: number of steps.
            t0: first time; the path starts at zero there.
            t1: last time; `horizon` later if left out.
            shape: shape of the noise; its last axis goes along the channels where the Hurst index has channels.
            key: random key.

        Raises:
            ValueError: `steps` below 1 or `t1` not after `t0`.
        """
        end = t0 + self.horizon if t1 is None else t1
        if steps < 1 or not end > t0:
            raise ValueError(
                f"MarkovFBM.path: needs `steps` >= 1 and `t1` > `t0`, got steps={steps}, t0={t0}, t1={end}."
            )
        dt = (end - t0) / steps
        start_key, step_key = jax.random.split(key)
        start = self.initial_bank(shape, key=start_key)
        states = bank.run_bank(start, self.innovations(steps, dt, shape, key=step_key), self.gamma, dt)
        return SampledPath(t0, end, self.mix(states - start[None], t0 + dt * np.arange(steps + 1)))

    def mix(self, moved: Float[Array, "times *shape K"], times: np.ndarray) -> Float[Array, "times *shape"]:
        """Weighted sums of `Y(t) - Y(0)` at all times."""
        if not callable(self.parameter):
            weights = self.weights()
            return jnp.sum(moved * weights.reshape((1,) * (moved.ndim - weights.ndim) + weights.shape), axis=-1)
        weights = jax.vmap(self.weights)(jnp.asarray(times, moved.dtype))
        shape = weights.shape[:1] + (1,) * (moved.ndim - weights.ndim) + weights.shape[1:]
        return jnp.sum(moved * weights.reshape(shape), axis=-1)

    @property
    def _dtype(self) -> Any:
        return jax.eval_shape(self.weights).dtype
