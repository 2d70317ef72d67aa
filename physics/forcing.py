"""Body forces as expressions in the field algebra: `forcing(u)` is a scalar field."""

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from sciml.equation import Parameter
from sciml.fields import Field


class Forcing(eqx.Module):
    """A force that an equation adds to its right-hand side; `u` gives coordinates and time."""

    @abstractmethod
    def __call__(self, u: Field) -> Field:
        """The force as a scalar field."""


class KolmogorovForcing(Forcing):
    """Vorticity of the shear force `A sin(2 pi m y / L) e_x`, that is `-A (2 pi m / L) cos(2 pi m y / L)`.

    Its laminar response in the velocity, without drag, is `A / (nu q^2) sin(q y)` with `q = 2 pi m / L`.

    Attributes:
        amplitude: `A`.
        mode: `m`, number of periods across the box.
        length: `L`, extent of the second axis.
    """

    amplitude: Parameter = 1.0
    mode: int = eqx.field(static=True, default=4)
    length: float = eqx.field(static=True, default=2 * np.pi)

    def __call__(self, u: Field) -> Field:
        """`-A q cos(q y)`."""
        q = 2 * np.pi * self.mode / self.length
        return -(self.amplitude * q) * u.coordinate(1).map(lambda y: jnp.cos(q * y), dealiasing="none")


class DiagonalForcing(Forcing):
    """The force of the Fourier neural operator's Navier-Stokes data, `A (sin(q (x + y)) + cos(q (x + y)))`, `q = 2 pi / L`.

    Source: Li et al., ICLR 2021, section 5.3.

    Attributes:
        amplitude: `A`.
        length: `L`, extent of both axes.
    """

    amplitude: Parameter = 0.1
    length: float = eqx.field(static=True, default=1.0)

    def __call__(self, u: Field) -> Field:
        """`A (sin(q (x + y)) + cos(q (x + y)))`."""
        q = 2 * np.pi / self.length
        diagonal = u.coordinate(0) + u.coordinate(1)
        return self.amplitude * diagonal.map(lambda s: jnp.sin(q * s) + jnp.cos(q * s), dealiasing="none")
