"""A bounded axis with uniform nodes: sines, cosines, and quarter waves where the two ends differ."""

import functools
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array

from sciml.fields.axes.base import AxisBasis, along
from sciml.grid import Axis

LONGEST = 256
"""Most points for which transforms are matrix products; longer lines take fast transforms of their periodic extension."""


@dataclass(frozen=True)
class TrigonometricAxis(AxisBasis):
    """Modes `sin(q s)` or `cos(q s)`, `s` from the lower end.

    The parity at the two ends decides: a Dirichlet end is odd, a Neumann end even. `sin(k pi s / L)` where both are odd,
    `cos(k pi s / L)` where both are even, `sin` or `cos((k + 1/2) pi s / L)` where they differ. Products and derivatives of such
    functions are such functions, of another parity; their quadrature points are the midpoints of `count` cells.

    Attributes:
        axis: the bounded axis, nodes "vertex" or "cell".
        parity: of the modes, see `sciml.fields.axes.base`.
        modes: how many.
        count: number of quadrature points.
    """

    axis: Axis
    parity: int
    modes: int
    count: int

    trigonometric = True

    @property
    def size(self) -> int:
        """Number of modes."""
        return self.modes

    @property
    def points(self) -> int:
        """Number of quadrature points."""
        return self.count

    @property
    def cells(self) -> int:
        """Number of spacings of the grid between the ends."""
        return self.axis.count - (self.axis.nodes == "vertex")

    @property
    def eigenvalues(self) -> np.ndarray:
        """`-q^2`."""
        return -((np.pi / self.axis.length * frequencies(self.parity, self.modes)) ** 2)

    def coordinates(self) -> np.ndarray:
        """Midpoints."""
        return self.axis.lower + self.axis.length / self.count * (np.arange(self.count) + 0.5)

    # --- modes ----------------------------------------------------------------------------------------------------------------

    def encode(self, values: Array, at: int) -> Array:
        """Values at the grid's nodes to modes."""
        return _analyse(values, at, self.parity, self.modes, self.cells)

    def decode(self, coefficients: Array, at: int) -> Array:
        """Modes to values at the grid's nodes."""
        return _synthesise(coefficients, at, self.parity, 0, self.cells, self.axis.count)

    def synthesise(self, coefficients: Array, at: int, order: int) -> Array:
        """The derivative of `order` on the quadrature points."""
        return self._derivative(coefficients, at, self.parity, order)

    def analyse(self, points: Array, at: int, parity: int | None) -> Array:
        """Quadrature points to modes: exact for a function that is a series of its parity."""
        if parity is None or parity == self.parity:
            return _analyse(points, at, self.parity, self.modes, self.count)
        return along(_overlaps(self.parity, self.modes, parity, self.count), self._series(points, at, parity), at)

    # --- functions on the points ----------------------------------------------------------------------------------------------

    def differentiate(self, points: Array, at: int, order: int, parity: int | None) -> Array:
        """Derivative of a function known at the quadrature points."""
        if parity is None:
            raise ValueError(
                "d: a given function (a coordinate, `like`, boundary data) is no series of sines or cosines along an axis with uniform "
                "nodes; take nodes='chebyshev' for this axis, or write the derivative of the function out."
            )
        return self._derivative(self._series(points, at, parity), at, parity, order)

    def to_nodes(self, points: Array, at: int, parity: int | None) -> Array:
        """Quadrature points to the grid's nodes."""
        parity = 0 if parity is None else parity
        series = _analyse(points, at, parity, min(_most(parity, self.count), _most(parity, self.cells)), self.count)
        return _synthesise(series, at, parity, 0, self.cells, self.axis.count)

    def from_nodes(self, values: Array, at: int) -> Array:
        """The grid's nodes to the quadrature points, by cosines."""
        series = _analyse(values, at, 0, self.cells, self.cells)
        return _synthesise(series, at, 0, 0, self.count, self.count)

    def modes_at(self, s: np.ndarray, count: int) -> np.ndarray:
        """The first modes at any places, `s` in (0, 1) along the axis; shape `(places, count)`."""
        return np.cos(np.pi * np.outer(s, frequencies(self.parity, count)) + _phase(self.parity, 0))

    def _series(self, points: Array, at: int, parity: int) -> Array:
        return _analyse(points, at, parity, _most(parity, self.count), self.count)

    def _derivative(self, coefficients: Array, at: int, parity: int, order: int) -> Array:
        if order:
            scale = (np.pi / self.axis.length * frequencies(parity, coefficients.shape[at])) ** order
            shape = [-1 if axis == at else 1 for axis in range(coefficients.ndim)]
            coefficients = coefficients * jnp.asarray(scale.reshape(shape), coefficients.dtype)
        return _synthesise(coefficients, at, parity, order, self.count, self.count)


def frequencies(parity: int, modes: int) -> np.ndarray:
    """Half waves per length of the first modes of a parity."""
    first = {0: 0.0, 1: 0.5, 2: 0.5, 3: 1.0}[parity]
    return first + np.arange(modes)


def _most(parity: int, cells: int) -> int:
    """Modes of a parity that nodes `cells` spacings apart tell apart, the alternating one left out."""
    return cells - 1 if parity == 3 else cells


