"""Events after which a solve goes on: impacts, doses, resets."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias, cast

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import optimistix as optx
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PyTree

_Carry: TypeAlias = tuple[Array, Any, Any, Array]


class Jump(eqx.Module):
    """What happens when.

    Attributes:
        condition: `condition(t, y, args, **kwargs)` with these very names, a real number whose change of sign is the
            event, located by root finding, or a boolean, noticed at the end of a step.
        update: `update(t, y, args)`, the state just after the event.
        direction: of the change of sign: `True` upwards, `False` downwards, `None` both.
    """

    condition: Callable[..., Any]
    update: Callable[[Any, Any, Any], Any]
    direction: bool | None = None


class JumpSolution(eqx.Module):
    """A solve through events.

    Attributes:
        ts: `(saves,)`, the times asked for.
        ys: states there, `(saves, ...)` per leaf; at the very time of a jump the state after it. NaN where the solve did not get to.
        jump_times: `(max_jumps,)`, infinite where there was none.
        which: `(max_jumps,)`, number of the jump that happened, -1 where there was none.
        count: how many jumps there were.
        finished: whether the end was reached.
    """

    ts: Float[Array, " saves"]
    ys: PyTree[Array]
    jump_times: Float[Array, " max_jumps"]
    which: Int[Array, " max_jumps"]
    count: Int[Array, ""]
    finished: Bool[Array, ""]


def solve_with_jumps(
    terms: PyTree[diffrax.AbstractTerm],
    solver: diffrax.AbstractSolver,
    t0: Any,
    t1: Any,
    dt0: Any,
    y0: PyTree[Array],
    args: PyTree[Any] = None,
    *,
    jumps: Jump | Sequence[Jump],
    ts: Float[Array, " saves"],
    max_jumps: int,
    root_finder: optx.AbstractRootFinder | None = None,
    throw: bool = True,
    **options: Any,
) -> JumpSolution:
    """`diffrax.diffeqsolve` that goes on after each event with a new state.

    Differentiable, through the times of the events too. An event is not met twice at the same place. May be called inside `jit` and
    `vmap`; the program runs `max_jumps + 1` pieces whether there are events or not.

    Args:
        terms: as in diffrax.
        solver: as in diffrax.
        t0: start.
        t1: end, later than `t0`.
        dt0: first step, also after each jump.
        y0: initial state.
        args: for fields, conditions and updates.
        jumps: one or several; if several conditions are met in one step, the first root counts.
        ts: increasing times to save at.
        max_jumps: how many events at most.
        root_finder: for the times of events; Newton's method to a thousand units in the last place by default.
        throw: raise where more than `max_jumps` events come up; otherwise see `finished`.
        **options: of `diffeqsolve` (`stepsize_controller`, `adjoint`, `max_steps` per piece).

    Raises:
        ValueError: no jump, or `max_jumps` below 1.
        RuntimeError: the end was not reached (`throw=True`).

    Example:
        >>> import diffrax, jax.numpy as jnp
        >>> from sciml.solvers import Jump, solve_with_jumps
        >>> ts = jnp.linspace(0.0, 2.0, 5)
        >>> falling = diffrax.ODETerm(lambda t, y, args: jnp.stack([y[1], jnp.full_like(y[1], -9.81)]))
        >>> bounce = Jump(lambda t, y, args, **_: y[0], lambda t, y, args: jnp.stack([y[0], -0.8 * y[1]]), direction=False)
        >>> solution = solve_with_jumps(
        ...     falling, diffrax.Tsit5(), 0.0, 2.0, 0.01, jnp.array([1.0, 0.0]), jumps=bounce, ts=ts, max_jumps=5)
        >>> int(solution.count), round(float(solution.jump_times[0]), 3)
        (3, 0.452)
    """
    jumps = (jumps,) if isinstance(jumps, Jump) else tuple(jumps)
    if not jumps or max_jumps < 1:
        raise ValueError(
            f"solve_with_jumps: needs a jump and `max_jumps` of at least 1, got {len(jumps)} and {max_jumps}."
        )
    dtype = jnp.result_type(*jax.tree.leaves(y0), ts, float)
    tolerance = 1000 * float(jnp.finfo(dtype).eps)
    finder = optx.Newton(tolerance, tolerance) if root_finder is None else root_finder
    directions = [jump.direction for jump in jumps]
    start, end = jnp.asarray(t0, dtype), jnp.asarray(t1, dtype)
    y0 = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.result_type(leaf, dtype)), y0)

    def piece(carry: _Carry, _: None) -> tuple[_Carry, tuple[Array, Array]]:
        here, y, saved, latest = carry
        done = here >= end
        # What is left after the end is a short piece that counts for nothing: derivatives of empty ones are not finite.
        here = jnp.where(done, end - 1e-3 * (end - start), here)
        met = [latest == index for index in range(len(jumps))]
        slope = solver.func(terms, here, y, args)
        conditions = [
            _left_behind(jump.condition, just_met, here, y, slope, 1e-6 * (end - start))
            for jump, just_met in zip(jumps, met)
        ]
        save = {"end": diffrax.SubSaveAt(t1=True), "inside": diffrax.SubSaveAt(ts=jnp.clip(ts, here, end))}
        solution = diffrax.diffeqsolve(
            terms, solver, here, end, dt0, y, args,
            saveat=diffrax.SaveAt(subs=save), event=diffrax.Event(conditions, finder, directions), throw=throw, **options,
        )  # fmt: skip
        times, states, masks = cast(Any, (solution.ts, solution.ys, solution.event_mask))
        there, last = jax.tree.map(lambda leaf: leaf[-1], (times["end"], states["end"]))
        reached = (ts >= here) & (ts <= there) & ~done
        saved = jax.tree.map(lambda old, new: jnp.where(_beside(reached, new), new, old), saved, states["inside"])
        happened = jnp.stack([jnp.asarray(mask) for mask in masks])
        number = jnp.where(happened.any() & ~done, jnp.argmax(happened), -1)
        updates = [lambda: last, *(partial(jump.update, there, last, args) for jump in jumps)]
        after = lax.switch(number + 1, updates)
        return (jnp.where(done, end, there), after, saved, number), (jnp.where(number >= 0, there, jnp.inf), number)

    empty = jax.tree.map(lambda leaf: jnp.full((ts.size, *leaf.shape), jnp.nan, leaf.dtype), y0)
    carry = start, y0, empty, jnp.array(-1)
    (last_time, _, saved, _), (times, numbers) = lax.scan(piece, carry, None, length=max_jumps + 1)
    count = jnp.sum(numbers >= 0)
    finished = (last_time >= end) & (count <= max_jumps)
    if throw:
        saved = eqx.error_if(
            saved, ~finished, f"solve_with_jumps: more than `max_jumps={max_jumps}` events before the end."
        )
    return JumpSolution(ts, saved, times[:max_jumps], numbers[:max_jumps], count, finished)


def _left_behind(
    condition: Callable[..., Any], just_met: Bool[Array, ""], here: Array, state: Any, slope: Any, soon: Array
) -> Callable[..., Any]:
    """The condition with the sign at the start that it has right after it.

    An event that was just met lies at zero up to rounding, on a side that means nothing: there the sign of its rate of change counts.
    """

    def told(t: Any, y: Any, args: Any, **kwargs: Any) -> Any:
        value = condition(t=t, y=y, args=args, **kwargs)
        if not jnp.issubdtype(jnp.result_type(value), jnp.floating) or jax.tree.structure(slope) != jax.tree.structure(
            state
        ):
            return value
        _, rate = jax.jvp(
            lambda t, y: condition(t=t, y=y, args=args, **kwargs), (here, state), (jnp.ones_like(here), slope)
        )
        rate = lax.stop_gradient(rate)
        at_zero = just_met & (t <= here) & (jnp.abs(value) < soon * jnp.abs(rate))
        return jnp.where(at_zero, rate, value)

    return told


def _beside(mask: Bool[Array, " saves"], values: Array) -> Bool[Array, "..."]:
    return mask.reshape(-1, *(1,) * (values.ndim - 1))
