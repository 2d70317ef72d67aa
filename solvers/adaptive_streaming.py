"""Long adaptive solves written to disk while they run."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact, Int

from sciml.equation import Evolution
from sciml.fields.basis import Dealiasing
from sciml.fields.discretisation import Basis, decode
from sciml.grid import Grid
from sciml.solvers.exponential import ExponentialMethod
from sciml.solvers.file_filling import Run, StreamedRollout, plan_of, write_frames
from sciml.solvers.integrate import FINEST, LEVELS, SHIFT, checked_method
from sciml.solvers.method import Method, Tables
from sciml.solvers.solution import DivergenceError, Result, Solution
from sciml.solvers.step_levels import cross_interval, level_tables, start_walk
from sciml.solvers.stepper import basis_for, checked_state, parameters_as_arrays, precision_of


def solve_to_file(
    equation: Evolution,
    grid: Grid,
    u0: Inexact[Array, "components *grid"] | np.ndarray,
    path: str | os.PathLike[str],
    *,
    interval: float,
    frames: int,
    t0: float = 0.0,
    rtol: float | None = None,
    atol: float | None = None,
    method: Method | None = None,
    step_levels: int = LEVELS,
    max_steps: int = 100_000,
    dealiasing: Dealiasing = "truncation",
    chunk: int | None = None,
    if_exists: Literal["resume", "replace", "error"] = "resume",
    attributes: Mapping[str, Any] | None = None,
    on_chunk: Callable[[int, int], None] | None = None,
    throw: bool = True,
) -> StreamedRollout:
    """Solve with steps chosen from the error estimate and write the state at even intervals of time to disk.

    The adaptive companion of `rollout_to_file`, with which it shares the file and what can be done with it: call again with the same
    arguments after an interruption, bit by bit as if there had been none, or with more `frames` to go on. The steps are those of
    `solve(..., step_levels=...)`. Where the shortest of them is too long the lengths are halved further from there on.

    Args:
        equation: what to solve.
        grid: periodic, or a box with bounded axes.
        u0: initial values `(components, *grid.shape)`; the dtype is the precision of the solve.
        path: the file; where it ends in `.zarr` a zarr folder, read by `sciml.data.read_frames`.
        interval: time from one saved state to the next; the longest step.
        frames: saved states, the initial one included.
        t0: time at the start.
        rtol: relative tolerance of a step, as in `solve`.
        atol: absolute tolerance, as in `solve`.
        method: exponential method with an error estimate, `ETDRK4()` by default.
        step_levels: number of step lengths, 1 to 24.
        max_steps: most steps in one interval, rejected ones included; may differ when a run goes on.
        dealiasing: see `sciml.fields.make_basis`.
        chunk: states per write; by default about 64 MiB of them, and a fiftieth of the run at most.
        if_exists: `"resume"` goes on with a file of the same run, `"replace"` begins anew, `"error"` refuses.
        attributes: text, numbers or lists to store beside what is known of the run.
        on_chunk: called with the states written and those wanted after each chunk.
        throw: raise where the end is not reached; what was reached is in the file either way.

    Raises:
        ValueError: for wrong shapes or counts, a method without an error estimate, or a file of another run.
        FileExistsError: see `if_exists`.
        DataFormatError: the file there is none of this function.
        DivergenceError: see `throw`; its `solution` holds the last states written.

    Example:
        >>> import tempfile, numpy as np, sciml
        >>> grid = sciml.Grid((64,), extent=(2 * np.pi,))
        >>> u0 = np.sin(grid.coordinates()[0])[None].astype(np.float32)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     done = sciml.solvers.solve_to_file(
        ...         sciml.physics.Burgers(0.1), grid, u0, f"{folder}/run.h5", interval=0.25, frames=5
        ...     )
        ...     sciml.data.read_hdf5(done.path).times.tolist()
        [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    if (
        not interval > 0
        or frames < 1
        or not 1 <= step_levels <= 24
        or max_steps < 1
        or (chunk is not None and chunk < 1)
    ):
        raise ValueError(
            "solve_to_file: `interval`, `frames`, `max_steps` and `chunk` must be positive and `step_levels` 1 to 24, got "
            f"interval={interval}, frames={frames}, max_steps={max_steps}, chunk={chunk}, step_levels={step_levels}."
        )
    used = checked_method(method)
    u0 = checked_state(equation, grid, u0)
    basis = basis_for(equation, grid, dealiasing=dealiasing, precision=precision_of(u0))
    rtol = (1e-4 if basis.precision == "float32" else 1e-6) if rtol is None else rtol
    atol = rtol / 100 if atol is None else atol
    start = jnp.asarray(t0, basis.precision)
    known = parameters_as_arrays(equation, basis)
    run = _AdaptiveSteps(
        known, basis, used, equation.symbol(basis), start, float(interval), frames, rtol, atol, step_levels, max_steps
    )
    u0 = u0.astype(basis.dtype)
    state = _State(start_walk(known, basis, used, u0, start), jnp.zeros((), jnp.int32))
    plan = plan_of(
        known,
        basis,
        used,
        u0,
        start,
        state,
        frames=frames,
        steps={"interval": float(interval), "rtol": float(rtol), "atol": float(atol), "step_levels": step_levels},
        attributes={} if attributes is None else attributes,
    )
    written, resumed, last, state = write_frames(
        path, plan, run, state, chunk=chunk, if_exists=if_exists, on_chunk=on_chunk
    )
    result = Result.SUCCESSFUL if written == frames else run.result(state)
    if result != Result.SUCCESSFUL and throw:
        raise _failure(run, path, written, last, result)
    return StreamedRollout(Path(path), written, resumed, _steps(state), result)


class _State(eqx.Module):
    """What goes on from one saved state to the next.

    Attributes:
        walk: where the solve stands.
        shift: halvings by which the step lengths are shifted down.
    """

    walk: Any
    shift: Int[Array, ""]


@dataclass(frozen=True, eq=False)
class _AdaptiveSteps(Run):
    """A run by steps of a few lengths."""

    equation: Evolution
    basis: Basis
    method: ExponentialMethod
    symbol: Any
    t0: Array
    interval: float
    frames: int
    rtol: float
    atol: float
    levels: int
    max_steps: int
    tables: dict[int, Tables] = field(default_factory=dict)

    def times(self, first: int, count: int) -> np.ndarray:
        """Times of some frames, rounded as the solver rounds them."""
        dtype = np.dtype(self.basis.precision).type
        return np.asarray(self.t0) + np.arange(first, first + count).astype(dtype) * dtype(self.interval)

    def advance(self, state: Any, first: int, count: int) -> tuple[list[Array], Any]:
        """Some frames, on the device, and the state behind the last."""
        frames = []
        for frame in range(first, first + count):
            if frame == 0:
                values = decode(self.basis, state.walk.coefficients, self.t0)
            elif int(state.walk.failed):
                values = jnp.full((state.walk.coefficients.shape[0], *self.basis.grid.shape), jnp.nan, self.basis.dtype)
            else:
                state, values = self._cross(state, frame - 1)
            frames.append(values)
        return frames, state

    def result(self, state: Any) -> Result:
        """Why the next state was not reached."""
        return Result(int(state.walk.failed) or Result.DIVERGED)

    def _tables(self, shift: int) -> Tables:
        """Tables of the step lengths in use; those before are dropped."""
        if shift not in self.tables:
            self.tables.clear()
            self.tables[shift] = level_tables(
                self.method, self.symbol, self.interval / 2**shift, self.levels, self.basis
            )
        return self.tables[shift]

    def _cross(self, state: _State, interval: int) -> tuple[_State, Array]:
        """Go to the next saved time, with shorter steps where need be."""
        start = jnp.asarray(self.times(interval, 1)[0])
        real = self.basis.precision
        length, rtol, atol = (jnp.asarray(number, real) for number in (self.interval, self.rtol, self.atol))
        while True:
            shift = int(state.shift)
            units = jnp.asarray(2 ** (shift + self.levels - 1), jnp.int32)
            walk, values = cross_interval(
                self.equation, self.basis, self.method, self._tables(shift), state.walk, start, length, units, rtol, atol,
                jnp.asarray(self.max_steps, jnp.int32),
            )  # fmt: skip
            if int(walk.failed) != Result.STEP_TOO_SMALL or shift + self.levels + SHIFT > FINEST:
                out_of_steps = int(walk.position) < int(units) and not int(walk.failed)
                code = jnp.where(out_of_steps, Result.MAX_STEPS_REACHED.value, walk.failed).astype(jnp.int32)
                return _State(eqx.tree_at(lambda w: w.failed, walk, code), state.shift), values
            # From the start of the interval anew: the same length of step has another level now.
            lower = jnp.maximum(state.walk.level - SHIFT, 0)
            state = _State(eqx.tree_at(lambda w: w.level, state.walk, lower), state.shift + SHIFT)


def _steps(state: _State) -> int:
    return int(state.walk.accepted) + int(state.walk.rejected)


def _failure(
    run: _AdaptiveSteps, path: str | os.PathLike[str], written: int, last: np.ndarray, result: Result
) -> DivergenceError:
    time = float(run.times(max(written - 1, 0), 1)[0])
    message = (
        f"{type(run.equation).__name__}: {result.sentence} The last state saved is at t={time:.6g}. Try a finer grid than "
        f"{run.basis.grid.shape}, more dissipation, or looser `rtol`. {path} holds the {written} state(s) before; `throw=False` "
        "returns instead of raising."
    )
    kept = Solution(
        jnp.asarray(last),
        jnp.asarray(run.times(written - len(last), len(last))),
        jnp.asarray(result.value),
        {"steps": -1, "diverged_at_step": -1},
        run.basis.grid,
    )
    return DivergenceError(message, solution=kept, step=-1, time=time)
