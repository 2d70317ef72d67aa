"""Boundary conditions of a grid for finite differences: given values, slopes at the walls, unknowns, shares of cells."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, DTypeLike, Inexact

from sciml.boundary import Boundary, coefficients_and_data, ends
from sciml.fields.arithmetic import cast
from sciml.grid import Axis, Grid

Side: TypeAlias = tuple[int, Literal["lower", "upper"]]
"""An end of an axis."""

Slopes: TypeAlias = tuple[tuple[Array, Array] | None, ...]
"""Per axis the derivatives along the outward normal at its two ends; `None` for a periodic axis."""

_NAMES: tuple[Literal["lower", "upper"], ...] = ("lower", "upper")


class WallConditions(eqx.Module):
    """What holds at the walls of a grid at one time.

    Attributes:
        grid: with uniform nodes.
        data: boundary data of single ends in place of those of the grid.
        t: time at which data that depend on it are taken; zero if `None`.
    """

    grid: Grid = eqx.field(static=True)
    data: Mapping[Side, Any] = eqx.field(default_factory=dict)
    t: Any = None

    def __check_init__(self) -> None:
        if any(axis.nodes == "chebyshev" for axis in self.grid.axes):
            raise ValueError("finite differences need uniform nodes; on Chebyshev nodes take a spectral method.")
        for index, name in self.data:
            if not 0 <= index < self.grid.dimension or name not in _NAMES or self.grid.axes[index].periodic:
                raise ValueError(
                    f"`boundary_data` names the end ({index}, {name!r}), which this grid has not: {self.grid}."
                )

    def with_given(self, values: Inexact[Array, "components *grid"]) -> Inexact[Array, "components *grid"]:
        """A state with the values put in that the walls hold."""
        for index, axis in enumerate(self.grid.axes):
            for place, name in zip((0, -1), _NAMES):
                if holds_value(axis, name):
                    side = _side(axis, name)
                    given = self.datum(index, name, values) / coefficients_and_data(side)[0]
                    values = values.at[_end(index + 1, place)].set(given)
        return values

    def slopes(self, values: Inexact[Array, "components *grid"]) -> Slopes:
        """Derivatives of a state along the outward normals, from the conditions; one-sided where the value is given at a node."""
        found: list[tuple[Array, Array] | None] = []
        for index, axis in enumerate(self.grid.axes):
            if axis.periodic:
                found.append(None)
                continue
            one_sided = end_slopes(values, values.ndim - self.grid.dimension + index, axis)
            pair = []
            for place, name, rough in zip((0, -1), _NAMES, one_sided):
                if holds_value(axis, name):
                    pair.append(rough)
                    continue
                a, b, _ = coefficients_and_data(_side(axis, name))
                # From `a u + b du/dn = g` at the wall, half a cell away from the centre of a cell.
                gap = axis.spacing / 2 if axis.nodes == "cell" else 0.0
                nearest = values[_end(index + 1, place)]
                pair.append((self.datum(index, name, values) - a * nearest) / (b + a * gap))
            found.append((pair[0], pair[1]))
        return tuple(found)

    def datum(self, index: int, name: Literal["lower", "upper"], values: Array) -> Array:
        """Boundary data on one end, `(components, *other axes)`."""
        others = [axis for a, axis in enumerate(self.grid.axes) if a != index]
        shape = (values.shape[0], *(axis.count for axis in others))
        if (index, name) in self.data:
            given = cast(self.data[index, name], values.dtype, "boundary_data")
            if given.ndim not in (0, len(others), len(shape)):
                raise ValueError(
                    f"`boundary_data` for ({index}, {name!r}): expected a number or shape {shape[1:]}, got {given.shape}."
                )
            return jnp.broadcast_to(given.reshape((1,) * (len(shape) - given.ndim) + given.shape), shape)
        data = coefficients_and_data(_side(self.grid.axes[index], name))[2]
        each = data if isinstance(data, tuple) else (data,) * shape[0]
        if len(each) != shape[0]:
            raise ValueError(f"boundary data for {len(each)} components, the state has {shape[0]}: {data!r}.")
        return jnp.stack([self._one(datum, others, values.dtype) for datum in each])

    def _one(self, datum: Any, others: list[Axis], dtype: DTypeLike) -> Array:
        shape = tuple(axis.count for axis in others)
        if not callable(datum):
            return jnp.full(shape, datum, dtype)
        real = jnp.finfo(dtype).dtype
        lines = np.meshgrid(*(axis.coordinates() for axis in others), indexing="ij") if others else []
        t = jnp.zeros((), real) if self.t is None else jnp.asarray(self.t, real)
        return jnp.broadcast_to(cast(datum(t, *(jnp.asarray(x, real) for x in lines)), dtype, "boundary data"), shape)


def holds_value(axis: Axis, name: Literal["lower", "upper"]) -> bool:
    """Whether the node at this end of an axis is no unknown, because its value is given."""
    if axis.periodic or axis.nodes == "cell":
        return False
    return coefficients_and_data(_side(axis, name))[1] == 0


def fixes_level(grid: Grid) -> bool:
    """Whether some wall fixes the value of the state, so that adding a constant violates its condition."""
    sides = [side for axis in grid.axes if not axis.periodic for side in ends(axis.boundary)]
    return any(coefficients_and_data(side)[0] != 0 for side in sides)


def unknown_nodes(grid: Grid) -> Array:
    """Whether each node is an unknown, shape `(*grid.shape)`."""
    free = jnp.ones(grid.shape, bool)
    for index, axis in enumerate(grid.axes):
        line = np.ones(axis.count, bool)
        for place, name in zip((0, -1), _NAMES):
            line[place] = line[place] and not holds_value(axis, name)
        free = free & _along(line, index, grid.dimension)
    return free


def cell_shares(grid: Grid, dtype: DTypeLike) -> Inexact[Array, "*grid"]:
    """The part of a cell that belongs to each node: one half per end that carries a node."""
    shares = jnp.ones(grid.shape, dtype)
    for index, axis in enumerate(grid.axes):
        line = np.ones(axis.count)
        if not axis.periodic and axis.nodes != "cell":
            line[[0, -1]] = 0.5
        shares = shares * _along(line, index, grid.dimension).astype(dtype)
    return shares


# Extrapolation of the differences next to a wall to the wall: half a spacing away from the first one, or a whole one.
_TO_END = {"vertex": {1: (1.0,), 2: (1.5, -0.5), 3: (1.875, -1.25, 0.375)},
           "cell": {1: (1.0,), 2: (2.0, -1.0), 3: (3.0, -3.0, 1.0)}}  # fmt: skip


def end_slopes(values: Array, position: int, axis: Axis) -> tuple[Array, Array]:
    """One-sided derivatives along the outward normals at the two ends of a bounded axis, to third order where nodes suffice."""
    count = min(3, axis.count - 1)
    if count < 1:
        raise ValueError("StencilField: a bounded axis needs at least two nodes.")
    weights = _TO_END["cell" if axis.nodes == "cell" else "vertex"][count]
    pair = []
    for direction in (1, -1):
        nodes = [values[_end(position, direction * k - (direction < 0))] for k in range(count + 1)]
        differences = [(nodes[k] - nodes[k + 1]) / axis.spacing for k in range(count)]
        terms = [weight * difference for weight, difference in zip(weights, differences)]
        pair.append(sum(terms[1:], start=terms[0]))
    return pair[0], pair[1]


def _side(axis: Axis, name: Literal["lower", "upper"]) -> Boundary:
    return ends(axis.boundary)[name == "upper"]


def _end(position: int, place: int) -> tuple[Any, ...]:
    return (*(slice(None),) * position, place)


def _along(line: np.ndarray, index: int, dimension: int) -> Array:
    shape = [1] * dimension
    shape[index] = len(line)
    return jnp.asarray(line.reshape(shape))
