"""Gray-Scott reaction-diffusion system."""

from typing import ClassVar

from sciml.equation import Evolution, Parameter
from sciml.fields import Field, stack


class GrayScott(Evolution):
    """Gray-Scott system in 1-3 dimensions for a substrate a and an activator b.

    `a_t = nu_a laplacian(a) - a b^2 + F (1 - a)`, `b_t = nu_b laplacian(b) + a b^2 - (F + k) b`. From a spot of activator in `a = 1,
    b = 0` grow spots, stripes or waves, chosen by (F, k). Good values: the defaults on a box of length 1 (2.5 for the classic
    picture) with 128 nodes, `dt = 1`; patterns need times of some thousands.

    Source: P. Gray, S. Scott, Chem. Eng. Sci. 38 (1983) 29; J. Pearson, Science 261 (1993) 189.

    Attributes:
        substrate_diffusivity: `nu_a`.
        activator_diffusivity: `nu_b`.
        feed: `F`, per time.
        kill: `k`, per time.
    """

    components: ClassVar[tuple[str, ...]] = ("a", "b")
    substrate_diffusivity: Parameter = 2e-5
    activator_diffusivity: Parameter = 1e-5
    feed: Parameter = 0.04
    kill: Parameter = 0.06

    def rhs(self, u: Field) -> Field:
        """Rates of substrate and activator."""
        a, b = u
        substrate, activator = u.sample()
        reaction = (substrate * activator * activator).project()
        return stack(
            [
                a.diffusion(self.substrate_diffusivity) - reaction + self.feed * (1 - a),
                b.diffusion(self.activator_diffusivity) + reaction - (self.feed + self.kill) * b,
            ]
        )
