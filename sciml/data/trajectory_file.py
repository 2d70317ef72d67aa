"""One long trajectory written to disk while it is computed; a writer that is killed leaves a file to go on from.

The layout is that of `write_hdf5` with one sample, in one HDF5 file or, where the path ends in `.zarr`, in a zarr folder. All arrays
get their place at the start, and later writes only fill them: nothing that an interrupted write could damage describes the file.
Beside it the group `stream` holds `settings` (what a run must share to go on) and two slots of the state to go on from, used in turn
and each sealed by a check sum.
"""

import contextlib
import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from sciml.data.dataset import DataFormatError, Dataset
from sciml.data.hdf5 import AXES, FORMAT, VERSION, frames_written
from sciml.data.storage import Storage, storage_of

_BLOCK = 2**26


@dataclass(frozen=True)
class Plan:
    """What a trajectory file will hold.

    Attributes:
        frames: states in all.
        state: shape of one, `(components, *grid)`.
        dtype: of the states.
        coordinates: nodes of each axis.
        time_dtype: of the times.
        leaves: shape and dtype of each array that the solver needs to go on.
        settings: what a run must share with the one that began the file, text by name.
        parameters: numbers by name.
        attributes: as in `Dataset`.
    """

    frames: int
    state: tuple[int, ...]
    dtype: np.dtype
    coordinates: tuple[np.ndarray, ...]
    time_dtype: np.dtype
    leaves: tuple[tuple[tuple[int, ...], np.dtype], ...]
    settings: Mapping[str, str]
    parameters: Mapping[str, Any]
    attributes: Mapping[str, Any]


