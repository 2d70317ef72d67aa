"""Nonlinear Schroedinger equation."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from sciml.equation import Evolution, Parameter
from sciml.fields import Field


class NonlinearSchroedinger(Evolution):
    """Nonlinear Schroedinger equation in 1-3 dimensions, `i psi_t + d laplacian(psi) + g |psi|^2 psi = 0`, complex.

    Focusing for `d g > 0`: in one dimension solitons `A sech(A x) exp(i A^2 t / 2)` (for the defaults), breathers and modulation
    instability; in more dimensions focusing states may collapse. Mass `int |psi|^2` is conserved. Good values: the defaults on a box
    of length 20 to 50 with 256 to 512 nodes, `dt = 1e-3` to `1e-2` with ETDRK4.

    Source: V. Zakharov, A. Shabat, Sov. Phys. JETP 34 (1972) 62.

    Attributes:
        dispersion: `d`.
        nonlinearity: `g`; negative is defocusing.
    """

    components: ClassVar[tuple[str, ...]] = ("psi",)
    is_complex: ClassVar[bool] = True
    dispersion: Parameter = 0.5
    nonlinearity: Parameter = 1.0

    def invariants(self, u: Field) -> dict[str, Field]:
        """Mass `|psi|^2`, momenta `Im(conj(psi) psi_x)`, energy `d |grad(psi)|^2 - g |psi|^4 / 2`."""
        psi = u[0]
        density = psi.squared_norm()
        momenta = {
            f"momentum {'xyz'[axis]}": -0.5j * (psi.conj() * psi.d(axis) - psi * psi.d(axis).conj())
            for axis in range(u.dimension)
        }
        energy = self.dispersion * psi.grad().squared_norm() - 0.5 * self.nonlinearity * density**2
        return {"mass": density} | momenta | {"energy": energy}

    def rhs(self, u: Field) -> Field:
        """`i d laplacian(psi) + i g |psi|^2 psi`."""
        return 1j * (u.diffusion(self.dispersion) + self.nonlinearity * (u * u.conj() * u))

    def nonlinear_flow(self, values: jax.Array, dt: jax.Array) -> jax.Array:
        """A rotation of each value by the angle `g |psi|^2 dt`."""
        angle = self.nonlinearity * dt * (values.real**2 + values.imag**2)
        return values * jax.lax.complex(jnp.cos(angle), jnp.sin(angle))
