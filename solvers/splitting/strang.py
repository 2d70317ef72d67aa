"""Strang splitting."""

from collections.abc import Sequence
from typing import ClassVar

from sciml.solvers.splitting.base import SplittingMethod


class Strang(SplittingMethod):
    """Half a linear flow, the rest, half a linear flow: order 2, symmetric in time.

    Source: G. Strang, SIAM J. Numer. Anal. 5 (1968) 506.
    """

    order: ClassVar[int] = 2
    stages: ClassVar[int] = 4

    def composition(self) -> tuple[Sequence[float], Sequence[float]]:
        """Fractions of the step."""
        return [0.5, 0.5], [1.0]
