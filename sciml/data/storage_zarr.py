"""Arrays of a trajectory in a zarr folder: compressed pieces of some frames each, readable with any zarr library."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sciml.data.dataset import DataFormatError
from sciml.data.storage import Storage

# Bytes of a piece, at most.
_PIECE = 2**22


class ZarrStorage(Storage):
    """A folder of pieces. Each piece is replaced as a whole, so that a killed process leaves old or new ones, never torn ones."""

    @contextlib.contextmanager
    def opened(self, path: str | os.PathLike[str]) -> Iterator[Any]:
        """Open for reading."""
        zarr = _require()
        if not Path(path).exists():
            raise FileNotFoundError(f"no such file: {path}")
        try:
            root = zarr.open_group(str(path), mode="r")
        except (OSError, KeyError, ValueError, RuntimeError) as error:
            raise DataFormatError(f"{path} is not a zarr group, or it is damaged ({error}).") from error
        try:
            yield root
        except DataFormatError as error:
            raise DataFormatError(f"{path}: {error}") from error
        except (OSError, KeyError, RuntimeError) as error:
            raise DataFormatError(f"{path} is damaged, or lacks what is asked for ({error}).") from error

    @contextlib.contextmanager
    def created(self, path: str | os.PathLike[str]) -> Iterator[Any]:
        """Make anew under a temporary name; what is there goes when the new one is whole."""
        zarr, target = _require(), Path(path)
        temporary, old = (target.with_name(f"{target.name}.{kind}{os.getpid()}") for kind in ("tmp", "old"))
        try:
            yield zarr.open_group(str(temporary), mode="w", zarr_format=3)
            if target.exists():
                os.replace(target, old)
            os.replace(temporary, target)
        finally:
            for left in (temporary, old):
                shutil.rmtree(left, ignore_errors=True)

    @contextlib.contextmanager
    def changing(self, path: str | os.PathLike[str]) -> Iterator[Any]:
        """Open to fill arrays that are there."""
        yield _require().open_group(str(path), mode="r+")

    def place(self, group: Any, name: str, shape: tuple[int, ...], dtype: np.dtype, *, rows: int | None = None) -> Any:
        """An array of which nothing is written; where `rows` is given a piece holds as many of them as make sense."""
        pieces = shape
        if rows is not None:
            size = max(1, int(np.prod(shape[2:])) * dtype.itemsize)
            pieces = (1, max(1, min(shape[1], _PIECE // size, rows)), *shape[2:])
        return group.create_array(name, shape=shape, dtype=dtype, chunks=tuple(max(1, n) for n in pieces))

    def put(self, group: Any, name: str, values: np.ndarray) -> None:
        """Write a whole array."""
        self.place(group, name, values.shape, values.dtype)[...] = values

    def arrays(self, group: Any) -> dict[str, Any]:
        """Arrays of a group."""
        return dict(group.arrays())

    def secure(self, root: Any) -> None:
        """Pieces are in the hands of the operating system as soon as they are written."""


def _require() -> Any:
    try:
        import zarr
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("a .zarr folder needs zarr; install it with: pip install 'sciml[zarr]'") from error
    return zarr
