"""Fourier basis of a periodic grid: which modes are kept, on which points products are taken, and how to go between them.

Made by a solver from a grid and an equation's degree; a grid knows nothing of modes. The order and scaling in which coefficients
are stored are the basis' own business: only its methods touch them.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.core import Tracer
from jax.sharding import Mesh, NamedSharding
from jaxtyping import Array, Complex, Inexact

from sciml.fields import half_length, matrix_transform, sharded_transforms
from sciml.fields.arithmetic import multiply
from sciml.fields.packing import insert_zeros, keep_low_modes, negate_modes, pack, unpack
from sciml.grid import Grid

Dealiasing: TypeAlias = Literal["truncation", "padding", "filter", "none"]


@jax.tree_util.register_static
@dataclass(frozen=True)
class FourierBasis:
    """Retained modes and quadrature points of a periodic grid.

    Modes `|k_i| <= modes[i]` are kept on each axis; the Nyquist mode of an even axis never is, since its sine has no value on the
    nodes. Coefficients have shape `(*components, *storage)`.

    Attributes:
        grid: the grid of the state, periodic.
        modes: highest retained mode number per axis.
        quadrature: number of points per axis on which products are taken.
        degree: products up to this polynomial degree are free of aliasing; `None` means unchecked.
        is_complex: whether the state is complex.
        precision: real dtype of the state, `"float32"` or `"float64"`.
        mesh: devices over which fields are split, one mesh axis for slabs, two for pencils; `None` for one device.
        filtered: whether what comes from points meets the exponential filter `exp(-36 (k / modes)^36)` on each axis.
    """

    grid: Grid
    modes: tuple[int, ...]
    quadrature: tuple[int, ...]
    degree: int | None
    is_complex: bool
    precision: str
    mesh: Mesh | None = None
    filtered: bool = False

    def __post_init__(self) -> None:
        if self.mesh is not None:
            for shape in (self.grid.shape, self.quadrature):
                sharded_transforms.check_mesh(self.mesh, shape)

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
        return np.result_type(self.precision, np.complex64)

    @property
    def storage(self) -> tuple[int, ...]:
        """Shape of the coefficients of one component."""
        full = [2 * k + 1 for k in self.modes]
        counts = (*full[:-1], full[-1] if self.is_complex else self.modes[-1] + 1)
        return counts if self.mesh is None else sharded_transforms.stored_counts(counts, self.mesh)

    # --- wavenumbers ----------------------------------------------------------------------------------------------------------

    def mode_numbers(self, axis: int) -> np.ndarray:
        """Integer mode numbers along one axis, in storage order; zeros for coefficients that only fill up the last device."""
        k = self.modes[axis]
        half = axis == self.dimension - 1 and not self.is_complex
        numbers = np.arange(k + 1) if half else np.concatenate([np.arange(k + 1), np.arange(-k, 0)])
        return np.pad(numbers, (0, self.storage[axis] - len(numbers)))

    def wavenumbers(self, axis: int) -> np.ndarray:
        """Angular wavenumbers `2 pi k / length`, float64, shaped to broadcast against the storage."""
        k = 2 * np.pi / self.grid.lengths[axis] * self.mode_numbers(axis)
        return k.reshape([-1 if a == axis else 1 for a in range(self.dimension)])

    def derivative_symbol(self, axis: int, order: int) -> np.ndarray:
        """`(i k)^order` along one axis, real for even orders, in double precision."""
        k = self.wavenumbers(axis)
        sign = (1, 1j, -1, -1j)[order % 4]
        return k**order * sign

    def laplacian_symbol(self, xp: Any = np) -> Any:
        """`-|k|^2` on the whole storage; with `xp=jax.numpy` it is combined inside the program from one vector per axis."""
        terms = [-(self.wavenumbers(axis) ** 2) for axis in range(self.dimension)]
        if xp is not np:
            terms = [jnp.asarray(term, self.precision) for term in terms]
        return functools.reduce(lambda a, b: a + b, terms)

    def inverse_laplacian_symbol(self, xp: Any = np) -> Any:
        """`-1 / |k|^2`, zero for the mean."""
        symbol = self.laplacian_symbol(xp)
        zero = symbol == 0
        return xp.where(zero, xp.zeros_like(symbol), 1 / xp.where(zero, xp.ones_like(symbol), symbol))

    # --- transforms -----------------------------------------------------------------------------------------------------------

    def encode(self, values: Inexact[Array, "*components_and_grid"]) -> Complex[Array, "*components_and_storage"]:
        """Values on the grid's nodes to coefficients (a projection on the retained modes)."""
        scale = math.prod(self.quadrature) / self.grid.size
        coefficients = self._analyse(values, self.grid.shape)
        return coefficients if scale == 1 else coefficients * scale

    def decode(self, coefficients: Complex[Array, "*components_and_storage"]) -> Inexact[Array, "*components_and_grid"]:
        """Coefficients to values on the grid's nodes."""
        scale = self.grid.size / math.prod(self.quadrature)
        values = self._synthesise(coefficients, self.grid.shape)
        return values if scale == 1 else values * scale

    def to_points(
        self, coefficients: Complex[Array, "*components_and_storage"]
    ) -> Inexact[Array, "*components_and_points"]:
        """Coefficients to values on the quadrature points."""
        return self._synthesise(coefficients, self.quadrature)

    def from_points(
        self, points: Inexact[Array, "*components_and_points"]
    ) -> Complex[Array, "*components_and_storage"]:
        """Values on the quadrature points to coefficients."""
        coefficients = self._analyse(points, self.quadrature)
        if self.filtered:
            for axis, highest in enumerate(self.modes):
                share = self.wavenumbers(axis) * self.grid.lengths[axis] / (2 * np.pi * max(highest, 1))
                coefficients = self.scale(coefficients, np.exp(-36.0 * share**36))
        return coefficients

    def series_coefficients(self, coefficients: Complex[Array, "*components_and_storage"]) -> Complex[Array, "..."]:
        """Coefficients of `exp(i k x)`, `x` counted from the grid's lower corner, in storage order (mean first)."""
        return coefficients / math.prod(self.quadrature)

    def add_mean(self, coefficients: Complex[Array, "*cs"], mean: Inexact[Array, "*c"]) -> Complex[Array, "*cs"]:
        """Add a constant of component shape to a field given by its coefficients."""
        index = (..., *([0] * self.dimension))
        return coefficients.at[index].add((mean * math.prod(self.quadrature)).astype(coefficients.dtype))

    def symmetrised(self, coefficients: Complex[Array, "*cs"]) -> Complex[Array, "*cs"]:
        """Restore the Hermitian symmetry that a real field has and round-off does not keep.

        In two and three dimensions the plane `k_last = 0` holds each mode twice. A transform to points sees the symmetric part
        alone, so an antisymmetric error would grow under a linear instability without ever meeting the nonlinear term.
        """
        if self.is_complex or self.dimension == 1:
            return coefficients
        index = (..., *(slice(2 * k + 1) for k in self.modes[:-1]), 0)
        plane = coefficients[index]
        mirrored = plane
        for axis in range(plane.ndim - self.dimension + 1, plane.ndim):
            mirrored = negate_modes(mirrored, axis)
        return coefficients.at[index].set(0.5 * (plane + jnp.conj(mirrored)))

    def _analyse(self, values: Array, shape: tuple[int, ...]) -> Array:
        if self.mesh is not None:
            return sharded_transforms.analyse(values, self.mesh, self.modes, self.storage, not self.is_complex)
        if self.is_complex:
            return self._analyse_complex(values)
        return self._by_pairs(values, shape, self._analyse_real, self._analyse_pair)

    def _synthesise(self, coefficients: Array, shape: tuple[int, ...]) -> Array:
        if self.mesh is not None:
            return sharded_transforms.synthesise(coefficients, self.mesh, self.modes, shape, not self.is_complex)
        if self.is_complex:
            return self._synthesise_complex(coefficients, shape)
        return self._by_pairs(
            coefficients,
            self.storage,
            lambda c: self._synthesise_real(c, shape),
            lambda pair: self._synthesise_pair(pair, shape),
        )

    def _by_pairs(
        self,
        fields: Array,
        shape: tuple[int, ...],
        single: Callable[[Array], Array],
        double: Callable[[Array], list[Array]],
    ) -> Array:
        """Transform real fields in the way that is fastest for their dimension: in two dimensions two by two as one complex field.

        One transform after the other, never as a batch, which would leave the cache between the transform and what is done with it;
        the compiler sees through the stack.
        """
        components = fields.shape[: fields.ndim - self.dimension]
        count = math.prod(components)
        if self.dimension == 1 or count == 1:
            return single(fields)
        flat = fields.reshape(count, *shape)
        paired = count - count % 2 if self.dimension == 2 else 0
        rows = [row for i in range(0, paired, 2) for row in double(flat[i : i + 2])]
        rows += [single(flat[i]) for i in range(paired, count)]
        return jnp.stack(rows).reshape(*components, *rows[0].shape)

    def _analyse_real(self, values: Array) -> Array:
        if line := self._line_transform(values.shape[-1]):
            return line.analyse(values, self.modes[0])
        spectrum = lax.fft(values, lax.FftType.RFFT, values.shape[values.ndim - self.dimension :])
        spectrum = lax.slice_in_dim(spectrum, 0, self.modes[-1] + 1, axis=spectrum.ndim - 1)
        return self._keep_low_modes(spectrum, self.dimension - 1)

    def _synthesise_real(self, coefficients: Array, shape: tuple[int, ...]) -> Array:
        if line := self._line_transform(shape[-1]):
            return line.synthesise(coefficients, shape[-1])
        missing = shape[-1] // 2 - self.modes[-1]
        zeros = jnp.zeros((*coefficients.shape[:-1], missing), coefficients.dtype)
        half = jnp.concatenate([coefficients, zeros], axis=-1) if missing else coefficients
        return lax.fft(self._insert_zeros(half, shape[:-1]), lax.FftType.IRFFT, shape)

    def _line_transform(self, count: int) -> ModuleType | None:
        """A faster transform of real lines than the compiler's own, in one dimension."""
        if self.dimension > 1:
            return None
        if count <= matrix_transform.LONGEST:
            return matrix_transform
        return half_length if count % 2 == 0 else None

    def _analyse_pair(self, pair: Array) -> list[Array]:
        spectrum = lax.fft(lax.complex(pair[0], pair[1]), lax.FftType.FFT, pair.shape[1:])
        return list(unpack(spectrum[None], self.modes)[0])

    def _synthesise_pair(self, pair: Array, shape: tuple[int, ...]) -> list[Array]:
        both = lax.fft(pack(pair[None], self.modes, shape)[0], lax.FftType.IFFT, shape)
        return [both.real, both.imag]

    def _analyse_complex(self, values: Array) -> Array:
        spectrum = lax.fft(values, lax.FftType.FFT, values.shape[values.ndim - self.dimension :])
        return self._keep_low_modes(spectrum, self.dimension)

    def _synthesise_complex(self, coefficients: Array, shape: tuple[int, ...]) -> Array:
        return lax.fft(self._insert_zeros(coefficients, shape), lax.FftType.IFFT, shape)

    def _keep_low_modes(self, spectrum: Array, axes: int) -> Array:
        """Drop modes above the retained ones along the first `axes` axes of space."""
        first = spectrum.ndim - self.dimension
        for axis in range(axes):
            spectrum = keep_low_modes(spectrum, first + axis, self.modes[axis])
        return spectrum

    def _insert_zeros(self, spectrum: Array, shape: tuple[int, ...]) -> Array:
        first = spectrum.ndim - self.dimension
        for axis, count in enumerate(shape):
            spectrum = insert_zeros(spectrum, first + axis, self.modes[axis], count)
        return spectrum

    def split_over_devices(self, array: Array, *, kind: Literal["points", "modes"]) -> Array:
        """Lay an array with the axes of the points (or of the storage) last out over the devices of the mesh, if there is one."""
        if self.mesh is None:
            return array
        partition = sharded_transforms.point_partition if kind == "points" else sharded_transforms.mode_partition
        sharding = NamedSharding(self.mesh, partition(self.mesh, self.dimension, array.ndim - self.dimension))
        return (
            lax.with_sharding_constraint(array, sharding)
            if isinstance(array, Tracer)
            else jax.device_put(array, sharding)
        )

    def coordinates(self, axis: int) -> np.ndarray:
        """Coordinates of the quadrature points along one axis, float64, shaped to broadcast against point values."""
        line, count = self.grid.axes[axis], self.quadrature[axis]
        points = line.coordinates()[0] + line.length / count * np.arange(count)
        return points.reshape([-1 if a == axis else 1 for a in range(self.dimension)])

    def scale(self, coefficients: Array, symbol: np.ndarray) -> Array:
        """Product of coefficients with a double-precision symbol, in the precision of the basis."""
        target = self.coefficient_dtype if np.iscomplexobj(symbol) else np.dtype(self.precision)
        return multiply(coefficients, jnp.asarray(symbol.astype(target)))


