"""Damped Jacobi sweeps."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Array

from sciml.solvers.multigrid.smoothers.base import Smoother, inverse_diagonal
from sciml.solvers.multigrid.stencil import StencilOperator, interior


@dataclass(frozen=True)
class Jacobi(Smoother):
    """Sweeps `u <- u + weight (f - A u) / diagonal`, one per entry of `weights`.

    The best single weight is 2/3 in one dimension, 4/5 in two, 6/7 in three (smoothing factors 1/3, 0.6, 0.714 of the
    second-order Laplacian).

    Attributes:
        weights: of the sweeps, in order.
    """

    weights: tuple[float, ...] = (0.8,)

    def prepare(self, operator: StencilOperator) -> Array:
        """The inverse diagonal."""
        return inverse_diagonal(operator)

    def smooth(
        self, operator: StencilOperator, prepared: Array, f: Array, padded: Array | None, *, after: bool
    ) -> Array:
        """All sweeps."""
        return jacobi_sweeps(operator, prepared, f, padded, self.weights)


def jacobi_sweeps(
    operator: StencilOperator, inverse: Array, f: Array, padded: Array | None, weights: Sequence[float]
) -> Array:
    """Sweeps with given weights; they commute, so that their order does not matter."""
    if padded is None:
        values, rest = weights[0] * inverse * f, weights[1:]
    else:
        values = interior(padded) + weights[0] * inverse * (f - operator.apply(padded))
        rest = weights[1:]
    for weight in rest:
        padded = operator.with_halo(values)
        values = interior(padded) + weight * inverse * (f - operator.apply(padded))
    return values
