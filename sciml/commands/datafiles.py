"""Data files as pairs of inputs and outputs, for training and evaluation."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sciml.commands.errors import UsageError


@dataclass(frozen=True)
class Pairs:
    """Inputs and outputs on one grid.

    Attributes:
        inputs: `(samples, channels, *shape)`, float32.
        outputs: the same with its own channels.
        coordinates: nodes per axis.
        extent: bounds of the box, where the file tells.
        source: path of the file.
    """

    inputs: np.ndarray
    outputs: np.ndarray
    coordinates: tuple[np.ndarray, ...]
    extent: list[tuple[float, float]] | None
    source: Path

    @property
    def samples(self) -> int:
        """Number of samples."""
        return len(self.inputs)

    @property
    def shape(self) -> tuple[int, ...]:
        """Nodes per axis."""
        return self.inputs.shape[2:]

    def split(self, fraction: float) -> "tuple[Pairs, Pairs]":
        """The first samples and the last `fraction` of them, which are kept for tests."""
        held = round(self.samples * fraction)
        return self.take(slice(0, self.samples - held)), self.take(slice(self.samples - held, None))

    def take(self, chosen: slice) -> "Pairs":
        """Some of the samples."""
        return Pairs(self.inputs[chosen], self.outputs[chosen], self.coordinates, self.extent, self.source)


def read_pairs(path: Path) -> Pairs:
    """Read a data set; of trajectories the first and last state are taken.

    Raises:
        UsageError: if the file is absent or holds no pairs of real numbers.
        DataFormatError: if it is damaged.
    """
    from sciml.data import read_dataset

    if not path.is_file():
        raise UsageError(f"no such file: {path}; sciml generate makes one")
    data = read_dataset(path)
    if data.inputs is None or data.outputs is None:
        data = data.pairs()
    inputs, outputs = np.asarray(data.inputs), np.asarray(data.outputs)
    if np.iscomplexobj(inputs) or np.iscomplexobj(outputs):
        raise UsageError(f"{path} holds complex numbers; store real and imaginary parts as channels")
    for name, values in (("inputs", inputs), ("outputs", outputs)):
        if not np.isfinite(values).all():
            raise UsageError(f"{path}: {name} hold {int((~np.isfinite(values)).sum())} values that are not finite")
    extent = data.attributes.get("extent")
    bounds = [(float(low), float(high)) for low, high in extent] if extent else None
    return Pairs(inputs.astype(np.float32), outputs.astype(np.float32), data.coordinates, bounds, path)
