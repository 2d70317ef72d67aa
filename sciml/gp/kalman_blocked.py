"""The filter and its adjoint over many stretches of time side by side.

The stretches are first filtered from a state known exactly, together with what an error of that state would do; then they are joined
one after the other, and filtered again from their true beginnings. Each operation of the loop is one on an array of stretches,
which pays for its dispatch.
"""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from sciml.gp.kalman import (
    Backward,
    Before,
    Cotangents,
    Innovation,
    adjoint_inputs,
    before_observation,
    cotangents,
    filtered,
    innovation,
    kalman_adjoint,
)
from sciml.gp.small_matrices import (
    Blocks,
    Observation,
    Symmetric,
    Vector,
    add,
    apply_blocks,
    congruence,
    entry,
    pairs,
    rows_of,
)
from sciml.kernels.many_matrices import apply, inverse_of, product, transpose

MOST_STRETCHES = 256


class Cut(NamedTuple):
    """Inputs and what the filter found, stretches in columns: entries of shape `(length, count)`."""

    steps: Blocks
    before: Before
    new: Innovation


def cut_and_filter(steps: Blocks, h: Observation, start: Vector, stationary: Array, y: Array, noise: Array) -> Cut:
    """Filter all stretches."""
    inputs, begin, initial = _beginnings(steps, h, start, stationary, y, noise)

    def body(state: Before, inputs: Any) -> tuple[Before, tuple[Before, Innovation]]:
        after, new = _advance(state, h, begin, inputs)
        return after, (state, new)

    return Cut(inputs[0], *lax.scan(body, initial, inputs)[1])


def blocked_innovations(
    steps: Blocks, h: Observation, start: Vector, stationary: Array, y: Array, noise: Array
) -> tuple[Array, Array]:
    """Variances and surprises as `kalman_innovations` gives them."""
    inputs, begin, initial = _beginnings(steps, h, start, stationary, y, noise)

    def body(state: Before, inputs: Any) -> tuple[Before, tuple[Array, Array]]:
        after, new = _advance(state, h, begin, inputs)
        return after, (new.variance, new.surprise)

    return uncut(lax.scan(body, initial, inputs)[1], y.shape[0])


def _beginnings(
    steps: Blocks, h: Observation, start: Vector, stationary: Array, y: Array, noise: Array
) -> tuple[Any, Vector, Before]:
    """Inputs cut into stretches, `P h`, and the states at their beginnings."""
    count = stretches(y.shape[0])
    # What fills the last stretch up is never seen: its noise is infinite.
    inputs = _cut(steps, count, 0.0), _cut(y, count, 0.0), _cut(noise, count, math.inf)
    begin = [jnp.broadcast_to(value, (count,)) for value in start]
    step, *rest = inputs
    return inputs, begin, Before(*_join(_from_known_states(step, h, begin, stationary, *rest), stationary))


def _advance(state: Before, h: Observation, start: Vector, inputs: Any) -> tuple[Before, Innovation]:
    step, value, variance = inputs
    rows = rows_of(step)
    mean, known = apply_blocks(rows, state.mean), congruence(rows, state.known)
    new = innovation(mean, known, h, start, value, variance)
    return Before(*filtered(mean, known, new)), new


def blocked_filter(steps: Blocks, h: Observation, start: Vector, stationary: Array, y: Array, noise: Array) -> Before:
    """States as `kalman_filter` gives them."""
    return uncut(cut_and_filter(steps, h, start, stationary, y, noise).before, y.shape[0])


def blocked_adjoint(steps: Blocks, h: Observation, new: Innovation) -> Backward:
    """The adjoint as `kalman_adjoint` gives it."""
    length = new.variance.shape[0]
    count = stretches(length)
    steps, cut = _cut(steps, count, 0.0), jax.tree.map(lambda values: _cut(values, count, 0.0), new)
    cut = cut._replace(variance=_cut(new.variance, count, math.inf))
    return uncut(kalman_adjoint(steps, h, cut, _join_adjoint(*_from_zero_ends(steps, h, cut))), length)


def blocked_cotangents(cut: Cut, h: Observation, length: int) -> Cotangents:
    """Those of the log-probability, formed within the loop, where its numbers are still near."""
    size = len(cut.new.gain)
    vector, matrix = _join_adjoint(*_from_zero_ends(cut.steps, h, cut.new))
    zero = [jnp.zeros_like(cut.new.surprise[0])] * size

    def body(state: Any, inputs: Cut) -> tuple[Any, Any]:
        back, of_gain, of_observation = state
        rho, late, found = cotangents(inputs.steps, h, inputs.before, inputs.new, back)
        rows = rows_of(inputs.steps, transposed=True)
        sums = [a + b for a, b in zip(of_gain, found.gain)], [a + b for a, b in zip(of_observation, found.observation)]
        return (Backward(apply_blocks(rows, rho), congruence(rows, late)), *sums), (found.steps, found.y, found.noise)

    initial = (Backward(vector, matrix), zero, zero)
    (_, of_gain, of_observation), found = lax.scan(body, initial, cut, reverse=True)
    steps, y, noise = uncut(found, length)
    return Cotangents(steps, of_gain, of_observation, y, noise)


def stretches(length: int) -> int:
    """How many are taken side by side: the square root of the length, a power of two."""
    return min(MOST_STRETCHES, 2 ** max(0, round(math.log2(length) / 2)))


