"""Belousov-Zhabotinsky reaction."""

from typing import ClassVar

from sciml.equation import Evolution, Parameter
from sciml.fields import Field, stack


class BelousovZhabotinsky(Evolution):
    """A scaled Oregonator for the Belousov-Zhabotinsky reaction in 1-3 dimensions, three species.

    `u_t = nu_u laplacian(u) + u + v - u v - u^2`, `v_t = nu_v laplacian(v) + w - v - u v`, `w_t = nu_w laplacian(w) + u
    - w`. The state 0 is unstable; fronts of width about `sqrt(nu)` travel into it and leave the stable state `u = w = 1,
    v = 1/2` behind. Keep the initial concentrations in `[0, 1]` and give a front a few nodes: where it is not resolved
    the activator undershoots zero and blows up. The species are coupled in the linear part, which exponential
    integrators treat exactly as 3 x 3 blocks. Good values: the defaults on a box of length 0.1, or 100 times as much
    diffusion on one of length 1, with 96 to 128 nodes, `dt = 0.03`.

    Source: R. Field, E. Koros, R. Noyes, J. Am. Chem. Soc. 94 (1972) 8649; the form of exponax 0.2.

    Attributes:
        activator_diffusivity: `nu_u`, of the bromous acid.
        inhibitor_diffusivity: `nu_v`, of the bromide.
        catalyst_diffusivity: `nu_w`, of the oxidised catalyst.
    """

    components: ClassVar[tuple[str, ...]] = ("u", "v", "w")
    activator_diffusivity: Parameter = 1e-5
    inhibitor_diffusivity: Parameter = 2e-5
    catalyst_diffusivity: Parameter = 1e-5

    def rhs(self, u: Field) -> Field:
        """Rates of the three species."""
        a, b, c = u
        activator, inhibitor, _ = u.sample()
        consumption, square = stack([activator * inhibitor, activator * activator]).project()
        return stack(
            [
                a.diffusion(self.activator_diffusivity) + a + b - consumption - square,
                b.diffusion(self.inhibitor_diffusivity) + c - b - consumption,
                c.diffusion(self.catalyst_diffusivity) + a - c,
            ]
        )
