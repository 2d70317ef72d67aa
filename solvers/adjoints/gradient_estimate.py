"""Memory and time of a gradient through a solve, from abstract shapes."""

import math
import time
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import PyTree

from sciml.solvers.adjoints.open_terms import open_terms
from sciml.solvers.adjoints.reversible_solve import reversible_method
from sciml.solvers.evaluations import evaluations_per_step

_ROUNDS, _INSIDE = 5, 20
"""Timed calls, and steps within each."""


class GradientEstimate(eqx.Module):
    """What a gradient will take.

    Attributes:
        kind: the strategy.
        steps: number of steps.
        stored_states: states kept between the passes.
        state_bytes: one of them.
        working_bytes: what the pull-back of a step and the gradients of the parameters take.
        memory_bytes: in all, without inputs and outputs.
        evaluations: of the vector field, a pull-back counted as two; `None` where a step takes an unknown number.
        flops: floating-point operations for them; `None` where not known.
        seconds: measured on single steps, `None` where not measured.
    """

    kind: str = eqx.field(static=True)
    steps: int = eqx.field(static=True)
    stored_states: int = eqx.field(static=True)
    state_bytes: int = eqx.field(static=True)
    working_bytes: int = eqx.field(static=True)
    memory_bytes: int = eqx.field(static=True)
    evaluations: int | None = eqx.field(static=True)
    flops: float | None = eqx.field(static=True)
    seconds: float | None = eqx.field(static=True)

    def __str__(self) -> str:
        count = "an unknown number of" if self.evaluations is None else f"{self.evaluations:,}"
        clock = "" if self.seconds is None else f", about {self.seconds:.3g} s"
        return (
            f"{self.kind}: {self.memory_bytes / 1e6:,.3g} MB ({self.stored_states:,} states of {self.state_bytes / 1e3:,.3g} kB), "
            f"{count} evaluations for {self.steps:,} steps{clock}"
        )


