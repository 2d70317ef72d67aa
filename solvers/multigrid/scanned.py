"""Many levels from one loop: what is compiled once need not be compiled per level.

Compiling the Galerkin products of a level takes longer than running them. In a cube large enough for all levels, one turn of a loop
halves the first axis and rotates the axes. Beyond the part of the cube that a level fills all coefficients are zero, and nothing
there takes part.
"""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from sciml.solvers.multigrid.coarsening import AxisTransfer, Interpolation, coarse_count, halve
from sciml.solvers.multigrid.stencil import StencilOperator, half_offsets


class ScannedLevels(NamedTuple):
    """Operators from the first to the coarsest, and the transfers between them."""

    operators: tuple[StencilOperator, ...]
    transfers: tuple[tuple[AxisTransfer, ...], ...]


def scanned_levels(operator: StencilOperator, interpolation: Interpolation, coarsest: int) -> ScannedLevels:
    """Halve all axes of an operator without periodic axes until at most `coarsest` unknowns are left."""
    dimension, shapes = operator.dimension, _shapes(operator.shape, coarsest)
    cube = (max(operator.shape),) * dimension

    def turn(current: StencilOperator, _: None) -> tuple[StencilOperator, tuple[StencilOperator, AxisTransfer]]:
        transfer, coarse = halve(current, 0, interpolation)
        return _grown(_rotated(coarse), cube), (current, transfer)

    depth = len(shapes) - 1
    last, (operators, transfers) = jax.lax.scan(turn, _grown(operator, cube), None, length=dimension * depth)
    levels = [_corner(_turn(operators, dimension * k), shapes[k]) for k in range(depth)]
    steps = [
        tuple(_unrotated(_turn(transfers, dimension * k + axis), axis, shapes[k]) for axis in range(dimension))
        for k in range(depth)
    ]
    return ScannedLevels((*levels, _corner(last, shapes[-1])), tuple(steps))


def _turn(stacked: Any, index: int) -> Any:
    """What one turn of the loop left."""
    return jax.tree.map(lambda leaf: leaf[index], stacked)


def _shapes(shape: tuple[int, ...], coarsest: int) -> list[tuple[int, ...]]:
    shapes = [shape]
    while math.prod(shapes[-1]) > coarsest:
        shapes.append(tuple(map(coarse_count, shapes[-1])))
    return shapes


def _grown(operator: StencilOperator, shape: tuple[int, ...]) -> StencilOperator:
    """The operator with all possible links, in a larger array."""
    widths = [(0, large - small) for large, small in zip(shape, operator.shape)]
    links = {}
    for offset in half_offsets(operator.dimension):
        link = operator.entry(offset)
        links[offset] = jnp.zeros(shape, operator.centre.dtype) if link is None else jnp.pad(link, widths)
    return _like(operator, jnp.pad(operator.centre, widths), links)


def _rotated(operator: StencilOperator) -> StencilOperator:
    """The same operator with its first axis last."""
    order = (*range(1, operator.dimension), 0)
    links = {}
    for offset in half_offsets(operator.dimension):
        before = operator.entry((offset[-1], *offset[:-1]))
        if before is not None:
            links[offset] = jax.lax.optimization_barrier(jnp.transpose(before, order))
    return _like(operator, jnp.transpose(operator.centre, order), links)


def _like(operator: StencilOperator, centre: Array, links: dict[tuple[int, ...], Array]) -> StencilOperator:
    return StencilOperator.make(centre, links, periodic=operator.periodic, singular=operator.singular)


def _corner(operator: StencilOperator, shape: tuple[int, ...]) -> StencilOperator:
    """The part of the cube that a level fills; its halo is zero there."""
    centre = operator.centre[tuple(slice(0, count) for count in shape)]
    links = tuple(link[tuple(slice(0, count + 2) for count in shape)] for link in operator.links)
    return StencilOperator(centre, links, operator.offsets, operator.periodic, operator.singular)


def _unrotated(transfer: AxisTransfer, axis: int, shape: tuple[int, ...]) -> AxisTransfer:
    """A transfer of the loop, in which `axis` is first, as one of a level of this shape whose axes before it are halved already."""
    dimension = len(shape)
    order = [(own - axis) % dimension for own in range(dimension)]
    counts = [coarse_count(count) if own < axis else count for own, count in enumerate(shape)]
    counts[axis] = coarse_count(shape[axis]) + 1
    cut = tuple(slice(0, count) for count in counts)
    lower, upper = (jnp.transpose(weight, order)[cut] for weight in (transfer.from_lower, transfer.from_upper))
    return AxisTransfer(lower, upper, axis, shape[axis], False)
