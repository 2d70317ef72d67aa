"""Arrays of a trajectory in one HDF5 file."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from sciml.data.hdf5 import created, opened
from sciml.data.storage import Storage


class HDF5Storage(Storage):
    """One file, whose datasets get their bytes at the start: an interrupted write damages nothing that describes the file."""

    def opened(self, path: str | os.PathLike[str]) -> AbstractContextManager[Any]:
        """Open for reading."""
        return opened(path)

    def created(self, path: str | os.PathLike[str]) -> AbstractContextManager[Any]:
        """Make anew, whole or not at all."""
        return created(path)

    @contextlib.contextmanager
    def changing(self, path: str | os.PathLike[str]) -> Iterator[Any]:
        """Open to fill datasets that are there."""
        import h5py

        with h5py.File(path, "r+") as file:
            yield file

    def place(self, group: Any, name: str, shape: tuple[int, ...], dtype: np.dtype, *, rows: int | None = None) -> Any:
        """A dataset that has its bytes in the file from the start, not yet written."""
        import h5py

        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        return group.create_dataset(name, shape=shape, dtype=dtype, fill_time="never", dcpl=layout)

    def put(self, group: Any, name: str, values: np.ndarray) -> None:
        """Write a whole dataset."""
        group.create_dataset(name, data=values)

    def arrays(self, group: Any) -> dict[str, Any]:
        """Datasets of a group."""
        return dict(group.items())

    def secure(self, root: Any) -> None:
        """Wait for the disk."""
        root.flush()
        # Only a driver with a file descriptor can be told to wait.
        with contextlib.suppress(NotImplementedError, OSError):
            os.fsync(root.id.get_vfd_handle())
