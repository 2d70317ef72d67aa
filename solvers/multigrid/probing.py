"""Stencils of linear operators that are known only by what they do to arrays.

Unknowns of one colour share no neighbour, so that one application to the ones of a colour shows all their columns: `2 D + 1` colours
where only neighbours along the axes are coupled, `3^D` for diagonal neighbours too.
"""

import itertools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact

from sciml.grid import Grid
from sciml.solvers.multigrid.stencil import Offset, StencilOperator, half_offsets, opposite


def probe_stencil(
    apply: Callable[[Inexact[Array, "*grid"]], Inexact[Array, "*grid"]],
    grid: Grid,
    dtype: Any,
    *,
    star: bool = False,
    symmetric: bool = False,
    singular: bool = False,
) -> StencilOperator:
    """The symmetric part of a linear operator as a `StencilOperator`; differentiable in whatever `apply` closes over.

    Args:
        apply: a linear function of arrays of the grid's shape that reaches nearest neighbours. What reaches farther ends up in wrong
            places, which is good enough for a preconditioner.
        grid: periodic axes need three nodes.
        dtype: of the arrays.
        star: only neighbours along the axes are coupled.
        symmetric: known to be; saves the averages.
        singular: whether constants belong to the null space.

    Example:
        >>> import jax.numpy as jnp
        >>> import sciml
        >>> from sciml.solvers.multigrid import probe_stencil
        >>> grid = sciml.Grid((4,), extent=(1.0,), boundary=sciml.boundary.Dirichlet(), nodes="cell")
        >>> matrix = jnp.array([[2.0, -1, 0, 0], [-1, 2, -1, 0], [0, -1, 2, -1], [0, 0, -1, 2]])
        >>> operator = probe_stencil(lambda u: matrix @ u, grid, matrix.dtype, star=True)
        >>> operator.centre.tolist(), bool(jnp.all(operator.as_matrix() == matrix))
        ([2.0, 2.0, 2.0, 2.0], True)
    """
    entries = stencil_entries(apply, grid, dtype, star=star)
    links = {}
    for offset in half_offsets(grid.dimension):
        if offset not in entries:
            continue
        forth, back = entries[offset], entries[opposite(offset)]
        # What couples i + offset to i stands in the row of i + offset.
        links[offset] = forth if symmetric else (forth + _roll(back, opposite(offset))) / 2
    periodic = tuple(axis.periodic for axis in grid.axes)
    return StencilOperator.make(entries[(0,) * grid.dimension], links, periodic=periodic, singular=singular)


def stencil_entries(
    apply: Callable[[Inexact[Array, "*grid"]], Inexact[Array, "*grid"]], grid: Grid, dtype: Any, *, star: bool = False
) -> dict[Offset, Inexact[Array, "*grid"]]:
    """What couples each unknown i to i + offset, by offset; arguments as in `probe_stencil`."""
    colour, count = colours(grid, star=star)
    answers = jax.lax.map(lambda k: apply((colour == k).astype(dtype)), jnp.arange(count, dtype=jnp.int32))
    entries = {}
    for offset in itertools.product((-1, 0, 1), repeat=grid.dimension):
        if star and sum(map(abs, offset)) > 1:
            continue
        theirs = _roll(colour, opposite(offset))
        entry = jnp.take_along_axis(answers, theirs[None], axis=0)[0]
        entries[offset] = jnp.where(_inside(grid, offset), entry, jnp.zeros_like(entry))
    return entries


def colours(grid: Grid, *, star: bool) -> tuple[Array, int]:
    """A number for each node, such that a node and its neighbours all have different ones; and how many there are."""
    if any(axis.periodic and axis.count < 3 for axis in grid.axes):
        raise ValueError(f"a periodic axis needs at least three nodes here, got {grid.shape}.")
    count = 2 * grid.dimension + 1
    lines = [(a + 1) * np.arange(axis.count) for a, axis in enumerate(grid.axes)]
    if star and all(not axis.periodic or (a + 1) * axis.count % count == 0 for a, axis in enumerate(grid.axes)):
        return _spread(lines) % count, count
    lines = [_colours_of_axis(axis.count, axis.periodic) for axis in grid.axes]
    counts = [int(line.max()) + 1 for line in lines]
    strides = [math.prod(counts[a + 1 :]) for a in range(grid.dimension)]
    return _spread([line * stride for line, stride in zip(lines, strides)]), math.prod(counts)


def _colours_of_axis(count: int, periodic: bool) -> np.ndarray:
    """Period three; what is left over where a periodic axis closes has colours of its own."""
    line = np.arange(count) % 3
    rest = count % 3
    if periodic and rest:
        line[-rest:] = 3 + np.arange(rest)
    return line


def _spread(lines: list[np.ndarray]) -> Array:
    total: Any = 0
    for index, line in enumerate(lines):
        shape = [1] * len(lines)
        shape[index] = len(line)
        total = total + jnp.asarray(line.reshape(shape), jnp.int32)
    return total


def _roll(values: Array, offset: Offset) -> Array:
    return jnp.roll(values, offset, tuple(range(len(offset))))


def _inside(grid: Grid, offset: Offset) -> Array:
    """Whether the neighbour at `offset` belongs to the grid."""
    inside = jnp.ones(grid.shape, bool)
    for index, (axis, step) in enumerate(zip(grid.axes, offset)):
        if step and not axis.periodic:
            place = jax.lax.broadcasted_iota(jnp.int32, grid.shape, index)
            inside = inside & (place < axis.count - 1 if step > 0 else place > 0)
    return inside
