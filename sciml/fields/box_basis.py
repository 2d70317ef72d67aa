"""Basis of a box some of whose axes are bounded: a product of Fourier, sine, cosine and polynomial axes."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact

from sciml.boundary import coefficients_and_data, ends
from sciml.fields.arithmetic import cast, multiply
from sciml.fields.axes import AxisBasis, FourierAxis, PolynomialAxis, TrigonometricAxis
from sciml.fields.basis import Dealiasing, _fast_length
from sciml.fields.lift import Lift, edge_mismatch
from sciml.fields.packing import negate_modes
from sciml.grid import Axis, Grid

GIVEN, NONE = -1, -2
"""In place of a parity: a given function, which takes that of what it multiplies; a function that has none (boundary data)."""


@jax.tree_util.register_static
@dataclass(frozen=True)
class BoxBasis:
    """Modes and quadrature points of a box; the Laplacian with the homogeneous boundary conditions is diagonal in the modes.

    A state is the sum of a lift, which takes the boundary data, and of modes. Coefficients, those of the modes, have shape
    `(*components, *storage)`; they are complex where the state is or where an axis is periodic.

    Attributes:
        grid: the grid of the state.
        lines: basis of each axis.
        degree: products up to this polynomial degree are free of aliasing; `None` means unchecked.
        is_complex: whether the state is complex.
        precision: real dtype of the state, `"float32"` or `"float64"`.
    """

    grid: Grid
    lines: tuple[AxisBasis, ...]
    degree: int | None
    is_complex: bool
    precision: str

    @property
    def dimension(self) -> int:
        """Number of axes."""
        return self.grid.dimension

    @property
    def dtype(self) -> np.dtype:
        """Dtype of point values."""
        return np.result_type(self.precision, np.complex64) if self.is_complex else np.dtype(self.precision)

    @property
    def coefficient_dtype(self) -> np.dtype:
        """Dtype of coefficients."""
        periodic = any(line.periodic for line in self.lines)
        return np.result_type(self.precision, np.complex64) if periodic else self.dtype

    @property
    def storage(self) -> tuple[int, ...]:
        """Shape of the coefficients of one component."""
        return tuple(line.size for line in self.lines)

    @property
    def quadrature(self) -> tuple[int, ...]:
        """Number of quadrature points per axis."""
        return tuple(line.points for line in self.lines)

    @property
    def lift(self) -> Lift:
        """What takes the boundary data."""
        return Lift(self.grid)

    # --- parity ---------------------------------------------------------------------------------------------------------------

    @property
    def has_parity(self) -> bool:
        """Whether functions on some axis are series of one parity."""
        return any(line.trigonometric for line in self.lines)

    @property
    def parity(self) -> int:
        """Of the modes: two bits per axis, see `sciml.fields.axes.base`, zero where an axis has none."""
        return sum(line.parity << 2 * i for i, line in enumerate(self.lines) if isinstance(line, TrigonometricAxis))

    def turned(self, parity: int, axis: int, order: int) -> int:
        """Parity of a derivative."""
        return parity ^ (3 << 2 * axis) if parity >= 0 and order % 2 and self.lines[axis].trigonometric else parity

    # --- symbols --------------------------------------------------------------------------------------------------------------

    def is_diagonal(self, orders: Sequence[int]) -> bool:
        """Whether a derivative is diagonal in the modes: of even order along bounded axes."""
        return all(line.periodic or order % 2 == 0 for line, order in zip(self.lines, orders))

    def derivative_symbol(self, axis: int, order: int) -> np.ndarray:
        """Symbol of a derivative that is diagonal, in double precision, shaped to broadcast against the storage."""
        line = self.lines[axis]
        if isinstance(line, FourierAxis):
            symbol = line.wavenumbers**order * (1, 1j, -1, -1j)[order % 4]
        else:
            symbol = line.eigenvalues ** (order // 2)
        return symbol.reshape([-1 if a == axis else 1 for a in range(self.dimension)])

    def laplacian_symbol(self, xp: Any = np) -> Any:
        """Eigenvalues of the Laplacian on the whole storage; with `xp=jax.numpy` combined inside the program."""
        terms: list[Any] = [self.derivative_symbol(axis, 2) for axis in range(self.dimension)]
        if xp is not np:
            terms = [jnp.asarray(term, self.precision) for term in terms]
        return functools.reduce(lambda a, b: a + b, terms)

    def inverse_laplacian_symbol(self, xp: Any = np) -> Any:
        """One over the eigenvalues; zero for the mean where every axis is periodic or Neumann."""
        symbol = self.laplacian_symbol(xp)
        zero = xp.abs(symbol) < 1e-10 / max(self.grid.lengths) ** 2
        return xp.where(zero, xp.zeros_like(symbol), 1 / xp.where(zero, xp.ones_like(symbol), symbol))

    def scale(self, coefficients: Array, symbol: np.ndarray) -> Array:
        """Product of coefficients with a double-precision symbol, in the precision of the basis."""
        target = np.result_type(self.precision, np.complex64) if np.iscomplexobj(symbol) else np.dtype(self.precision)
        return multiply(coefficients, jnp.asarray(symbol.astype(target)))

    # --- values at the nodes --------------------------------------------------------------------------------------------------

    def encode(self, values: Inexact[Array, "..."], t: Any = 0.0) -> Inexact[Array, "..."]:
        """State `(components, *grid.shape)` at time `t` to coefficients: the lift is subtracted, the rest projected."""
        if self.lift.present:
            values = values - self.lift_at_nodes(values.shape[0], t)
        return self.encode_homogeneous(values)

    def decode(self, coefficients: Inexact[Array, "..."], t: Any = 0.0) -> Inexact[Array, "..."]:
        """Coefficients `(components, *storage)` to the state at time `t`; inverse of `encode` on states of the basis."""
        values = self.decode_homogeneous(coefficients)
        return values + self.lift_at_nodes(values.shape[0], t) if self.lift.present else values

    def encode_homogeneous(self, values: Inexact[Array, "..."]) -> Inexact[Array, "..."]:
        """Values that satisfy the homogeneous conditions to coefficients."""
        for axis in self._inwards:
            values = self.lines[axis].encode(values, self._at(values, axis))
        return values

    def decode_homogeneous(self, coefficients: Inexact[Array, "..."]) -> Inexact[Array, "..."]:
        """Coefficients to values without the lift."""
        for axis in reversed(self._inwards):
            coefficients = self.lines[axis].decode(coefficients, self._at(coefficients, axis))
        return coefficients

    def lift_at_nodes(self, components: int, t: Any) -> Inexact[Array, "..."]:
        """Values of the lift at the grid's nodes, `(components, *grid.shape)`."""
        rows = [self.lift_row_at_nodes(c, t) for c in range(components)]
        return jnp.stack([jnp.broadcast_to(row, self.grid.shape) for row in rows])

    def lift_row_at_nodes(self, component: int, t: Any, orders: Sequence[int] = ()) -> Array:
        """A derivative of the lift of one component at the nodes; axes it does not depend on may have length one."""
        lines = [self._shaped(axis.coordinates(), i) for i, axis in enumerate(self.grid.axes)]
        nodes = [jnp.asarray(line, self.precision) for line in lines]
        return cast(self.lift.values(component, t, nodes, tuple(orders)), self.dtype, "boundary data")

    # --- values at the quadrature points --------------------------------------------------------------------------------------

    def lift_at_points(self, component: int, t: Any, orders: Sequence[int] = (), *, rate: bool = False) -> Array:
        """A derivative of the lift at the quadrature points; axes it does not depend on may have length one."""
        points = [jnp.asarray(self.coordinates(axis), self.precision) for axis in range(self.dimension)]
        values = self.lift.values(component, t, points, tuple(orders), rate=rate)
        return cast(values, self.dtype, "boundary data")

    def to_points(self, coefficients: Inexact[Array, "..."], orders: Sequence[int] = ()) -> Inexact[Array, "..."]:
        """Coefficients to values, or derivatives, on the quadrature points."""
        orders = orders or (0,) * self.dimension
        for axis in reversed(self._inwards):
            coefficients = self.lines[axis].synthesise(coefficients, self._at(coefficients, axis), orders[axis])
        return coefficients

    def from_points(self, points: Inexact[Array, "..."], parity: int = GIVEN) -> Inexact[Array, "..."]:
        """Values of a function of some parity on the quadrature points to coefficients (a projection)."""
        for axis in self._inwards:
            points = self.lines[axis].analyse(points, self._at(points, axis), _of_axis(parity, axis))
        return points

    def differentiate(self, points: Array, axis: int, order: int, parity: int) -> Array:
        """Derivative of values on the quadrature points; axes of length one are constant."""
        at = self._at(points, axis)
        if points.shape[at] == 1 and self.quadrature[axis] > 1:
            return jnp.zeros_like(points)
        return self.lines[axis].differentiate(points, at, order, _of_axis(parity, axis))

    def points_to_nodes(self, points: Array, parity: int) -> Array:
        """Quadrature points to the grid's nodes, without imposing the boundary conditions."""
        for axis, line in enumerate(self.lines):
            points = line.to_nodes(points, self._at(points, axis), _of_axis(parity, axis))
        return points

    def nodes_to_points(self, values: Array) -> Array:
        """The grid's nodes to the quadrature points, without imposing the boundary conditions."""
        for axis, line in enumerate(self.lines):
            values = line.from_nodes(values, self._at(values, axis))
        return values

    def coordinates(self, axis: int) -> np.ndarray:
        """Coordinates of the quadrature points along one axis, float64, shaped to broadcast against point values."""
        return self._shaped(self.lines[axis].coordinates(), axis)

    def symmetrised(self, coefficients: Inexact[Array, "..."]) -> Inexact[Array, "..."]:
        """Restore the Hermitian symmetry of a real field with several periodic axes; see `FourierBasis.symmetrised`."""
        periodic = [axis for axis, line in enumerate(self.lines) if line.periodic]
        if self.is_complex or len(periodic) < 2:
            return coefficients
        half = self._at(coefficients, periodic[-1])
        index = (slice(None),) * half + (0,)
        plane = coefficients[index]
        mirrored = plane
        for axis in periodic[:-1]:
            mirrored = negate_modes(mirrored, self._at(coefficients, axis))
        return coefficients.at[index].set(0.5 * (plane + jnp.conj(mirrored)))

    @property
    def _inwards(self) -> list[int]:
        """Order of the axes from values to coefficients: bounded ones while all is real, the halved one first of the periodic."""
        bounded = [axis for axis, line in enumerate(self.lines) if not line.periodic]
        periodic = [axis for axis, line in enumerate(self.lines) if line.periodic]
        return bounded + periodic[::-1]

    def _at(self, array: Array, axis: int) -> int:
        return array.ndim - self.dimension + axis

    def _shaped(self, line: np.ndarray, axis: int) -> np.ndarray:
        return line.reshape([-1 if a == axis else 1 for a in range(self.dimension)])


