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
    entry,
    pairs,
    rows_of,
    times_symmetric,
)


class Before(NamedTuple):
    """Mean of the state and `M` at the time of the observation before, that one seen; entries of shape `(n,)`."""

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


def kalman_filter(steps: Blocks, h: Observation, start: Vector, y: Array, noise: Array, initial: Any = None) -> Before:
    """What is known of the state before each step, from mean and `M` before the first, by default zero.

    Numbers of one step may be arrays: of shape `(n, ...)` in the inputs, `(...)` in the start.
    """
    size = len(start)
    carried = _zeros(size, y) if initial is None else _pack(*initial)

    def body(carry: tuple[Array, ...], inputs: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        return _pack(*filter_step(*_unpack(carry, size), h, start, inputs)), carry

    _, found = lax.scan(body, carried, (steps, y, noise))
    return Before(*_unpack(found, size))


def innovations(steps: Blocks, before: Before, h: Observation, start: Vector, y: Array, noise: Array) -> Innovation:
    """Of all observations, elementwise."""
    rows = rows_of(steps)
    return innovation(apply_blocks(rows, before.mean), congruence(rows, before.known), h, start, y, noise)


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


def adjoint_scalars(
    vector: Vector, matrix: Symmetric, gain: Vector, weight: Any, inverse: Any
) -> tuple[Any, Vector, Any]:
    """`u = v/S - K . s`, `T K` and `D = 1/S + K . T K`."""
    spread = apply_symmetric(matrix, gain)
    total = weight - sum(k * s for k, s in zip(gain, vector))
    return total, spread, inverse + sum(k * w for k, w in zip(gain, spread))


class Cotangents(NamedTuple):
    """Of the log-probability: of transitions, of `P h` and `h` for each observation apart, of observations and noise."""

    steps: Any
    gain: Vector
    observation: Vector
    y: Any
    noise: Any


def cotangents(
    steps: Blocks, h: Observation, before: Before, new: Innovation, back: Backward
) -> tuple[Vector, Symmetric, Cotangents]:
    """`rho`, `N` and the cotangents of one observation, or of all elementwise."""
    inverse = 1 / new.variance
    gain, weight = [g * inverse for g in new.gain], new.surprise * inverse
    total, spread, both = adjoint_scalars(*back, gain, weight, inverse)
    rho, late = before_observation(*back, h, gain, weight, inverse)
    of_noise = 0.5 * (total * total - both)
    of_gain = [s * total + w for s, w in zip(back.vector, spread)]
    for i in h.seen():
        of_gain[i] = of_gain[i] + h.times(i, of_noise)
    rows = rows_of(steps)
    of_h = [jnp.zeros_like(total)] * len(rho)
    if None in h.known:
        mean, spread = apply_blocks(rows, before.mean), apply_symmetric(congruence(rows, before.known), of_gain)
        of_h = [of_noise * g + m * total - s for g, m, s in zip(new.gain, mean, spread)]
    of_steps = _of_steps(steps, before.mean, times_symmetric(rows, before.known), rho, late)
    return rho, late, Cotangents(of_steps, of_gain, of_h, -total, of_noise)


def _of_steps(steps: Blocks, mean: Vector, moved: list[Vector], rho: Vector, late: Symmetric) -> Any:
    """`rho m^T - (rho rho^T - N) A M` on the blocks."""
    size = len(rho)
    along = [m - sum(r * moved[k][j] for k, r in enumerate(rho)) for j, m in enumerate(mean)]
    result, start = [], 0
    for block in steps:
        places = range(start, start + len(block))
        result.append([
            [rho[i] * along[j] + sum(entry(late, i, k) * moved[k][j] for k in range(size)) for j in places] for i in places
        ])  # fmt: skip
        start += len(block)
    return result


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
