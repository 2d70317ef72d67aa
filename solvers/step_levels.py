"""Adaptive exponential steps of a few lengths `dt_max / 2^j`, whose tables are computed once.

The adaptive door of diffrax takes steps of any length and so computes the phi-functions anew at each of them: for coupled systems this
costs far more than the step. Here the lengths are restricted to levels. A step of a level starts at a multiple of its own length, so
that the ends of the intervals between saved times are met exactly, whatever the sequence.
"""

from typing import Any

import equinox as eqx
import equinox.internal as eqxi
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Inexact, Int

from sciml.compilation import compiled
from sciml.equation import Evolution
from sciml.fields.basis import FourierBasis
from sciml.fields.discretisation import Basis, decode, encode
from sciml.solvers.exponential import ExponentialMethod
from sciml.solvers.method import ExplicitPart, Tables
from sciml.solvers.solution import Result

_FARTHEST_DROP = 3
"""Levels by which one rejection may shorten the step: an unstable step tells little about the right length."""


class _Walk(eqx.Module):
    """Where the solve stands within an interval; times are counted in steps of the finest level."""

    position: Int[Array, ""]
    level: Int[Array, ""]
    coefficients: Array
    first: Array
    accepted: Int[Array, ""]
    rejected: Int[Array, ""]
    held: Bool[Array, ""]
    failed: Int[Array, ""]


def level_tables(
    method: ExponentialMethod, symbol: Array | np.ndarray, longest: float, levels: int, basis: Basis
) -> Tables:
    """Tables for `longest / 2^j`, stacked along a first axis."""
    if not isinstance(symbol, np.ndarray):
        lengths = jnp.asarray(longest / 2 ** np.arange(levels), basis.precision)
        return jax.vmap(lambda length: method.tables(symbol, length, modes=basis.dimension))(lengths)
    each = [method.tables(symbol, longest / 2**j, modes=basis.dimension) for j in range(levels)]
    real, complex_dtype = np.dtype(basis.precision), np.result_type(basis.precision, np.complex64)

    def stacked(*tables: Any) -> Array:
        dtype = complex_dtype if jnp.issubdtype(tables[0].dtype, jnp.complexfloating) else real
        return jnp.stack([jnp.asarray(table).astype(dtype) for table in tables])

    return jax.tree.map(stacked, *each)


@compiled
def walk(
    equation: Evolution,
    basis: Basis,
    method: ExponentialMethod,
    tables: Tables,
    u0: Inexact[Array, "components *grid"],
    times: Float[Array, " times"],
    units: Int[Array, ""],
    rtol: Array,
    atol: Array,
    max_steps: int,
) -> tuple[Array, Array, dict[str, Array]]:
    """States at `times`, evenly spaced, the result code and the counts.

    Args:
        equation: parameters as arrays.
        basis: modes and points.
        method: with an error estimate.
        tables: from `level_tables`.
        u0: values at `times[0]`.
        times: `(times,)`.
        units: steps of the finest level from one time to the next, a power of two.
        rtol: tolerance relative to the root mean square of each component.
        atol: absolute tolerance.
        max_steps: most steps, rejected ones included.
    """
    explicit, levels = ExplicitPart(equation, basis), jax.tree.leaves(tables)[0].shape[0]
    finest = (times[-1] - times[0]) / (times.shape[0] - 1) / units.astype(times.dtype)
    zero = jnp.zeros((), jnp.int32)

    def step(walk: _Walk, start: Array) -> _Walk:
        stride = lax.shift_left(jnp.ones((), jnp.int32), levels - 1 - walk.level)
        dt, t = stride.astype(times.dtype) * finest, start + walk.position.astype(times.dtype) * finest
        local = jax.tree.map(lambda table: lax.dynamic_index_in_dim(table, walk.level, keepdims=False), tables)
        end, kept = method.step(local, walk.coefficients, walk.first, t, dt, explicit)
        end = basis.symmetrised(end)
        following = explicit(end, t + dt)
        error: Any = method.error(local, kept, following, dt)
        size = jnp.maximum(_norm(basis, walk.coefficients), _norm(basis, end))
        ratio = lax.stop_gradient(jnp.max(_norm(basis, error) / (atol + rtol * size)))
        return _decided(walk, ratio, method.order, stride, end, following, levels)

    def interval(walk: _Walk, start: Array) -> tuple[_Walk, Array]:
        def unfinished(walk: _Walk) -> Array:
            return (walk.position < units) & (walk.failed == 0) & (walk.accepted + walk.rejected < max_steps)

        begun = eqx.tree_at(lambda w: w.position, walk, jnp.where(walk.position < units, walk.position, 0))
        done = eqxi.while_loop(
            unfinished, lambda w: step(w, start), begun, kind="checkpointed", max_steps=min(max_steps, 2**20)
        )
        spacing = units.astype(times.dtype) * finest
        values = decode(basis, done.coefficients, start + spacing)
        return done, jnp.where(done.position >= units, values, jnp.full_like(values, jnp.nan))

    begin = encode(basis, u0, times[0])
    walk = _Walk(zero, zero, begin, explicit(begin, times[0]), zero, zero, jnp.asarray(False), zero)
    # The first interval starts at position zero, each other one where the one before reached its end.
    walk, frames = lax.scan(interval, walk, times[:-1])
    values = jnp.concatenate([decode(basis, begin, times[0])[None], frames])
    counts = {"accepted": walk.accepted, "rejected": walk.rejected}
    return values, _result(walk, values), counts


