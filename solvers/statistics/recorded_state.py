"""The state of a solve with the statistics of its accepted steps beside it."""

from collections.abc import Callable
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from sciml.solvers.statistics.step import StepStatistics, real_dtype


class StepRecord(eqx.Module):
    """Sums over the accepted steps so far.

    Attributes:
        error: sum of error times length of the step.
        steps: how many steps.
        stiffness: sum of the stiffness estimates, `None` where the solver gives none.
        largest_stiffness: their maximum.
    """

    error: Float[Array, ""]
    steps: Float[Array, ""]
    stiffness: Float[Array, ""] | None
    largest_stiffness: Float[Array, ""] | None

    @classmethod
    def empty(cls, dtype: Any, *, stiffness: bool) -> "StepRecord":
        """Before the first step."""
        zero = jnp.zeros((), dtype)
        return cls(zero, zero, zero if stiffness else None, zero if stiffness else None)

    def after(self, found: StepStatistics, length: Array) -> "StepRecord":
        """With one more step of the given length."""
        error = self.error + found.error * length.astype(self.error.dtype)
        steps = self.steps + jnp.ones_like(self.steps)
        if found.stiffness is None or self.stiffness is None or self.largest_stiffness is None:
            return StepRecord(error, steps, self.stiffness, self.largest_stiffness)
        return StepRecord(
            error, steps, self.stiffness + found.stiffness, jnp.maximum(self.largest_stiffness, found.stiffness)
        )


class RecordedState(eqx.Module):
    """State `y` of a solve and the `record` of its steps."""

    y: PyTree
    record: StepRecord

    @classmethod
    def start(cls, y0: PyTree, *, stiffness: bool) -> "RecordedState":
        """With an empty record."""
        return cls(y0, StepRecord.empty(real_dtype(y0), stiffness=stiffness))


class RecordedInterpolation(diffrax.AbstractPath):
    """Interpolates the state as the solver would; the record is that at the end of the step."""

    inner: diffrax.AbstractPath
    record: StepRecord
    t0: Any
    t1: Any

    def evaluate(self, t0: Any, t1: Any | None = None, left: bool = True) -> RecordedState:
        """The state at `t0`, or its increment from `t0` to `t1`."""
        record = self.record if t1 is None else jax.tree.map(jnp.zeros_like, self.record)
        return RecordedState(self.inner.evaluate(t0, t1, left), record)


class InterpolationMaker(eqx.Module):
    """Makes a `RecordedInterpolation` from what a step of `RecordStatistics` says about itself."""

    interpolation_cls: Callable[..., diffrax.AbstractPath]

    def __call__(self, *, t0: Any, t1: Any, inner: Any, record: StepRecord) -> RecordedInterpolation:
        """Of one step."""
        return RecordedInterpolation(self.interpolation_cls(t0=t0, t1=t1, **inner), record, t0, t1)


def state_of(tree: Any) -> Any:
    """The state alone, where a record comes with it."""
    return tree.y if isinstance(tree, RecordedState) else tree
