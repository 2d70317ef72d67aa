"""How a training run ended: the result object and the exceptions that carry it."""

import enum
from dataclasses import dataclass, field
from typing import Any

import numpy as np


class Outcome(enum.Enum):
    """How a run ended, with a sentence as value."""

    FINISHED = "All steps were done."
    DIVERGED = "A value stopped being finite; the model is the last good one."
    INTERRUPTED = "Stopped by Ctrl-C between two steps; the model is that of the last step done."


@dataclass(frozen=True)
class FitResult:
    """What `sciml.fit` gives back.

    Attributes:
        model: the trained model (after divergence: the last good one).
        history: one value per step done, by name: `loss`, `gradient_norm` and the metrics of the loss; `(steps,)`, with
            `seeds` `(steps, seeds)`. Entry `i` was evaluated before update `i`.
        step: number of steps done.
        outcome: how the run ended.
        validation: `step` (steps done at each validation) and one array per validation metric.
        average: the model with averaged parameters, when `ema` was given.
        best: the model of the best validation, when `keep_best` was given.
        best_value: its metric; with `seeds` one per seed.
        best_step: steps done when it was seen; with `seeds` one per seed.
        first_bad_step: the step (counted from 0) whose loss, gradient or update was not finite; with `seeds` one per
            seed, -1 where all was well.
        diagnosis: what was not finite at that step, in words.
        statistics: seconds spent (`compile_seconds`, `train_seconds`, `validation_seconds`, `checkpoint_seconds`,
            `data_seconds`), `steps_per_second` without compilation, `chunks`, and `resumed_from`, the step at which
            this process began.
    """

    model: Any
    history: dict[str, np.ndarray]
    step: int
    outcome: Outcome
    validation: dict[str, np.ndarray] = field(default_factory=dict)
    average: Any = None
    best: Any = None
    best_value: Any = None
    best_step: Any = None
    first_bad_step: Any = None
    diagnosis: str | None = None
    statistics: dict[str, float] = field(default_factory=dict)


class TrainingDiverged(RuntimeError):
    """Training met a value that is not finite.

    Attributes:
        result: the `FitResult` up to the last good step.
        step: the bad step, counted from 0.
        leaf: path of the first bad array, such as `gradients.layers[0].weight`.
    """

    def __init__(self, message: str, result: FitResult, step: int, leaf: str) -> None:
        super().__init__(message)
        self.result = result
        self.step = step
        self.leaf = leaf


class TrainingInterrupted(KeyboardInterrupt):
    """Training was stopped by Ctrl-C; `result` is the `FitResult` so far, and the checkpoint, if any, was written."""

    def __init__(self, message: str, result: FitResult) -> None:
        super().__init__(message)
        self.result = result
