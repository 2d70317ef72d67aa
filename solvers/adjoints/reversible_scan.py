"""Many reversible steps whose gradient stores the last state alone and walks back from it."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, PyTree

from sciml.solvers.adjoints.reversible_method import ReversibleMethod


class EvenTimes(eqx.Module):
    """`t0 + k length`, `steps` steps of one length."""

    t0: Float[Array, ""]
    length: Float[Array, ""]
    steps: int = eqx.field(static=True)

    def at(self, index: Array) -> Array:
        """The time with a number."""
        return self.t0 + index.astype(self.t0.dtype) * self.length


class ListedTimes(eqx.Module):
    """Steps from each time of a list to the next."""

    times: Float[Array, " times"]

    @property
    def steps(self) -> int:
        """How many."""
        return self.times.shape[0] - 1

    def at(self, index: Array) -> Array:
        """The time with a number."""
        return self.times[index]


@eqx.filter_custom_vjp
def reversible_scan(
    inputs: tuple[PyTree, Any, PyTree], method: ReversibleMethod, times: EvenTimes | ListedTimes, save_every: int
) -> PyTree:
    """Solutions after every `save_every` steps, along a first axis.

    Args:
        inputs: initial state, terms and arguments: what is differentiated.
        method: the steps.
        times: where they lie.
        save_every: a divisor of their number.
    """
    return _walk_forth(inputs, method, times, save_every, store=False)[0]


def _forward_rule(
    perturbed: Any,
    inputs: tuple[PyTree, Any, PyTree],
    method: ReversibleMethod,
    times: EvenTimes | ListedTimes,
    save_every: int,
) -> tuple[PyTree, tuple[PyTree, PyTree]]:
    saved, last, stored = _walk_forth(inputs, method, times, save_every, store=True)
    return saved, (last, stored)


def _walk_forth(
    inputs: tuple[PyTree, Any, PyTree],
    method: ReversibleMethod,
    times: EvenTimes | ListedTimes,
    save_every: int,
    *,
    store: bool,
) -> tuple[PyTree, PyTree, PyTree]:
    """Saved solutions, the last state, and the state at the end of each segment (`None` where one segment is enough)."""
    y0, terms, args = inputs
    state = method.start(terms, times.at(jnp.asarray(0)), y0, args)
    segment = method.segment(times.steps, _dtype(y0))
    stored = None
    if store and segment < times.steps:
        slots = -(-times.steps // segment)
        stored = jax.tree.map(lambda leaf: jnp.zeros((slots, *leaf.shape), leaf.dtype), state)

    # The number of the step is carried: a list of all numbers would grow with them.
    def step(carry: tuple[PyTree, PyTree, Array], _: None) -> tuple[tuple[PyTree, PyTree, Array], None]:
        state, stored, index = carry
        state = method.forward(terms, times.at(index), times.at(index + 1), state, args)
        if stored is not None:
            # Written at every step, so that the last one of a segment stays.
            stored = jax.tree.map(
                lambda all_, leaf: lax.dynamic_update_index_in_dim(all_, leaf, index // segment, 0), stored, state
            )
        return (state, stored, index + 1), None

    def frame(carry: tuple[PyTree, PyTree, Array], _: None) -> tuple[tuple[PyTree, PyTree, Array], PyTree]:
        carry, _ = lax.scan(step, carry, length=save_every)
        return carry, method.value(carry[0])

    (state, stored, _), saved = lax.scan(frame, (state, stored, jnp.asarray(0)), length=times.steps // save_every)
    return saved, state, stored


def _backward_rule(
    residuals: tuple[PyTree, PyTree],
    cotangents: PyTree,
    perturbed: Any,
    inputs: tuple[PyTree, Any, PyTree],
    method: ReversibleMethod,
    times: EvenTimes | ListedTimes,
    save_every: int,
) -> tuple[PyTree, Any, PyTree]:
    (last, stored), (y0, terms, args) = residuals, inputs
    # What nobody differentiates is left out: noise drawn beforehand would be summed at its full size at every step.
    free, fixed = eqx.partition((terms, args), perturbed[1:])
    segment = method.segment(times.steps, _dtype(y0))

    def undo(carry: tuple[PyTree, PyTree, PyTree, Array], _: None) -> tuple[Any, None]:
        state, pulled, total, index = carry
        index = index - 1
        if stored is not None:
            at_end = (index + 1) % segment == 0
            state = jax.tree.map(lambda leaf, all_: jnp.where(at_end, all_[index // segment], leaf), state, stored)
        before, after = times.at(index), times.at(index + 1)
        state = method.backward(terms, before, after, state, args)

        def forward(free: PyTree, state: PyTree) -> PyTree:
            terms, args = eqx.combine(free, fixed)
            return method.forward(terms, before, after, state, args)

        part, pulled = jax.vjp(forward, free, state)[1](pulled)
        return (state, pulled, jax.tree.map(jnp.add, total, part), index), None

    def frame(carry: tuple[PyTree, PyTree, PyTree, Array], cotangent: PyTree) -> tuple[Any, None]:
        state, pulled, total, index = carry
        (from_value,) = jax.vjp(method.value, state)[1](cotangent)
        pulled = jax.tree.map(jnp.add, pulled, from_value)
        return lax.scan(undo, (state, pulled, total, index), length=save_every)

    zero = jax.tree.map(jnp.zeros_like, last)
    cotangents = _materialised(cotangents, y0, times.steps // save_every)
    carry = (last, zero, jax.tree.map(jnp.zeros_like, free), jnp.asarray(times.steps))
    (_, pulled, total, _), _ = lax.scan(frame, carry, cotangents, reverse=True)

    def start(y0: PyTree, free: PyTree) -> PyTree:
        terms, args = eqx.combine(free, fixed)
        return method.start(terms, times.at(jnp.asarray(0)), y0, args)

    to_y0, part = jax.vjp(start, y0, free)[1](pulled)
    return (to_y0, *jax.tree.map(jnp.add, total, part))


def _materialised(cotangents: PyTree, y0: PyTree, frames: int) -> PyTree:
    def full(leaf: Array, cotangent: Array | None) -> Array:
        return jnp.zeros((frames, *leaf.shape), leaf.dtype) if cotangent is None else cotangent

    return jax.tree.map(full, y0, cotangents, is_leaf=lambda leaf: leaf is None)


def _dtype(y: PyTree) -> Any:
    return jnp.result_type(*jax.tree.leaves(y))


reversible_scan.def_fwd(_forward_rule)
reversible_scan.def_bwd(_backward_rule)
