"""An equation driven by fractional noise as an ordinary stochastic equation with more components, for every SDE solver of diffrax."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

import diffrax
import jax
import jax.numpy as jnp
import lineax
import numpy as np
from jaxtyping import Array, Float

from sciml.solvers.fractional.markov_fbm import MarkovFBM

Calculus: TypeAlias = Literal["stratonovich", "ito"]
Field: TypeAlias = Callable[[Any, Float[Array, " d"], Any], Array]
"""`f(t, x, args)`: shape `(d,)` for a drift; for a diffusion `(d,)`, one channel of noise per component, or `(d, channels)`."""
ControlField: TypeAlias = Callable[
    [Any, Float[Array, " d"], Float[Array, "channels K"], Any], Float[Array, " channels"]
]
"""`u(t, x, bank, args)`: drift given to the Brownian motion of each channel."""


class FractionalState(NamedTuple):
    """The augmented state.

    Attributes:
        x: the solution, shape `(d,)`.
        bank: Ornstein-Uhlenbeck processes of each channel, shape `(channels, K)`.
        divergence: `1/2 int |u|**2 dt` so far, a scalar.
    """

    x: Float[Array, "*times d"]
    bank: Float[Array, "*times channels K"]
    divergence: Float[Array, "*times"]


def fractional_terms(
    drift: Field,
    diffusion: Field,
    noise: MarkovFBM,
    path: diffrax.AbstractPath,
    *,
    control: ControlField | None = None,
    start: Float[Array, "channels K"] | None = None,
    calculus: Calculus = "stratonovich",
    solver: Calculus | None = None,
) -> diffrax.MultiTerm:
    """`dx = b dt + s dB` with Markovian fractional noise B, written as `dx = (b + s m) dt + s w dW` with the bank as part of the state.

    The state is a `FractionalState`; `fractional_state` makes the first one. Explicit solvers need `max(gamma) * dt < 1/2` or so:
    `solve_fractional` steps the bank exactly instead.

    Args:
        drift: b.
        diffusion: s; it may depend on t and x.
        noise: the Markov approximation.
        path: Brownian path of shape `(channels,)`, e.g. `diffrax.VirtualBrownianTree`.
        control: drift u of the Brownian motions, `dW -> u dt + dW`; then `divergence` grows.
        start: state of the bank at time 0; needed only for kind "I" with a Hurst index that varies.
        calculus: the calculus in which the equation is meant.
        solver: the calculus of the solver that will be used, if another: then the drift is corrected.

    Returns:
        `MultiTerm(drift, diffusion)` for a `FractionalState`.

    Raises:
        ValueError: an unknown calculus, or a `start` that is missing.

    Example:
        >>> noise = MarkovFBM(0.3)
        >>> tree = diffrax.VirtualBrownianTree(0.0, 1.0, tol=1e-3, shape=(1,), key=jax.random.key(0))
        >>> terms = fractional_terms(lambda t, x, args: -x, lambda t, x, args: 0.5 * x, noise, tree)
        >>> state = fractional_state(jnp.ones(1), noise.initial_bank((1,), key=jax.random.key(1)))
        >>> solution = diffrax.diffeqsolve(terms, diffrax.StratonovichMilstein(), 0.0, 1.0, 0.01, state)
        >>> solution.ys.x.shape
        (1, 1)

    Source:
        Daems et al., ICLR 2024 (arXiv 2310.12975), section 4.
    """
    _check_calculus(calculus, solver)
    if noise.varies and noise.kind == "I" and start is None:
        raise ValueError(
            "fractional_terms: a Hurst index that varies with kind 'I' needs `start`, the state of the bank at time 0."
        )
    rates = np.asarray(noise.gamma, np.float64)
    sign = {"stratonovich": 0.5, "ito": -0.5}[calculus] if solver not in (None, calculus) else 0.0

    def drift_field(t: Any, state: FractionalState, args: Any) -> FractionalState:
        x, bank, divergence = state
        u = jnp.zeros_like(bank[:, 0]) if control is None else control(t, x, bank, args)
        motion = u[:, None] - jnp.asarray(rates, bank.dtype)[None, :] * bank
        weights, change = _weights_and_change(noise, t, bank)
        rate = jnp.sum(weights * motion, axis=-1)
        if change is not None:
            rate = rate + jnp.sum(change * (bank if start is None else bank - start), axis=-1)
        dx = drift(t, x, args) + spread(diffusion(t, x, args), rate)
        if sign:
            dx = dx + sign * _correction(diffusion, t, x, args, jnp.sum(weights, axis=-1))
        return FractionalState(dx, motion, 0.5 * jnp.sum(u**2).astype(divergence.dtype))

    def diffusion_field(t: Any, state: FractionalState, args: Any) -> lineax.AbstractLinearOperator:
        x, bank, divergence = state
        channels, size = bank.shape
        total = jnp.sum(_weights_and_change(noise, t, bank)[0], axis=-1)
        every = jnp.broadcast_to(jnp.eye(channels, dtype=bank.dtype)[:, None, :], (channels, size, channels))
        matrices = FractionalState(
            as_matrix(diffusion(t, x, args)) * total[None, :], every, jnp.zeros((channels,), divergence.dtype)
        )
        return lineax.PyTreeLinearOperator(matrices, jax.eval_shape(lambda: state))

    return diffrax.MultiTerm(diffrax.ODETerm(drift_field), diffrax.ControlTerm(diffusion_field, path))


def fractional_state(x: Float[Array, " d"], bank: Float[Array, "channels K"]) -> FractionalState:
    """First state of an equation with fractional noise: the solution, the bank of each channel, no divergence yet."""
    if x.ndim != 1 or bank.ndim != 2:
        raise ValueError(
            f"fractional_state: `x` must have shape (d,) and `bank` (channels, K), got {x.shape} and {bank.shape}."
        )
    return FractionalState(x, bank, jnp.zeros((), x.dtype))


def as_matrix(diffusion: Array) -> Float[Array, "d channels"]:
    """A diffusion `(d,)` as a diagonal matrix, any other as it is."""
    return jnp.diag(diffusion) if diffusion.ndim == 1 else diffusion


def spread(diffusion: Array, increment: Float[Array, " channels"]) -> Float[Array, " d"]:
    """Product of a diffusion with an increment of the noise."""
    return diffusion * increment if diffusion.ndim == 1 else diffusion @ increment


def _weights_and_change(noise: MarkovFBM, t: Any, bank: Array) -> tuple[Array, Array | None]:
    """Weights broadcast against the bank, and their rate of change where the Hurst index varies."""
    if not noise.varies:
        weights, change = noise.weights(), None
    else:
        time = jnp.asarray(t, bank.dtype)
        weights, change = jax.jvp(noise.weights, (time,), (jnp.ones_like(time),))
        change = jnp.broadcast_to(change, bank.shape).astype(bank.dtype)
    return jnp.broadcast_to(weights, bank.shape).astype(bank.dtype), change


def _correction(diffusion: Field, t: Any, x: Array, args: Any, total: Array) -> Array:
    """`sum_j (total_j)**2 (s_j . grad) s_j`, twice the difference between the calculi; the bank's noise is constant."""
    matrix = as_matrix(diffusion(t, x, args)) * total[None, :]

    def along(direction: Array, channel: Array) -> Array:
        moved = jax.jvp(lambda y: as_matrix(diffusion(t, y, args)) * total[None, :], (x,), (direction,))[1]
        return moved[:, channel]

    return jnp.sum(jax.vmap(along)(matrix.T, jnp.arange(matrix.shape[1])), axis=0)


def _check_calculus(*given: str | None) -> None:
    for name in given:
        if name not in ("stratonovich", "ito", None):
            raise ValueError(f"fractional_terms: a calculus is 'stratonovich' or 'ito', got {name!r}.")
