"""Where an equation lives: a product of axes, static and hashable."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import jax
import numpy as np

from sciml.boundary import Boundary, Periodic

Nodes: TypeAlias = Literal["vertex", "cell", "chebyshev"]


@jax.tree_util.register_static
@dataclass(frozen=True)
class Axis:
    """One axis of a grid.

    A periodic axis has `count` nodes at `lower + i * spacing`, the end point left out. On a bounded axis `nodes="vertex"`
    puts the first and last node on the ends, `nodes="cell"` puts every node at the centre of one of `count` cells, and
    `nodes="chebyshev"` takes the `count` extrema of the Chebyshev polynomial of degree `count - 1`, in rising order.

    Attributes:
        count: number of nodes.
        lower: coordinate of the lower end.
        upper: coordinate of the upper end.
        boundary: boundary condition at both ends.
        nodes: where the nodes sit.
    """

    count: int
    lower: float
    upper: float
    boundary: Boundary
    nodes: Nodes = "vertex"

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"Axis: `count` must be at least 1, got {self.count}.")
        if not (math.isfinite(self.lower) and math.isfinite(self.upper) and self.upper > self.lower):
            raise ValueError(f"Axis: needs finite lower < upper, got ({self.lower}, {self.upper}).")
        if self.periodic and self.nodes == "chebyshev":
            raise ValueError(
                "Axis: Chebyshev nodes belong to a bounded axis; use nodes='vertex' with a periodic boundary."
            )
        if not self.periodic and self.nodes != "cell" and self.count < 2:
            raise ValueError(f"Axis: a bounded axis with nodes at its ends needs at least 2 of them, got {self.count}.")

    @property
    def periodic(self) -> bool:
        """Whether both ends are the same point."""
        return isinstance(self.boundary, Periodic)

    @property
    def length(self) -> float:
        """Extent of the axis in the units of its coordinate."""
        return self.upper - self.lower

    @property
    def spacing(self) -> float:
        """Distance between neighbouring nodes (uniform axes only)."""
        if self.nodes == "chebyshev":
            raise ValueError("Axis: Chebyshev nodes have no single spacing; use `numpy.diff(axis.coordinates())`.")
        whole = self.periodic or self.nodes == "cell"
        return self.length / (self.count if whole else self.count - 1)

    def coordinates(self) -> np.ndarray:
        """Nodes of the axis, float64, shape `(count,)`."""
        if self.nodes == "chebyshev":
            unit = 0.5 * (1 - np.cos(np.pi * np.arange(self.count) / (self.count - 1)))
            return self.lower + self.length * unit
        offset = 0.5 if self.nodes == "cell" else 0.0
        return self.lower + self.spacing * (np.arange(self.count) + offset)


@jax.tree_util.register_static
@dataclass(frozen=True, init=False)
class Grid:
    """A product of axes: any count, extent and boundary per axis.

    Example:
        >>> import sciml
        >>> grid = sciml.Grid((64, 32), extent=(2.0, (-1.0, 1.0)))
        >>> grid.shape, grid.lengths, grid.spacings
        ((64, 32), (2.0, 2.0), (0.03125, 0.0625))

    States on a grid are plain arrays of shape `(channels, *grid.shape)`; a batch is made by `jax.vmap`.
    """

    axes: tuple[Axis, ...]

    def __init__(
        self,
        shape: Sequence[int],
        *,
        extent: Sequence[float | tuple[float, float]],
        boundary: Boundary | Sequence[Boundary] | None = None,
        nodes: Nodes | Sequence[Nodes] = "vertex",
    ) -> None:
        """Make a grid.

        Args:
            shape: number of nodes per axis.
            extent: per axis either a length `l`, meaning `[0, l]`, or a pair `(lower, upper)`.
            boundary: one boundary for all axes or one per axis; periodic by default.
            nodes: placement of the nodes, one for all axes or one per axis.
        """
        if not isinstance(shape, Sequence) or isinstance(shape, str):
            raise ValueError(
                f"Grid: `shape` needs one count per axis, e.g. Grid((128,), extent=(1.0,)), got {shape!r}."
            )
        shape = tuple(int(n) for n in shape)
        dimension = len(shape)
        if dimension == 0:
            raise ValueError("Grid: `shape` is empty; give one count per axis, e.g. Grid((128,), extent=(1.0,)).")
        if isinstance(extent, int | float) or len(extent) != dimension:
            raise ValueError(f"Grid: `extent` needs one entry per axis, {dimension} for shape {shape}, got {extent!r}.")
        boundaries = _per_axis("boundary", Periodic() if boundary is None else boundary, Boundary, dimension)
        placements = _per_axis("nodes", nodes, str, dimension)
        axes = []
        for count, span, side, placement in zip(shape, extent, boundaries, placements):
            lower, upper = span if isinstance(span, tuple | list) else (0.0, span)
            axes.append(Axis(count, float(lower), float(upper), side, placement))
        object.__setattr__(self, "axes", tuple(axes))

    @property
    def dimension(self) -> int:
        """Number of axes."""
        return len(self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of nodes per axis."""
        return tuple(axis.count for axis in self.axes)

    @property
    def size(self) -> int:
        """Number of nodes in all."""
        return math.prod(self.shape)

    @property
    def lengths(self) -> tuple[float, ...]:
        """Length of each axis."""
        return tuple(axis.length for axis in self.axes)

    @property
    def spacings(self) -> tuple[float, ...]:
        """Distance between nodes per axis."""
        return tuple(axis.spacing for axis in self.axes)

    @property
    def volume(self) -> float:
        """Product of the lengths."""
        return math.prod(self.lengths)

    @property
    def periodic(self) -> bool:
        """Whether every axis is periodic."""
        return all(axis.periodic for axis in self.axes)

    def coordinates(self) -> tuple[np.ndarray, ...]:
        """Coordinates of all nodes: one float64 array of shape `grid.shape` per axis."""
        return tuple(np.meshgrid(*(axis.coordinates() for axis in self.axes), indexing="ij"))

    def points(self) -> np.ndarray:
        """All nodes as one float64 array of shape `(grid.size, dimension)`, last axis fastest."""
        return np.stack([c.ravel() for c in self.coordinates()], axis=-1)

    def with_shape(self, shape: Sequence[int]) -> "Grid":
        """The same box with other node counts."""
        return Grid(
            shape,
            extent=[(axis.lower, axis.upper) for axis in self.axes],
            boundary=[axis.boundary for axis in self.axes],
            nodes=[axis.nodes for axis in self.axes],
        )

    def __repr__(self) -> str:
        spans = ", ".join(f"({axis.lower:g}, {axis.upper:g})" for axis in self.axes)
        kinds = "" if self.periodic else f", boundary={[axis.boundary for axis in self.axes]}"
        return f"Grid({self.shape}, extent=({spans},){kinds})"


def _per_axis(name: str, value, kind: type, dimension: int) -> tuple:
    if isinstance(value, kind):
        return (value,) * dimension
    value = tuple(value)
    if len(value) != dimension or not all(isinstance(v, kind) for v in value):
        raise ValueError(f"Grid: `{name}` must be one {kind.__name__} or {dimension} of them, got {value!r}.")
    return value
