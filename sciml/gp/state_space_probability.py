"""Log-probability of a process with a state, with its gradient by the adjoint filter."""

import math
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from sciml.gp.kalman import (
    Backward,
    Before,
    Innovation,
    cotangents,
    innovations,
    kalman_adjoint,
    kalman_filter,
    kalman_innovations,
)
from sciml.gp.kalman_blocked import (
    blocked_adjoint,
    blocked_cotangents,
    blocked_filter,
    blocked_innovations,
    cut_and_filter,
    uncut,
)
from sciml.gp.kalman_elements import associative_adjoint, associative_filter
from sciml.gp.small_matrices import Blocks, Observation, Vector


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
        return _total(*kalman_innovations(steps, h, first, y, noise))
    if method.name == "blocked":
        return _total(*blocked_innovations(steps, h, first, stationary, y, noise))
    return _log_probability_forward(method, steps, observation, start, stationary, y, noise)[0]


def _total(variance: Array, surprise: Array) -> Array:
    return -0.5 * jnp.sum(jnp.log(variance) + surprise * surprise / variance + math.log(2 * math.pi))


def forward_pass(
    method: Method, steps: Blocks, h: Observation, start: Vector, stationary: Array, y: Array, noise: Array
) -> Before:
    """States before each step by the method."""
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
    if method.name == "blocked":
        cut = cut_and_filter(steps, h, first, stationary, y, noise)
        value = _total(*uncut((cut.new.variance, cut.new.surprise), y.shape[0]))
        return value, (cut, observation, stationary, noise)
    before = forward_pass(method, steps, h, first, stationary, y, noise)
    new = innovations(steps, before, h, first, y, noise)
    return _total(new.variance, new.surprise), (steps, observation, start, stationary, y, noise, before)


def _log_probability_backward(method: Method, residuals: Any, cotangent: Array) -> tuple[Any, ...]:
    if method.name == "blocked":
        cut, observation, stationary, noise = residuals
        found = blocked_cotangents(cut, Observation(list(observation), method.known), noise.shape[0])
    else:
        steps, observation, start, stationary, y, noise, before = residuals
        h = Observation(list(observation), method.known)
        new = innovations(steps, before, h, list(start), y, noise)
        _, _, found = cotangents(steps, h, before, new, backward_pass(method, steps, h, new))
    scale = partial(jax.tree.map, lambda value: cotangent * value)
    of_start, of_h = (jnp.stack([jnp.sum(value) for value in part]) for part in (found.gain, found.observation))
    return (*scale((found.steps, of_h, of_start)), jnp.zeros_like(stationary), *scale((found.y, found.noise)))


log_probability.defvjp(_log_probability_forward, _log_probability_backward)
