"""Bratu's equation."""

import jax.numpy as jnp

from sciml.equation import Parameter, Steady
from sciml.fields import Field
from sciml.physics.given import Given, given_field


class Bratu(Steady):
    """Bratu's equation in 1-3 dimensions, `-laplacian(u) - lambda exp(u) = f`: heat set free by a reaction.

    With zero walls on the unit square and `f = 0` there are two solutions below the fold at `lambda = 6.808` (3.514 on the unit
    interval) and none above it; from zero Newton's method finds the lower one. On the interval it is
    `u = -2 log(cosh((x - 1/2) theta / 2) / cosh(theta / 4))` with `theta = sqrt(2 lambda) cosh(theta / 4)`.

    Source: G. Bratu, Bull. Soc. Math. France 42 (1914) 113.

    Attributes:
        strength: `lambda`, per length squared.
        source: `f`: a number, values at the nodes, or a function of the coordinates.
    """

    strength: Parameter = 1.0
    source: Given = 0.0

    def residual(self, u: Field) -> Field:
        """`-laplacian(u) - lambda exp(u) - f`."""
        reaction = u.map(jnp.exp, dealiasing="none")
        return -u.laplacian() - self.strength * reaction - given_field(u, self.source)
