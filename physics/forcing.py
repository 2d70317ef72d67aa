"""Body forces as expressions in the field algebra: `forcing(u)` is a field."""

import math
from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from sciml.equation import Parameter
from sciml.fields import Field, stack


class Forcing(eqx.Module):
    """A force that an equation adds to its right-hand side; `u` gives coordinates and time."""

    @abstractmethod
    def __call__(self, u: Field) -> Field:
        """The force: a scalar field, or one of the state's component shape."""


class KolmogorovForcing(Forcing):
    """The shear force `A sin(q y) e_x` with `q = 2 pi m / L`.

    A state of one component is taken as a vorticity and gets the force's curl, `-A q cos(q y)`; a state of one
    component per axis is a velocity and gets the force itself. The laminar response in the velocity, without drag, is
    `A / (nu q^2) sin(q y)`.

    Attributes:
        amplitude: `A`.
        mode: `m`, number of periods along `L`.
        length: `L`; `None` is the extent of the periodic box along the second axis. One that does not fit the box raises.
    """

    amplitude: Parameter = 1.0
    mode: int = eqx.field(static=True, default=4)
    length: float | None = eqx.field(static=True, default=None)

    def __call__(self, u: Field) -> Field:
        """`-A q cos(q y)`, or `(A sin(q y), 0, ...)`."""
        q = _wavenumber(self, u, 1, self.length, self.mode)
        if u.shape in {(), (1,)}:
            return -(self.amplitude * q) * u.coordinate(1).map(lambda y: jnp.cos(q * y), dealiasing="none")
        shear = u.coordinate(1).map(lambda y: jnp.sin(q * y), dealiasing="none")
        return stack([self.amplitude * shear] + [0.0] * (len(u) - 1))


class DiagonalForcing(Forcing):
    """The force of the Fourier neural operator's Navier-Stokes data, `A (sin(s) + cos(s))`, `s = 2 pi (x / L_x + y /
    L_y)`.

    Source: Li et al., ICLR 2021, section 5.3.

    Attributes:
        amplitude: `A`.
        length: `L_x = L_y`; `None` is the periodic box. One that does not fit the box raises.
    """

    amplitude: Parameter = 0.1
    length: float | None = eqx.field(static=True, default=None)

    def __call__(self, u: Field) -> Field:
        """`A (sin(s) + cos(s))`."""
        first, second = (_wavenumber(self, u, axis, self.length, 1) for axis in range(2))
        diagonal = first * u.coordinate(0) + second * u.coordinate(1)
        return self.amplitude * diagonal.map(lambda s: jnp.sin(s) + jnp.cos(s), dealiasing="none")


def _wavenumber(forcing: Forcing, u: Field, axis: int, length: float | None, mode: int) -> float:
    """`2 pi mode / length`, checked to be a wave of the periodic box."""
    box = u.period(axis)
    if length is None:
        if box is None:
            raise ValueError(
                f"{type(forcing).__name__}: `length` was left out, and a {type(u).__name__} knows no periodic box along axis "
                f"{axis}; give `length`."
            )
        length = box
    elif box is not None:
        waves = mode * box / length
        if not math.isclose(waves, round(waves), rel_tol=1e-6, abs_tol=1e-9):
            raise ValueError(
                f"{type(forcing).__name__}: `length` {length:g} does not fit the periodic box of length {box:g} along axis {axis}: "
                f"{waves:g} waves. Leave `length` out to take the box."
            )
    return 2 * np.pi * mode / length
