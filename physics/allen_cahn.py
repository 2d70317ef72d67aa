"""Allen-Cahn equation."""

import jax

from sciml.equation import Evolution, Parameter
from sciml.fields import Field


class AllenCahn(Evolution):
    """Allen-Cahn equation in 1-3 dimensions, `u_t = nu laplacian(u) + a u - b u^3`.

    The state falls into the wells `+-sqrt(a / b)`; interfaces of width about `sqrt(nu / a)` then move by their curvature. Resolve an
    interface by four nodes or more. Good values: the defaults on a box of length 2 pi; `diffusivity=1e-4, linear=5, cubic=5` on
    `[-1, 1]` is the benchmark of physics-informed networks.

    Source: S. Allen, J. Cahn, Acta Metall. 27 (1979) 1085.

    Attributes:
        diffusivity: `nu`.
        linear: `a`.
        cubic: `b`.
    """

    diffusivity: Parameter = 5e-3
    linear: Parameter = 1.0
    cubic: Parameter = 1.0

    def rhs(self, u: Field) -> Field:
        """`nu laplacian(u) + a u - b u^3`."""
        return u.diffusion(self.diffusivity) + self.linear * u - self.cubic * u**3

    def nonlinear_flow(self, values: jax.Array, dt: jax.Array) -> jax.Array:
        """Solution of `u' = -b u^3`."""
        return values * jax.lax.rsqrt(1 + 2 * self.cubic * dt * values**2)
