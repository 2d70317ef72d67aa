"""Lie splitting."""

from collections.abc import Sequence
from typing import ClassVar

from sciml.solvers.splitting.base import SplittingMethod


class Lie(SplittingMethod):
    """The linear flow, then that of the rest: order 1.

    Source: H. Trotter, Proc. Amer. Math. Soc. 10 (1959) 545.
    """

    order: ClassVar[int] = 1
    stages: ClassVar[int] = 4

    def composition(self) -> tuple[Sequence[float], Sequence[float]]:
        """Fractions of the step."""
        return [1.0, 0.0], [1.0]
