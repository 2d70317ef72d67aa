"""Fixed steps of a stochastic equation with all noise drawn beforehand."""

from typing import Any, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.solvers.adjoints.reversible_scan import EvenTimes
from sciml.solvers.fractional.augmented_terms import Field
from sciml.solvers.stochastic.brownian_increments import brownian_increments
from sciml.solvers.stochastic.euler_maruyama import EulerMaruyama
from sciml.solvers.stochastic.method import StochasticMethod
from sciml.solvers.stochastic.reversible_heun import ReversibleHeun, reversible_heun_values

FixedStepMethod: TypeAlias = StochasticMethod | ReversibleHeun
DEFAULT_METHOD = EulerMaruyama()


class StochasticPath(eqx.Module):
    """A solution at the saved times, the first value included.

    Attributes:
        times: shape `(saved + 1,)`.
        values: shape `(saved + 1, d)`.
    """

    times: Float[Array, " times"]
    values: Float[Array, "times d"]


def solve_sde(
    drift: Field,
    diffusion: Field,
    y0: Float[Array, " d"],
    *,
    t0: float,
    t1: float,
    steps: int,
    method: FixedStepMethod = DEFAULT_METHOD,
    args: Any = None,
    increments: Float[Array, "steps channels"] | None = None,
    save_every: int = 1,
    key: PRNGKeyArray | None = None,
) -> StochasticPath:
    """Solve `dy = f dt + g dW` with equal steps in one scan over increments that are drawn first.

    Many times faster than a solve that asks a Brownian tree at every step. Batches go through `jax.vmap` over keys. For adaptive
    steps, dense output or Levy areas take diffrax.

    Args:
        drift: `f(t, y, args)`, shape `(d,)`.
        diffusion: `g(t, y, args)`, shape `(d,)`: one channel of noise per component, or `(d, channels)`.
        y0: first value; its dtype is that of the solve.
        t0: first time.
        t1: last time.
        steps: number of steps.
        method: `EulerMaruyama()`, `Milstein()`, `StratonovichHeun()` or `ReversibleHeun()`; it decides in which calculus the equation
            is meant (`ito_to_stratonovich` converts).
        args: handed to drift and diffusion.
        increments: of the Brownian motion over each step, shape `(steps, channels)`, such as the differences of
            `brownian_tree_values`; drawn from `key` if left out.
        save_every: steps between saved values, a divisor of `steps`.
        key: random key.

    Returns:
        The path at the saved times.

    Raises:
        ValueError: wrong counts, times or shapes, or neither `increments` nor `key`.

    Example:
        >>> path = solve_sde(
        ...     lambda t, y, args: -y, lambda t, y, args: 0.5 * jnp.ones_like(y), jnp.ones(2),
        ...     t0=0.0, t1=1.0, steps=100, key=jax.random.key(0))
        >>> path.values.shape
        (101, 2)
    """
    _check(t0, t1, steps, save_every, y0)
    dtype, length = y0.dtype, (t1 - t0) / steps
    channels = _channels(diffusion, y0, args)
    if increments is None:
        if key is None:
            raise ValueError("solve_sde: needs `key`, or `increments` drawn beforehand.")
        increments = brownian_increments(steps, length, (channels,), dtype=dtype, key=key)
    if increments.shape != (steps, channels) or increments.dtype != dtype:
        raise ValueError(
            f"solve_sde: `increments` must have shape {(steps, channels)} and the dtype of `y0`, {dtype}, "
            f"got {increments.shape} and {increments.dtype}."
        )
    times = EvenTimes(jnp.asarray(t0, dtype), jnp.asarray(length, dtype), steps)
    if isinstance(method, ReversibleHeun):
        values = reversible_heun_values(drift, diffusion, times, y0, increments, args, save_every)
    else:
        values = _scan(method, drift, diffusion, times, y0, increments, args, save_every)
    return StochasticPath(times.at(save_every * jnp.arange(steps // save_every + 1)), _with_first(y0, values))


def _scan(
    method: StochasticMethod,
    drift: Field,
    diffusion: Field,
    times: EvenTimes,
    y0: Array,
    increments: Array,
    args: Any,
    save_every: int,
) -> Float[Array, "saved d"]:
    def step(carry: tuple[Array, Array], dw: Array) -> tuple[tuple[Array, Array], Array]:
        y, index = carry
        moved = method.step(drift, diffusion, times.at(index), times.length, y, dw, args)
        if moved.shape != y.shape or moved.dtype != y.dtype:
            raise ValueError(
                f"solve_sde: a step from shape {y.shape}, {y.dtype} gives {moved.shape}, {moved.dtype}: drift and diffusion "
                "must keep shape and dtype of the state."
            )
        return (moved, index + 1), moved

    def frame(carry: tuple[Array, Array], dws: Array) -> tuple[tuple[Array, Array], Array]:
        carry, _ = lax.scan(lambda one, dw: (step(one, dw)[0], None), carry, dws)
        return carry, carry[0]

    first = (y0, jnp.asarray(0, jnp.int32))
    if save_every == 1:
        return lax.scan(step, first, increments)[1]
    return lax.scan(frame, first, increments.reshape(-1, save_every, increments.shape[-1]))[1]


def _with_first(y0: Array, values: Array) -> Array:
    return jnp.concatenate([y0[None, :], values])


def _channels(diffusion: Field, y0: Array, args: Any) -> int:
    time = jax.ShapeDtypeStruct((), y0.dtype)
    shape = eqx.filter_eval_shape(diffusion, time, y0, args).shape
    if len(shape) not in (1, 2) or shape[0] != y0.shape[0]:
        raise ValueError(
            f"solve_sde: `diffusion` must give shape ({y0.shape[0]},) or ({y0.shape[0]}, channels), got {shape}."
        )
    return shape[-1]


def _check(t0: float, t1: float, steps: int, save_every: int, y0: Array) -> None:
    if steps < 1 or not t1 > t0:
        raise ValueError(f"solve_sde: needs `steps` >= 1 and `t1` > `t0`, got steps={steps}, t0={t0}, t1={t1}.")
    if save_every < 1 or steps % save_every:
        raise ValueError(f"solve_sde: `save_every` must divide `steps`, got {save_every} and {steps}.")
    if y0.ndim != 1:
        raise ValueError(f"solve_sde: `y0` must have shape (d,), got {y0.shape}; batches go through jax.vmap.")
