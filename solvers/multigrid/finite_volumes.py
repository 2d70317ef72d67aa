"""Second-order finite volumes for `-div(K grad u) + c u = f` on boxes."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact

from sciml.boundary import Boundary, Datum, coefficients_and_data, ends
from sciml.equation import Parameter
from sciml.grid import Axis, Grid
from sciml.solvers.multigrid.stencil import StencilOperator

FaceMean: TypeAlias = Literal["harmonic", "arithmetic", "geometric"]
"""How the coefficient on a face follows from its values at the two nodes."""

Side: TypeAlias = tuple[int, Literal["lower", "upper"]]
"""An end of an axis."""

_MEANS: dict[str, Callable[[Array, Array], Array]] = {
    "harmonic": lambda a, b: 2 * a * b / (a + b),
    "arithmetic": lambda a, b: (a + b) / 2,
    "geometric": lambda a, b: jnp.sqrt(a * b),
}


class FiniteVolumes(eqx.Module):
    """A discretised elliptic problem: arrays all have the shape of the grid.

    Rows are multiplied by the part of a cell that belongs to the node (one half at an end that carries a node), which makes the
    operator symmetric. Nodes whose value is given are no unknowns: their rows are zero.

    Attributes:
        operator: `A`.
        weights: part of a cell per node, zero where the value is given.
        boundary_load: what the boundary data add to the right-hand side.
        given: the given values, zero elsewhere.
    """

    operator: StencilOperator
    weights: Inexact[Array, "*grid"]
    boundary_load: Inexact[Array, "*grid"]
    given: Inexact[Array, "*grid"]

    def load(self, f: Inexact[Array, "*grid"]) -> Inexact[Array, "*grid"]:
        """The right-hand side of `A u = load(f)`."""
        return f * self.weights + self.boundary_load

    def complete(self, u: Inexact[Array, "*grid"]) -> Inexact[Array, "*grid"]:
        """A solution of that system with the given values put in."""
        return u + self.given


def finite_volumes(
    grid: Grid,
    coefficient: Inexact[Array, "..."] | np.ndarray | float,
    c: Parameter = 0.0,
    *,
    faces: FaceMean = "harmonic",
    boundary_data: Mapping[Side, Any] | None = None,
    time: Parameter = 0.0,
    dtype: Any = None,
) -> FiniteVolumes:
    """Discretise `-div(K grad u) + c u = f` with the boundary conditions of a grid, to second order.

    Args:
        grid: of one to three axes with uniform nodes; every axis periodic, Dirichlet, Neumann, Robin or mixed, on vertices or cells.
        coefficient: `K` at the nodes, `(*grid.shape)`; `(dimension, *grid.shape)` for a diagonal tensor; or a number. Positive.
        c: a number or `(*grid.shape)`.
        faces: mean that gives `K` between two nodes; the harmonic one keeps the flux continuous across jumps. The arithmetic one is for
            smooth coefficients: on cells it also continues `K` to the walls, without which a given flux is met to first order only.
        boundary_data: data of single ends, `{(axis, "lower"): values}`, in place of those of the grid's boundary: numbers or arrays
            of the shape of the other axes, traced and differentiated like any argument.
        time: at which boundary data that depend on it are taken.
        dtype: precision; by default that of `coefficient`, or of `c`, or the default one.

    Raises:
        ValueError: for wrong shapes or Chebyshev nodes.
    """
    _check_grid(grid)
    dtype = dtype or _common_dtype(coefficient, c)
    tensor = _tensor(grid, coefficient, dtype)
    known = _Known(grid, dtype, dict(boundary_data or {}), time)
    active = known.active
    centre = jnp.zeros(grid.shape, dtype)
    surplus = jnp.asarray(c, dtype) * known.shares()
    load = jnp.zeros(grid.shape, dtype)
    links = {}
    for index, axis in enumerate(grid.axes):
        share = known.shares(but=index)
        flow = _face_flow(tensor[index], index, axis, _MEANS[faces]) * share
        back = jnp.roll(flow, 1, index)
        centre = centre + flow + back
        load = load + flow * jnp.roll(known.given, -1, index) + back * jnp.roll(known.given, 1, index)
        step = tuple(int(a == index) for a in range(grid.dimension))
        links[step] = -flow * active * jnp.roll(active, -1, index)
        surplus = surplus + flow * (1 - jnp.roll(active, -1, index)) + back * (1 - jnp.roll(active, 1, index))
        if not axis.periodic:
            at_walls, from_walls = known.wall_terms(index, tensor[index], share, smooth=faces == "arithmetic")
            surplus, load = surplus + at_walls, load + from_walls
            centre = centre + at_walls
    weights = known.shares() * active
    centre = (centre + jnp.asarray(c, dtype) * weights) * active
    periodic = tuple(axis.periodic for axis in grid.axes)
    operator = StencilOperator.make(
        centre, links, periodic=periodic, singular=_is_singular(grid, c), surplus=surplus * active
    )
    return FiniteVolumes(operator, weights, load * active, known.given)


class _Known:
    """What the grid and the boundary data determine."""

    def __init__(self, grid: Grid, dtype: Any, data: dict[Side, Any], time: Any) -> None:
        self.grid, self.dtype, self.time = grid, dtype, time
        self.data = {side: jnp.asarray(values, dtype) for side, values in data.items()}
        _check_sides(grid, self.data)
        self.given = self._given()

    def on_axis(self, index: int, line: np.ndarray) -> Array:
        """A function of one coordinate, to be broadcast."""
        shape = [1] * self.grid.dimension
        shape[index] = len(line)
        return jnp.asarray(line.reshape(shape), self.dtype)

    def shares(self, but: int | None = None) -> Array:
        """The part of a cell that belongs to each node, along all axes but one."""
        lines = [self.on_axis(a, _share(axis)) for a, axis in enumerate(self.grid.axes) if a != but]
        return functools.reduce(jnp.multiply, lines, jnp.ones((1,) * self.grid.dimension, self.dtype))

    @property
    def active(self) -> Array:
        """One at unknowns, zero where the value is given."""
        lines = [self.on_axis(a, _free(axis)) for a, axis in enumerate(self.grid.axes)]
        return jnp.broadcast_to(functools.reduce(jnp.multiply, lines), self.grid.shape)

    def _given(self) -> Array:
        values = jnp.zeros(self.grid.shape, self.dtype)
        for index, axis in enumerate(self.grid.axes):
            if axis.periodic or axis.nodes == "cell":
                continue
            for place, side, name in zip((0, -1), ends(axis.boundary), ("lower", "upper")):
                if _fixes_value(side):
                    where = (slice(None),) * index + (place,)
                    values = values.at[where].set(self.datum(index, name) / coefficients_and_data(side)[0])
        return values

    def datum(self, index: int, name: Any) -> Array:
        """Boundary data on one end, of the shape of the other axes."""
        others = [axis for a, axis in enumerate(self.grid.axes) if a != index]
        shape = tuple(axis.count for axis in others)
        if (index, name) in self.data:
            return jnp.broadcast_to(self.data[index, name], shape)
        side = ends(self.grid.axes[index].boundary)[name == "upper"]
        datum: Datum = _single(coefficients_and_data(side)[2])
        if not callable(datum):
            return jnp.full(shape, datum, self.dtype)
        coordinates = np.meshgrid(*(axis.coordinates() for axis in others), indexing="ij") if others else []
        values = datum(jnp.asarray(self.time, self.dtype), *(jnp.asarray(x, self.dtype) for x in coordinates))
        return jnp.broadcast_to(jnp.asarray(values, self.dtype), shape)

    def wall_terms(self, index: int, coefficient: Array, share: Array, *, smooth: bool) -> tuple[Array, Array]:
        """What the two ends of an axis add to diagonal and right-hand side."""
        axis, shape = self.grid.axes[index], self.grid.shape
        diagonal, load = jnp.zeros(shape, self.dtype), jnp.zeros(shape, self.dtype)
        for place, side, name in zip((0, -1), ends(axis.boundary), ("lower", "upper")):
            if _fixes_value(side) and axis.nodes != "cell":
                continue
            a, b, _ = coefficients_and_data(side)
            # The wall value follows from `a u + b du/dn = g`, half a cell away from a cell's centre.
            gap = axis.spacing / 2 if axis.nodes == "cell" else 0.0
            where = (slice(None),) * index + (place,)
            at_wall = coefficient[where]
            if smooth and axis.nodes == "cell" and axis.count > 1:
                inner = coefficient[(slice(None),) * index + ((1, -2)[place],)]
                at_wall = jnp.clip(1.5 * at_wall - 0.5 * inner, 0.5 * at_wall, 2 * at_wall)
            across = jnp.broadcast_to(share, shape)[where]
            rate = at_wall * across / (axis.spacing * (b + a * gap))
            diagonal = diagonal.at[where].add(a * rate)
            load = load.at[where].add(rate * self.datum(index, name))
        return diagonal, load


def _fixes_value(side: Boundary) -> bool:
    return coefficients_and_data(side)[1] == 0


def _share(axis: Axis) -> np.ndarray:
    share = np.ones(axis.count)
    if not axis.periodic and axis.nodes != "cell":
        share[[0, -1]] = 0.5
    return share


def _free(axis: Axis) -> np.ndarray:
    free = np.ones(axis.count)
    if not axis.periodic and axis.nodes != "cell":
        for place, side in zip((0, -1), ends(axis.boundary)):
            free[place] = 0.0 if _fixes_value(side) else 1.0
    return free


def _face_flow(coefficient: Array, index: int, axis: Axis, mean: Callable[[Array, Array], Array]) -> Array:
    """`K / h^2` on the face between each node and the next; zero after the last one of a bounded axis."""
    flow = mean(coefficient, jnp.roll(coefficient, -1, index)) / axis.spacing**2
    if axis.periodic:
        return flow
    place = jax.lax.broadcasted_iota(jnp.int32, flow.shape, index)
    return jnp.where(place == axis.count - 1, jnp.zeros_like(flow), flow)


def _tensor(grid: Grid, coefficient: Any, dtype: Any) -> list[Array]:
    """The coefficient along each axis."""
    values = jnp.asarray(coefficient, dtype)
    if values.shape == (grid.dimension, *grid.shape):
        return list(values)
    if values.shape in {(), grid.shape}:
        return [jnp.broadcast_to(values, grid.shape)] * grid.dimension
    raise ValueError(
        f"finite_volumes: `coefficient` must be a number, of the grid's shape {grid.shape}, or have one such array per axis, "
        f"got shape {values.shape}."
    )


def _common_dtype(*values: Any) -> Any:
    known = [value.dtype for value in values if eqx.is_inexact_array(value) or isinstance(value, np.ndarray)]
    dtype = np.result_type(*known) if known else jnp.result_type(float)
    is_complex = any(isinstance(value, complex) for value in values)
    return np.result_type(dtype, np.complex64) if is_complex else dtype


def _single(datum: Any) -> Datum:
    if not isinstance(datum, tuple):
        return datum
    if len(datum) != 1:
        raise ValueError(f"finite_volumes: boundary data for one component are needed, got {len(datum)}.")
    return datum[0]


def _is_singular(grid: Grid, c: Any) -> bool:
    walls = [side for axis in grid.axes if not axis.periodic for side in ends(axis.boundary)]
    free = all(coefficients_and_data(side)[0] == 0 for side in walls)
    return free and isinstance(c, int | float) and c == 0


def _check_sides(grid: Grid, data: dict[Side, Any]) -> None:
    for index, name in data:
        if not 0 <= index < grid.dimension or name not in ("lower", "upper") or grid.axes[index].periodic:
            raise ValueError(
                f"finite_volumes: `boundary_data` names the end ({index}, {name!r}), which this grid has not: {grid}."
            )


def _check_grid(grid: Grid) -> None:
    if grid.dimension > 3:
        raise ValueError(f"finite_volumes: one to three axes, got {grid.dimension}.")
    if any(axis.nodes == "chebyshev" for axis in grid.axes):
        raise ValueError("finite_volumes: needs uniform nodes; use `solve_helmholtz` on Chebyshev axes.")
