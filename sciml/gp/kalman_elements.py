"""The filter and its adjoint as parallel scans, after S. Sarkka and A. F. Garcia-Fernandez.

Source: "Temporal parallelization of Bayesian smoothers", IEEE Transactions on Automatic Control 66 (2021) 299, lemmas 7 and 8.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from sciml.gp.kalman import Backward, Before, Innovation
from sciml.gp.small_matrices import Blocks, Symmetric, pairs
from sciml.kernels.many_matrices import apply, identity, inverse_of, outer, product, transpose


class Element(NamedTuple):
    """What a stretch of observations does to any law of the state before it; matrices of shape `(n, m, m)`."""

    carry: Array
    mean: Array
    covariance: Array
    information_vector: Array
    information: Array


class Affine(NamedTuple):
    """What a stretch does to the adjoint after it: `s <- L^T s + c`, `T <- L^T T L + J`."""

    carry: Array
    vector: Array
    matrix: Array


def associative_filter(steps: Blocks, h: Array, stationary: Array, y: Array, noise: Array) -> Before:
    """States as `kalman_filter` gives them, in `O(log n)` parallel operations."""
    found = lax.associative_scan(combine, elements(dense_steps(steps), h, stationary, y, noise))
    size = h.shape[0]
    known = stationary[None] - found.covariance
    return Before(
        [_shift(found.mean[:, i]) for i in range(size)],
        {(i, j): _shift(0.5 * (known[:, i, j] + known[:, j, i])) for i, j in pairs(size)},
    )


def elements(steps: Array, h: Array, stationary: Array, y: Array, noise: Array) -> Element:
    """Of single observations; the first starts from the stationary law."""
    first = (jnp.arange(y.shape[0]) == 0)[:, None, None]
    carry = jnp.where(first, jnp.zeros_like(steps), steps)
    driving = stationary[None] - product(product(carry, stationary[None]), transpose(carry))
    gain = apply(driving, h[None])
    variance = gain @ h + noise
    gain = gain / variance[:, None]
    seen = apply(transpose(carry), h[None])
    return Element(
        carry - outer(gain, seen), gain * y[:, None],
        driving - variance[:, None, None] * outer(gain, gain),
        seen * (y / variance)[:, None], outer(seen, seen) / variance[:, None, None],
    )  # fmt: skip


def combine(first: Element, second: Element) -> Element:
    """The stretch `first` and then `second`."""
    loop = product(first.covariance, second.information)
    inverse = inverse_of(identity(loop) + loop)
    forward = product(second.carry, inverse)
    backward = transpose(product(inverse, first.carry))
    mean = first.mean + apply(first.covariance, second.information_vector)
    vector = second.information_vector - apply(second.information, first.mean)
    # (1 + J C)^-1 J = J (1 + C J)^-1 and (1 + J C)^-1 is the transpose of (1 + C J)^-1.
    return Element(
        product(forward, first.carry),
        apply(forward, mean) + second.mean,
        product(product(forward, first.covariance), transpose(second.carry)) + second.covariance,
        apply(backward, vector) + first.information_vector,
        product(product(backward, second.information), first.carry) + first.information,
    )


def associative_adjoint(steps: Blocks, h: Array, new: Innovation) -> Backward:
    """The adjoint as `kalman_adjoint` gives it."""
    size, inverse = h.shape[0], 1 / new.variance
    matrices = dense_steps(steps)
    seen = apply(transpose(matrices), h[None])
    gain = jnp.stack([g * inverse for g in new.gain], axis=-1)
    each = Affine(
        matrices - outer(gain, seen),
        seen * (new.surprise * inverse)[:, None],
        outer(seen, seen) * inverse[:, None, None],
    )
    found = lax.associative_scan(_combine_adjoint, each, reverse=True)
    matrix: Symmetric = {(i, j): _shift_back(found.matrix[:, i, j]) for i, j in pairs(size)}
    return Backward([_shift_back(found.vector[:, i]) for i in range(size)], matrix)


def _combine_adjoint(later: Affine, earlier: Affine) -> Affine:
    back = transpose(earlier.carry)
    return Affine(
        product(later.carry, earlier.carry),
        apply(back, later.vector) + earlier.vector,
        product(product(back, later.matrix), earlier.carry) + earlier.matrix,
    )


def dense_steps(steps: Blocks) -> Array:
    """Transitions as matrices `(n, m, m)`."""
    size = sum(len(block) for block in steps)
    like = steps[0][0][0]
    rows: list[Any] = [[jnp.zeros_like(like)] * size for _ in range(size)]
    start = 0
    for block in steps:
        for i, row in enumerate(block):
            rows[start + i][start : start + len(block)] = list(row)
        start += len(block)
    return jnp.stack([jnp.stack(row, axis=-1) for row in rows], axis=-2)


def _shift(values: Array) -> Array:
    return jnp.concatenate([jnp.zeros_like(values[:1]), values[:-1]])


def _shift_back(values: Array) -> Array:
    return jnp.concatenate([values[1:], jnp.zeros_like(values[:1])])
