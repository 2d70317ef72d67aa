"""Grids whose nodes are every second, fourth, ... node of a finer one."""

import jax.numpy as jnp
from jaxtyping import Array, Inexact

from sciml.grid import Axis, Grid


def can_halve(grid: Grid) -> bool:
    """Whether every second node makes a grid, of three nodes per axis or more."""
    counts = [_intervals(axis) for axis in grid.axes]
    return all(
        axis.nodes == "vertex" and count % 2 == 0 and count // 2 >= 2 + axis.periodic
        for axis, count in zip(grid.axes, counts)
    )


def halved(grid: Grid) -> Grid:
    """Every second node of a grid.

    Raises:
        ValueError: for an odd number of intervals, or nodes at the centres of cells.
    """
    for axis in grid.axes:
        if axis.nodes != "vertex" or _intervals(axis) % 2:
            raise ValueError(
                f"nested grids need nodes='vertex' and an even number of intervals per axis, got {axis.count} nodes of kind "
                f"{axis.nodes!r} (2^p k + 1 nodes between walls, 2^p k on a periodic axis)."
            )
    return grid.with_shape([_intervals(axis) // 2 + (not axis.periodic) for axis in grid.axes])


def coarsened(values: Inexact[Array, "..."], fine: Grid, coarse: Grid) -> Inexact[Array, "..."]:
    """Averages of neighbours with weights 1/4, 1/2, 1/4, halving by halving; the values themselves at walls.

    Args:
        values: `(*components, *fine.shape)`.
        fine: where they are.
        coarse: a grid that halving gives.
    """
    for index in range(fine.dimension):
        position = values.ndim - fine.dimension + index
        intervals = _intervals(fine.axes[index])
        while intervals > _intervals(coarse.axes[index]):
            values = _halved_axis(values, position, fine.axes[index].periodic)
            intervals //= 2
    return values


def _halved_axis(values: Array, position: int, periodic: bool) -> Array:
    before = (slice(None),) * position
    lower = jnp.roll(values, 1, position)
    upper = jnp.roll(values, -1, position)
    mean = (values + 0.5 * (lower + upper)) / 2
    if not periodic:
        mean = mean.at[(*before, 0)].set(values[(*before, 0)]).at[(*before, -1)].set(values[(*before, -1)])
    return mean[(*before, slice(None, None, 2))]


def _intervals(axis: Axis) -> int:
    return axis.count if axis.periodic else axis.count - 1
