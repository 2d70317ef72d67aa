"""Semi-implicit Lorenz three-cycle."""

from typing import ClassVar

from sciml.solvers.imex.base import ImexRungeKutta, ImexTableau


class SIL3(ImexRungeKutta):
    """Semi-implicit Lorenz three-cycle: three evaluations, order 2; order 3 in what is explicit and linear.

    Made for the slow and fast waves of weather models; stable on a piece of the imaginary axis.

    Source: J. Whitaker, S. Kar, Mon. Weather Rev. 141 (2013) 3426.
    """

    order: ClassVar[int] = 2
    stages: ClassVar[int] = 3

    def tableau(self) -> ImexTableau:
        """Coefficients of the method."""
        return ImexTableau(
            explicit=[[1 / 3], [1 / 6, 1 / 2], [1 / 2, -1 / 2, 1.0]],
            implicit=[[1 / 6, 1 / 6], [1 / 3, 0.0, 1 / 3], [3 / 8, 0.0, 3 / 8, 1 / 4]],
            explicit_weights=[1 / 2, -1 / 2, 1.0, 0.0],
            implicit_weights=[3 / 8, 0.0, 3 / 8, 1 / 4],
        )
