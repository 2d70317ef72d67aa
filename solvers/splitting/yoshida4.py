"""Yoshida's splitting of order 4."""

from collections.abc import Sequence
from typing import ClassVar

from sciml.solvers.splitting.base import SplittingMethod


class Yoshida4(SplittingMethod):
    """Three Strang steps, the middle one back in time: order 4, symmetric; for waves.

    Diffusion cannot be run backwards: where the linear part damps modes by much in the backward sub-step the method is refused when it
    is set up with known parameters; under `jit`, `grad` or `vmap` of parameters nothing can be checked, and such modes blow up.

    Source: H. Yoshida, Phys. Lett. A 150 (1990) 262.
    """

    order: ClassVar[int] = 4
    stages: ClassVar[int] = 12

    def composition(self) -> tuple[Sequence[float], Sequence[float]]:
        """Fractions of the step."""
        outer = 1 / (2 - 2 ** (1 / 3))
        middle = 1 - 2 * outer
        return [outer / 2, (outer + middle) / 2, (middle + outer) / 2, outer / 2], [outer, middle, outer]
