"""What a solve returns."""

import enum
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Inexact, Int

from sciml.equation import Evolution
from sciml.grid import Grid

if TYPE_CHECKING:
    from sciml.solvers.invariants import Conservation


class Result(enum.IntEnum):
    """How a solve ended; `Result(int(solution.result)).sentence` says it in words."""

    SUCCESSFUL = 0
    DIVERGED = 1
    MAX_STEPS_REACHED = 2
    STEP_TOO_SMALL = 3

    @property
    def sentence(self) -> str:
        """The meaning for people."""
        return _SENTENCES[self]


_SENTENCES = {
    Result.SUCCESSFUL: "The solve reached its end.",
    Result.DIVERGED: "The state became infinite or not a number; values after that time are not a number.",
    Result.MAX_STEPS_REACHED: "The allowed number of adaptive steps was used up before the end; raise `max_steps` or the tolerances.",
    Result.STEP_TOO_SMALL: "The adaptive step shrank to nothing: the state is about to blow up or the tolerances are below round-off.",
}


class Solution(eqx.Module):
    """States of an evolution equation at a sequence of times.

    Attributes:
        values: `(times, components, *grid.shape)`.
        times: `(times,)`.
        result: a `Result` as an integer array.
        statistics: counts: `steps`, `stages` (evaluations of the nonlinear part), for adaptive solves `accepted`, `rejected`; and
            `diverged_at_step`, -1 where it did not.
        grid: where the values are.
    """

    values: Inexact[Array, "times components *grid"]
    times: Float[Array, " times"]
    result: Int[Array, ""]
    statistics: dict[str, Any]
    grid: Grid = eqx.field(static=True)

    def before_failure(self) -> "Solution":
        """The leading states that are finite (outside `jit` only)."""
        finite = [bool(np.isfinite(np.asarray(state)).all()) for state in self.values]
        good = finite.index(False) if False in finite else len(finite)
        return Solution(self.values[:good], self.times[:good], self.result, self.statistics, self.grid)

    def conservation(self, equation: Evolution) -> "Conservation":
        """Measure what an equation conserves at every time (outside `jit`, on periodic grids); print it for a table of drifts.

        Raises:
            ValueError: for a grid that is not periodic.
        """
        from sciml.solvers.invariants import conservation

        return conservation(equation, self.grid, self.values, self.times)

    @property
    def successful(self) -> bool:
        """Whether the solve reached its end (outside `jit` only)."""
        return int(self.result) == Result.SUCCESSFUL

    @property
    def message(self) -> str:
        """The result in words (outside `jit` only)."""
        return Result(int(self.result)).sentence


class DivergenceError(RuntimeError):
    """A solve left the finite numbers. `solution` holds what was computed before.

    Attributes:
        solution: the part of the solution before the divergence.
        step: number of the step after which the state was no longer finite, or -1 when not located.
        time: time at the end of that step.
    """

    def __init__(self, message: str, *, solution: Solution, step: int, time: float) -> None:
        super().__init__(message)
        self.solution = solution
        self.step = step
        self.time = time


def is_traced(*trees: Any) -> bool:
    """Whether any leaf is a tracer, so that nothing about values can be known on the host."""
    return any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(trees))
