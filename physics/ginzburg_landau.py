"""Complex Ginzburg-Landau equation."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from sciml.equation import Evolution, Parameter
from sciml.fields import Field


class GinzburgLandau(Evolution):
    """Complex Ginzburg-Landau equation in 1-3 dimensions, `A_t = mu A + (1 + i b) laplacian(A) - (1 + i c) |A|^2 A`.

    The amplitude of a wave field at the onset of an oscillation. Plane waves `R exp(i (k x - omega t))` with `R^2 = mu
    - k^2`, `omega = b k^2 + c R^2` are solutions; for `1 + b c < 0` all are unstable (Benjamin, Feir, Newell) and phase
    or defect turbulence follows. In two dimensions spiral waves. Good values: `dispersion=1, rotation=-1.3` on a box of
    length 100 with 256 nodes, `dt = 0.05` (chaos); the defaults with 128 x 128 nodes (spirals).

    Source: I. Aranson, L. Kramer, Rev. Mod. Phys. 74 (2002) 99.

    Attributes:
        growth: `mu`, per time.
        dispersion: `b`.
        rotation: `c`, dependence of the frequency on the amplitude.
    """

    components: ClassVar[tuple[str, ...]] = ("A",)
    is_complex: ClassVar[bool] = True
    growth: Parameter = 1.0
    dispersion: Parameter = 0.0
    rotation: Parameter = 1.5

    def rhs(self, u: Field) -> Field:
        """`mu A + (1 + i b) laplacian(A) - (1 + i c) |A|^2 A`."""
        diffusion = u.laplacian()
        saturation = u * u.conj() * u
        straight = self.growth * u + diffusion - saturation
        return straight + 1j * (self.dispersion * diffusion - self.rotation * saturation)

    def nonlinear_flow(self, values: jax.Array, dt: jax.Array) -> jax.Array:
        """The modulus decays by `r' = -r^3`, the angle turns by `-c r^2`."""
        spread = 1 + 2 * dt * (values.real**2 + values.imag**2)
        angle, scale = -0.5 * self.rotation * jnp.log(spread), jax.lax.rsqrt(spread)
        return values * jax.lax.complex(scale * jnp.cos(angle), scale * jnp.sin(angle))
