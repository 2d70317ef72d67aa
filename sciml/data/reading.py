"""Read a data file of any known layout."""

import os

from sciml.data.dataset import Dataset
from sciml.data.hdf5 import FORMAT, opened, read_hdf5
from sciml.data.pdebench import read_pdebench


def read_dataset(path: str | os.PathLike[str]) -> Dataset:
    """Read a file of `write_hdf5` or of PDEBench, whichever it is.

    Raises:
        FileNotFoundError: there is no such file.
        DataFormatError: it is damaged or in no known layout.
    """
    with opened(path) as file:
        own = file.attrs.get("format") == FORMAT
    return read_hdf5(path) if own else read_pdebench(path)