class AnotherRun(ValueError):
    """A file holds another run than the one that is to go on.

    Attributes:
        differing: settings in which it differs; none where it is only longer.
    """

    def __init__(self, message: str, differing: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.differing = tuple(differing)


class TrajectoryFile:
    """A file being filled; see `create`, `newest` and `append`."""

    def __init__(self, file: Any, storage: Storage) -> None:
        self._file = file
        self._storage = storage
        self._slot = 0

    def newest(self) -> tuple[int, list[np.ndarray]] | None:
        """Frames written and the arrays to go on from, of the newest whole slot, or `None`; the other slot is written next."""
        found = []
        for number in (0, 1):
            slot = self._file[f"stream/slot{number}"]
            count, check = (int(value) for value in slot["seal"][()])
            leaves = [np.asarray(slot[str(i)][()]) for i in range(len(self._storage.arrays(slot)) - 1)]
            if count >= 0 and check == _check(count, leaves):
                found.append((count, number, leaves))
        if not found:
            return None
        count, number, leaves = max(found, key=lambda item: item[0])
        self._slot = 1 - number
        return count, leaves

    def append(self, first: int, values: np.ndarray, times: np.ndarray, leaves: Sequence[np.ndarray] | None) -> None:
        """Write frames `first, first + 1, ...`, then what is needed to go on behind them; each is on disk before the next begins."""
        end = first + len(values)
        if len(values):
            self._file["trajectories"][0, first:end] = values
            self._storage.secure(self._file)
            self._file["times"][first:end] = times
        if leaves is not None:
            slot = self._file[f"stream/slot{self._slot}"]
            slot["seal"][...] = np.asarray((-1, 0))
            self._storage.secure(self._file)
            for number, leaf in enumerate(leaves):
                slot[str(number)][...] = leaf
            slot["seal"][...] = np.asarray((end, _check(end, leaves)))
            self._slot = 1 - self._slot
        self._storage.secure(self._file)


def create(path: str | os.PathLike[str], plan: Plan) -> None:
    """Make an empty file, whole or not at all; a file that is there is replaced."""
    storage = storage_of(path)
    with storage.created(path) as file:
        _lay_out(file, storage, plan)


def extend(path: str | os.PathLike[str], plan: Plan) -> None:
    """Make room for the frames of `plan` in a file that holds fewer; it is copied and takes the place of the old one when whole."""
    storage = storage_of(path)
    with storage.opened(path) as old, storage.created(path) as new:
        _lay_out(new, storage, plan)
        count = min(frames_written(old), plan.frames)
        step = max(1, _BLOCK // max(1, old["trajectories"][0, :1].nbytes))
        for first in range(0, count, step):
            kept = slice(first, min(first + step, count))
            new["trajectories"][0, kept] = old["trajectories"][0, kept]
        new["times"][:count] = old["times"][:count]
        for number in (0, 1):
            for key, leaf in storage.arrays(old[f"stream/slot{number}"]).items():
                new[f"stream/slot{number}/{key}"][...] = leaf[()]


@contextlib.contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[TrajectoryFile]:
    """Open a file of `create` to go on with it."""
    storage = storage_of(path)
    with storage.changing(path) as file:
        yield TrajectoryFile(file, storage)


def settings_and_room(path: str | os.PathLike[str]) -> tuple[dict[str, str], int]:
    """Settings of a trajectory file and the frames it has room for.

    Raises:
        DataFormatError: the file is damaged or no trajectory file.
    """
    with storage_of(path).opened(path) as file:
        if file.attrs.get("format") != FORMAT or "stream" not in file:
            raise DataFormatError(
                "it is no file of `rollout_to_file` or `solve_to_file`, so nothing can be added to it."
            )
        return json.loads(file["stream"].attrs["settings"]), int(file["times"].shape[0])


def count_frames(path: str | os.PathLike[str]) -> int:
    """Frames written so far of a trajectory file; errors as in `read_frames`."""
    with storage_of(path).opened(path) as file:
        return frames_written(_with_trajectories(file))


def read_frames(
    path: str | os.PathLike[str], frames: slice | Sequence[int] | Int[np.ndarray, " frames"] = slice(None)
) -> Dataset:
    """Read some of the frames written so far of a trajectory file.

    Args:
        path: the file.
        frames: which, by number, for instance `slice(-10, None)`, `slice(None, None, 100)` or rising numbers `[0, 7, 12]`.

    Raises:
        FileNotFoundError: there is no such file.
        DataFormatError: it is damaged, or holds no trajectory.
        ValueError: `frames` does not rise, or names frames that are not there.
    """
    with storage_of(path).opened(path) as file:
        chosen = _chosen(frames, frames_written(_with_trajectories(file)))
        parameters = storage_of(path).arrays(file["parameters"]) if "parameters" in file else {}
        return Dataset(
            trajectories=_rows(file["trajectories"], chosen, axis=1),
            times=_rows(file["times"], chosen, axis=0),
            coordinates=tuple(
                np.asarray(file["coordinates"][name][()]) for name in AXES if name in file["coordinates"]
            ),
            parameters={name: np.asarray(value[()]) for name, value in parameters.items()},
            attributes=json.loads(file.attrs.get("attributes", "{}")),
        )


def _with_trajectories(file: Any) -> Any:
    if file.attrs.get("format") != FORMAT or "trajectories" not in file:
        raise DataFormatError("it holds no trajectory in the layout of `write_hdf5` or of `rollout_to_file`.")
    return file


def _chosen(frames: Any, count: int) -> Any:
    if isinstance(frames, slice):
        start, stop, step = frames.indices(count)
        return slice(start, max(start, stop), step)
    numbers = np.asarray(frames)
    if numbers.ndim != 1 or np.any(np.diff(numbers) <= 0) or np.any((numbers < 0) | (numbers >= count)):
        raise ValueError(f"read_frames: `frames` must be rising numbers below {count}, got {frames}.")
    return numbers


def _rows(array: Any, chosen: Any, *, axis: int) -> np.ndarray:
    """Some rows along an axis."""
    place = (slice(None),) * axis
    if isinstance(chosen, slice):
        return np.asarray(array[(*place, chosen)])
    if not len(chosen):
        return np.asarray(array[(*place, slice(0))])
    return np.concatenate([np.asarray(array[(*place, slice(n, n + 1))]) for n in chosen.tolist()], axis=axis)


def _lay_out(file: Any, storage: Storage, plan: Plan) -> None:
    attributes = json.dumps(dict(plan.attributes), allow_nan=False)
    file.attrs.update({"format": FORMAT, "version": VERSION, "attributes": attributes})
    storage.place(file, "trajectories", (1, plan.frames, *plan.state), plan.dtype, rows=plan.frames)
    storage.place(file, "times", (plan.frames,), plan.time_dtype)[...] = np.full(plan.frames, np.nan, plan.time_dtype)
    for name, axis in zip(AXES, plan.coordinates):
        storage.put(file, f"coordinates/{name}", axis)
    for name, value in plan.parameters.items():
        storage.put(file, f"parameters/{name}", np.asarray(value))
    stream = file.create_group("stream")
    stream.attrs["settings"] = json.dumps(dict(plan.settings))
    for number in (0, 1):
        storage.place(stream, f"slot{number}/seal", (2,), np.dtype(np.int64))[...] = np.asarray((-1, 0))
        for place, (shape, dtype) in enumerate(plan.leaves):
            storage.place(stream, f"slot{number}/{place}", shape, dtype)


def _check(count: int, leaves: Sequence[np.ndarray]) -> int:
    total = zlib.crc32(str(count).encode())
    for leaf in leaves:
        total = zlib.crc32(np.ascontiguousarray(leaf).reshape(-1).view(np.uint8).data, total)
    return total
