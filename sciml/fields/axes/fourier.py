"""A periodic axis of a box: complex exponentials."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from sciml.fields.axes.base import AxisBasis
from sciml.grid import Axis


@dataclass(frozen=True)
class FourierAxis(AxisBasis):
    """Modes `exp(i k x)`, `|k| <= highest`; the Nyquist mode is never kept.

    Attributes:
        axis: the periodic axis.
        highest: highest mode number.
        count: number of quadrature points.
        half: whether only `k >= 0` is stored: what is transformed along this axis is real.
    """

    axis: Axis
    highest: int
    count: int
    half: bool

    periodic = True

    @property
    def size(self) -> int:
        """Number of stored modes."""
        return self.highest + 1 if self.half else 2 * self.highest + 1

    @property
    def points(self) -> int:
        """Number of quadrature points."""
        return self.count

    @property
    def wavenumbers(self) -> np.ndarray:
        """Angular wavenumbers in storage order."""
        return self._wavenumbers(self.highest, self.half)

    @property
    def eigenvalues(self) -> np.ndarray:
        """`-k^2`."""
        return -(self.wavenumbers**2)

    def coordinates(self) -> np.ndarray:
        """Quadrature points."""
        return self.axis.lower + self.axis.length / self.count * np.arange(self.count)

    def encode(self, values: Array, at: int) -> Array:
        """Values at the grid's nodes to modes."""
        return self.analyse(values, at, None)

    def decode(self, coefficients: Array, at: int) -> Array:
        """Modes to values at the grid's nodes."""
        return self._synthesise(coefficients, at, self.axis.count, self.half)

    def synthesise(self, coefficients: Array, at: int, order: int) -> Array:
        """The derivative of `order` on the quadrature points."""
        return self._synthesise(_times(coefficients, self.wavenumbers, order, at), at, self.count, self.half)

    def analyse(self, points: Array, at: int, parity: int | None) -> Array:
        """Quadrature points to modes."""
        return _analyse(points, at, self.highest, self.half)

    def differentiate(self, points: Array, at: int, order: int, parity: int | None) -> Array:
        """Derivative of a function known at the quadrature points."""
        real = not jnp.issubdtype(points.dtype, jnp.complexfloating)
        highest = (self.count - 1) // 2
        spectrum = _times(_analyse(points, at, highest, real), self._wavenumbers(highest, real), order, at)
        return self._synthesise(spectrum, at, self.count, real)

    def to_nodes(self, points: Array, at: int, parity: int | None) -> Array:
        """Quadrature points to the grid's nodes."""
        real = not jnp.issubdtype(points.dtype, jnp.complexfloating)
        return self._synthesise(_analyse(points, at, self.highest, real), at, self.axis.count, real)

    def from_nodes(self, values: Array, at: int) -> Array:
        """The grid's nodes to the quadrature points."""
        if self.count == self.axis.count:
            return values
        real = not jnp.issubdtype(values.dtype, jnp.complexfloating)
        return self._synthesise(_analyse(values, at, (self.axis.count - 1) // 2, real), at, self.count, real)

    def _wavenumbers(self, highest: int, half: bool) -> np.ndarray:
        k = np.arange(highest + 1)
        whole = k if half else np.concatenate([k, np.arange(-highest, 0)])
        return 2 * np.pi / self.axis.length * whole

    def _synthesise(self, coefficients: Array, at: int, count: int, half: bool) -> Array:
        """Modes to values on `count` points; a forward transform divides by the number of points, this one does not."""
        if half:
            return jnp.fft.irfft(coefficients, count, axis=at, norm="forward")
        stored = coefficients.shape[at]
        highest = (stored - 1) // 2
        low, high = jnp.split(coefficients, [highest + 1], axis=at)
        shape = list(coefficients.shape)
        shape[at] = count - stored
        padded = jnp.concatenate([low, jnp.zeros(shape, coefficients.dtype), high], axis=at)
        return jnp.fft.ifft(padded, axis=at, norm="forward")


def _analyse(values: Array, at: int, highest: int, half: bool) -> Array:
    count = values.shape[at]
    if half:
        return jnp.split(jnp.fft.rfft(values, axis=at, norm="forward"), [highest + 1], axis=at)[0]
    parts = jnp.split(jnp.fft.fft(values, axis=at, norm="forward"), [highest + 1, count - highest], axis=at)
    return jnp.concatenate([parts[0], parts[2]], axis=at)


def _times(coefficients: Array, wavenumbers: np.ndarray, order: int, at: int) -> Array:
    if order == 0:
        return coefficients
    symbol = (1j * wavenumbers) ** order
    shape = [-1 if axis == at else 1 for axis in range(coefficients.ndim)]
    return coefficients * jnp.asarray(symbol.reshape(shape), coefficients.dtype)
