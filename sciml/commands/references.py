"""Solutions made elsewhere, and ours on file, as one thing: states on a 1-D to 3-D box at some times."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sciml.commands.errors import UsageError

_TIME_NAMES, _SPACE_NAMES = ("t", "tt", "time", "times"), ("x", "xx", "grid")


@dataclass(frozen=True)
class Reference:
    """One solution.

    Attributes:
        values: `(frames, components, *shape)`, real or complex.
        times: `(frames,)`.
        coordinates: nodes per axis, rising, and evenly spaced where the box is periodic.
        walled: whether it is not.
    """

    values: np.ndarray
    times: np.ndarray
    coordinates: tuple[np.ndarray, ...]
    walled: bool = False

    def periodic(self) -> "Reference":
        """Without the last node of an axis where it repeats the first one: the nodes of a periodic grid.

        Raises:
            UsageError: for a solution between walls.
        """
        if self.walled:
            raise UsageError(
                "this is a solution between walls, whose conditions a file does not tell; give --boundary and --initial"
            )
        values, coordinates = self.values, list(self.coordinates)
        for number, axis in enumerate(coordinates):
            ends = np.take(values, [0, -1], axis=number + 2)
            spread = np.max(np.abs(values)) or 1.0
            if np.max(np.abs(np.diff(ends, axis=number + 2))) < 1e-8 * spread:
                coordinates[number] = axis[:-1]
                values = np.delete(values, -1, axis=number + 2)
        return Reference(values, self.times, tuple(coordinates))

    def check_comparable(self, other: "Reference") -> None:
        """See that values at the nodes of another one can be had: between walls these must be the same nodes.

        Raises:
            UsageError: if not.
        """
        pairs = list(zip(self.coordinates, other.coordinates))
        same = all(len(a) == len(b) and np.allclose(a, b, rtol=0, atol=1e-9 * np.ptp(b)) for a, b in pairs)
        if (self.walled or other.walled) and not same:
            raise UsageError(
                "solutions between walls are compared on the same nodes only; solve both with the same --grid and --nodes"
            )

    def box(self) -> list[tuple[float, float]]:
        """Bounds of the periodic box whose nodes these are."""
        spacings = [float(axis[-1] - axis[0]) / (len(axis) - 1) for axis in self.coordinates]
        return [(float(axis[0]), float(axis[-1]) + step) for axis, step in zip(self.coordinates, spacings)]


def read_reference(path: Path) -> Reference:
    """Read a solution from a `.mat` file (MATLAB 4 to 7.2), an `.npz` file, or one of our HDF5 files or zarr folders.

    Arrays files need one vector of times (`t`, `tt`), one of nodes (`x`) and one matrix of values with these two
    lengths.

    Raises:
        UsageError: if the file is absent or holds something else.
    """
    if not path.is_file() and not (path.is_dir() and path.suffix == ".zarr"):
        raise UsageError(f"no such file: {path}")
    if path.suffix in (".mat", ".npz"):
        return _from_arrays(path, _read_mat(path) if path.suffix == ".mat" else _read_npz(path))
    return _from_dataset(path)


def _read_mat(path: Path) -> dict[str, np.ndarray]:
    import scipy.io

    try:
        return {name: value for name, value in scipy.io.loadmat(path).items() if isinstance(value, np.ndarray)}
    except (ValueError, NotImplementedError, OSError, TypeError) as error:
        raise UsageError(f"{path} is not a MATLAB file of version 4 to 7.2 ({error})") from None


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(file.items())
    except (ValueError, OSError) as error:
        raise UsageError(f"{path} is not a file of NumPy arrays ({error})") from None


def _from_arrays(path: Path, arrays: dict[str, np.ndarray]) -> Reference:
    times, nodes = _vector(path, arrays, _TIME_NAMES, "times"), _vector(path, arrays, _SPACE_NAMES, "nodes")
    wanted = {(nodes.size, times.size), (times.size, nodes.size)}
    found = {name: array for name, array in arrays.items() if array.shape in wanted and array.dtype.kind in "fc"}
    if len(found) != 1:
        raise UsageError(
            f"{path} must hold one matrix of {nodes.size} nodes by {times.size} times, has {sorted(found) or 'none'}"
        )
    (values,) = found.values()
    # A square matrix is read as MATLAB writes it: one column per time.
    frames = values.T if values.shape == (nodes.size, times.size) else values
    return Reference(frames[:, None], times, (nodes,))


def _vector(path: Path, arrays: dict[str, np.ndarray], names: tuple[str, ...], what: str) -> np.ndarray:
    for name in names:
        if name in arrays and max(arrays[name].shape, default=0) == arrays[name].size > 1:
            vector = arrays[name].ravel().astype(float)
            if np.all(np.diff(vector) > 0):
                return vector
    raise UsageError(f"{path} has no rising vector of {what} named {' or '.join(names)}; it has {sorted(arrays)}")


def _from_dataset(path: Path) -> Reference:
    from sciml.data import read_dataset

    data = read_dataset(path)
    if data.trajectories is None or data.times is None:
        raise UsageError(f"{path} holds pairs of inputs and outputs, no solution in time")
    if data.samples != 1:
        raise UsageError(f"{path} holds {data.samples} solutions; a reference is a single one")
    walled = data.attributes.get("boundary", "periodic") != "periodic"
    return Reference(data.trajectories[0], np.asarray(data.times, float), data.coordinates, walled)


def interpolate(values: np.ndarray, nodes: tuple[np.ndarray, ...], targets: tuple[np.ndarray, ...]) -> np.ndarray:
    """Fourier series of periodic states `(..., *shape)` at `nodes`, evaluated on the product of `targets`."""
    result = np.asarray(values, complex if np.iscomplexobj(values) else float)
    first = result.ndim - len(nodes)
    for number, (from_, to) in enumerate(zip(nodes, targets)):
        if len(from_) == len(to) and np.allclose(from_, to, rtol=0, atol=1e-12 * np.ptp(from_)):
            continue
        result = np.moveaxis(np.moveaxis(result, first + number, -1) @ _series(from_, to), -1, first + number)
    return result


def _series(nodes: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Matrix `(nodes, targets)` of trigonometric interpolation; the highest even mode is a cosine."""
    count = len(nodes)
    length = (nodes[-1] - nodes[0]) / (count - 1) * count
    waves = np.fft.fftfreq(count, 1 / count)
    angle = 2 * np.pi / length * (targets[None, :] - nodes[:, None])
    return np.sum([np.cos(k * angle) for k in waves], axis=0) / count
