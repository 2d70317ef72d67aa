"""The family of Ascher, Ruuth and Spiteri: implicit stages that are L-stable, no implicit term at the start."""

import math
from typing import ClassVar

from sciml.solvers.imex.base import ImexRungeKutta, ImexTableau

_GAMMA = 1 - math.sqrt(0.5)


class ARS111(ImexRungeKutta):
    """Forward-backward Euler: order 1, one evaluation.

    Source: U. Ascher, S. Ruuth, R. Spiteri, Appl. Numer. Math. 25 (1997) 151, section 2.1.
    """

    order: ClassVar[int] = 1
    stages: ClassVar[int] = 1

    def tableau(self) -> ImexTableau:
        """Coefficients of the method."""
        return ImexTableau([[1.0]], [[0.0, 1.0]], [1.0, 0.0], [0.0, 1.0])


class ARS222(ImexRungeKutta):
    """Order 2, two evaluations, L-stable: the workhorse for moderate accuracy on stiff dissipative equations.

    Source: U. Ascher, S. Ruuth, R. Spiteri, Appl. Numer. Math. 25 (1997) 151, section 2.6.
    """

    order: ClassVar[int] = 2
    stages: ClassVar[int] = 2

    def tableau(self) -> ImexTableau:
        """Coefficients of the method."""
        delta = 1 - 1 / (2 * _GAMMA)
        return ImexTableau(
            explicit=[[_GAMMA], [delta, 1 - delta]],
            implicit=[[0.0, _GAMMA], [0.0, 1 - _GAMMA, _GAMMA]],
            explicit_weights=[delta, 1 - delta, 0.0],
            implicit_weights=[0.0, 1 - _GAMMA, _GAMMA],
        )


class ARS232(ImexRungeKutta):
    """Order 2, three evaluations; the explicit part is stable on a piece of the imaginary axis, as advection needs.

    Source: U. Ascher, S. Ruuth, R. Spiteri, Appl. Numer. Math. 25 (1997) 151, section 2.5.
    """

    order: ClassVar[int] = 2
    stages: ClassVar[int] = 3

    def tableau(self) -> ImexTableau:
        """Coefficients of the method."""
        delta = -2 * math.sqrt(2) / 3
        weights = [0.0, 1 - _GAMMA, _GAMMA]
        return ImexTableau([[_GAMMA], [delta, 1 - delta]], [[0.0, _GAMMA], weights], weights, weights)


class ARS343(ImexRungeKutta):
    """Order 3, four evaluations, L-stable, with a large explicit region.

    Source: U. Ascher, S. Ruuth, R. Spiteri, Appl. Numer. Math. 25 (1997) 151, section 2.7. The free coefficient is the paper's; the
    others follow from it by the conditions of order 3, here to all digits.
    """

    order: ClassVar[int] = 3
    stages: ClassVar[int] = 4

    def tableau(self) -> ImexTableau:
        """Coefficients of the method."""
        g, free = _root(), 0.5529291480359398
        b1, b2 = -1.5 * g**2 + 4 * g - 0.25, 1.5 * g**2 - 5 * g + 1.25
        first = (1 - 4.5 * g + 1.5 * g**2) * free + (2.75 - 10.5 * g + 3.75 * g**2) * free - 3.5 + 13 * g - 4.5 * g**2
        middle = (1 + g) / 2
        return ImexTableau(
            explicit=[[g], [first, middle - first], [1 - 2 * free, free, free]],
            implicit=[[0.0, g], [0.0, middle - g, g], [0.0, b1, b2, g]],
            explicit_weights=[0.0, b1, b2, g],
            implicit_weights=[0.0, b1, b2, g],
        )


class ARS443(ImexRungeKutta):
    """Order 3, four evaluations, L-stable; one inverse serves all stages.

    Source: U. Ascher, S. Ruuth, R. Spiteri, Appl. Numer. Math. 25 (1997) 151, section 2.8.
    """

    order: ClassVar[int] = 3
    stages: ClassVar[int] = 4

    def tableau(self) -> ImexTableau:
        """Coefficients of the method."""
        implicit = [[0.0, 0.5], [0.0, 1 / 6, 0.5], [0.0, -0.5, 0.5, 0.5], [0.0, 1.5, -1.5, 0.5, 0.5]]
        explicit = [[0.5], [11 / 18, 1 / 18], [5 / 6, -5 / 6, 0.5], [0.25, 1.75, 0.75, -1.75]]
        return ImexTableau(explicit, implicit, [*explicit[-1], 0.0], implicit[-1])


def _root() -> float:
    """The root near 0.43587 of `6 x^3 - 18 x^2 + 9 x - 1`."""
    x = 0.4358665215
    for _ in range(3):
        x -= (((6 * x - 18) * x + 9) * x - 1) / ((18 * x - 36) * x + 9)
    return x
