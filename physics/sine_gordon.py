"""Sine-Gordon equation as a first-order system."""

from typing import ClassVar

import jax.numpy as jnp

from sciml.equation import Evolution, Parameter
from sciml.fields import Field, stack


class SineGordon(Evolution):
    """Sine-Gordon equation in 1-3 dimensions, `u_tt = c^2 laplacian(u) - m^2 sin(u)`, as `u_t = v`.

    In one dimension integrable: kinks `4 arctan(exp(m (x - V t) / sqrt(c^2 - V^2)))`, which pass through each other,
    and breathers. A kink raises u by 2 pi: a periodic box needs as many antikinks. The energy `int v^2 / 2 + c^2 |grad
    u|^2 / 2 + m^2 (1 - cos u)` is conserved. `sin(u)` is taken on the nodes as it is, without dealiasing, and its
    linear part `u` is treated exactly. Good values: the defaults on a box of length 40 with 256 nodes, `dt = 0.02`.

    Source: J. Perring, T. Skyrme, Nucl. Phys. 31 (1962) 550.

    Attributes:
        speed: `c`, length per time.
        mass: `m`, per time.
    """

    components: ClassVar[tuple[str, ...]] = ("u", "v")
    speed: Parameter = 1.0
    mass: Parameter = 1.0

    def rhs(self, u: Field) -> Field:
        """`(v, c^2 laplacian(u) - m^2 u + m^2 (u - sin(u)))`."""
        wave, rate = u
        rest = wave.map(lambda x: x - jnp.sin(x), dealiasing="none")
        return stack([rate, self.speed**2 * wave.laplacian() - self.mass**2 * wave + self.mass**2 * rest])
