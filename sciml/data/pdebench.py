"""Files in the layouts of PDEBench, read into a `Dataset` and written.

Three layouts occur in its files (Takamoto et al., "PDEBench", NeurIPS 2022, and the files themselves):

- `tensor` `(samples, times, x[, y[, z]])`, one channel, with `x-coordinate`, `y-coordinate`, ... and `t-coordinate`;
  the latter often has one entry more than there are times, the last one being left out here. A trailing axis of
  channels is taken as such. Darcy flow has instead `nu` `(samples, x, y)`, the input, and `tensor` `(samples, 1, x,
  y)`, the output;
- `density`, `pressure`, `Vx[, Vy[, Vz]]` of the compressible flows, each `(samples, times, x[, y[, z]])`: channels in
  this order;
- one group per sample, `0000`, `0001`, ..., with `data` `(times, x[, y], channels)` and `grid/x[, grid/y]`, `grid/t`.
"""

import dataclasses
import os
from typing import Any

import numpy as np

from sciml.data.dataset import DataFormatError, Dataset
from sciml.data.hdf5 import AXES, created, opened

_FLOW = ("density", "pressure", "Vx", "Vy", "Vz")


def read_pdebench(
    path: str | os.PathLike[str], *, samples: slice = slice(None), times: slice = slice(None), stride: int = 1
) -> Dataset:
    """Read a file in one of the layouts of PDEBench.

    Args:
        path: the file.
        samples: which samples to read; the others are not touched.
        times: which times to read.
        stride: keep every `stride`-th node of each axis.

    Returns:
        A dataset with `trajectories` `(samples, times, channels, *grid)`; for Darcy flow `inputs` and `outputs`.

    Raises:
        FileNotFoundError: there is no such file.
        DataFormatError: it is damaged or in none of the layouts.
    """
    with opened(path) as file:
        names = set(file.keys())
        if "tensor" in names:
            read = _read_darcy if "nu" in names and "t-coordinate" not in names else _read_tensor
        elif "density" in names:
            read = _read_flow
        elif names and all(hasattr(file[name], "keys") and "data" in file[name] for name in names):
            read = _read_groups
        else:
            raise DataFormatError(
                f"it is in no layout of PDEBench (no `tensor`, `density` or groups); it has {sorted(names)[:12]}."
            )
        try:
            return read(file, samples, times, stride)
        except ValueError as error:
            raise DataFormatError(f"its parts do not fit together ({error})") from error


def write_pdebench(path: str | os.PathLike[str], dataset: Dataset) -> None:
    """Write trajectories in the layout that PDEBench uses for their kind.

    One channel on one axis is written as `tensor` with `x-coordinate` and `t-coordinate`; everything else as one
    group per sample. Parameters that are one number become attributes of the file, those of each sample attributes of
    its group.

    Args:
        path: the file; it appears whole or not at all.
        dataset: needs `trajectories` on one or two axes.

    Raises:
        ValueError: the dataset has no trajectories, or more than two axes.
    """
    trajectories = dataset.trajectories
    if trajectories is None or dataset.times is None or len(dataset.coordinates) > 2:
        raise ValueError("write_pdebench: needs `trajectories` on one or two axes; use `write_hdf5` for other data.")
    with created(path) as file:
        for name, value in {**dataset.attributes, **dataset.parameters}.items():
            if np.ndim(value) == 0:
                file.attrs[name] = value if isinstance(value, str) else np.asarray(value)[()]
        if trajectories.shape[2] == 1 and len(dataset.coordinates) == 1:
            file.create_dataset("tensor", data=trajectories[:, :, 0])
            file.create_dataset("x-coordinate", data=dataset.coordinates[0])
            file.create_dataset("t-coordinate", data=dataset.times)
            return
        for i, sample in enumerate(trajectories):
            group = file.create_group(f"{i:04d}")
            group.create_dataset("data", data=np.moveaxis(sample, 1, -1))
            group.create_dataset("grid/t", data=dataset.times)
            for name, axis in zip(AXES, dataset.coordinates):
                group.create_dataset(f"grid/{name}", data=axis)
            for name, value in dataset.parameters.items():
                if np.ndim(value) == 1:
                    group.attrs[name] = value[i]


