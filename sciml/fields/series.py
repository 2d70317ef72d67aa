"""Spectral solutions as functions of coordinates."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float, Inexact

from sciml.fields.basis import make_basis
from sciml.grid import Grid


class FourierSeries(eqx.Module):
    """States on a periodic grid as a smooth function of space and time: a Fourier series whose coefficients are polynomials in time.

    Between nodes it is the trigonometric interpolant without the Nyquist mode; between the given times the polynomial through all of
    them (barycentric form), so give few of them, evenly spaced (five to nine), and ask in their middle. Called with
    `(dimension + 1,)` coordinates, time last.

    Attributes:
        coefficients: `(times, components, *modes)` of `exp(i k x)`, `x` from the lower corner.
        times: `(times,)`.
        grid: the periodic grid.
        is_complex: whether the function is complex.
    """

    coefficients: Complex[Array, "times components ..."]
    times: Float[Array, " times"]
    grid: Grid = eqx.field(static=True)
    is_complex: bool = eqx.field(static=True)

    @classmethod
    def interpolate(
        cls,
        grid: Grid,
        values: Inexact[Array, "times components *grid"],
        times: Float[Array, " times"],
        *,
        inverse_laplacian: bool = False,
    ) -> "FourierSeries":
        """Interpolate states.

        Args:
            grid: periodic grid.
            values: states at `times`.
            times: rising times.
            inverse_laplacian: interpolate the mean-free inverse Laplacian of the states in their place.
        """
        values = jnp.asarray(values)
        is_complex = bool(jnp.issubdtype(values.dtype, jnp.complexfloating))
        precision = np.dtype(jnp.finfo(values.dtype).dtype).name
        basis = make_basis(grid, degree=1, is_complex=is_complex, precision=precision)
        coefficients = basis.series_coefficients(basis.encode(values))
        if inverse_laplacian:
            coefficients = basis.scale(coefficients, basis.inverse_laplacian_symbol())
        return cls(coefficients, jnp.asarray(times, precision), grid, is_complex)

    def __call__(self, x: Float[Array, " coordinates"]) -> Inexact[Array, " components"]:
        """Value at one point of space and time."""
        basis = make_basis(self.grid, degree=1, is_complex=self.is_complex, precision=self.times.dtype.name)
        weights = lagrange_weights(self.times, x[-1])
        total = jnp.einsum("t,t...->...", lax.complex(weights, jnp.zeros_like(weights)), self.coefficients)
        for axis in reversed(range(self.grid.dimension)):
            k = jnp.asarray(basis.wavenumbers(axis).ravel(), x.dtype)
            phase = k * (x[axis] - self.grid.axes[axis].lower)
            if axis == self.grid.dimension - 1 and not self.is_complex:
                # Non-negative modes only: their conjugates are added by doubling the real part.
                double = jnp.where(k == 0, 1.0, 2.0).astype(x.dtype)
                wave = lax.complex(double * jnp.cos(phase), double * jnp.sin(phase))
            else:
                wave = lax.complex(jnp.cos(phase), jnp.sin(phase))
            total = total @ wave
        return total if self.is_complex else total.real


def lagrange_weights(nodes: Float[Array, " nodes"], t: Float[Array, ""]) -> Float[Array, " nodes"]:
    """Values at `t` of the Lagrange polynomials of `nodes`; smooth in `t`, nodes included."""
    count = nodes.shape[0]
    others = ~np.eye(count, dtype=bool)
    ratio = (t - nodes)[None, :] / jnp.where(others, nodes[:, None] - nodes[None, :], 1.0)
    return jnp.prod(jnp.where(others, ratio, 1.0), axis=1)