def _decided(walk: _Walk, ratio: Array, order: int, stride: Array, end: Array, following: Array, levels: int) -> _Walk:
    """Take the step or not, and choose the next level: doubled only well below the tolerance and not right after a rejection."""
    accept = ratio <= 1
    position = walk.position + jnp.where(accept, stride, 0)
    aligned = lax.rem(position, 2 * stride) == 0
    longer = accept & ~walk.held & aligned & (ratio < 0.5**order / 2) & (walk.level > 0)
    wanted = jnp.ceil(jnp.log2(jnp.where(jnp.isfinite(ratio), ratio, 2.0)) / order)
    drop = jnp.clip(wanted, 1, _FARTHEST_DROP).astype(jnp.int32)
    level = jnp.where(accept, walk.level - longer.astype(jnp.int32), walk.level + drop)
    shortest = levels - 1
    failed = ~accept & (walk.level == shortest)
    return _Walk(
        position,
        jnp.minimum(level, shortest),
        jnp.where(accept, end, walk.coefficients),
        jnp.where(accept, following, walk.first),
        walk.accepted + accept.astype(jnp.int32),
        walk.rejected + (~accept).astype(jnp.int32),
        ~accept,
        jnp.where(failed, Result.STEP_TOO_SMALL.value, 0).astype(jnp.int32),
    )


def _result(walk: _Walk, values: Array) -> Array:
    ended = jnp.where(jnp.all(jnp.isfinite(values[-1])), Result.SUCCESSFUL.value, Result.MAX_STEPS_REACHED.value)
    started = jnp.all(jnp.isfinite(values[0]))
    failed = jnp.where(started, jnp.where(walk.failed > 0, walk.failed, ended), Result.DIVERGED.value)
    return failed.astype(jnp.int32)


def _norm(basis: Basis, coefficients: Array) -> Array:
    """Root mean square over the nodes of each component, by Parseval's identity where modes are orthogonal."""
    axes = tuple(range(-basis.dimension, 0))
    if not isinstance(basis, FourierBasis):
        values = basis.decode_homogeneous(coefficients)
        return jnp.sqrt(jnp.mean(values.real**2 + values.imag**2, axis=axes))
    series = basis.series_coefficients(coefficients)
    power = series.real**2 + series.imag**2
    if not basis.is_complex:
        # Each mode but those with last number zero stands for its mirror image too.
        power = power.at[..., 1:].multiply(2)
    return jnp.sqrt(jnp.sum(power, axis=axes))
