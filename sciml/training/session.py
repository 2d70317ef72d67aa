"""The loop on the host: chunks, validation, checkpoints, Ctrl-C, divergence."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sciml.progress import make_progress
from sciml.training import resume
from sciml.training.diagnosis import first_bad_leaf
from sciml.training.feeds import Feed
from sciml.training.history import History, Log
from sciml.training.interrupt import Interrupt
from sciml.training.model import Parts, copy_arrays
from sciml.training.outcome import FitResult, Outcome
from sciml.training.program import CAPACITY, Program
from sciml.training.step import Step, TrainState
from sciml.training.validation import Validation

# A chunk should answer Ctrl-C and move the bar within half a second, and be long enough to hide the cost of a call.
SHORT_SECONDS, LONG_SECONDS = 0.25, 0.5
# Without `checkpoint_every` a checkpoint is written about this often.
CHECKPOINT_SECONDS = 30.0


@dataclass(frozen=True)
class Plan:
    """The settings of the loop on the host; names as in `sciml.fit`."""

    steps: int
    seeds: int | None
    validate_every: int
    keep_best: str | None
    checkpoint: Path | None
    checkpoint_every: int | None
    allow_changed: Sequence[str]
    progress: bool


@dataclass
class Best:
    """The parameters of the best validation so far; with many seeds each seed has its own."""

    parameters: Any
    value: np.ndarray
    step: np.ndarray


class Session:
    """One run of `sciml.fit`.

    Args:
        plan: settings.
        parts: the model taken apart; its arrays are not touched.
        step: one optimiser step.
        feed: where batches come from.
        program: the compiled chunk.
        validation: what to validate with, or None.
        log: where lines go.
        run: arguments and sums that a resumed run must share.
        here: the environment.
    """

    def __init__(
        self,
        plan: Plan,
        parts: Parts,
        step: Step,
        feed: Feed,
        program: Program,
        validation: Validation | None,
        log: Log,
        run: dict[str, Any],
        here: dict[str, Any],
    ) -> None:
        self._plan, self._parts, self._step, self._feed, self._program = plan, parts, step, feed, program
        self._validation, self._log, self._run_facts, self._here = validation, log, run, here
        initial = step.initial if plan.seeds is None else jax.vmap(step.initial)
        self._state: TrainState = program.place(copy_arrays(initial(parts.parameters)))
        self._frozen = program.place(parts.frozen)
        self._done = 0
        self._history, self._validations = History(), History()
        self._best: Best | None = None
        self._length = 1
        self._diagnosis: tuple[int, str, str] | None = None
        self._validated: np.ndarray | None = None
        names = ("compile_seconds", "train_seconds", "validation_seconds", "checkpoint_seconds", "data_seconds")
        self._statistics = {**dict.fromkeys(names, 0.0), "chunks": 0.0, "resumed_from": 0.0}
        self._restore()

    def run(self) -> tuple[FitResult, tuple[int, str, str] | None]:
        """Go on until all steps are done, a value is not finite, or Ctrl-C.

        Returns:
            The result, and after divergence the bad step, the path of the first bad array and a sentence.
        """
        plan = self._plan
        self._log.restart(self._done)
        self._start, self._last_write = time.perf_counter(), time.perf_counter()
        outcome = Outcome.FINISHED
        with Interrupt() as interrupt, make_progress(plan.progress, "fit", plan.steps, self._done) as bar:
            if self._done < plan.steps:
                bar.phase("compiling")
                self._timed("data_seconds", self._feed.advance, self._done)
                self._statistics["compile_seconds"] = self._program.compile(self._state, self._frozen)
            while self._done < plan.steps and outcome is Outcome.FINISHED:
                if interrupt.requested:
                    outcome = Outcome.INTERRUPTED
                elif not self._chunk():
                    outcome = Outcome.DIVERGED
                else:
                    bar.update(self._done, self._summary())
                    self._validate_if_due(bar)
                    self._write_if_due(force=self._done == plan.steps)
            if outcome is Outcome.INTERRUPTED:
                self._write_if_due(force=True)
        return self._result(outcome), self._diagnosis

    def _chunk(self) -> bool:
        """Run one chunk; give False when training cannot go on."""
        self._timed("data_seconds", self._feed.advance, self._done)
        trips = self._trips()
        # Donation eats the state; the copy is what a replay starts from. With many seeds the step guards itself.
        before = None if self._step.guard else copy_arrays(self._state)
        start = time.perf_counter()
        self._state, metrics, finite = self._program(self._state, self._frozen, self._done, trips)
        seconds = time.perf_counter() - start
        self._statistics["train_seconds"] += seconds
        self._statistics["chunks"] += 1
        self._adapt(trips, seconds)
        good = trips if self._step.guard else self._good_steps(before, metrics, finite, trips)
        if good < trips:
            metrics = {name: values[:good] for name, values in metrics.items()}
            self._state, _, _ = self._program(copy_arrays(before), self._frozen, self._done, good)
        self._history.extend(metrics)
        if good:
            self._log.chunk(self._done, metrics, time.perf_counter() - self._start)
        self._done += good
        if good < trips:
            self._diagnose()
            return False
        return not (self._step.guard and bool(np.all(np.asarray(self._state.first_bad_step) >= 0)))

    def _trips(self) -> int:
        plan, done = self._plan, self._done
        limits = [self._length, plan.steps - done, self._feed.limit(done)]
        if self._validation is not None:
            limits.append(plan.validate_every - done % plan.validate_every)
        if plan.checkpoint is not None and plan.checkpoint_every is not None:
            limits.append(plan.checkpoint_every - done % plan.checkpoint_every)
        return min(limits)

    def _adapt(self, trips: int, seconds: float) -> None:
        if trips == self._length and seconds < SHORT_SECONDS:
            self._length = min(2 * self._length, CAPACITY)
        elif seconds > LONG_SECONDS:
            self._length = max(1, trips // 2)

    def _good_steps(self, before: Any, metrics: dict[str, np.ndarray], finite: bool, trips: int) -> int:
        """Give the number of steps of the chunk before the first bad one, found by replaying it."""
        bad = ~(np.isfinite(metrics["loss"]) & np.isfinite(metrics["gradient_norm"]))
        if finite and not bad.any():
            return trips
        first = int(np.argmax(bad)) if bad.any() else trips

        def stays_finite(count: int) -> bool:
            return self._program(copy_arrays(before), self._frozen, self._done, count)[2]

        # A finite loss can lead to parameters that are not: then the step that made them is the bad one.
        if first == 0 or (bad.any() and stays_finite(first)):
            return first
        low, high = 0, first
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if stays_finite(middle) else (low, middle)
        return low

    def _diagnose(self) -> None:
        batch, key = self._program.batch(self._done)
        leaf, sentence = first_bad_leaf(self._step, self._state, self._frozen, batch, key)
        self._diagnosis = (self._done, leaf, sentence)

    def _evaluated(self) -> Any:
        return self._state.parameters if self._state.average is None else self._state.average

    def _validate_if_due(self, bar: Any) -> None:
        plan = self._plan
        if self._validation is None or (self._done % plan.validate_every and self._done != plan.steps):
            return
        bar.phase("validating")
        model = self._parts.merge(self._evaluated())
        values = self._timed("validation_seconds", self._validation, model, self._evaluated(), self._frozen)
        self._validations.append({"step": np.asarray(self._done), **values})
        self._log.validation(self._done, values, time.perf_counter() - self._start)
        self._validated = values.get("loss")
        if plan.keep_best is not None:
            self._keep(values, plan.keep_best)
        bar.phase(self._summary())

    def _keep(self, values: dict[str, np.ndarray], name: str) -> None:
        if name not in values:
            raise ValueError(f"fit: `keep_best` names {name!r}, but validation gives {sorted(values)}.")
        value, now = values[name], np.asarray(self._done)
        if self._best is None:
            self._best = Best(copy_arrays(self._evaluated()), value, np.broadcast_to(now, value.shape))
            return
        better = (value < self._best.value) | (np.isnan(self._best.value) & ~np.isnan(value))
        if not better.any():
            return

        def select(new: Any, old: Any) -> Any:
            return jnp.where(jnp.asarray(better).reshape(better.shape + (1,) * (new.ndim - better.ndim)), new, old)

        parameters = jax.tree.map(select, copy_arrays(self._evaluated()), self._best.parameters)
        step = np.where(better, now, self._best.step)
        self._best = Best(parameters, np.where(better, value, self._best.value), step)

    def _write_if_due(self, *, force: bool) -> None:
        plan, done = self._plan, self._done
        if plan.checkpoint is None:
            return
        every = plan.checkpoint_every
        elapsed = time.perf_counter() - self._last_write
        if force or (elapsed > CHECKPOINT_SECONDS if every is None else done % every == 0):
            model = self._parts.merge(self._state.parameters)
            self._timed("checkpoint_seconds", resume.write, plan.checkpoint, self._content(), model)
            self._last_write = time.perf_counter()

    def _content(self) -> dict[str, Any]:
        best = self._best
        return {
            "step": self._done,
            "run": self._run_facts,
            "environment": self._here,
            "state": resume.flatten(self._state),
            "best": None
            if best is None
            else {"parameters": resume.flatten(best.parameters), "value": best.value, "step": best.step},
            "history": self._history.arrays(),
            "validation": self._validations.arrays(),
        }

    def _restore(self) -> None:
        plan = self._plan
        if plan.checkpoint is None or not plan.checkpoint.exists():
            return
        content = resume.read(plan.checkpoint)
        resume.check(plan.checkpoint, content, self._run_facts, self._here, plan.allow_changed)
        self._state = self._program.place(resume.unflatten(self._state, content["state"], "state"))
        self._done = content["step"]
        self._history.extend(content["history"])
        self._validations.extend(content["validation"])
        self._statistics["resumed_from"] = float(self._done)
        if content["best"] is not None:
            best = content["best"]
            parameters = resume.unflatten(self._state.parameters, best["parameters"], "best")
            self._best = Best(self._program.place(parameters), best["value"], best["step"])

    def _summary(self) -> str:
        loss = self._history.last("loss")
        words = [f"loss {np.nanmean(loss):.4g}" if np.isfinite(loss).any() else "loss not finite"]
        if self._validated is not None:
            words.append(f"validation {np.nanmean(self._validated):.4g}")
        return ", ".join([*words, f"compiled in {self._statistics['compile_seconds']:.1f} s"])

    def _timed(self, name: str, function: Any, *arguments: Any) -> Any:
        start = time.perf_counter()
        given = function(*arguments)
        self._statistics[name] += time.perf_counter() - start
        return given

    def _result(self, outcome: Outcome) -> FitResult:
        statistics, merge, best = self._statistics, self._parts.merge, self._best
        fresh = self._done - statistics["resumed_from"]
        seconds = statistics["train_seconds"]
        statistics["steps_per_second"] = fresh / seconds if seconds > 0 else 0.0
        bad: Any = None if self._diagnosis is None else self._diagnosis[0]
        if self._step.guard:
            bad = np.asarray(self._state.first_bad_step)
        return FitResult(
            model=merge(self._state.parameters),
            history=self._history.arrays(),
            step=self._done,
            outcome=outcome,
            validation=self._validations.arrays(),
            average=None if self._state.average is None else merge(self._state.average),
            best=None if best is None else merge(best.parameters),
            best_value=None if best is None else best.value[()],
            best_step=None if best is None else best.step[()],
            first_bad_step=bad,
            diagnosis=None if self._diagnosis is None else self._diagnosis[2],
            statistics=statistics,
        )
