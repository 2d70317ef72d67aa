"""Fisher-KPP equation."""

from sciml.equation import Evolution, Parameter
from sciml.fields import Field


class FisherKPP(Evolution):
    """Fisher-KPP equation in 1-3 dimensions, `u_t = nu laplacian(u) + r u (1 - u)`.

    Fronts of width about `sqrt(nu / r)` invade the unstable state 0 at speed `2 sqrt(nu r)` and leave the stable state 1 behind.
    States below zero diverge: keep the initial state in `[0, 1]`. Good values: the defaults on a box of length 1.

    Source: R. A. Fisher, Ann. Eugenics 7 (1937) 355; A. Kolmogorov, I. Petrovsky, N. Piskunov (1937).

    Attributes:
        diffusivity: `nu`.
        growth: `r`, per time.
    """

    diffusivity: Parameter = 1e-3
    growth: Parameter = 1.0

    def rhs(self, u: Field) -> Field:
        """`nu laplacian(u) + r u (1 - u)`."""
        return u.diffusion(self.diffusivity) + self.growth * u * (1 - u)
