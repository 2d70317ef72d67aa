"""The Chebyshev smoother."""

import math
from dataclasses import dataclass

from jaxtyping import Array

from sciml.solvers.multigrid.smoothers.base import Smoother, inverse_diagonal
from sciml.solvers.multigrid.smoothers.jacobi import jacobi_sweeps
from sciml.solvers.multigrid.stencil import StencilOperator


@dataclass(frozen=True)
class Chebyshev(Smoother):
    """Jacobi sweeps whose weights make the Chebyshev polynomial that is smallest on the upper part of the spectrum.

    Symmetric, hence fit for conjugate gradients, and without colours or triangular solves. Source: Adams, Brezina, Hu, Tuminaro,
    J. Comput. Phys. 188 (2003) 593.

    Attributes:
        degree: number of sweeps.
        largest: bound of the spectrum of the operator divided by its diagonal; 2 holds for diagonally dominant ones.
        ratio: the sweeps damp `[largest / ratio, largest]`.
    """

    degree: int = 2
    largest: float = 2.0
    ratio: float = 4.0

    def prepare(self, operator: StencilOperator) -> Array:
        """The inverse diagonal."""
        return inverse_diagonal(operator)

    def smooth(
        self, operator: StencilOperator, prepared: Array, f: Array, padded: Array | None, *, after: bool
    ) -> Array:
        """All sweeps."""
        weights = chebyshev_weights(self.degree, self.largest, self.ratio)
        return jacobi_sweeps(operator, prepared, f, padded, weights)


def chebyshev_weights(degree: int, largest: float, ratio: float) -> tuple[float, ...]:
    """Inverse roots of the Chebyshev polynomial of `[largest / ratio, largest]`."""
    middle, radius = largest * (1 + 1 / ratio) / 2, largest * (1 - 1 / ratio) / 2
    roots = (middle - radius * math.cos(math.pi * (2 * k + 1) / (2 * degree)) for k in range(degree))
    return tuple(1 / root for root in roots)