def _of_axis(parity: int, axis: int) -> int | None:
    return None if parity < 0 else parity >> 2 * axis & 3


def make_box_basis(
    grid: Grid,
    *,
    degree: int | None,
    dealiasing: Dealiasing = "truncation",
    is_complex: bool = False,
    precision: str = "float32",
) -> BoxBasis:
    """Choose modes and quadrature points of a grid with bounded axes; arguments as in `make_basis`.

    A periodic axis is treated as there. A bounded axis with nodes "vertex" or "cell" takes sines, cosines or quarter waves, by its
    boundary; one with nodes "chebyshev" takes polynomials, by any boundary.
    """
    if dealiasing not in ("truncation", "padding", "none"):
        raise ValueError(
            f"`dealiasing` must be 'truncation', 'padding' or 'none' on a box with walls, got {dealiasing!r}."
        )
    power = 1 if dealiasing == "none" or degree is None else max(1, degree)
    periodic = [i for i, axis in enumerate(grid.axes) if axis.periodic]
    half = None if is_complex or not periodic else periodic[-1]
    lines = tuple(_line(axis, power, dealiasing == "truncation", i == half) for i, axis in enumerate(grid.axes))
    if min(line.size for line in lines) < 1:
        raise ValueError(
            f"grid {grid.shape} is too coarse for {dealiasing} at degree {degree}: no mode is left on some axis."
        )
    return BoxBasis(grid, lines, None if dealiasing == "none" else degree, is_complex, precision)


