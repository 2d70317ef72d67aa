"""Relaxation of whole lines: for operators that couple one axis much more strongly than the others."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from sciml.solvers.multigrid.smoothers.base import Smoother
from sciml.solvers.multigrid.smoothers.chebyshev import chebyshev_weights
from sciml.solvers.multigrid.stencil import Offset, StencilOperator, interior


class Lines(NamedTuple):
    """Tridiagonal parts of an operator per axis: `(lower, diagonal, upper)`, the axis last."""

    tridiagonals: tuple[tuple[Array, Array, Array], ...]


@dataclass(frozen=True)
class LineJacobi(Smoother):
    """Damped Jacobi with tridiagonal solves along lines in place of the division by the diagonal.

    Attributes:
        axes: along which to solve, one after the other.
        weights: of the sweeps along each; by default those of the Chebyshev polynomial of degree two.
    """

    axes: tuple[int, ...] = (0,)
    weights: tuple[float, ...] = chebyshev_weights(2, 2.0, 4.0)

    def prepare(self, operator: StencilOperator) -> Lines:
        """The tridiagonal parts."""
        for axis in self.axes:
            if not 0 <= axis < operator.dimension:
                raise ValueError(f"LineJacobi: axis {axis} of an operator with {operator.dimension} axes.")
            if operator.periodic[axis]:
                raise ValueError(f"LineJacobi: axis {axis} is periodic; lines need ends. Use semi-coarsening.")
        return Lines(tuple(_tridiagonal(operator, axis) for axis in self.axes))

    def smooth(
        self, operator: StencilOperator, prepared: Lines, f: Array, padded: Array | None, *, after: bool
    ) -> Array:
        """All sweeps, the axes in opposite order after the correction."""
        values = jnp.zeros_like(f) if padded is None else interior(padded)
        order = list(zip(self.axes, prepared.tridiagonals))
        for axis, (lower, diagonal, upper) in reversed(order) if after else order:
            for weight in self.weights:
                padded = operator.with_halo(values)
                residual = jnp.moveaxis(f - operator.apply(padded), axis, -1)
                step = jax.lax.linalg.tridiagonal_solve(lower, diagonal, upper, residual[..., None])[..., 0]
                values = interior(padded) + weight * jnp.moveaxis(step, -1, axis)
        return values


def _tridiagonal(operator: StencilOperator, axis: int) -> tuple[Array, Array, Array]:
    def part(step: int) -> Array:
        offset: Offset = tuple(step if a == axis else 0 for a in range(operator.dimension))
        values = operator.entry(offset)
        return jnp.moveaxis(jnp.zeros_like(operator.centre) if values is None else values, axis, -1)

    diagonal = part(0)
    empty = diagonal == 0
    return part(-1), jnp.where(empty, jnp.ones_like(diagonal), diagonal), part(1)