def _read_tensor(file: Any, samples: slice, times: slice, stride: int) -> Dataset:
    coordinates, tensor = _coordinates(file), file["tensor"]
    values = tensor[(samples, times, *_strides(coordinates, stride))]
    if tensor.ndim == 2 + len(coordinates):
        values = values[:, :, None]
    elif tensor.ndim == 3 + len(coordinates):
        values = np.moveaxis(values, -1, 2)
    else:
        raise DataFormatError(f"`tensor` has {tensor.ndim} axes for {len(coordinates)} coordinates.")
    return _trajectories(file, values, tensor.shape[1], coordinates, times, stride)


def _read_flow(file: Any, samples: slice, times: slice, stride: int) -> Dataset:
    coordinates = _coordinates(file)
    names = [name for name in _FLOW if name in file]
    kept = (samples, times, *_strides(coordinates, stride))
    values = np.stack([file[name][kept] for name in names], axis=2)
    made = _trajectories(file, values, file["density"].shape[1], coordinates, times, stride)
    return _with_attributes(made, {"channels": names})


def _read_darcy(file: Any, samples: slice, times: slice, stride: int) -> Dataset:
    coordinates = _coordinates(file)
    kept = _strides(coordinates, stride)
    return Dataset(
        inputs=file["nu"][(samples, *kept)][:, None],
        outputs=file["tensor"][(samples, slice(None), *kept)],
        coordinates=tuple(axis[::stride] for axis in coordinates),
        attributes=_attributes(file),
    )


def _read_groups(file: Any, samples: slice, times: slice, stride: int) -> Dataset:
    # By number: four digits stop sorting as text at ten thousand samples.
    names = sorted(file.keys(), key=lambda name: (len(name), name))[samples]
    if not names:
        raise DataFormatError("`samples` chooses none of its samples.")
    grid = file[names[0]]["grid"]
    coordinates = tuple(grid[axis][()] for axis in AXES if axis in grid)
    kept = (times, *_strides(coordinates, stride))
    shapes = {file[name]["data"].shape for name in names}
    if len(shapes) != 1:
        raise DataFormatError(f"its samples have different shapes: {sorted(shapes)}.")
    values = np.stack([np.moveaxis(file[name]["data"][kept], -1, 1) for name in names])
    parameters = {
        key: np.asarray([file[name].attrs[key] for name in names])
        for key, value in file[names[0]].attrs.items()
        if np.ndim(value) == 0 and not isinstance(value, str | bytes)
    }
    return Dataset(
        trajectories=values,
        coordinates=tuple(axis[::stride] for axis in coordinates),
        times=_times(grid["t"][()], shapes.pop()[0])[times],
        parameters=parameters,
        attributes=_attributes(file),
    )


def _trajectories(
    file: Any, values: np.ndarray, count: int, coordinates: tuple[np.ndarray, ...], times: slice, stride: int
) -> Dataset:
    known = file["t-coordinate"][()] if "t-coordinate" in file else np.arange(count, dtype=np.float64)
    return Dataset(
        trajectories=values,
        coordinates=tuple(axis[::stride] for axis in coordinates),
        times=_times(known, count)[times],
        attributes=_attributes(file),
    )


def _coordinates(file: Any) -> tuple[np.ndarray, ...]:
    found = tuple(file[f"{axis}-coordinate"][()] for axis in AXES if f"{axis}-coordinate" in file)
    if not found:
        raise DataFormatError("it has no `x-coordinate`.")
    return found


def _strides(coordinates: tuple[np.ndarray, ...], stride: int) -> tuple[slice, ...]:
    return (slice(None, None, stride),) * len(coordinates)


def _times(known: np.ndarray, count: int) -> np.ndarray:
    if len(known) not in (count, count + 1):
        raise DataFormatError(f"it gives {len(known)} times for {count} states.")
    return known[:count]


def _attributes(file: Any) -> dict[str, Any]:
    plain = {
        name: value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        for name, value in file.attrs.items()
    }
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in plain.items()}


def _with_attributes(dataset: Dataset, more: dict[str, Any]) -> Dataset:
    return dataclasses.replace(dataset, attributes={**dataset.attributes, **more})
