"""Second-order finite volumes for `-div(K grad u) + c u = f` on boxes."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact

from sciml.boundary import coefficients_and_data, ends
from sciml.equation import Parameter
from sciml.fields.wall_conditions import (
    Side,
    WallConditions,
    cell_shares,
    fixes_level,
    holds_value,
    unknown_nodes,
)
from sciml.grid import Axis, Grid
from sciml.solvers.multigrid.stencil import StencilOperator

FaceMean: TypeAlias = Literal["harmonic", "arithmetic", "geometric"]
"""How the coefficient on a face follows from its values at the two nodes."""

_NAMES: tuple[Literal["lower", "upper"], ...] = ("lower", "upper")
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
    if grid.dimension > 3:
        raise ValueError(f"finite_volumes: one to three axes, got {grid.dimension}.")
    walls = WallConditions(grid, dict(boundary_data or {}), time)
    dtype = dtype or _common_dtype(coefficient, c)
    tensor = _tensor(grid, coefficient, dtype)
    active = unknown_nodes(grid).astype(dtype)
    given = walls.with_given(jnp.zeros((1, *grid.shape), dtype))[0]
    shares = cell_shares(grid, dtype)
    weights = shares * active
    centre, load, links = jnp.zeros(grid.shape, dtype), jnp.zeros(grid.shape, dtype), {}
    surplus = jnp.asarray(c, dtype) * shares
    for index, axis in enumerate(grid.axes):
        across = _shares_across(grid, index, dtype)
        flow = _face_flow(tensor[index], index, axis, _MEANS[faces]) * across
        back = jnp.roll(flow, 1, index)
        upper, lower = (jnp.roll(active, shift, index) for shift in (-1, 1))
        centre = centre + flow + back
        load = load + flow * jnp.roll(given, -1, index) + back * jnp.roll(given, 1, index)
        links[tuple(int(a == index) for a in range(grid.dimension))] = -flow * active * upper
        surplus = surplus + flow * (1 - upper) + back * (1 - lower)
        if not axis.periodic:
            at_walls, from_walls = _wall_terms(walls, index, tensor[index], across, smooth=faces == "arithmetic")
            surplus, centre, load = surplus + at_walls, centre + at_walls, load + from_walls
    operator = StencilOperator.make(
        (centre + jnp.asarray(c, dtype) * weights) * active,
        links,
        periodic=tuple(axis.periodic for axis in grid.axes),
        singular=not fixes_level(grid) and isinstance(c, int | float) and c == 0,
        surplus=surplus * active,
    )
    return FiniteVolumes(operator, weights, load * active, given)


def _wall_terms(
    walls: WallConditions, index: int, coefficient: Array, across: Array, *, smooth: bool
) -> tuple[Array, Array]:
    """What the two ends of an axis add to row sums and right-hand side."""
    grid, dtype = walls.grid, coefficient.dtype
    axis = grid.axes[index]
    surplus, load = jnp.zeros(grid.shape, dtype), jnp.zeros(grid.shape, dtype)
    for place, side, name in zip((0, -1), ends(axis.boundary), _NAMES):
        if holds_value(axis, name):
            continue
        a, b, _ = coefficients_and_data(side)
        # The wall value follows from `a u + b du/dn = g`, half a cell away from a cell's centre.
        gap = axis.spacing / 2 if axis.nodes == "cell" else 0.0
        where = (slice(None),) * index + (place,)
        at_wall = coefficient[where]
        if smooth and axis.nodes == "cell" and axis.count > 1:
            inner = coefficient[(slice(None),) * index + ((1, -2)[place],)]
            at_wall = jnp.clip(1.5 * at_wall - 0.5 * inner, 0.5 * at_wall, 2 * at_wall)
        rate = at_wall * jnp.broadcast_to(across, grid.shape)[where] / (axis.spacing * (b + a * gap))
        surplus = surplus.at[where].add(a * rate)
        load = load.at[where].add(rate * walls.datum(index, name, load[None])[0])
    return surplus, load


def _shares_across(grid: Grid, index: int, dtype: Any) -> Array:
    """The part of a cell that belongs to each node, along all axes but one."""
    shares = cell_shares(grid, dtype)
    line = jax.lax.slice_in_dim(shares, grid.shape[index] // 2, grid.shape[index] // 2 + 1, axis=index)
    # A node in the middle has a whole cell along the axis; with two nodes both are ends.
    halves = not grid.axes[index].periodic and grid.axes[index].nodes != "cell" and grid.shape[index] < 3
    return 2 * line if halves else line


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
