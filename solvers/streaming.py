"""Long solves written to disk while they run: memory for a few states, a file to go on from after an interruption."""

import dataclasses
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Inexact

from sciml import fingerprint
from sciml.boundary import coefficients_and_data, ends
from sciml.compilation import compiled
from sciml.data import trajectory_file
from sciml.data.trajectory_file import AnotherRun, Plan, TrajectoryFile
from sciml.fields.basis import FourierBasis
from sciml.fields.discretisation import decode, encode
from sciml.grid import Grid
from sciml.solvers.solution import DivergenceError, Result, Solution
from sciml.solvers.stepper import Stepper, checked_state, precision_of

# Bytes of frames held on the device before they are written.
_CHUNK = 2**26
_LONGEST_CHUNK = 256
# At least so many writes, where there are as many frames: what an interruption can cost is a small part of the run.
_CHUNKS = 50


@dataclass(frozen=True)
class StreamedRollout:
    """What `rollout_to_file` did.

    Attributes:
        path: the file; read it with `sciml.data.read_hdf5`, or parts of it with `sciml.data.read_frames`.
        frames: states in it.
        resumed: those which were there before.
        result: how the solve ended.
    """

    path: Path
    frames: int
    resumed: int
    result: Result


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
    """Solve with a fixed step and write every saved state to an HDF5 file, never holding more than two chunks of them.

    While one chunk is written the device computes the next. The file has the layout of `sciml.data.write_hdf5`, with one sample, and
    is readable at any time. Call again with the same arguments after an interruption (also a killed process): the run goes on
    behind the last chunk on disk and gives the same numbers, bit by bit, as one that was never interrupted. Call again with more
    `steps` to make a finished file longer.

    Args:
        stepper: the prepared step, from `Stepper.build`.
        u0: initial values `(components, *grid.shape)` in the stepper's precision.
        path: the file.
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
    run = _Run(stepper, start, save_every, include_initial, steps // save_every + include_initial)
    plan = _plan(run, u0, state, {} if attributes is None else attributes)
    _prepare(path, plan, if_exists)
    if chunk is None:
        chunk = max(1, min(_LONGEST_CHUNK, _CHUNK // max(1, u0.nbytes), run.frames // _CHUNKS))
    with trajectory_file.writing(path) as file:
        written, resumed, last = _fill(run, file, state, chunk, on_chunk)
    diverged = written < run.frames
    if diverged and throw:
        raise _divergence(run, path, written, last)
    return StreamedRollout(Path(path), written, resumed, Result.DIVERGED if diverged else Result.SUCCESSFUL)


@dataclass(frozen=True)
class _Run:
    """What stays the same while a file is filled."""

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


def _fill(
    run: _Run, file: TrajectoryFile, state: Any, chunk: int, on_chunk: Callable[[int, int], None] | None
) -> tuple[int, int, np.ndarray]:
    """Compute and write what is missing: frames in the file, those there before, and the last ones written."""
    leaves, structure = jax.tree.flatten(state)
    known, first = file.newest(), 0
    if known is not None:
        first, saved = min(known[0], run.frames), known[1]
        state = jax.tree.unflatten(structure, [jax.device_put(a, b.sharding) for a, b in zip(saved, leaves)])
    resumed, last = first, np.zeros((0, *run.stepper.basis.grid.shape))
    if known is not None and known[0] >= run.frames:
        return run.frames, resumed, last
    frames, state = _advance(run, state, first, min(chunk, run.frames - first))
    while first < run.frames:
        end, values, behind = first + len(frames), frames, state
        if end < run.frames:
            # Handed to the device before the host turns to the disk.
            frames, state = _advance(run, state, end, min(chunk, run.frames - end))
        last = np.stack([np.asarray(frame) for frame in values])
        finite = np.isfinite(last).reshape(len(last), -1).all(axis=1)
        good = len(last) if finite.all() else int(np.argmin(finite))
        kept = [np.asarray(leaf) for leaf in jax.tree.leaves(behind)] if good == len(last) else None
        last = last[:good]
        file.append(first, last, run.times(first, good), kept)
        if on_chunk is not None:
            on_chunk(first + good, run.frames)
        if kept is None:
            return first + good, resumed, last
        first = end
    return run.frames, resumed, last


def _advance(run: _Run, state: Any, first: int, count: int) -> tuple[list[Array], Any]:
    """Some frames, on the device, and the state behind the last."""
    frames = []
    for frame in range(first, first + count):
        # One program for every frame: the numbers do not depend on where chunks or runs begin.
        if run.include_initial and frame == 0:
            values = _values(run.stepper, state, run.t0)
        else:
            number = jnp.asarray(run.steps_before(frame) - run.save_every)
            values, state = _frame(run.stepper, state, run.t0, number, run.save_every)
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


def _prepare(path: str | os.PathLike[str], plan: Plan, if_exists: str) -> None:
    """See that there is a file of this run with room enough."""
    if if_exists not in ("resume", "replace", "error"):
        raise ValueError(f"rollout_to_file: `if_exists` must be 'resume', 'replace' or 'error', got {if_exists!r}.")
    if if_exists == "replace" or not Path(path).exists():
        return trajectory_file.create(path, plan)
    if if_exists == "error":
        raise FileExistsError(f"rollout_to_file: {path} exists; take `if_exists='resume'` or 'replace'.")
    settings, room = trajectory_file.settings_and_room(path)
    differing = [name for name, value in plan.settings.items() if settings.get(name) != value]
    if differing:
        raise AnotherRun(
            f"rollout_to_file: {path} holds another run, which differs in {', '.join(differing)}; take another path or "
            "`if_exists='replace'`.",
            differing,
        )
    if room < plan.frames:
        trajectory_file.extend(path, plan)
    elif room > plan.frames:
        raise AnotherRun(f"rollout_to_file: {path} holds a run of {room} states, more than the {plan.frames} wanted.")


def _plan(run: _Run, u0: Array, state: Any, attributes: Mapping[str, Any]) -> Plan:
    stepper = run.stepper
    equation, grid, basis = stepper.equation, stepper.basis.grid, stepper.basis
    alone = dataclasses.replace(basis, mesh=None) if isinstance(basis, FourierBasis) else basis
    settings = {
        "equation": fingerprint.of_text(fingerprint.of_structure(equation), fingerprint.of_arrays(equation)),
        "grid": fingerprint.of_text(repr(grid)),
        "boundary data": _data_sum(grid, run.t0),
        "basis": fingerprint.of_text(repr(alone)),
        "method": repr(stepper.method),
        "dt": float(stepper.dt).hex(),
        "t0": float(run.t0).hex(),
        "save_every": str(run.save_every),
        "include_initial": str(run.include_initial),
        "u0": fingerprint.of_arrays(u0),
    }
    described = {
        "equation": type(equation).__name__,
        "components": list(equation.component_names(grid.dimension)),
        "extent": [[axis.lower, axis.upper] for axis in grid.axes],
        "grid": repr(grid),
        "method": type(stepper.method).__name__,
        "dt": float(stepper.dt),
        "save_every": run.save_every,
    }
    return Plan(
        frames=run.frames,
        state=u0.shape,
        dtype=np.dtype(u0.dtype),
        coordinates=tuple(axis.coordinates() for axis in grid.axes),
        time_dtype=np.dtype(basis.precision),
        leaves=tuple((leaf.shape, np.dtype(leaf.dtype)) for leaf in jax.tree.leaves(state)),
        settings=settings,
        parameters=_numbers(equation),
        attributes=json.loads(json.dumps(described)) | dict(attributes),
    )


def _data_sum(grid: Grid, t: Array) -> str:
    """Sum of what the functions among the boundary data compute, the same in another process."""
    nodes, sums = [jnp.asarray(axis.coordinates(), t.dtype) for axis in grid.axes], []
    for index, axis in enumerate(grid.axes):
        for side in () if axis.periodic else ends(axis.boundary):
            data = coefficients_and_data(side)[2]
            others = jnp.meshgrid(*(nodes[:index] + nodes[index + 1 :]), indexing="ij")
            for datum in data if isinstance(data, tuple) else (data,):
                sums.append(fingerprint.of_function(datum, t, *others) if callable(datum) else repr(datum))
    return fingerprint.of_text(*sums)


def _numbers(equation: Any) -> dict[str, np.ndarray]:
    """Parameters of an equation that are one real number."""
    found = {field.name: getattr(equation, field.name) for field in dataclasses.fields(equation)}
    return {
        name: np.asarray(value)
        for name, value in found.items()
        if isinstance(value, jax.Array | np.ndarray | int | float) and np.ndim(value) == 0 and np.isrealobj(value)
    }


def _divergence(run: _Run, path: str | os.PathLike[str], written: int, last: np.ndarray) -> DivergenceError:
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