def _cut(values: Any, count: int, fill: float) -> Any:
    """`(n,)` to `(length, count)`: stretches in columns."""

    def one(array: Array) -> Array:
        missing = -array.shape[0] % count
        return jnp.pad(array, (0, missing), constant_values=fill).reshape(count, -1).T

    return jax.tree.map(one, values)


def uncut(values: Any, length: int) -> Any:
    """Back to shape `(n,)`."""
    return jax.tree.map(lambda array: array.T.reshape(-1)[:length], values)


def _from_known_states(
    steps: Blocks, h: Observation, start: Vector, stationary: Array, y: Array, noise: Array
) -> tuple[Any, ...]:
    """Of each stretch from a state known to be zero: mean, `M`, how the end depends on the beginning, what is learned of that."""
    size, like = len(start), jnp.zeros_like(y[0])
    known = {(i, j): like + stationary[i, j] for i, j in pairs(size)}
    carry = [[like + float(i == j) for j in range(size)] for i in range(size)]
    zeros = [like] * size, {place: like for place in pairs(size)}

    def body(state: Any, inputs: Any) -> tuple[Any, None]:
        mean, known, carry, vector, information = state
        step, value, variance = inputs
        rows = rows_of(step)
        mean, known = apply_blocks(rows, mean), congruence(rows, known)
        carry = [[add(*(a * carry[k][j] for k, a in row)) for j in range(size)] for row in rows]
        new = innovation(mean, known, h, start, value, variance)
        inverse = 1 / new.variance
        seen = [h.dot([carry[k][j] for k in range(size)]) for j in range(size)]
        scaled = [value * inverse for value in seen]
        carry = [[carry[i][j] - new.gain[i] * scaled[j] for j in range(size)] for i in range(size)]
        vector = [value + scaled[i] * new.surprise for i, value in enumerate(vector)]
        information = {(i, j): value + scaled[i] * seen[j] for (i, j), value in information.items()}
        return (*filtered(mean, known, new), carry, vector, information), None

    return lax.scan(body, (zeros[0], known, carry, *zeros), (steps, y, noise))[0]


def _join(found: tuple[Any, ...], stationary: Array) -> tuple[Vector, Symmetric]:
    """Mean and `M` at the beginning of each stretch."""
    size = stationary.shape[0]
    mean, known, carry, vector, information = found
    inputs = (
        jnp.stack(mean, -1), stationary[None] - _dense(known, size), jnp.stack([jnp.stack(row, -1) for row in carry], -2),
        jnp.stack(vector, -1), _dense(information, size),
    )  # fmt: skip

    def body(state: tuple[Array, Array], inputs: Any) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        before, covariance = state
        mean, spread, carry, vector, information = inputs
        identity = jnp.eye(size, dtype=mean.dtype)
        forward = product(carry, inverse_of(identity + product(covariance, information)))
        after = apply(forward, before + apply(covariance, vector)) + mean
        return (after, product(product(forward, covariance), transpose(carry)) + spread), state

    _, (means, covariances) = lax.scan(body, (jnp.zeros_like(inputs[0][0]), stationary), inputs)
    known_before = stationary[None] - 0.5 * (covariances + transpose(covariances))
    return [means[:, i] for i in range(size)], {(i, j): known_before[:, i, j] for i, j in pairs(size)}


def _from_zero_ends(steps: Blocks, h: Observation, new: Innovation) -> tuple[Array, Array, Array]:
    """Of each stretch: the adjoint before it if there is nothing after it, and the matrix that carries what is."""
    size, like = len(new.gain), jnp.zeros_like(new.surprise[0])
    carry = [[like + float(i == j) for j in range(size)] for i in range(size)]

    def body(state: Any, inputs: Any) -> tuple[Any, None]:
        vector, matrix, columns = state
        step, gain, weight, inverse = inputs
        rho, late = before_observation(vector, matrix, h, gain, weight, inverse)
        rows = rows_of(step, transposed=True)
        moved = []
        for column in columns:
            seen, changed = add(*(k * c for k, c in zip(gain, column))), list(column)
            for i in h.seen():
                changed[i] = changed[i] - h.times(i, seen)
            moved.append(apply_blocks(rows, changed))
        return (apply_blocks(rows, rho), congruence(rows, late), moved), None

    initial = ([like] * size, {place: like for place in pairs(size)}, carry)
    (vector, matrix, columns), _ = lax.scan(body, initial, adjoint_inputs(steps, new), reverse=True)
    return jnp.stack(vector, -1), _dense(matrix, size), jnp.stack([jnp.stack(column, -1) for column in columns], -1)


def _join_adjoint(vectors: Array, matrices: Array, carries: Array) -> tuple[Vector, Symmetric]:
    """The adjoint after each stretch."""
    size = vectors.shape[-1]

    def body(state: tuple[Array, Array], inputs: Any) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        (vector, matrix), (own, spread, carry) = state, inputs
        return (apply(carry, vector) + own, product(product(carry, matrix), transpose(carry)) + spread), state

    zero = jnp.zeros_like(vectors[0]), jnp.zeros_like(matrices[0])
    _, (after, spread) = lax.scan(body, zero, (vectors, matrices, carries), reverse=True)
    return [after[:, i] for i in range(size)], {(i, j): spread[:, i, j] for i, j in pairs(size)}


def _dense(matrix: Symmetric, size: int) -> Array:
    return jnp.stack([jnp.stack([entry(matrix, i, j) for j in range(size)], -1) for i in range(size)], -2)
