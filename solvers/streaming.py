"""Long solves written to disk while they run: memory for a few states, a file to go on from after an interruption."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Inexact

from sciml.compilation import compiled
from sciml.fields.basis import FourierBasis
from sciml.fields.discretisation import decode, encode
from sciml.solvers.file_filling import Run, StreamedRollout, plan_of, write_frames
from sciml.solvers.solution import DivergenceError, Result, Solution
from sciml.solvers.stepper import Stepper, checked_state, precision_of


def rollout_to_file(
    stepper: Stepper,
    u0: Inexact[Array, "components *grid"] | np.ndarray,
    path: str | os.PathLike[str],
    *,
    steps: int,
    save_every: int = 1,
    t0: float = 0.0,
    include_initial: bool = True,
    chunk: int | None = None,
    if_exists: Literal["resume", "replace", "error"] = "resume",
    attributes: Mapping[str, Any] | None = None,
    on_chunk: Callable[[int, int], None] | None = None,
    throw: bool = True,
) -> StreamedRollout:
    """Solve with a fixed step and write every saved state to disk, never holding more than two chunks of them.

    While one chunk is written the device computes the next. The HDF5 file has the layout of `sciml.data.write_hdf5`, with one sample,
    and is readable at any time. Call again with the same arguments after an interruption (also a killed process): the run goes on
    behind the last chunk on disk and gives the same numbers, bit by bit, as one that was never interrupted. Call again with more
    `steps` to make a finished file longer.

    Args:
        stepper: the prepared step, from `Stepper.build`.
        u0: initial values `(components, *grid.shape)` in the stepper's precision.
        path: the file; where it ends in `.zarr` a zarr folder, read by `sciml.data.read_frames`.
        steps: number of steps, a multiple of `save_every`.
        save_every: steps between saved states.
        t0: time at the start.
        include_initial: whether the first saved state is the (projected) initial one.
        chunk: states per write; by default about 64 MiB of them, and a fiftieth of the run at most.
        if_exists: `"resume"` goes on with a file of the same run, `"replace"` begins anew, `"error"` refuses.
        attributes: text, numbers or lists to store beside what is known of the run.
        on_chunk: called with the states written and those wanted after each chunk.
        throw: raise `DivergenceError` when the state does not stay finite; what was finite is in the file either way.

    Raises:
        ValueError: for wrong shapes or counts, or a file of another run; the message says in what it differs.
        TypeError: for a state of another precision than the stepper's.
        FileExistsError: see `if_exists`.
        DataFormatError: the file there is none of this function.
        DivergenceError: see `throw`; its `solution` holds the last states written.

    Example:
        >>> import tempfile, numpy as np, sciml
        >>> grid = sciml.Grid((64,), extent=(2 * np.pi,))
        >>> stepper = sciml.solvers.Stepper.build(sciml.physics.Burgers(0.1), grid, dt=0.01, precision="float32")
        >>> u0 = np.sin(grid.coordinates()[0])[None].astype(np.float32)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     done = sciml.solvers.rollout_to_file(stepper, u0, f"{folder}/run.h5", steps=100, save_every=10)
        ...     sciml.data.read_hdf5(done.path).trajectories.shape
        (1, 11, 1, 64)
    """
    if steps < 1 or save_every < 1 or steps % save_every or (chunk is not None and chunk < 1):
        raise ValueError(
            f"rollout_to_file: `steps` must be a positive multiple of `save_every` and `chunk` positive, got steps={steps}, "
            f"save_every={save_every}, chunk={chunk}."
        )
    u0 = _checked(stepper, u0)
    start = jnp.asarray(t0, stepper.basis.precision)
    state = _start(stepper, u0, start)
    run = _FixedSteps(stepper, start, save_every, include_initial, steps // save_every + include_initial)
    plan = plan_of(
        stepper.equation,
        stepper.basis,
        stepper.method,
        u0,
        start,
        state,
        frames=run.frames,
        steps={"dt": float(stepper.dt), "save_every": save_every, "include_initial": include_initial},
        attributes={} if attributes is None else attributes,
    )
    written, resumed, last, _ = write_frames(
        path, plan, run, state, chunk=chunk, if_exists=if_exists, on_chunk=on_chunk
    )
    diverged = written < run.frames
    if diverged and throw:
        raise _divergence(run, path, written, last)
    done = run.steps_before(written - 1) if written else 0
    return StreamedRollout(Path(path), written, resumed, done, Result.DIVERGED if diverged else Result.SUCCESSFUL)


@dataclass(frozen=True)
class _FixedSteps(Run):
    """A run by steps of one length."""

    stepper: Stepper
    t0: Array
    save_every: int
    include_initial: bool
    frames: int

    def steps_before(self, frame: int) -> int:
        """Steps from the start to a frame."""
        return (frame if self.include_initial else frame + 1) * self.save_every

    def times(self, first: int, count: int) -> np.ndarray:
        """Times of some frames, rounded as the solver rounds them."""
        dtype = np.dtype(self.stepper.basis.precision).type
        counts = np.asarray([self.steps_before(first + i) for i in range(count)], dtype)
        return np.asarray(self.t0) + counts * np.asarray(self.stepper.dt)

    def advance(self, state: Any, first: int, count: int) -> tuple[list[Array], Any]:
        """Some frames, on the device, and the state behind the last."""
        frames = []
        for frame in range(first, first + count):
            # One program for every frame: the numbers do not depend on where chunks or runs begin.
            if self.include_initial and frame == 0:
                values = _values(self.stepper, state, self.t0)
            else:
                number = jnp.asarray(self.steps_before(frame) - self.save_every)
                values, state = _frame(self.stepper, state, self.t0, number, self.save_every)
            frames.append(values)
        return frames, state


@compiled
def _start(stepper: Stepper, u0: Array, t0: Array) -> Any:
    return stepper.start(encode(stepper.basis, u0, t0))


@compiled
def _values(stepper: Stepper, state: Any, t0: Array) -> Array:
    return decode(stepper.basis, stepper.coefficients(state), t0)


@compiled
def _frame(stepper: Stepper, state: Any, t0: Array, number: Array, count: int) -> tuple[Array, Any]:
    """`count` steps from step `number` on."""

    def advance(i: Array, carried: Any) -> Any:
        return stepper.advance(carried, t0 + i.astype(t0.dtype) * stepper.dt)

    state = lax.fori_loop(number, number + count, advance, state)
    end = t0 + (number + count).astype(t0.dtype) * stepper.dt
    return decode(stepper.basis, stepper.coefficients(state), end), state


def _checked(stepper: Stepper, u0: Any) -> Array:
    u0 = checked_state(stepper.equation, stepper.basis.grid, u0)
    if u0.dtype != stepper.basis.dtype:
        raise TypeError(
            f"rollout_to_file: `u0` has dtype {u0.dtype}, the stepper was built for {stepper.basis.dtype}; cast `u0`, or build "
            f"the stepper with `precision={precision_of(u0)!r}`."
        )
    return stepper.basis.split_over_devices(u0, kind="points") if isinstance(stepper.basis, FourierBasis) else u0


def _divergence(run: _FixedSteps, path: str | os.PathLike[str], written: int, last: np.ndarray) -> DivergenceError:
    dt = float(run.stepper.dt)
    time = float(run.t0) + run.steps_before(written) * dt
    message = (
        f"{type(run.stepper.equation).__name__}: the state is not finite at time {time:.6g} (dt {dt:.3g}, "
        f"{type(run.stepper.method).__name__}). Try dt={dt / 2:.3g} or smaller, a finer grid than {run.stepper.basis.grid.shape}, or "
        f"more dissipation. {path} holds the {written} state(s) before; `throw=False` returns instead of raising."
    )
    solution = Solution(
        jnp.asarray(last),
        jnp.asarray(run.times(written - len(last), len(last))),
        jnp.asarray(Result.DIVERGED.value),
        {"steps": run.steps_before(written), "diverged_at_step": -1},
        run.stepper.basis.grid,
    )
    return DivergenceError(message, solution=solution, step=-1, time=time)
