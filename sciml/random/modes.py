"""Orthonormal modes of the Laplacian on a box, and sums of them at the nodes of a grid.

Along a periodic axis of length `L` mode 0 is constant, modes `2m - 1` and `2m` are cosine and sine of wavenumber `2
pi m / L`; along a Neumann axis mode `j` is the cosine of wavenumber `pi j / L`. Each is normalised in L2. The highest
mode of an even periodic grid or of a grid with nodes at its ends, which the nodes cannot tell from its alias, is left
out.
"""

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, DTypeLike, Float

from sciml.boundary import Neumann
from sciml.grid import Axis, Grid


def check_axes(owner: str, grid: Grid) -> None:
    """Refuse a grid on which these modes do not exist."""
    for number, axis in enumerate(grid.axes):
        if not axis.periodic and axis.boundary != Neumann():
            raise ValueError(
                f"{owner}: axis {number} of `grid` has boundary {axis.boundary!r}; take Periodic() or Neumann()."
            )
        if axis.nodes == "chebyshev":
            raise ValueError(f"{owner}: axis {number} of `grid` has Chebyshev nodes; take nodes='vertex' or 'cell'.")


def mode_count(axis: Axis) -> int:
    """How many modes the nodes of `axis` resolve."""
    if axis.periodic:
        return 2 * ((axis.count - 1) // 2) + 1
    return axis.count if axis.nodes == "cell" else axis.count - 1


def wavenumbers(axis: Axis, count: int) -> np.ndarray:
    """Wavenumber (radians per unit length) of the first `count` modes, float64."""
    index = np.arange(count)
    return 2 * np.pi / axis.length * ((index + 1) // 2) if axis.periodic else np.pi / axis.length * index


def squared_wavenumbers(grid: Grid, counts: Sequence[int], dtype: DTypeLike) -> Float[Array, "..."]:
    """Eigenvalues of minus the Laplacian, shape `counts`."""
    total = jnp.zeros((1,) * grid.dimension, dtype)
    for number, (axis, count) in enumerate(zip(grid.axes, counts)):
        shape = [1] * grid.dimension
        shape[number] = count
        total = total + jnp.asarray(wavenumbers(axis, count) ** 2, dtype).reshape(shape)
    return total


def synthesise(coefficients: Float[Array, "..."], grid: Grid) -> Float[Array, "..."]:
    """Sum the modes: coefficients (one axis per grid axis) to values of shape `grid.shape`."""
    values = coefficients
    for number, axis in enumerate(grid.axes):
        sums = _periodic_sum if axis.periodic else _cosine_sum
        values = jnp.moveaxis(sums(jnp.moveaxis(values, number, -1), axis), -1, number)
    return values


def _periodic_sum(coefficients: Float[Array, "... modes"], axis: Axis) -> Float[Array, "... nodes"]:
    constant = coefficients[..., :1] * math.sqrt(2)
    cosines = jnp.concatenate([constant, coefficients[..., 1::2]], axis=-1)
    sines = jnp.concatenate([jnp.zeros_like(constant), coefficients[..., 2::2]], axis=-1)
    half = jax.lax.complex(cosines, -sines) * (axis.count / math.sqrt(2 * axis.length))
    if axis.nodes == "cell":
        half = _shift(half, axis.count)
    return jnp.fft.irfft(half, n=axis.count, axis=-1)


def _cosine_sum(coefficients: Float[Array, "... modes"], axis: Axis) -> Float[Array, "... nodes"]:
    # The even extension is periodic, with twice as many cells.
    period = 2 * (axis.count if axis.nodes == "cell" else axis.count - 1)
    constant = coefficients[..., :1] * math.sqrt(2)
    real = jnp.concatenate([constant, coefficients[..., 1:]], axis=-1) * (period / math.sqrt(2 * axis.length))
    half = jax.lax.complex(real, jnp.zeros_like(real))
    if axis.nodes == "cell":
        half = _shift(half, period)
    return jnp.fft.irfft(half, n=period, axis=-1)[..., : axis.count]


def _shift(half: Complex[Array, "... modes"], period: int) -> Complex[Array, "... modes"]:
    """Move the first node from the end of the axis to the centre of its first cell."""
    angle = np.pi / period * np.arange(half.shape[-1])
    phase = np.exp(1j * angle).reshape((1,) * (half.ndim - 1) + angle.shape)
    return half * jnp.asarray(phase, half.dtype)
