"""Read a data file of any known layout."""

import os
from pathlib import Path

from sciml.data.dataset import Dataset
from sciml.data.hdf5 import FORMAT, opened, read_hdf5
from sciml.data.pdebench import read_pdebench
from sciml.data.trajectory_file import read_frames


def read_dataset(path: str | os.PathLike[str]) -> Dataset:
    """Read a file of `write_hdf5` or of PDEBench, or a `.zarr` folder of `rollout_to_file`, whichever it is.

    Raises:
        FileNotFoundError: there is no such file.
        DataFormatError: it is damaged or in no known layout.
    """
    if Path(path).suffix == ".zarr":
        return read_frames(path)
    with opened(path) as file:
        own = file.attrs.get("format") == FORMAT
    return read_hdf5(path) if own else read_pdebench(path)
