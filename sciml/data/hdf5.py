"""Datasets on disk in this package's own HDF5 layout, and rows of any HDF5 file by index.

Layout, version 1: root datasets `inputs`, `outputs`, `trajectories`, `times` as far as they are there, contiguous,
axes as in `Dataset`; group `coordinates` with datasets `x`, `y`, `z`; group `parameters` with one dataset each; root
attributes `format` ("sciml dataset"), `version`, and `attributes`, a JSON object with the equation, the extent and so
on.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from sciml import fingerprint
from sciml.data.dataset import DataFormatError, Dataset
from sciml.data.source import Source

FORMAT, VERSION = "sciml dataset", 1
AXES = ("x", "y", "z")
_ARRAYS = ("inputs", "outputs", "trajectories")
# Rows looked at to tell whether a file is the same as before.
_PROBES = 64


@contextlib.contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[Any]:
    """Open an HDF5 file for reading; what h5py says about damage becomes one clear error.

    Raises:
        FileNotFoundError: there is no such file.
        DataFormatError: it is no HDF5 file, is truncated or damaged, or lacks what is asked for.
    """
    import h5py

    if not Path(path).exists():
        raise FileNotFoundError(f"no such file: {path}")
    try:
        with h5py.File(path, "r") as file:
            yield file
    except DataFormatError as error:
        raise DataFormatError(f"{path}: {error}") from error
    except (OSError, KeyError, RuntimeError) as error:
        raise DataFormatError(f"{path} is not an HDF5 file, or it is truncated or damaged ({error}).") from error


@contextlib.contextmanager
def created(path: str | os.PathLike[str]) -> Iterator[Any]:
    """Write an HDF5 file under a temporary name and rename it when whole."""
    import h5py

    target = Path(path)
    temporary = target.with_name(f"{target.name}.tmp{os.getpid()}")
    try:
        with h5py.File(temporary, "w") as file:
            yield file
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def write_hdf5(path: str | os.PathLike[str], dataset: Dataset) -> None:
    """Write a dataset in the package's own layout; the file appears whole or not at all.

    Raises:
        ValueError: there are more than three axes, or an attribute is not text, number or list.
    """
    if len(dataset.coordinates) > len(AXES):
        raise ValueError(f"write_hdf5: at most {len(AXES)} axes can be written, got {len(dataset.coordinates)}.")
    try:
        attributes = json.dumps(dict(dataset.attributes), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"write_hdf5: `attributes` must be text, finite numbers and lists of them ({error})."
        ) from None
    with created(path) as file:
        file.attrs.update({"format": FORMAT, "version": VERSION, "attributes": attributes})
        for name in (*_ARRAYS, "times"):
            if getattr(dataset, name) is not None:
                file.create_dataset(name, data=np.asarray(getattr(dataset, name)))
        for name, axis in zip(AXES, dataset.coordinates):
            file.create_dataset(f"coordinates/{name}", data=np.asarray(axis))
        for name, value in dataset.parameters.items():
            file.create_dataset(f"parameters/{name}", data=np.asarray(value))


def read_hdf5(path: str | os.PathLike[str]) -> Dataset:
    """Read a dataset in the package's own layout into memory.

    Raises:
        FileNotFoundError: there is no such file.
        DataFormatError: the file is damaged, of another layout or from a newer version.

    Example:
        >>> import tempfile, numpy as np
        >>> from sciml.data import Dataset, read_hdf5, write_hdf5
        >>> x = np.arange(16) / 16
        >>> data = Dataset(inputs=np.zeros((8, 1, 16)), outputs=np.ones((8, 1, 16)), coordinates=(x,))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_hdf5(f"{folder}/data.h5", data)
        ...     read_hdf5(f"{folder}/data.h5").outputs.shape
        (8, 1, 16)
    """
    with opened(path) as file:
        if file.attrs.get("format") != FORMAT:
            raise DataFormatError("it is an HDF5 file, but not in the layout of `write_hdf5`; try `read_pdebench`.")
        if int(file.attrs.get("version", 0)) != VERSION:
            raise DataFormatError(f"layout version {file.attrs.get('version')}; this release reads {VERSION}.")
        written = slice(frames_written(file)) if "stream" in file else slice(None)
        arrays = {name: file[name][()] for name in ("inputs", "outputs") if name in file}
        if "trajectories" in file:
            arrays |= {"trajectories": file["trajectories"][:, written], "times": file["times"][written]}
        group = file.get("coordinates", {})
        coordinates = tuple(group[name][()] for name in AXES if name in group)
        parameters = {name: np.asarray(value[()]) for name, value in file.get("parameters", {}).items()}
        try:
            attributes = json.loads(file.attrs.get("attributes", "{}"))
            return Dataset(**arrays, coordinates=coordinates, parameters=parameters, attributes=attributes)
        except ValueError as error:
            raise DataFormatError(f"its parts do not fit together ({error})") from error


class HDF5Source(Source):
    """Rows of root datasets of an HDF5 file, by index: read into memory when small, else while training runs.

    Args:
        path: the file, of any layout whose root datasets share their leading axis: `write_hdf5` files, or the
            `tensor` of a PDEBench file.
        fields: names of the datasets; default `inputs` and `outputs`.
        in_memory: read everything now; default: when it takes less than a quarter of the machine's memory.

    Raises:
        FileNotFoundError: there is no such file.
        DataFormatError: it is damaged, lacks a field, or the fields do not share their leading axis.

    Example:
        >>> from sciml.data import HDF5Source
        >>> HDF5Source("missing.h5")
        Traceback (most recent call last):
        FileNotFoundError: no such file: missing.h5
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        fields: Sequence[str] = ("inputs", "outputs"),
        in_memory: bool | None = None,
    ) -> None:
        self._path, self._fields = Path(path), tuple(fields)
        self._file: Any = None
        self._arrays: dict[str, np.ndarray] | None = None
        with opened(path) as file:
            sets = {name: _root_dataset(file, name) for name in self._fields}
            counts = {name: found.shape[0] for name, found in sets.items()}
            if len(set(counts.values())) != 1:
                raise DataFormatError(f"the fields must share their leading axis, the samples; got {counts}.")
            self._count = next(iter(counts.values()))
            size = sum(found.nbytes for found in sets.values())
            if in_memory or (in_memory is None and size < machine_memory() // 4):
                self._arrays = {name: found[()] for name, found in sets.items()}

    def __len__(self) -> int:
        return self._count

    def rows(self, indices: Int[np.ndarray, " rows"]) -> dict[str, np.ndarray]:
        """Read the samples at `indices`: each needed row once, in the order of the file."""
        if self._arrays is not None:
            return {name: values[indices] for name, values in self._arrays.items()}
        if self._file is None:
            import h5py

            self._file = h5py.File(self._path, "r")
        wanted, places = np.unique(indices, return_inverse=True)
        try:
            return {name: _read_rows(self._file[name], wanted)[places] for name in self._fields}
        except (OSError, KeyError, RuntimeError) as error:
            raise DataFormatError(f"{self._path}: rows cannot be read; the file is damaged ({error}).") from error

    def arrays(self) -> dict[str, np.ndarray] | None:
        """Give all samples when they are in memory."""
        return self._arrays

    def fingerprint(self) -> str:
        """Sum of shapes, dtypes, the file's size and some of the rows."""
        probes = np.unique(np.linspace(0, self._count - 1, min(_PROBES, self._count)).astype(np.int64))
        return fingerprint.of_text(
            str(self._count), str(self._path.stat().st_size), fingerprint.of_arrays(self.rows(probes))
        )

    def close(self) -> None:
        """Close the file; it is opened again when rows are asked for."""
        if self._file is not None:
            self._file.close()
            self._file = None


def machine_memory() -> int:
    """Bytes of memory of this machine; a guess of 8 GB where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 8 * 2**30


def frames_written(file: Any) -> int:
    """States of a solve in progress, or interrupted, that are there: the leading ones with a time."""
    known = np.isfinite(file["times"][()])
    return len(known) if known.all() else int(np.argmin(known))


def _root_dataset(file: Any, name: str) -> Any:
    import h5py

    if not isinstance(file.get(name), h5py.Dataset) or file[name].ndim == 0:
        raise DataFormatError(f"it has no dataset {name!r} with an axis of samples; it has {sorted(file.keys())[:12]}.")
    return file[name]


def _read_rows(dataset: Any, wanted: np.ndarray) -> np.ndarray:
    # One slice is far cheaper than a list of rows; take it when it reads little in vain.
    first, last = int(wanted[0]), int(wanted[-1]) + 1
    if last - first <= 2 * len(wanted):
        return dataset[first:last][wanted - first]
    return dataset[wanted]
