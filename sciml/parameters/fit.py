"""What a fit of parameters returns."""

import enum
from typing import Any, Generic, TypeVar

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, Int

Model = TypeVar("Model")


class FitResult(enum.IntEnum):
    """How one start of a fit ended."""

    CONVERGED = 0
    STALLED = 1
    STEPS_USED_UP = 2
    NOT_FINITE = 3

    @property
    def sentence(self) -> str:
        """The meaning for people."""
        return _SENTENCES[self]


_SENTENCES = {
    FitResult.CONVERGED: "Nothing more to gain to the tolerance: a maximum.",
    FitResult.STALLED: "No further increase can be found in this precision: at the optimum, or the objective is not smooth there.",
    FitResult.STEPS_USED_UP: "The allowed number of evaluations was used up; raise `steps` or the tolerance.",
    FitResult.NOT_FINITE: "The objective or its gradient is infinite or not a number at the start; look at the values of the "
    "parameters, their bounds and the precision.",
}


class Fit(eqx.Module, Generic[Model]):
    """The best of all starts.

    Attributes:
        model: the model at the best point.
        value: the objective there, with the prior where it was asked for.
        values: the objective at the end of each start; minus infinity where a start failed.
        results: how each start ended, a `FitResult` as an integer.
        evaluations: of the objective and its gradient, for each start.
        points: the free vector at the end of each start; `space.model(point)` is its model.
        best: which start won.
    """

    model: Model
    value: Float[Array, ""]
    values: Float[Array, " restarts"]
    results: Int[Array, " restarts"]
    evaluations: Int[Array, " restarts"]
    points: Float[Array, "restarts size"]
    best: Int[Array, ""]

    @property
    def result(self) -> FitResult:
        """How the best start ended (outside `jit` only)."""
        return FitResult(int(np.asarray(self.results)[int(self.best)]))

    @property
    def sentence(self) -> str:
        """The outcome for people (outside `jit` only)."""
        ends = np.asarray(self.results)
        counts: list[Any] = [f"{(ends == end).sum()} {end.name.lower()}" for end in FitResult if (ends == end).any()]
        return f"{self.result.sentence} ({len(ends)} starts: {', '.join(counts)})"
