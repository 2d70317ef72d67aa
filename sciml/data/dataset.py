"""One structure for every file layout: samples on a grid, with coordinates, times, parameters and attributes."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sciml.data.arrays import ArraySource


class DataFormatError(ValueError):
    """A data file is damaged, foreign, or does not hold what its layout promises."""


@dataclass(frozen=True)
class Dataset:
    """Samples of functions on one grid, in memory.

    Either `trajectories`, or `inputs` and `outputs`, or all three are there; `pairs` makes the latter from the former.

    Attributes:
        inputs: `(samples, channels, *grid)`.
        outputs: `(samples, channels, *grid)`.
        trajectories: `(samples, times, channels, *grid)`.
        coordinates: nodes of each axis.
        times: `(times,)` of the trajectories.
        parameters: physical parameters by name: one number, or one per sample.
        attributes: what else is known, such as `equation` and `extent`: text, numbers, lists of them.

    Raises:
        ValueError: shapes do not fit together.

    Example:
        >>> import numpy as np
        >>> from sciml.data import Dataset
        >>> x = np.arange(16) / 16
        >>> data = Dataset(trajectories=np.zeros((8, 3, 1, 16)), coordinates=(x,), times=np.array([0.0, 0.5, 1.0]))
        >>> data.pairs().outputs.shape
        (8, 1, 16)
    """

    inputs: np.ndarray | None = None
    outputs: np.ndarray | None = None
    trajectories: np.ndarray | None = None
    coordinates: tuple[np.ndarray, ...] = ()
    times: np.ndarray | None = None
    parameters: Mapping[str, np.ndarray] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        grid = tuple(len(axis) for axis in self.coordinates)
        counts = set()
        for name, rank in (("inputs", 2), ("outputs", 2), ("trajectories", 3)):
            array = getattr(self, name)
            if array is None:
                continue
            counts.add(array.shape[0])
            if array.ndim != rank + len(grid) or array.shape[rank:] != grid:
                raise ValueError(
                    f"Dataset: `{name}` has shape {array.shape}; after {rank} axes (samples, "
                    f"{'times, ' if rank == 3 else ''}channels) it must have the {grid} nodes of `coordinates`."
                )
        if len(counts) != 1:
            raise ValueError(
                f"Dataset: needs `inputs` and `outputs`, or `trajectories`, of one number of samples; got {counts}."
            )
        if self.trajectories is not None and (self.times is None or self.times.shape != self.trajectories.shape[1:2]):
            raise ValueError("Dataset: `times` must give one time for each of the second axis of `trajectories`.")
        for name, value in self.parameters.items():
            if np.shape(value) not in ((), (self.samples,)):
                raise ValueError(
                    f"Dataset: parameter {name!r} must be one number or one per sample, got shape {np.shape(value)}."
                )

    @property
    def samples(self) -> int:
        """Number of samples."""
        arrays = (self.inputs, self.outputs, self.trajectories)
        return next(array.shape[0] for array in arrays if array is not None)

    def pairs(self, first: int = 0, last: int = -1) -> "Dataset":
        """Give the dataset with the states at time number `first` as inputs and those at `last` as outputs."""
        if self.trajectories is None:
            raise ValueError("Dataset: `pairs` needs `trajectories`; this set has inputs and outputs already.")
        inputs, outputs = self.trajectories[:, first], self.trajectories[:, last]
        return dataclasses.replace(self, inputs=inputs, outputs=outputs, trajectories=None, times=None)

    def subset(self, chosen: slice | np.ndarray) -> "Dataset":
        """Give some of the samples, for instance a training split `subset(slice(0, 1000))`."""

        def take(array: np.ndarray | None) -> np.ndarray | None:
            return None if array is None else array[chosen]

        parameters = {name: value if np.ndim(value) == 0 else value[chosen] for name, value in self.parameters.items()}
        return dataclasses.replace(
            self,
            inputs=take(self.inputs),
            outputs=take(self.outputs),
            trajectories=take(self.trajectories),
            parameters=parameters,
        )

    def source(self) -> ArraySource:
        """Give the samples as `fit` takes them: a dictionary of those arrays that are there, by field name."""
        names = ("inputs", "outputs", "trajectories")
        return ArraySource({name: getattr(self, name) for name in names if getattr(self, name) is not None})
