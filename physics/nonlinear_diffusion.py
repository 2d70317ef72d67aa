"""Diffusion whose coefficient depends on the state."""

from sciml.equation import Parameter, Steady
from sciml.fields import Field
from sciml.physics.given import Given, given_field


class NonlinearDiffusion(Steady):
    """Steady heat conduction in 1-3 dimensions, `-div((a + b u^2) grad u) = f`.

    `v = a u + b u^3 / 3` solves Poisson's equation with the same source, and so gives exact solutions.

    Attributes:
        diffusivity: `a`, positive.
        quadratic: `b`, not negative.
        source: `f`: a number, values at the nodes, or a function of the coordinates.
    """

    diffusivity: Parameter = 1.0
    quadratic: Parameter = 1.0
    source: Given = 1.0

    def residual(self, u: Field) -> Field:
        """`-div((a + b u^2) grad u) - f`."""
        return -u.diffusion(self.diffusivity + self.quadratic * u**2) - given_field(u, self.source)