def _line(axis: Axis, power: int, truncate: bool, half: bool) -> AxisBasis:
    if axis.periodic:
        highest = (axis.count - 1) // 2
        if power == 1:
            return FourierAxis(axis, highest, axis.count, half)
        if truncate:
            return FourierAxis(axis, (axis.count - 1) // (power + 1), axis.count, half)
        return FourierAxis(axis, highest, max(axis.count, _fast_length((power + 1) * highest + 1)), half)
    return _polynomial(axis, power, truncate) if axis.nodes == "chebyshev" else _trigonometric(axis, power, truncate)


def _polynomial(axis: Axis, power: int, truncate: bool) -> PolynomialAxis:
    # On m points quadrature is exact to degree 2m - 3; a product tested against a mode has degree (power + 1) K.
    lower, upper = (coefficients_and_data(side)[:2] for side in ends(axis.boundary))
    scale = 2 / axis.length
    conditions = ((lower[0], lower[1] * scale), (upper[0], upper[1] * scale))
    degree = axis.count - 1
    if truncate and power > 1:
        degree = (2 * axis.count - 1) // (power + 1)
    if degree < 2:
        raise ValueError(f"a Chebyshev axis needs at least 3 nodes (more for products), got {axis.count}.")
    return PolynomialAxis(axis, conditions, degree, max(degree + 2, -(-((power + 1) * degree + 3) // 2)))


def _trigonometric(axis: Axis, power: int, truncate: bool) -> TrigonometricAxis:
    parity = 0
    for bit, side in enumerate(ends(axis.boundary)):
        a, b, _ = coefficients_and_data(side)
        if a != 0 and b != 0:
            raise ValueError(f"a Robin condition has no sines or cosines: take nodes='chebyshev' for {axis!r}.")
        parity |= (b == 0) << bit
    cells = axis.count - (axis.nodes == "vertex")
    first = {0: 0.0, 1: 0.5, 2: 0.5, 3: 1.0}[parity]
    modes = cells - 1 if parity == 3 else cells
    if power == 1:
        return TrigonometricAxis(axis, parity, modes, cells)
    if truncate:
        # A product tested against a mode has up to (power + 1) q half waves; m midpoints are exact below 2m.
        highest = math.ceil(2 * cells / (power + 1)) - 1
        return TrigonometricAxis(axis, parity, min(modes, int(highest - first) + 1), cells)
    count = int((power + 1) * (first + modes - 1) / 2) + 1
    return TrigonometricAxis(axis, parity, modes, max(cells, _fast_length(count)))


def check_data(basis: BoxBasis, components: int) -> None:
    """Raise where boundary data have the wrong number of components, or contradict each other where two walls meet.

    Raises:
        ValueError: see above. Data that change in time are checked at time zero; data that are being traced are not.
    """
    if not basis.lift.present:
        return
    for axis in basis.grid.axes:
        for side in () if axis.periodic else ends(axis.boundary):
            data = coefficients_and_data(side)[2]
            if isinstance(data, tuple) and len(data) != components:
                raise ValueError(f"{side!r} gives data of {len(data)} components to a state of {components}.")
    if sum(not line.periodic for line in basis.lines) < 2:
        return
    try:
        worst = _largest_mismatch(basis.grid, components)
    except (jax.errors.JAXTypeError, jax.errors.UnexpectedTracerError):
        return
    if worst > 1e-3:
        raise ValueError(
            f"the boundary data contradict each other where two walls meet, by {worst:.2g} of their size; the lift needs data that "
            "agree there. Smooth them towards the edges."
        )


@functools.lru_cache(maxsize=256)
def _largest_mismatch(grid: Grid, components: int) -> float:
    with jax.ensure_compile_time_eval():
        return max(edge_mismatch(grid, component) for component in range(components))


def lift_rate_coefficients(basis: BoxBasis, components: int, t: Any) -> Array | None:
    """Coefficients of the time derivative of the lift; `None` where there are no data."""
    if not basis.lift.present:
        return None
    rows = [basis.lift_at_points(c, t, rate=True) for c in range(components)]
    full = jnp.stack([jnp.broadcast_to(row, basis.quadrature) for row in rows])
    return basis.from_points(full, NONE)
