"""The Kalman filter and its adjoint as loops over scalars, with the gradient of the log-probability written by hand.

The filter carries `M = P - covariance`, how far the state is better known than before any observation: no noise matrix of a time
step is needed, and a prediction is `M <- A M A^T`. Its adjoint carries a vector `s` and a matrix `T` that know nothing of each other:
the cotangent of a predicted mean is `rho`, that of a predicted `M` is `(N - rho rho^T) / 2`.

XLA compiles a loop of few scalars to one native function, and dispatches each operation of a larger loop by itself, a hundred times
slower. So the loops carry scalars, give out only what they carry, and are not unrolled; everything else is elementwise afterwards.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from sciml.gp.small_matrices import (
    Blocks,
    Observation,
    Symmetric,
    Vector,
    apply_blocks,
    apply_symmetric,
    congruence,
    pairs,
    rows_of,
)


class Predicted(NamedTuple):
    """Of each observation, before it is seen: mean of the state and `M`, entries of shape `(n,)`."""

    mean: Vector
    known: Symmetric


class Innovation(NamedTuple):
    """What an observation adds: `g`, covariance of the state with it; its variance; its distance from the prediction."""

    gain: Vector
    variance: Any
    surprise: Any


class Backward(NamedTuple):
    """Of each observation, from later ones: the adjoint vector and matrix."""

    vector: Vector
    matrix: Symmetric


def innovation(mean: Vector, known: Symmetric, h: Observation, start: Vector, y: Any, noise: Any) -> Innovation:
    """From a prediction and an observation; `start` is `P h`."""
    size = len(mean)
    gain = [start[i] - h.dot([known[min(i, j), max(i, j)] for j in range(size)]) for i in range(size)]
    return Innovation(gain, h.dot(gain) + noise, y - h.dot(mean))


def filtered(mean: Vector, known: Symmetric, new: Innovation) -> tuple[Vector, Symmetric]:
    """Mean and `M` once the observation is seen."""
    inverse = 1 / new.variance
    weight = new.surprise * inverse
    mean = [m + g * weight for m, g in zip(mean, new.gain)]
    scaled = [g * inverse for g in new.gain]
    return mean, {(i, j): value + scaled[i] * new.gain[j] for (i, j), value in known.items()}


def kalman_filter(steps: Blocks, h: Observation, start: Vector, y: Array, noise: Array, initial: Any = None) -> Predicted:
    """Predictions of the state at each observation, from mean and `M` before the first, by default zero.

    Numbers of one step may be arrays: of shape `(n, ...)` in the inputs, `(...)` in the start.
    """
    size = len(start)
    carried = _zeros(size, y) if initial is None else _pack(*initial)

    def body(carry: tuple[Array, ...], inputs: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        return _pack(*filter_step(*_unpack(carry, size), h, start, inputs)), carry

    _, found = lax.scan(body, carried, (steps, y, noise))
    rows, (mean, known) = rows_of(steps), _unpack(found, size)
    return Predicted(apply_blocks(rows, mean), congruence(rows, known))


def filter_step(mean: Vector, known: Symmetric, h: Observation, start: Vector, inputs: Any) -> tuple[Vector, Symmetric]:
    """Predict, then see an observation."""
    step, value, variance = inputs
    rows = rows_of(step)
    mean, known = apply_blocks(rows, mean), congruence(rows, known)
    return filtered(mean, known, innovation(mean, known, h, start, value, variance))


def kalman_innovations(steps: Blocks, h: Observation, start: Vector, y: Array, noise: Array) -> tuple[Array, Array]:
    """Variances and surprises alone, for the value without its gradient."""
    size = len(start)

    def body(carry: tuple[Array, ...], inputs: Any) -> tuple[tuple[Array, ...], tuple[Array, Array]]:
        step, value, variance = inputs
        mean, known = _unpack(carry, size)
        rows = rows_of(step)
        mean, known = apply_blocks(rows, mean), congruence(rows, known)
        new = innovation(mean, known, h, start, value, variance)
        return _pack(*filtered(mean, known, new)), (new.variance, new.surprise)

    _, found = lax.scan(body, _zeros(size, y), (steps, y, noise))
    return found


def kalman_adjoint(steps: Blocks, h: Observation, new: Innovation, final: Any = None) -> Backward:
    """The adjoint vector and matrix after each observation, from those after the last, by default zero."""
    size = len(new.gain)
    carried = _zeros(size, new.variance) if final is None else _pack(*final)

    def body(carry: tuple[Array, ...], inputs: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        step, gain, weight, inverse = inputs
        rho, late = before_observation(*_unpack(carry, size), h, gain, weight, inverse)
        rows = rows_of(step, transposed=True)
        return _pack(apply_blocks(rows, rho), congruence(rows, late)), carry

    _, found = lax.scan(body, carried, adjoint_inputs(steps, new), reverse=True)
    return Backward(*_unpack(found, size))


def adjoint_inputs(steps: Blocks, new: Innovation) -> Any:
    """What a step of the adjoint needs: transition, gain, weighted surprise, inverse variance."""
    inverse = 1 / new.variance
    return steps, [g * inverse for g in new.gain], new.surprise * inverse, inverse


def before_observation(
    vector: Vector, matrix: Symmetric, h: Observation, gain: Vector, weight: Any, inverse: Any
) -> tuple[Vector, Symmetric]:
    """`rho` and `N` from the adjoint after an observation; `gain` is divided by the variance, `weight` is the surprise over it."""
    total, spread, both = adjoint_scalars(vector, matrix, gain, weight, inverse)
    rho, late = list(vector), dict(matrix)
    for i in h.seen():
        rho[i] = rho[i] + h.times(i, total)
    for i, j in late:
        for a, b in ((i, j), (j, i)):
            term = h.times(a, spread[b])
            late[i, j] = late[i, j] if term is None else late[i, j] - term
        term = h.times(i, both)
        term = None if term is None else h.times(j, term)
        late[i, j] = late[i, j] if term is None else late[i, j] + term
    return rho, late


def adjoint_scalars(vector: Vector, matrix: Symmetric, gain: Vector, weight: Any, inverse: Any) -> tuple[Any, Vector, Any]:
    """`u = v/S - K . s`, `T K` and `D = 1/S + K . T K`."""
    spread = apply_symmetric(matrix, gain)
    total = weight - sum(k * s for k, s in zip(gain, vector))
    return total, spread, inverse + sum(k * w for k, w in zip(gain, spread))


def _zeros(size: int, like: Array) -> tuple[Array, ...]:
    return (jnp.zeros_like(like[0]),) * (size + len(pairs(size)))


def _pack(vector: Vector, matrix: Symmetric) -> tuple[Any, ...]:
    return (*vector, *(matrix[place] for place in pairs(len(vector))))


def _unpack(flat: tuple[Any, ...], size: int) -> tuple[Vector, Symmetric]:
    return list(flat[:size]), dict(zip(pairs(size), flat[size:]))


def kalman_sample(steps: Blocks, h: Observation, new: Innovation, normals: Array) -> Array:
    """Observations from independent standard normal numbers, given gains and variances."""
    size, deviation = len(new.gain), jnp.sqrt(new.variance)
    inputs = (steps, [g / deviation * normals for g in new.gain], deviation * normals)

    def body(mean: tuple[Array, ...], inputs: Any) -> tuple[tuple[Array, ...], Array]:
        step, change, noise = inputs
        predicted = apply_blocks(rows_of(step), list(mean))
        return tuple(m + c for m, c in zip(predicted, change)), h.dot(predicted) + noise

    return lax.scan(body, (jnp.zeros((), normals.dtype),) * size, inputs)[1]
