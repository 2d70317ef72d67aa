"""Where a trajectory file keeps its arrays: a file or a folder with groups and arrays of a common interface.

Groups are used as h5py and zarr have them in common: `group["a/b"]`, `name in group`, `attrs`, arrays read and written by slices. What
differs is behind `Storage`.
"""

import os
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np


class Storage(ABC):
    """One way of keeping arrays. Final classes: `HDF5Storage`, `ZarrStorage`."""

    @abstractmethod
    def opened(self, path: str | os.PathLike[str]) -> AbstractContextManager[Any]:
        """Open for reading: the root group.

        Raises:
            FileNotFoundError: there is nothing.
            DataFormatError: it is damaged, or something else.
        """

    @abstractmethod
    def created(self, path: str | os.PathLike[str]) -> AbstractContextManager[Any]:
        """Make anew under a temporary name, take the place of what is there when whole: the root group."""

    @abstractmethod
    def changing(self, path: str | os.PathLike[str]) -> AbstractContextManager[Any]:
        """Open to fill arrays that are there: the root group."""

    @abstractmethod
    def place(self, group: Any, name: str, shape: tuple[int, ...], dtype: np.dtype, *, rows: int | None = None) -> Any:
        """An array whose place is fixed from the start, not yet written.

        Args:
            group: where.
            name: with slashes for groups in between.
            shape: of the array.
            dtype: of the array.
            rows: how many entries of the second axis are written together, where that is not all.
        """

    @abstractmethod
    def put(self, group: Any, name: str, values: np.ndarray) -> None:
        """Write a whole array."""

    @abstractmethod
    def arrays(self, group: Any) -> dict[str, Any]:
        """Arrays of a group by name."""

    @abstractmethod
    def secure(self, root: Any) -> None:
        """See that what was written is where it outlives this process."""


def storage_of(path: str | os.PathLike[str]) -> Storage:
    """The storage of a path: zarr where it ends in `.zarr`, else HDF5."""
    if Path(path).suffix == ".zarr":
        from sciml.data.storage_zarr import ZarrStorage

        return ZarrStorage()
    from sciml.data.storage_hdf5 import HDF5Storage

    return HDF5Storage()
