"""Stochastic Volterra equations with a fractional kernel, as Markovian systems for diffrax."""

from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.solvers.fractional import ornstein_uhlenbeck_bank as bank
from sciml.solvers.fractional.augmented_terms import Field, as_matrix
from sciml.solvers.fractional.markov_fbm import MarkovFBM
from sciml.solvers.fractional.rate_grid import gamma_grid  # noqa: F401  (the examples use it)


class VolterraTerm(diffrax.AbstractTerm):
    """`X(t) = x0 + int_0^t K(t - r) (b dr + s dW_r)` with `K(r) = sum_k w_k exp(-gamma_k r)`, lifted to one state per rate.

    The state is `U` of shape `(d, K)`, zero at time 0, with `X = x0 + U w`. Over a step coefficients are held and the exponentials are
    exact: `diffrax.Euler` converges to the Ito solution.

    Attributes:
        drift: `b(t, x, args)`, shape `(d,)`.
        diffusion: `s(t, x, args)`, shape `(d,)` (one channel per component) or `(d, channels)`.
        weights: of the kernel, shape `(K,)`.
        x0: first value, shape `(d,)`.
        innovations: `(dW, I_1, ..., I_K)` of each step, shape `(steps, channels, K + 1)`.
        t0: first time.
        dt: length of a step.
        gamma: rates.
    """

    drift: Field
    diffusion: Field
    weights: Float[Array, " K"]
    x0: Float[Array, " d"]
    innovations: Float[Array, "steps channels K1"]
    t0: float = eqx.field(static=True)
    dt: float = eqx.field(static=True)
    gamma: tuple[float, ...] = eqx.field(static=True)

    def value(self, lifted: Float[Array, "*times d K"]) -> Float[Array, "*times d"]:
        """The solution X that belongs to lifted states."""
        sums = jnp.sum(lifted * self.weights.reshape((1,) * (lifted.ndim - 1) + (-1,)), axis=-1)
        return self.x0.reshape((1,) * (sums.ndim - 1) + (-1,)) + sums

    def vf(self, t: Any, y: Float[Array, "d K"], args: Any) -> tuple[Array, Array, Array]:
        """Drift, diffusion and lifted state at one time."""
        x = self.value(y)
        return self.drift(t, x, args), as_matrix(self.diffusion(t, x, args)), y

    def contr(self, t0: Any, t1: Any, **kwargs: Any) -> tuple[Any, Array]:
        """Length of the step and its innovation."""
        del kwargs
        dtype = self.innovations.dtype
        begin = (jnp.asarray(t0, dtype) - self.t0) / self.dt
        nearest = jnp.clip(jnp.round(begin), 0, self.innovations.shape[0] - 1)
        off = (jnp.abs(begin - nearest) > 0.01) | (jnp.abs((jnp.asarray(t1, dtype) - t0) / self.dt - 1) > 0.01)
        index = eqx.error_if(
            nearest.astype(int), off, "VolterraTerm: the solver left the grid on which the noise was drawn."
        )
        return jnp.asarray(self.dt, dtype), self.innovations[index]

    def prod(self, vf: tuple[Array, Array, Array], control: tuple[Any, Array]) -> Float[Array, "d K"]:
        """Change of the lifted state over one step."""
        (drift, diffusion, lifted), (_, innovation) = vf, control
        loss = jnp.asarray(np.expm1(-np.asarray(self.gamma) * self.dt), lifted.dtype)
        response = jnp.asarray(bank.mean_responses(self.gamma, self.dt), lifted.dtype)
        return loss[None, :] * lifted + drift[:, None] * response[None, :] + diffusion @ innovation[:, 1:]


def solve_rough_volterra(
    drift: Field,
    diffusion: Field,
    noise: MarkovFBM,
    x0: Float[Array, " d"],
    *,
    horizon: float,
    steps: int,
    args: Any = None,
    key: PRNGKeyArray,
) -> Float[Array, "times d"]:
    """Solve `X(t) = x0 + int_0^t K(t - r) (b(r, X) dr + s(r, X) dW_r)` with the fractional kernel of the noise, in Ito's sense.

    The exact kernel is `r**(H - 1/2)/Gamma(H + 1/2)`, or that divided by the standard deviation of the noise at time 1 if it is
    normalised. Rough Heston: `b = lam (theta - x)`, `s = nu sqrt(max(x, 0))`.

    Args:
        drift: b, shape `(d,)`.
        diffusion: s, shape `(d,)` or `(d, channels)`.
        noise: rates, Hurst index and horizon of the kernel; kind "II", scalar and constant Hurst index.
        x0: first value.
        horizon: last time.
        steps: number of steps.
        args: passed on.
        key: random key.

    Returns:
        Values at `steps + 1` times.

    Raises:
        ValueError: a noise of kind "I" or with a Hurst index that varies or has channels, or no steps.

    Example:
        >>> noise = MarkovFBM(0.2, gamma_grid(10, 100.0), kind="II", normalise=False)
        >>> heston = solve_rough_volterra(
        ...     lambda t, x, args: 0.3 * (0.04 - x), lambda t, x, args: 0.3 * jnp.sqrt(jnp.maximum(x, 0.0)), noise,
        ...     jnp.array([0.04]), horizon=1.0, steps=100, key=jax.random.key(0))
        >>> heston.shape
        (101, 1)

    Source:
        Abi Jaber and El Euch, "Multifactor approximation of rough volatility models", SIAM Journal on Financial Mathematics 10, 2019.
    """
    if noise.kind != "II" or noise.varies or noise.hurst().ndim > 0:
        raise ValueError("solve_rough_volterra: `noise` must be of kind 'II' with one Hurst index that does not vary.")
    if steps < 1 or not horizon > 0:
        raise ValueError(f"solve_rough_volterra: needs `steps` >= 1 and `horizon` > 0, got {steps} and {horizon}.")
    dtype, dt = x0.dtype, horizon / steps
    shape = jax.eval_shape(diffusion, jax.ShapeDtypeStruct((), dtype), x0, args).shape
    innovations = noise.innovations(steps, dt, shape[-1:], dtype=dtype, key=key)
    term = VolterraTerm(drift, diffusion, noise.weights().astype(dtype), x0, innovations, 0.0, dt, noise.gamma)
    times = jnp.asarray(dt * np.arange(steps + 1), dtype)
    solution = diffrax.diffeqsolve(
        term,
        diffrax.Euler(),
        times[0],
        times[-1],
        None,
        jnp.zeros((x0.shape[0], len(noise.gamma)), dtype),
        args,
        stepsize_controller=diffrax.StepTo(ts=times),
        saveat=diffrax.SaveAt(t0=True, steps=True),
        max_steps=steps,
        adjoint=diffrax.RecursiveCheckpointAdjoint(checkpoints=steps),
    )
    lifted: Any = solution.ys
    return term.value(lifted)
