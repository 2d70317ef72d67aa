"""What a steady solve returns."""

import enum
from typing import Any

import equinox as eqx
from jaxtyping import Array, Float, Inexact, Int

from sciml.grid import Grid


class SteadyResult(enum.IntEnum):
    """How a steady solve ended; `SteadyResult(int(solution.result)).sentence` says it in words."""

    SUCCESSFUL = 0
    MAX_STEPS_REACHED = 1
    NO_DESCENT = 2
    NOT_FINITE = 3
    NOT_DEFINITE = 4
    LINEAR_SOLVE_FAILED = 5

    @property
    def sentence(self) -> str:
        """The meaning for people."""
        return _SENTENCES[self]


_SENTENCES = {
    SteadyResult.SUCCESSFUL: "The residual is as small as asked for.",
    SteadyResult.MAX_STEPS_REACHED: "The allowed number of steps was used up before the residual was small enough; raise "
    "`max_steps`, or start nearer to a solution.",
    SteadyResult.NO_DESCENT: "No further step makes the residual smaller: there may be no solution near; start elsewhere, or follow "
    "the solution from a parameter for which it is known.",
    SteadyResult.NOT_FINITE: "The residual became infinite or not a number; start where the equation is defined.",
    SteadyResult.NOT_DEFINITE: "Conjugate gradients met a direction of negative curvature: the operator is not positive definite; pass "
    "`linear_solver=MinimalResidual()`.",
    SteadyResult.LINEAR_SOLVE_FAILED: "The linear solver did not reach its tolerance; the system may be singular or nearly so.",
}


class SteadySolution(eqx.Module):
    """State in which a steady equation holds.

    Attributes:
        values: `(components, *grid.shape)`.
        result: a `SteadyResult` as an integer array.
        residual: 2-norm of the residual, weighted by volumes, relative to that of the first guess (of zero, for affine equations).
        statistics: `steps` (of the nonlinear method), `linear_steps`, `imbalance` (mean of the residual of the first guess relative to
            its mean modulus, which must vanish where nothing fixes the level of the solution).
        grid: where the values are.
    """

    values: Inexact[Array, "components *grid"]
    result: Int[Array, ""]
    residual: Float[Array, ""]
    statistics: dict[str, Any]
    grid: Grid = eqx.field(static=True)

    @property
    def successful(self) -> bool:
        """Whether the residual is as small as asked for (outside `jit` only)."""
        return int(self.result) == SteadyResult.SUCCESSFUL

    @property
    def message(self) -> str:
        """The result in words (outside `jit` only)."""
        return SteadyResult(int(self.result)).sentence


class ConvergenceError(RuntimeError):
    """A steady solve did not reach its tolerance. `solution` holds what it found.

    Attributes:
        solution: the last iterate, with its result and statistics.
    """

    def __init__(self, message: str, *, solution: SteadySolution) -> None:
        super().__init__(message)
        self.solution = solution
