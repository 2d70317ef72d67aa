"""Minimisation by L-BFGS with a line search that survives values which are not numbers.

Each turn of the loop evaluates the function once, at one place of the program, so that it is compiled once: the turn is either one more
trial of the line search or the acceptance of a trial. The search is for the weak Wolfe conditions by bracketing and bisection
(A. S. Lewis, M. L. Overton, Math. Program. 141 (2013) 135); a trial without a finite value and gradient counts as too long a step.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from sciml.parameters.fit import FitResult

SUFFICIENT, CURVATURE = 1e-4, 0.9
PATIENCE, MOST_TRIALS = 12, 40
"""Trials after which a decrease is enough, and after which the search gives up."""


class History(eqx.Module):
    """Last steps and changes of the gradient, newest last; unused rows have weight zero."""

    steps: Float[Array, "memory n"]
    changes: Float[Array, "memory n"]
    weights: Float[Array, " memory"]

    @classmethod
    def empty(cls, memory: int, like: Float[Array, " n"]) -> "History":
        """No steps yet."""
        zeros = jnp.zeros((memory, like.size), like.dtype)
        return cls(zeros, zeros, jnp.zeros(memory, like.dtype))

    def add(self, step: Float[Array, " n"], change: Float[Array, " n"]) -> "History":
        """Append a step, unless its curvature is not positive."""
        curvature = step @ change
        scale = jnp.linalg.norm(step) * jnp.linalg.norm(change)
        good = curvature > 10 * jnp.finfo(step.dtype).eps * scale
        weight = jnp.where(good, 1 / jnp.where(good, curvature, 1), 0)
        rows = [
            jnp.concatenate([old[1:], new[None]])
            for old, new in ((self.steps, step), (self.changes, change), (self.weights, weight))
        ]
        return jax.tree.map(lambda new, old: jnp.where(good, new, old), History(*rows), self)

    def direction(self, gradient: Float[Array, " n"]) -> Float[Array, " n"]:
        """Minus the inverse Hessian times the gradient, by the two-loop recursion."""
        rows = (self.steps, self.changes, self.weights)

        def down(q: Array, row: tuple[Array, Array, Array]) -> tuple[Array, Array]:
            step, change, weight = row
            share = weight * (step @ q)
            return q - share * change, share

        q, shares = lax.scan(down, gradient, rows, reverse=True)
        newest = self.changes[-1] @ self.changes[-1]
        known = self.weights[-1] * newest > 0
        # Before the first step: a first trial of length at most one.
        length = 1 / jnp.maximum(jnp.linalg.norm(gradient), 1)
        q = q * jnp.where(known, 1 / jnp.where(known, self.weights[-1] * newest, 1), length)

        def up(q: Array, row: tuple[Array, Array, Array, Array]) -> tuple[Array, None]:
            step, change, weight, share = row
            return q + step * (share - weight * (change @ q)), None

        return -lax.scan(up, q, (*rows, shares))[0]


class SearchState(eqx.Module):
    """Accepted point with value, gradient and direction; the bracket and the next trial of the line search."""

    point: Float[Array, " n"]
    value: Float[Array, ""]
    gradient: Float[Array, " n"]
    direction: Float[Array, " n"]
    history: History
    trial: Float[Array, ""]
    low: Float[Array, ""]
    high: Float[Array, ""]
    trials: Int[Array, ""]
    evaluations: Int[Array, ""]
    accepted: Int[Array, ""]
    result: Int[Array, ""]
    first_value: Float[Array, ""]

    def size(self, value: Float[Array, ""]) -> Float[Array, ""]:
        """Scale of the function: its value, or a little of the decrease since the start where it goes to zero."""
        little = jnp.finfo(value.dtype).eps ** 0.5
        return jnp.maximum(jnp.abs(value), little * jnp.abs(self.first_value - value))


def minimise_lbfgs(
    function: Callable[[Float[Array, " n"]], Float[Array, ""]],
    start: Float[Array, " n"],
    *,
    steps: int | Int[Array, ""],
    tolerance: float | Float[Array, ""],
    memory: int,
) -> SearchState:
    """Minimise a function; the state's `result` is a `FitResult` as an integer.

    Args:
        function: vector to number.
        start: where to begin.
        steps: largest count of evaluations.
        tolerance: it has converged where the decrease that a Newton step promises is below this times the size of
            the function (`SearchState.size`).
        memory: steps remembered.
    """
    evaluate = jax.value_and_grad(function)
    running = jnp.asarray(-1)
    zero, infinite = jnp.zeros((), start.dtype), jnp.full((), jnp.inf, start.dtype)
    count = jnp.zeros((), running.dtype)
    # The start is the trial of length zero from a point of infinite value: any finite value is accepted.
    state = SearchState(
        start, infinite, jnp.zeros_like(start), jnp.zeros_like(start), History.empty(memory, start),
        zero, zero, infinite, count, count, count, running, zero,
    )  # fmt: skip

    def turn(state: SearchState) -> SearchState:
        point = state.point + state.trial * state.direction
        value, gradient = evaluate(point)
        finite = jnp.isfinite(value) & jnp.isfinite(gradient).all()
        slope = state.gradient @ state.direction
        slack = 10 * jnp.finfo(start.dtype).eps * jnp.abs(jnp.where(jnp.isfinite(state.value), state.value, 0))
        lower = finite & (value <= state.value + SUFFICIENT * state.trial * slope + slack)
        flat = gradient @ state.direction >= CURVATURE * slope
        accept = lower & (flat | (state.trials >= PATIENCE))
        onward = _accepted(state, point, value, gradient, tolerance)
        again = _next_trial(state, lower)
        chosen = jax.tree.map(lambda a, b: jnp.where(accept, a, b), onward, again)
        evaluations = state.evaluations + 1
        out = (chosen.result < 0) & (evaluations >= steps)
        result = jnp.where(out, int(FitResult.STEPS_USED_UP), chosen.result)
        result = jnp.where(~jnp.isfinite(chosen.value) & (result >= 0), int(FitResult.NOT_FINITE), result)
        return eqx.tree_at(lambda s: (s.evaluations, s.result), chosen, (evaluations, result))

    return lax.while_loop(lambda state: state.result < 0, turn, state)


def _accepted(state: SearchState, point: Array, value: Array, gradient: Array, tolerance: float | Array) -> SearchState:
    """Go to a trial point and look in a new direction."""
    first = state.accepted == 0
    extended = state.history.add(point - state.point, gradient - state.gradient)
    history = jax.tree.map(lambda old, new: jnp.where(first, old, new), state.history, extended)
    direction = history.direction(gradient)
    first_value = jnp.where(first, value, state.first_value)
    size = state.size(value)
    # At the start nothing is known of the curvature, so only a vanishing gradient ends the fit there.
    converged = -(gradient @ direction) / 2 <= jnp.where(first, 0, tolerance * size)
    # Two values that agree to rounding: nothing more can be seen in this precision.
    still = ~first & (state.value - value <= 2 * jnp.finfo(value.dtype).eps * size)
    result = jnp.where(converged, int(FitResult.CONVERGED), jnp.where(still, int(FitResult.STALLED), -1))
    return SearchState(
        point, value, gradient, direction, history,
        jnp.ones_like(state.trial), jnp.zeros_like(state.low), jnp.full_like(state.high, jnp.inf),
        jnp.zeros_like(state.trials), state.evaluations, state.accepted + 1, result.astype(state.result.dtype), first_value,
    )  # fmt: skip


def _next_trial(state: SearchState, lower: Bool[Array, ""]) -> SearchState:
    """Narrow or widen the bracket of step lengths."""
    low = jnp.where(lower, state.trial, state.low)
    high = jnp.where(lower, state.high, state.trial)
    trials = state.trials + 1
    middle = jnp.where(jnp.isfinite(high), (low + jnp.where(jnp.isfinite(high), high, 0)) / 2, 2 * state.trial)
    # Out of patience with a decrease in hand: take it at the next turn.
    trial = jnp.where((trials >= PATIENCE) & (low > 0), low, middle)
    given_up = (trials >= MOST_TRIALS) | (state.accepted == 0)
    result = jnp.where(given_up, int(FitResult.STALLED), state.result)
    kept = (state.point, state.value, state.gradient, state.direction, state.history)
    return SearchState(
        *kept, trial, low, high, trials, state.evaluations, state.accepted, result.astype(state.result.dtype),
        state.first_value,
    )  # fmt: skip