def _analyse(values: Array, at: int, parity: int, modes: int, cells: int) -> Array:
    if values.shape[at] <= LONGEST:
        return along(_analysis(parity, modes, cells, values.shape[at] > cells), values, at)
    lines = jnp.moveaxis(values, at, -1)
    return jnp.moveaxis(_by_parts(lambda x: _fast_analysis(x, parity, modes, cells), lines), -1, at)


def _synthesise(coefficients: Array, at: int, parity: int, order: int, cells: int, count: int) -> Array:
    """Sum of `trig(q s + order pi / 2)`: the derivative but for the powers of q."""
    if count <= LONGEST:
        return along(_waves(parity, coefficients.shape[at], cells, count > cells, order), coefficients, at)
    lines = jnp.moveaxis(coefficients, at, -1)
    return jnp.moveaxis(_by_parts(lambda x: _fast_synthesis(x, parity, order, cells, count), lines), -1, at)


def _by_parts(transform, lines: Array) -> Array:
    if not jnp.issubdtype(lines.dtype, jnp.complexfloating):
        return transform(lines)
    return lax.complex(transform(lines.real), transform(lines.imag))


def _phase(parity: int, order: int) -> float:
    """`cos(q s + phase)` is the mode, differentiated."""
    return 0.5 * np.pi * (order - parity % 2)


@functools.lru_cache(maxsize=64)
def _waves(parity: int, modes: int, cells: int, ends: bool, order: int) -> np.ndarray:
    """Modes at the nodes, `(nodes, modes)`."""
    nodes = (np.arange(cells + 1) if ends else np.arange(cells) + 0.5) / cells
    return np.cos(np.pi * np.outer(nodes, frequencies(parity, modes)) + _phase(parity, order))


@functools.lru_cache(maxsize=64)
def _analysis(parity: int, modes: int, cells: int, ends: bool) -> np.ndarray:
    """Inverse of `_waves` on its range, by discrete orthogonality."""
    table = 2 / cells * _waves(parity, modes, cells, ends, 0).T
    if ends:
        table[:, [0, -1]] *= 0.5
    if parity == 0:
        table[0] *= 0.5
    return table


@functools.lru_cache(maxsize=32)
def _overlaps(parity: int, modes: int, other: int, count: int) -> np.ndarray:
    """Series of another parity to modes, by exact integrals."""
    q, r = frequencies(parity, modes)[:, None], frequencies(other, _most(other, count))[None, :]

    def integral(frequency: np.ndarray, phase: float) -> np.ndarray:
        """Of `cos(frequency s + phase)` over (0, pi)."""
        zero = frequency == 0
        safe = np.where(zero, 1.0, frequency)
        return np.where(zero, np.pi * np.cos(phase), (np.sin(np.pi * frequency + phase) - np.sin(phase)) / safe)

    a, b = _phase(parity, 0), _phase(other, 0)
    table = (integral(q + r, a + b) + integral(q - r, a - b)) / np.pi
    return np.where(q == 0, 0.5 * table, table)


def _fast_synthesis(lines: Array, parity: int, order: int, cells: int, count: int) -> Array:
    whole = parity in (0, 3)
    period = 2 * cells if whole else 4 * cells
    q = frequencies(parity, lines.shape[-1])
    offset = 0.0 if count > cells else 0.5
    turn, weight = np.pi * q * offset / cells + _phase(parity, order), np.where(q == 0, 1.0, 0.5)
    cosine, sine = (_as_lines(weight * table, lines) for table in (np.cos(turn), np.sin(turn)))
    waves = lax.complex(lines * cosine, lines * sine)
    index = np.rint(q * period / (2 * cells)).astype(int)
    spectrum = jnp.zeros((*lines.shape[:-1], period // 2 + 1), waves.dtype).at[..., index].set(waves)
    return jnp.fft.irfft(spectrum, period, norm="forward")[..., :count]


def _fast_analysis(lines: Array, parity: int, modes: int, cells: int) -> Array:
    ends = lines.shape[-1] > cells
    lower, upper = 1 - 2 * (parity & 1), 1 - (parity & 2)
    if ends:
        body, mirrored = lines[..., :-1], upper * jnp.flip(lines[..., 1:], -1)
    else:
        body, mirrored = lines, upper * jnp.flip(lines, -1)
    extended = jnp.concatenate([body, mirrored], -1)
    if lower != upper:
        extended = jnp.concatenate([extended, -extended], -1)
    q = frequencies(parity, modes)
    index = np.rint(q * extended.shape[-1] / (2 * cells)).astype(int)
    spectrum = jnp.fft.rfft(extended, norm="forward")[..., index]
    turn, weight = np.pi * q * (0.0 if ends else 0.5) / cells + _phase(parity, 0), np.where(q == 0, 1.0, 2.0)
    cosine, sine = (_as_lines(weight * table, lines) for table in (np.cos(turn), np.sin(turn)))
    return spectrum.real * cosine + spectrum.imag * sine


def _as_lines(table: np.ndarray, lines: Array) -> Array:
    return jnp.asarray(table.reshape((1,) * (lines.ndim - 1) + (-1,)), lines.dtype)
