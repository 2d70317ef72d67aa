"""Data: samples in memory, on disk and made on the fly."""

from typing import TYPE_CHECKING

from sciml._lazy import attach

if TYPE_CHECKING:
    from sciml.data.arrays import ArraySource as ArraySource
    from sciml.data.dataset import DataFormatError as DataFormatError
    from sciml.data.dataset import Dataset as Dataset
    from sciml.data.digits import load_digits as load_digits
    from sciml.data.generator import Generator as Generator
    from sciml.data.hdf5 import HDF5Source as HDF5Source
    from sciml.data.hdf5 import read_hdf5 as read_hdf5
    from sciml.data.hdf5 import write_hdf5 as write_hdf5
    from sciml.data.pdebench import read_pdebench as read_pdebench
    from sciml.data.pdebench import write_pdebench as write_pdebench
    from sciml.data.reading import read_dataset as read_dataset
    from sciml.data.shapes import ShapeImages as ShapeImages
    from sciml.data.shapes import sample_shapes as sample_shapes
    from sciml.data.shapes import shape_colour as shape_colour
    from sciml.data.shapes import shape_image as shape_image
    from sciml.data.source import Source as Source
    from sciml.data.trajectory_file import read_frames as read_frames

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "ArraySource": "sciml.data.arrays",
        "DataFormatError": "sciml.data.dataset",
        "Dataset": "sciml.data.dataset",
        "Generator": "sciml.data.generator",
        "HDF5Source": "sciml.data.hdf5",
        "ShapeImages": "sciml.data.shapes",
        "Source": "sciml.data.source",
        "load_digits": "sciml.data.digits",
        "read_dataset": "sciml.data.reading",
        "read_frames": "sciml.data.trajectory_file",
        "read_hdf5": "sciml.data.hdf5",
        "read_pdebench": "sciml.data.pdebench",
        "sample_shapes": "sciml.data.shapes",
        "shape_colour": "sciml.data.shapes",
        "shape_image": "sciml.data.shapes",
        "write_hdf5": "sciml.data.hdf5",
        "write_pdebench": "sciml.data.pdebench",
    },
)
