"""Log-probability of a process with a state, with its gradient by the adjoint filter."""

import math
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from sciml.gp.kalman import (
    Backward,
    Innovation,
    Predicted,
    adjoint_scalars,
    before_observation,
    filtered,
    innovation,
    kalman_adjoint,
    kalman_filter,
    kalman_innovations,
)
from sciml.gp.kalman_blocked import blocked_adjoint, blocked_filter
from sciml.gp.kalman_elements import associative_adjoint, associative_filter
from sciml.gp.small_matrices import Blocks, Observation, Vector, rows_of, times_symmetric


class Method(NamedTuple):
    """How the loops run (`sequential` or another), and which entries of the observation are known."""

    name: str
    known: tuple[float | None, ...]


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def log_probability(
    method: Method, steps: Blocks, observation: Array, start: Array, stationary: Array, y: Array, noise: Array
) -> Array:
    """Of observations in order of time.

    Args:
        method: way of computation.
        steps: transitions, entries of shape `(n,)`; the first from the first time to itself.
        observation: `h`.
        start: `P h`, on which alone the probability depends.
        stationary: `P`; its cotangent is zero.
        y: observations less their mean.
        noise: variance of each.
    """
    h, first = Observation(list(observation), method.known), list(start)
    if method.name == "sequential":
        variance, surprise = kalman_innovations(steps, h, first, y, noise)
    else:
        predicted = forward_pass(method, steps, h, first, stationary, y, noise)
        _, variance, surprise = innovation(*predicted, h, first, y, noise)
    return _total(variance, surprise)


def _total(variance: Array, surprise: Array) -> Array:
    return -0.5 * jnp.sum(jnp.log(variance) + surprise * surprise / variance + math.log(2 * math.pi))


def forward_pass(
    method: Method, steps: Blocks, h: Observation, start: Vector, stationary: Array, y: Array, noise: Array
) -> Predicted:
    """Predictions by the method."""
    if method.name == "associative":
        return associative_filter(steps, jnp.stack(h.entries), stationary, y, noise)
    if method.name == "blocked":
        return blocked_filter(steps, h, start, stationary, y, noise)
    return kalman_filter(steps, h, start, y, noise)


def backward_pass(method: Method, steps: Blocks, h: Observation, new: Innovation) -> Backward:
    """The adjoint by the method."""
    if method.name == "associative":
        return associative_adjoint(steps, jnp.stack(h.entries), new)
    if method.name == "blocked":
        return blocked_adjoint(steps, h, new)
    return kalman_adjoint(steps, h, new)


def _log_probability_forward(
    method: Method, steps: Blocks, observation: Array, start: Array, stationary: Array, y: Array, noise: Array
) -> tuple[Array, Any]:
    h, first = Observation(list(observation), method.known), list(start)
    predicted = forward_pass(method, steps, h, first, stationary, y, noise)
    _, variance, surprise = innovation(*predicted, h, first, y, noise)
    return _total(variance, surprise), (steps, observation, start, stationary, y, noise, predicted)


def _log_probability_backward(method: Method, residuals: Any, cotangent: Array) -> tuple[Any, ...]:
    steps, observation, start, stationary, y, noise, predicted = residuals
    h = Observation(list(observation), method.known)
    new = innovation(*predicted, h, list(start), y, noise)
    back = backward_pass(method, steps, h, new)
    inverse = 1 / new.variance
    gain, weight = [g * inverse for g in new.gain], new.surprise * inverse
    total, spread, both = adjoint_scalars(*back, gain, weight, inverse)
    rho, late = before_observation(*back, h, gain, weight, inverse)
    of_noise = 0.5 * (total * total - both)
    of_gain = [s * total + w for s, w in zip(back.vector, spread)]  # without the part through the variance
    for i in h.seen():
        of_gain[i] = of_gain[i] + h.times(i, of_noise)
    size = len(rho)
    of_h = jnp.stack([
        jnp.sum(
            of_noise * new.gain[i] + predicted.mean[i] * total
            - sum(predicted.known[min(i, j), max(i, j)] * of_gain[j] for j in range(size))
        )
        for i in range(size)
    ])  # fmt: skip
    of_steps = _of_steps(steps, predicted, new, rho, late)
    scale = partial(jax.tree.map, lambda value: cotangent * value)
    of_start = jnp.stack([jnp.sum(value) for value in of_gain])
    return (*scale((of_steps, of_h, of_start)), jnp.zeros_like(stationary), *scale((-total, of_noise)))


def _of_steps(steps: Blocks, predicted: Predicted, new: Innovation, rho: Vector, late: Any) -> Any:
    """`rho m^T - (rho rho^T - N) A M` with the filtered values of the observation before, on the blocks."""
    mean, known = jax.tree.map(_shift, filtered(*predicted, new))
    moved = times_symmetric(rows_of(steps), known)
    result, start = [], 0
    for block in steps:
        size = len(block)
        places = range(start, start + size)
        result.append([[_step_entry(rho, late, mean, moved, i, j) for j in places] for i in places])
        start += size
    return result


def _step_entry(rho: Vector, late: Any, mean: Vector, moved: list[Vector], i: int, j: int) -> Array:
    total = rho[i] * mean[j]
    for k in range(len(rho)):
        total = total - (rho[i] * rho[k] - late[min(i, k), max(i, k)]) * moved[k][j]
    return total


def _shift(values: Array) -> Array:
    return jnp.concatenate([jnp.zeros_like(values[:1]), values[:-1]])


log_probability.defvjp(_log_probability_forward, _log_probability_backward)