class Problem:
    """One step of a solve as functions of arrays alone, and what is known of them without running."""

    def __init__(self, terms: Any, solver: Any, t0: Any, t1: Any, y0: PyTree, args: PyTree, steps: int):
        self.solver, self.steps = solver, steps
        dtype = jnp.finfo(jnp.result_type(*jax.tree.leaves(y0))).dtype
        self.times = (np.asarray(t0, dtype), np.asarray(t0 + (t1 - t0) / steps, dtype))
        self.arrays, self.rest = eqx.partition((terms, y0, args), _is_array)

    def estimate(self, kind: str, stored: int, *, measure: bool) -> GradientEstimate:
        """For one strategy."""
        reversible = kind == "reversible"
        start, step = self._reversible() if reversible else self._plain()
        state = jax.eval_shape(start, self.arrays)
        held = _bytes(state)
        if reversible:
            segment = reversible_method(self.solver).segment(self.steps, self.times[0].dtype)
            # The last state is the one the walk back begins with: only segments cost storage.
            stored = -(-self.steps // segment) if segment < self.steps else 1

        def pull(arrays: Any, state: Any, cotangent: Any) -> Any:
            free, fixed = eqx.partition((arrays, state), _is_inexact)
            return jax.vjp(lambda free: step(*eqx.combine(free, fixed)), free)[1](cotangent)

        def kept(arrays: Any, state: Any) -> Any:
            free, fixed = eqx.partition((arrays, state), _is_inexact)
            return jax.vjp(lambda free: step(*eqx.combine(free, fixed)), free)[1]

        cotangent = jax.eval_shape(step, self.arrays, state)
        parameters = _bytes(eqx.filter((self.arrays[0], self.arrays[2]), _is_inexact))
        inside, seconds = _bytes(jax.eval_shape(kept, self.arrays, state)) - parameters, None
        repeats = (
            1 + _repeats(self.steps, stored) if kind == "checkpoint" else {"store": 2, "reversible": 2}.get(kind, 1)
        )
        if measure:
            inside, forth, back = _measured(start, step, pull, self.arrays, cotangent)
            # The pull-back holds one of the forward runs; the adjoint equation is as large as the pull-back.
            runs = repeats - 1 if kind in ("store", "checkpoint") else repeats
            seconds = self.steps * (runs * forth + (forth if kind == "forward" else back))
        working = max(0, inside) + 2 * held + 2 * parameters
        if kind == "forward":
            working = 2 * held
        evaluations = self._evaluations(kind, repeats)
        flops = None if evaluations is None else self._field_flops()
        return GradientEstimate(
            kind, self.steps, stored, held, working, stored * held + working if stored else working, evaluations,
            None if evaluations is None or flops is None else evaluations * flops, seconds,
        )  # fmt: skip

    def _evaluations(self, kind: str, repeats: int) -> int | None:
        """Forward runs, the one within the pull-back, and two for the pull-back itself."""
        if kind == "reversible":
            tableau = getattr(self.solver, "tableau", None)
            each = 1 if tableau is None else 2 * (1 + int(np.flatnonzero(tableau.b_sol).max()))
            return self.steps * each * 5
        known = evaluations_per_step(self.solver)
        if known is None:
            return None
        extra = {"forward": 1, "continuous": 3}.get(kind, 2)
        return self.steps * known[1] * (repeats + extra)

    def _plain(self) -> tuple[Any, Any]:
        before, after = self.times

        def start(arrays: Any) -> Any:
            terms, y0, args = eqx.combine(arrays, self.rest)
            state = self.solver.init(terms, jnp.asarray(before), jnp.asarray(after), y0, args)
            return y0, jax.tree.map(jnp.asarray, eqx.filter(state, _is_array))

        def step(arrays: Any, state: Any) -> Any:
            terms, _, args = eqx.combine(arrays, self.rest)
            y, inner = state
            y1, _, _, inner, _ = self.solver.step(
                terms, jnp.asarray(before), jnp.asarray(after), y, args, inner, made_jump=False
            )
            return eqx.filter((y1, inner), _is_inexact)

        return start, step

    def _reversible(self) -> tuple[Any, Any]:
        method, (before, after) = reversible_method(self.solver), self.times

        def start(arrays: Any) -> Any:
            terms, y0, args = eqx.combine(arrays, self.rest)
            return method.start(terms, jnp.asarray(before), y0, args)

        def step(arrays: Any, state: Any) -> Any:
            terms, y0, args = eqx.combine(arrays, self.rest)
            terms = open_terms(terms, jnp.asarray(before), y0, args)
            return method.forward(terms, jnp.asarray(before), jnp.asarray(after), state, args)

        return start, step

    def _field_flops(self) -> float | None:
        def field(arrays: Any) -> Any:
            terms, y0, args = eqx.combine(arrays, self.rest)
            return terms.vf(jnp.asarray(self.times[0]), y0, args)

        cost: Any = jax.jit(field).lower(self.arrays).cost_analysis()
        return None if not cost or "flops" not in cost else float(cost["flops"])


def _repeats(steps: int, checkpoints: int) -> int:
    """How often most steps run anew under binomial checkpointing, the run within the pull-back counted."""
    runs = 1
    while math.comb(checkpoints + runs, runs) < steps:
        runs += 1
    return runs


def _measured(start: Any, step: Any, pull: Any, arrays: Any, cotangent: Any) -> tuple[int, float, float]:
    """Bytes within the pull-back of a step, seconds of a step and of its pull-back; each many times in one program."""
    state = jax.jit(start)(arrays)
    ones = jax.tree.map(lambda leaf: jnp.ones(leaf.shape, leaf.dtype), cotangent)

    def forth(arrays: Any, state: Any) -> Any:
        return lax.fori_loop(0, _INSIDE, lambda _, state: eqx.combine(step(arrays, state), state), state)

    def back(arrays: Any, state: Any, cotangent: Any) -> Any:
        def once(_: Any, carry: Any) -> Any:
            state, cotangent, total = carry
            ((part, pulled),) = pull(arrays, state, cotangent)
            # The state depends on the last round, or the compiler would take its forward run out of the loop.
            moved = jax.tree.map(lambda a, b: a + 0 * b, eqx.filter(state, _is_inexact), pulled)
            return eqx.combine(moved, state), pulled, jax.tree.map(jnp.add, total, part)

        total = jax.tree.map(jnp.zeros_like, eqx.filter(arrays, _is_inexact))
        return lax.fori_loop(0, _INSIDE, once, (state, cotangent, total))

    usage: Any = jax.jit(pull).lower(arrays, state, ones).compile().memory_analysis()
    seconds = _clock(jax.jit(forth), arrays, state), _clock(jax.jit(back), arrays, state, ones)
    return int(usage.temp_size_in_bytes), *seconds


def _clock(program: Any, *inputs: Any) -> float:
    jax.block_until_ready(program(*inputs))
    best = math.inf
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        jax.block_until_ready(program(*inputs))
        best = min(best, time.perf_counter() - began)
    return best / _INSIDE


def _is_array(leaf: Any) -> bool:
    return eqx.is_array(leaf) or isinstance(leaf, jax.ShapeDtypeStruct)


def _is_inexact(leaf: Any) -> bool:
    return _is_array(leaf) and jnp.issubdtype(leaf.dtype, jnp.inexact)


def _bytes(tree: Any) -> int:
    return sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))