def make_basis(
    grid: Grid,
    *,
    degree: int | None,
    dealiasing: Dealiasing = "truncation",
    is_complex: bool = False,
    precision: str = "float32",
    mesh: Mesh | None = None,
) -> FourierBasis:
    """Choose retained modes and quadrature points.

    A product of degree p of modes up to K is free of aliasing in those modes on more than `(p + 1) K` points.

    Args:
        grid: periodic grid of the state.
        degree: polynomial degree of the equation's nonlinear terms (1 for a linear equation).
        dealiasing: `"truncation"` keeps modes below `n / (degree + 1)` and takes products on the grid itself (the 2/3 rule for
            degree 2, the 1/2 rule for 3); `"padding"` keeps all modes and takes products on a finer grid; `"filter"` keeps all modes
            and damps the highest ones in what is computed at points, the nonlinear terms, by `exp(-36 (k / k_max)^36)` (T. Hou, R.
            Li, J. Comput. Phys. 226 (2007) 379), which weakens aliasing and does not remove it; `"none"` does nothing.
        is_complex: whether the state is complex.
        precision: real dtype of the state.
        mesh: devices over which to split fields, see `FourierBasis`.

    Returns:
        The basis.
    """
    if not grid.periodic:
        raise ValueError(f"a Fourier basis needs a periodic grid, got {grid!r}.")
    if dealiasing not in ("truncation", "padding", "filter", "none"):
        raise ValueError(f"`dealiasing` must be 'truncation', 'padding', 'filter' or 'none', got {dealiasing!r}.")
    largest = tuple((n - 1) // 2 for n in grid.shape)
    if dealiasing in ("none", "filter") or degree is None or degree <= 1:
        checked = None if dealiasing in ("none", "filter") else degree
        filtered = dealiasing == "filter" and (degree is None or degree > 1)
        return FourierBasis(grid, largest, grid.shape, checked, is_complex, precision, mesh, filtered)
    if dealiasing == "padding":
        devices = () if mesh is None else mesh.devices.shape
        multiples = [math.lcm(2, count) for count in (*devices, *[1] * grid.dimension)]
        quadrature = tuple(_fast_length((degree + 1) * k + 1, multiple) for k, multiple in zip(largest, multiples))
        quadrature = tuple(max(m, n) for m, n in zip(quadrature, grid.shape))
        return FourierBasis(grid, largest, quadrature, degree, is_complex, precision, mesh)
    modes = tuple((n - 1) // (degree + 1) for n in grid.shape)
    if min(modes) < 1:
        raise ValueError(
            f"grid {grid.shape} is too coarse for truncation at degree {degree}: no mode is left on some axis."
        )
    return FourierBasis(grid, modes, grid.shape, degree, is_complex, precision, mesh)


def _fast_length(n: int, multiple: int = 2) -> int:
    """Smallest multiple >= n whose other prime factors are 2, 3 and 5."""
    n = -(-n // multiple) * multiple
    while True:
        rest = n // multiple
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return n
        n += multiple
