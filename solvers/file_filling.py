"""A trajectory file filled by a run that yields its frames one after the other; what the two doors of streaming share."""

import dataclasses
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from sciml import fingerprint
from sciml.boundary import coefficients_and_data, ends
from sciml.data import trajectory_file
from sciml.data.trajectory_file import AnotherRun, Plan, TrajectoryFile
from sciml.equation import Evolution
from sciml.fields.basis import FourierBasis
from sciml.fields.discretisation import Basis
from sciml.grid import Grid
from sciml.solvers.solution import Result

# Bytes of frames held on the device before they are written.
_CHUNK = 2**26
_LONGEST_CHUNK = 256
# At least so many writes, where there are as many frames: what an interruption can cost is a small part of the run.
_CHUNKS = 50


@dataclass(frozen=True)
class StreamedRollout:
    """What `rollout_to_file` or `solve_to_file` did.

    Attributes:
        path: the file; read it with `sciml.data.read_hdf5`, or parts of it with `sciml.data.read_frames`.
        frames: states in it.
        resumed: those which were there before.
        steps: taken since the beginning of the file.
        result: how the solve ended.
    """

    path: Path
    frames: int
    resumed: int
    steps: int
    result: Result


class Run(ABC):
    """Where frames come from.

    Attributes:
        frames: states wanted in all.
    """

    frames: int

    @abstractmethod
    def advance(self, state: Any, first: int, count: int) -> tuple[list[Array], Any]:
        """Some frames, on the device, and the state behind the last."""

    @abstractmethod
    def times(self, first: int, count: int) -> np.ndarray:
        """Times of some frames, rounded as the solver rounds them."""


def write_frames(
    path: str | os.PathLike[str],
    plan: Plan,
    run: Run,
    state: Any,
    *,
    chunk: int | None,
    if_exists: str,
    on_chunk: Callable[[int, int], None] | None,
) -> tuple[int, int, np.ndarray, Any]:
    """Compute what a file lacks and write it: frames in it, those there before, the last ones written, the state behind them.

    Raises:
        ValueError: the file holds another run.
        FileExistsError: as `if_exists` says.
    """
    _prepare(path, plan, if_exists)
    if chunk is None:
        size = int(np.prod(plan.state)) * plan.dtype.itemsize
        chunk = max(1, min(_LONGEST_CHUNK, _CHUNK // max(1, size), plan.frames // _CHUNKS))
    with trajectory_file.writing(path) as file:
        return _fill(run, file, plan, state, chunk, on_chunk)


def _fill(
    run: Run, file: TrajectoryFile, plan: Plan, state: Any, chunk: int, on_chunk: Callable[[int, int], None] | None
) -> tuple[int, int, np.ndarray, Any]:
    leaves, structure = jax.tree.flatten(state)
    known, first = file.newest(), 0
    if known is not None:
        first, saved = min(known[0], run.frames), known[1]
        state = jax.tree.unflatten(structure, [jax.device_put(a, b.sharding) for a, b in zip(saved, leaves)])
    resumed, last = first, np.zeros((0, *plan.state), plan.dtype)
    if first >= run.frames:
        return run.frames, resumed, last, state
    frames, state = run.advance(state, first, min(chunk, run.frames - first))
    while first < run.frames:
        end, values, behind = first + len(frames), frames, state
        if end < run.frames:
            # Handed to the device before the host turns to the disk.
            frames, state = run.advance(state, end, min(chunk, run.frames - end))
        last = np.stack([np.asarray(frame) for frame in values])
        finite = np.isfinite(last).reshape(len(last), -1).all(axis=1)
        good = len(last) if finite.all() else int(np.argmin(finite))
        kept = [np.asarray(leaf) for leaf in jax.tree.leaves(behind)] if good == len(last) else None
        last = last[:good]
        file.append(first, last, run.times(first, good), kept)
        if on_chunk is not None:
            on_chunk(first + good, run.frames)
        if kept is None:
            return first + good, resumed, last, behind
        first = end
    return run.frames, resumed, last, behind


def _prepare(path: str | os.PathLike[str], plan: Plan, if_exists: str) -> None:
    """See that there is a file of this run with room enough."""
    if if_exists not in ("resume", "replace", "error"):
        raise ValueError(f"`if_exists` must be 'resume', 'replace' or 'error', got {if_exists!r}.")
    if if_exists == "replace" or not Path(path).exists():
        return trajectory_file.create(path, plan)
    if if_exists == "error":
        raise FileExistsError(f"{path} exists; take `if_exists='resume'` or 'replace'.")
    settings, room = trajectory_file.settings_and_room(path)
    differing = [name for name, value in plan.settings.items() if settings.get(name) != value]
    if differing:
        raise AnotherRun(
            f"{path} holds another run, which differs in {', '.join(differing)}; take another path or "
            "`if_exists='replace'`.",
            differing,
        )
    if room < plan.frames:
        trajectory_file.extend(path, plan)
    elif room > plan.frames:
        raise AnotherRun(f"{path} holds a run of {room} states, more than the {plan.frames} wanted.")


def plan_of(
    equation: Evolution,
    basis: Basis,
    method: Any,
    u0: Array,
    t0: Array,
    state: Any,
    *,
    frames: int,
    steps: Mapping[str, Any],
    attributes: Mapping[str, Any],
) -> Plan:
    """What the file will hold.

    Args:
        equation: of the run.
        basis: of the run.
        method: of the run.
        u0: initial values.
        t0: time at the start.
        state: what the method carries, whose arrays are kept to go on from.
        frames: states in all.
        steps: how the run steps, which another run must share to go on with the file; numbers or text.
        attributes: to be stored besides.
    """
    grid = basis.grid
    alone = dataclasses.replace(basis, mesh=None) if isinstance(basis, FourierBasis) else basis
    settings = {
        "equation": fingerprint.of_text(fingerprint.of_structure(equation), fingerprint.of_arrays(equation)),
        "grid": fingerprint.of_text(repr(grid)),
        "boundary data": _data_sum(grid, t0),
        "basis": fingerprint.of_text(repr(alone)),
        "method": repr(method),
        "t0": float(t0).hex(),
        "u0": fingerprint.of_arrays(u0),
    }
    settings |= {name: value.hex() if isinstance(value, float) else str(value) for name, value in steps.items()}
    described = {
        "equation": type(equation).__name__,
        "components": list(equation.component_names(grid.dimension)),
        "extent": [[axis.lower, axis.upper] for axis in grid.axes],
        "grid": repr(grid),
        "method": type(method).__name__,
    }
    return Plan(
        frames=frames,
        state=u0.shape,
        dtype=np.dtype(u0.dtype),
        coordinates=tuple(axis.coordinates() for axis in grid.axes),
        time_dtype=np.dtype(basis.precision),
        leaves=tuple((leaf.shape, np.dtype(leaf.dtype)) for leaf in jax.tree.leaves(state)),
        settings=settings,
        parameters=_numbers(equation),
        attributes=json.loads(json.dumps(described | dict(steps))) | dict(attributes),
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
