"""Fixed steps in which the Ornstein-Uhlenbeck bank is exact: a term and a solver for diffrax, and their entry point."""

from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias, cast

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from equinox.internal import ω
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.solvers.fractional import ornstein_uhlenbeck_bank as bank_steps
from sciml.solvers.fractional.augmented_terms import (
    Calculus,
    ControlField,
    Field,
    FractionalState,
    fractional_state,
    spread,
)
from sciml.solvers.fractional.markov_fbm import MarkovFBM

_Coefficients: TypeAlias = tuple[Array, Array, Array | None, Array]
_Increment: TypeAlias = tuple[Any, Array, Array, Array]


class FractionalTerm(diffrax.AbstractTerm):
    """`dx = b dt + s dB` over the steps of one grid, with the joint innovation of the bank drawn beforehand.

    The product of coefficients and increment is the whole change of a `FractionalState` over a step: the bank exactly, the control held
    at its value at the start of the step, `s dB` with s from the start of the step. `diffrax.Euler` therefore converges to the Ito
    solution and `ExponentialHeun` to the Stratonovich solution. Steps must be those of the grid.

    Because the control is held, the change of measure over a step is exact too: for additive noise `divergence` is the exact
    Kullback-Leibler divergence of the discrete process, and the evidence lower bound is one at any step length.

    Attributes:
        drift: b.
        diffusion: s.
        control: u, or None.
        weights: mixing weights, `(K,)` or `(channels, K)`; with the times of the grid as first axis if `varies`.
        innovations: `(dW, I_1, ..., I_K)` of each step, shape `(steps, channels, K + 1)`.
        start: state of the bank at time 0.
        t0: first time.
        dt: length of a step.
        gamma: rates of the bank.
        varies: whether the weights vary with time.
    """

    drift: Field
    diffusion: Field
    control: ControlField | None
    weights: Float[Array, "..."]
    innovations: Float[Array, "steps channels K1"]
    start: Float[Array, "channels K"]
    t0: float = eqx.field(static=True)
    dt: float = eqx.field(static=True)
    gamma: tuple[float, ...] = eqx.field(static=True)
    varies: bool = eqx.field(static=True)

    def vf(self, t: Any, y: FractionalState, args: Any) -> _Coefficients:
        """Drift, diffusion, control and bank at one time."""
        u = None if self.control is None else self.control(t, y.x, y.bank, args)
        return self.drift(t, y.x, args), self.diffusion(t, y.x, args), u, y.bank

    def contr(self, t0: Any, t1: Any, **kwargs: Any) -> _Increment:
        """Length of the step, its innovation, the weights at its ends."""
        del kwargs
        dtype = self.innovations.dtype
        begin = (jnp.asarray(t0, dtype) - self.t0) / self.dt
        nearest = jnp.clip(jnp.round(begin), 0, self.innovations.shape[0] - 1)
        index = nearest.astype(int)
        off = (jnp.abs(begin - nearest) > 0.01) | (jnp.abs((jnp.asarray(t1, dtype) - t0) / self.dt - 1) > 0.01)
        index = eqx.error_if(index, off, "FractionalTerm: the solver left the grid on which the noise was drawn.")
        old, new = (self.weights[index], self.weights[index + 1]) if self.varies else (self.weights, self.weights)
        return jnp.asarray(self.dt, dtype), self.innovations[index], old, new

    def prod(self, vf: _Coefficients, control: _Increment) -> FractionalState:
        """Change of the state over one step."""
        (drift, diffusion, u, bank), (dt, _, _, _) = vf, control
        moved, increment = self._bank_step(u, bank, control)
        change = drift * dt + spread(diffusion, increment)
        return FractionalState(change, moved, jnp.zeros((), dt.dtype) if u is None else 0.5 * jnp.sum(u**2) * dt)

    def _bank_step(self, u: Array | None, bank: Array, control: _Increment) -> tuple[Array, Array]:
        """Exact change of the bank over a step, and the increment of the fractional noise."""
        _, innovation, old, new = control
        dtype = bank.dtype
        loss = jnp.asarray(np.expm1(-np.asarray(self.gamma) * self.dt), dtype)
        moved = loss[None, :] * bank + innovation[:, 1:]
        if u is not None:
            moved = moved + u[:, None] * jnp.asarray(bank_steps.mean_responses(self.gamma, self.dt), dtype)[None, :]
        increment = jnp.sum(jnp.broadcast_to(new, bank.shape) * moved, axis=-1)
        if self.varies:
            increment = increment + jnp.sum(jnp.broadcast_to(new - old, bank.shape) * (bank - self.start), axis=-1)
        return moved, increment


