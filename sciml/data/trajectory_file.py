"""One long trajectory written to an HDF5 file while it is computed; a writer that is killed leaves a file to go on from.

The layout is that of `write_hdf5` with one sample. All datasets get their place in the file at the start, and later writes only fill
bytes in: nothing that an interrupted write could damage describes the file. Beside it the group `stream` holds `settings` (what a
run must share to go on) and two slots of the state to go on from, used in turn and each sealed by a check sum.
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
from sciml.data.hdf5 import AXES, FORMAT, VERSION, created, frames_written, opened

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
    """A file being filled; see `create`, `go_on` and `append`."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._slot = 0

    def newest(self) -> tuple[int, list[np.ndarray]] | None:
        """Frames written and the arrays to go on from, of the newest whole slot, or `None`; the other slot is written next."""
        found = []
        for number in (0, 1):
            slot = self._file[f"stream/slot{number}"]
            count, check = (int(value) for value in slot["seal"][()])
            leaves = [np.asarray(slot[str(i)][()]) for i in range(len(slot) - 1)]
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
            self._flush()
            self._file["times"][first:end] = times
        if leaves is not None:
            slot = self._file[f"stream/slot{self._slot}"]
            slot["seal"][...] = (-1, 0)
            self._flush()
            for number, leaf in enumerate(leaves):
                slot[str(number)][...] = leaf
            slot["seal"][...] = (end, _check(end, leaves))
            self._slot = 1 - self._slot
        self._flush()

    def _flush(self) -> None:
        self._file.flush()
        # Only a driver with a file descriptor can be told to wait for the disk.
        with contextlib.suppress(NotImplementedError, OSError):
            os.fsync(self._file.id.get_vfd_handle())


def create(path: str | os.PathLike[str], plan: Plan) -> None:
    """Make an empty file, whole or not at all; a file that is there is replaced."""
    with created(path) as file:
        _lay_out(file, plan)


def extend(path: str | os.PathLike[str], plan: Plan) -> None:
    """Make room for the frames of `plan` in a file that holds fewer; it is copied and takes the place of the old one when whole."""
    with opened(path) as old, created(path) as new:
        _lay_out(new, plan)
        count = min(frames_written(old), plan.frames)
        step = max(1, _BLOCK // max(1, old["trajectories"][0, :1].nbytes))
        for first in range(0, count, step):
            kept = slice(first, min(first + step, count))
            new["trajectories"][0, kept] = old["trajectories"][0, kept]
        new["times"][:count] = old["times"][:count]
        for name, slot in old["stream"].items():
            for key, leaf in slot.items():
                new[f"stream/{name}/{key}"][...] = leaf[()]


@contextlib.contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[TrajectoryFile]:
    """Open a file of `create` to go on with it."""
    import h5py

    with h5py.File(path, "r+") as file:
        yield TrajectoryFile(file)


def settings_and_room(path: str | os.PathLike[str]) -> tuple[dict[str, str], int]:
    """Settings of a trajectory file and the frames it has room for.

    Raises:
        DataFormatError: the file is damaged or no trajectory file.
    """
    with opened(path) as file:
        if file.attrs.get("format") != FORMAT or "stream" not in file:
            raise DataFormatError("it is no file of `rollout_to_file` or `solve_to_file`, so nothing can be added to it.")
        return json.loads(file["stream"].attrs["settings"]), int(file["times"].shape[0])


def count_frames(path: str | os.PathLike[str]) -> int:
    """Frames written so far of a trajectory file; errors as in `read_frames`."""
    with opened(path) as file:
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
    with opened(path) as file:
        chosen = _chosen(frames, frames_written(_with_trajectories(file)))
        return Dataset(
            trajectories=file["trajectories"][:, chosen],
            times=file["times"][chosen],
            coordinates=tuple(file["coordinates"][name][()] for name in AXES if name in file["coordinates"]),
            parameters={name: np.asarray(value[()]) for name, value in file.get("parameters", {}).items()},
            attributes=json.loads(file.attrs.get("attributes", "{}")),
        )


def _with_trajectories(file: Any) -> Any:
    if file.attrs.get("format") != FORMAT or "trajectories" not in file:
        raise DataFormatError("it holds no trajectory in the layout of `write_hdf5`.")
    return file


def _chosen(frames: Any, count: int) -> Any:
    if isinstance(frames, slice):
        start, stop, step = frames.indices(count)
        return slice(start, max(start, stop), step)
    numbers = np.asarray(frames)
    if numbers.ndim != 1 or np.any(np.diff(numbers) <= 0) or np.any((numbers < 0) | (numbers >= count)):
        raise ValueError(f"read_frames: `frames` must be rising numbers below {count}, got {frames}.")
    return numbers


def _lay_out(file: Any, plan: Plan) -> None:
    attributes = json.dumps(dict(plan.attributes), allow_nan=False)
    file.attrs.update({"format": FORMAT, "version": VERSION, "attributes": attributes})
    _place(file, "trajectories", (1, plan.frames, *plan.state), plan.dtype)
    _place(file, "times", (plan.frames,), plan.time_dtype)[...] = np.nan
    for name, axis in zip(AXES, plan.coordinates):
        file.create_dataset(f"coordinates/{name}", data=axis)
    for name, value in plan.parameters.items():
        file.create_dataset(f"parameters/{name}", data=np.asarray(value))
    stream = file.create_group("stream")
    stream.attrs["settings"] = json.dumps(dict(plan.settings))
    for number in (0, 1):
        _place(stream, f"slot{number}/seal", (2,), np.dtype(np.int64))[...] = (-1, 0)
        for place, (shape, dtype) in enumerate(plan.leaves):
            _place(stream, f"slot{number}/{place}", shape, dtype)


def _place(group: Any, name: str, shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """A dataset that has its bytes in the file from the start, not yet written."""
    import h5py

    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    return group.create_dataset(name, shape=shape, dtype=dtype, fill_time="never", dcpl=layout)


def _check(count: int, leaves: Sequence[np.ndarray]) -> int:
    total = zlib.crc32(str(count).encode())
    for leaf in leaves:
        total = zlib.crc32(np.ascontiguousarray(leaf).reshape(-1).view(np.uint8).data, total)
    return total
