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
    finest = (times[-1] - times[0]) / (times.shape[0] - 1) / units.astype(times.dtype)
    line = _Line(equation, basis, method, tables, units, finest, rtol, atol)
    begin = encode(basis, u0, times[0])
    most = jnp.asarray(max_steps, jnp.int32)

    def interval(walk: _Walk, start: Array) -> tuple[_Walk, Array]:
        begun = eqx.tree_at(lambda w: w.position, walk, jnp.where(walk.position < units, walk.position, 0))
        return line.cross(begun, start, most, kind="checkpointed", bound=min(max_steps, 2**20))

    # The first interval starts at position zero, each other one where the one before reached its end.
    walk, frames = lax.scan(interval, line.start(begin, times[0]), times[:-1])
    values = jnp.concatenate([decode(basis, begin, times[0])[None], frames])
    counts = {"accepted": walk.accepted, "rejected": walk.rejected}
    return values, _result(walk, values), counts


@compiled
def start_walk(
    equation: Evolution, basis: Basis, method: ExponentialMethod, u0: Inexact[Array, "components *grid"], t0: Array
) -> "_Walk":
    """A walk that stands at its start; the tables do not matter yet."""
    zero = jnp.zeros((), jnp.int32)
    return _Line(equation, basis, method, {}, zero, t0, t0, t0).start(encode(basis, u0, t0), t0)


@compiled
def cross_interval(
    equation: Evolution,
    basis: Basis,
    method: ExponentialMethod,
    tables: Tables,
    walk: "_Walk",
    start: Float[Array, ""],
    length: Float[Array, ""],
    units: Int[Array, ""],
    rtol: Array,
    atol: Array,
    max_steps: Int[Array, ""],
) -> tuple["_Walk", Array]:
    """One interval between saved times, crossed from its start: the walk behind it and the state at its end.

    Args:
        equation: parameters as arrays.
        basis: modes and points.
        method: with an error estimate.
        tables: from `level_tables`.
        walk: standing at the start.
        start: time there.
        length: of the interval.
        units: steps of the finest level in it, a power of two.
        rtol: as in `walk`.
        atol: as in `walk`.
        max_steps: most steps in this interval.
    """
    line = _Line(equation, basis, method, tables, units, length / units.astype(length.dtype), rtol, atol)
    begun = eqx.tree_at(lambda w: (w.position, w.failed), walk, (jnp.zeros_like(units), jnp.zeros_like(units)))
    return line.cross(begun, start, walk.accepted + walk.rejected + max_steps, kind="lax", bound=None)


class _Line(eqx.Module):
    """What stays the same along a walk."""

    equation: Evolution
    basis: Basis = eqx.field(static=True)
    method: ExponentialMethod
    tables: Tables
    units: Int[Array, ""]
    finest: Array
    rtol: Array
    atol: Array

    def start(self, coefficients: Array, t: Array) -> _Walk:
        """The walk before its first step."""
        zero = jnp.zeros((), jnp.int32)
        first = ExplicitPart(self.equation, self.basis)(coefficients, t)
        return _Walk(zero, zero, coefficients, first, zero, zero, jnp.asarray(False), zero)

    def cross(self, walk: _Walk, start: Array, most: Array, *, kind: Any, bound: int | None) -> tuple[_Walk, Array]:
        """Steps to the end of an interval, at most until `most` are done in all; the state there, not a number if it is not reached."""

        def unfinished(walk: _Walk) -> Array:
            return (walk.position < self.units) & (walk.failed == 0) & (walk.accepted + walk.rejected < most)

        done = eqxi.while_loop(unfinished, lambda w: self._step(w, start), walk, kind=kind, max_steps=bound)
        values = decode(self.basis, done.coefficients, start + self.units.astype(self.finest.dtype) * self.finest)
        return done, jnp.where(done.position >= self.units, values, jnp.full_like(values, jnp.nan))

    def _step(self, walk: _Walk, start: Array) -> _Walk:
        explicit, levels = ExplicitPart(self.equation, self.basis), jax.tree.leaves(self.tables)[0].shape[0]
        stride = lax.shift_left(jnp.ones((), jnp.int32), levels - 1 - walk.level)
        dt = stride.astype(self.finest.dtype) * self.finest
        t = start + walk.position.astype(self.finest.dtype) * self.finest
        local = jax.tree.map(lambda table: lax.dynamic_index_in_dim(table, walk.level, keepdims=False), self.tables)
        end, kept = self.method.step(local, walk.coefficients, walk.first, t, dt, explicit)
        end = self.basis.symmetrised(end)
        following = explicit(end, t + dt)
        error: Any = self.method.error(local, kept, following, dt)
        size = jnp.maximum(_norm(self.basis, walk.coefficients), _norm(self.basis, end))
        ratio = lax.stop_gradient(jnp.max(_norm(self.basis, error) / (self.atol + self.rtol * size)))
        return _decided(walk, ratio, self.method.order, stride, end, following, levels)


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