class ExponentialHeun(diffrax.AbstractStratonovichSolver):
    """Heun's method in x, the bank exact, the control held over the step: for a `FractionalTerm`.

    Converges to the Stratonovich solution; of second order in the drift for additive noise whose paths are smooth enough.

    Example:
        >>> ExponentialHeun().order(None)
        2
    """

    term_structure: ClassVar = FractionalTerm
    interpolation_cls: ClassVar[Callable[..., diffrax.LocalLinearInterpolation]] = diffrax.LocalLinearInterpolation

    def order(self, terms: Any) -> int:
        """Order for smooth paths."""
        return 2

    def strong_order(self, terms: Any) -> float:
        """Strong order for several noises that do not commute."""
        return 0.5

    def init(self, terms: Any, t0: Any, t1: Any, y0: Any, args: Any) -> None:
        """No state is kept."""

    def step(
        self, terms: Any, t0: Any, t1: Any, y0: Any, args: Any, solver_state: None, made_jump: Any
    ) -> tuple[Any, None, dict[str, Any], None, diffrax.RESULTS]:
        """Advance one step of the grid."""
        del solver_state, made_jump
        control = terms.contr(t0, t1)
        drift, diffusion, u, bank = terms.vf(t0, y0, args)
        first = terms.prod((drift, diffusion, u, bank), control)
        drift, diffusion, _, _ = terms.vf(t1, (y0**ω + first**ω).ω, args)
        # Control and bank stay those of the start of the step: their change over it is exact already.
        second = terms.prod((drift, diffusion, u, bank), control)
        y1 = (y0**ω + 0.5 * (first**ω + second**ω)).ω
        return y1, None, {"y0": y0, "y1": y1}, None, diffrax.RESULTS.successful

    def func(self, terms: Any, t0: Any, y0: Any, args: Any) -> Any:
        """The coefficients."""
        return terms.vf(t0, y0, args)


class FractionalPath(eqx.Module):
    """A solution on its grid.

    Attributes:
        times: shape `(steps + 1,)`.
        x: the solution, `(steps + 1, d)`.
        bank: the Ornstein-Uhlenbeck processes, `(steps + 1, channels, K)`.
        divergence: `1/2 int |u|**2 dt` along the path, a scalar.
    """

    times: Float[Array, " times"]
    x: Float[Array, "times d"]
    bank: Float[Array, "times channels K"]
    divergence: Float[Array, ""]


def solve_fractional(
    drift: Field,
    diffusion: Field,
    noise: MarkovFBM,
    x0: Float[Array, " d"],
    *,
    t0: float,
    t1: float,
    steps: int,
    control: ControlField | None = None,
    args: Any = None,
    calculus: Calculus = "stratonovich",
    adjoint: diffrax.AbstractAdjoint | None = None,
    key: PRNGKeyArray,
) -> FractionalPath:
    """Solve `dx = b dt + s dB` on a uniform grid, the noise and its memory without error.

    Args:
        drift: `b(t, x, args)`, shape `(d,)`.
        diffusion: `s(t, x, args)`, shape `(d,)` (one channel of noise per component) or `(d, channels)`.
        noise: the Markov approximation.
        x0: first value, shape `(d,)`.
        t0: first time. The noise begins there: its time is `t - t0` where the Hurst index varies.
        t1: last time.
        steps: number of steps.
        control: `u(t, x, bank, args)`, shape `(channels,)`: drift of the Brownian motions, see `fractional_terms`.
        args: passed on.
        calculus: "stratonovich" (`ExponentialHeun`) or "ito" (`diffrax.Euler`).
        adjoint: gradient strategy of diffrax; by default every step is kept.
        key: random key.

    Returns:
        The path. Batches go through `jax.vmap` over keys.

    Raises:
        ValueError: no steps, times out of order or an unknown calculus.

    Example:
        >>> noise = MarkovFBM(0.7)
        >>> path = solve_fractional(
        ...     lambda t, x, args: -x, lambda t, x, args: 0.5 * jnp.ones_like(x), noise, jnp.ones(2),
        ...     t0=0.0, t1=1.0, steps=50, key=jax.random.key(0))
        >>> path.x.shape, path.bank.shape
        ((51, 2), (51, 2, 5))
    """
    if steps < 1 or not t1 > t0:
        raise ValueError(f"solve_fractional: needs `steps` >= 1 and `t1` > `t0`, got steps={steps}, t0={t0}, t1={t1}.")
    if calculus not in ("stratonovich", "ito"):
        raise ValueError(f"solve_fractional: `calculus` must be 'stratonovich' or 'ito', got {calculus!r}.")
    dtype, dt = x0.dtype, (t1 - t0) / steps
    shape = jax.eval_shape(diffusion, jax.ShapeDtypeStruct((), dtype), x0, args).shape
    start_key, step_key = jax.random.split(key)
    start = noise.initial_bank(shape[-1:], dtype=dtype, key=start_key)
    innovations = noise.innovations(steps, dt, shape[-1:], dtype=dtype, key=step_key)
    grid = dt * np.arange(steps + 1)
    weights = jax.vmap(noise.weights)(jnp.asarray(grid, dtype)) if noise.varies else noise.weights()
    term = FractionalTerm(
        drift, diffusion, control, weights.astype(dtype), innovations, start, t0, dt, noise.gamma, noise.varies
    )
    times = jnp.asarray(t0 + grid, dtype)
    solution = diffrax.diffeqsolve(
        term,
        ExponentialHeun() if calculus == "stratonovich" else diffrax.Euler(),
        times[0],
        times[-1],
        None,
        fractional_state(x0, start),
        args,
        stepsize_controller=diffrax.StepTo(ts=times),
        saveat=diffrax.SaveAt(t0=True, steps=True),
        max_steps=steps,
        adjoint=diffrax.RecursiveCheckpointAdjoint(checkpoints=steps) if adjoint is None else adjoint,
    )
    states = cast(FractionalState, solution.ys)
    return FractionalPath(times, states.x, states.bank, states.divergence[-1])
