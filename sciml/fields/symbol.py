"""The symbol of an equation's linear part: what it does to one Fourier mode."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NoReturn

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from sciml.fields.arithmetic import add, multiply
from sciml.fields.base import Field, Scalar
from sciml.fields.basis import FourierBasis
from sciml.fields.nonlocal_symbols import fractional_symbol, helmholtz_symbol


class SymbolField(Field):
    """Evaluates an expression on a unit coefficient in one component; what comes out is one column of the symbol.

    Every component holds the coefficient that the unit mode gets (`None` where there is none by structure) and the constant part.
    With `strict=True`, used for an explicit `linear(u)`, anything that is not a constant-coefficient linear operator raises. With
    `strict=False`, used on a whole right-hand side, such terms are left to the nonlinear part by the very rules of
    `SpectralField.linear`, so the two always add up.

    Attributes:
        basis: supplies the wavenumbers.
        entries: object array of component shape.
        constants: object array of component shape: the part constant in space and time, a number or `None`.
        varying: whether some other part varies in space or time.
        strict: see above.
        xp: `numpy` (double precision on the host) or `jax.numpy` (parameters are tracers).
    """

    basis: FourierBasis = eqx.field(static=True)
    entries: np.ndarray
    constants: np.ndarray
    varying: bool = eqx.field(static=True)
    strict: bool = eqx.field(static=True)
    xp: Any = eqx.field(static=True)

    @classmethod
    def unit(cls, basis: FourierBasis, components: int, component: int, *, strict: bool, xp: Any) -> "SymbolField":
        """The state whose `component` has the coefficient one in every mode."""
        entries, constants = np.full(components, None, object), np.full(components, None, object)
        entries[component] = xp.ones((1,) * basis.dimension, np.float64 if xp is np else basis.precision)
        return cls(basis, entries, constants, False, strict, xp)

    @property
    def shape(self) -> tuple[int, ...]:
        """Component shape."""
        return self.entries.shape

    @property
    def dimension(self) -> int:
        """Number of space dimensions."""
        return self.basis.dimension

    # --- primitives -----------------------------------------------------------------------------------------------------------

    def _plus(self, other: "SymbolField") -> "SymbolField":
        return self._new(
            _each(_add, self.entries, other.entries),
            _each(_add, self.constants, other.constants),
            self.varying or other.varying,
        )

    def _scaled(self, factor: Scalar) -> "SymbolField":
        factors = self._numbers(factor, self.shape)
        return self._new(_each(_scale, self.entries, factors), _each(_scale, self.constants, factors), self.varying)

    def _times(self, other: "SymbolField") -> "SymbolField":
        if self.strict and self._depends and other._depends:
            raise self._not_linear("it multiplies the state by itself")
        if self.strict and (self.varying or other.varying):
            raise self._not_linear("a coefficient varies in space or time")
        left = _each(_scale, self.entries, other.constants)
        right = _each(_scale, other.entries, self.constants)
        return self._new(
            _each(_add, left, right), _each(_scale, self.constants, other.constants), self.varying or other.varying
        )

    def _constant(self, value: Scalar) -> "SymbolField":
        if self.strict:
            raise self._not_linear("it adds a constant")
        shape = np.shape(value)
        return self._new(np.full(shape, None, object), self._numbers(value, shape), False)

    def _components(self, pick: Callable[[np.ndarray], Any]) -> "SymbolField":
        return self._new(_object(pick(self.entries)), _object(pick(self.constants)), self.varying)

    def _stacked(self, rows: Sequence["SymbolField"]) -> "SymbolField":
        return self._new(
            np.stack([row.entries for row in rows]),
            np.stack([row.constants for row in rows]),
            any(row.varying for row in rows),
        )

    def d(self, axis: int, order: int = 1) -> "SymbolField":
        """Multiplication by `(i k)^order`."""
        if not 0 <= axis < self.dimension:
            raise ValueError(f"d: `axis` must be in 0..{self.dimension - 1}, got {axis}.")
        return self._with_symbol(self._in_precision(self.basis.derivative_symbol(axis, order)))

    def laplacian(self) -> "SymbolField":
        """Multiplication by `-|k|^2`."""
        return self._with_symbol(self.basis.laplacian_symbol(self.xp))

    def inverse_laplacian(self) -> "SymbolField":
        """Multiplication by `-1 / |k|^2`, zero for the mean."""
        return self._with_symbol(self.basis.inverse_laplacian_symbol(self.xp))

    def fractional_laplacian(self, order: Scalar) -> "SymbolField":
        """Multiplication by `|k|^order`."""
        return self._with_symbol(
            fractional_symbol(self.basis.laplacian_symbol(self.xp), self._numbers(order, ())[()], self.xp)
        )

    def inverse_helmholtz(self, shift: Scalar) -> "SymbolField":
        """Multiplication by `-1 / (|k|^2 + shift)`."""
        inverse = self._with_symbol(
            helmholtz_symbol(self.basis.laplacian_symbol(self.xp), self._numbers(shift, ())[()])
        )
        constants = _each(_scale, self.constants, self._numbers(-1 / shift, self.shape))
        return self._new(inverse.entries, constants, self.varying)

    def period(self, axis: int) -> float | None:
        """Length of the periodic box along one axis."""
        line = self.basis.grid.axes[axis]
        return line.length if line.periodic else None

    def leray(self) -> Field:
        """Projection on divergence-free fields."""
        return self - self.div().inverse_laplacian().grad()

    def map(self, fn: Callable, *others: Field, dealiasing: int | Literal["none"] | None = None) -> "SymbolField":
        """Left to the nonlinear part."""
        return self._left_out("it maps a function over point values")

    def apply(self, fn: Callable, *, dealiasing: int | Literal["none"] | None = None) -> "SymbolField":
        """Left to the nonlinear part; the result is taken to have the same component shape."""
        return self._left_out("it applies a function to point values")

    def conj(self) -> "SymbolField":
        """The field itself when real; a complex conjugate couples modes k and -k and is left to the nonlinear part."""
        return self if not self.basis.is_complex else self._left_out("it takes a complex conjugate")

    def coordinate(self, axis: int) -> "SymbolField":
        """A varying coefficient."""
        return self._given(())

    @property
    def time(self) -> "SymbolField":
        """A varying coefficient."""
        return self._given(())

    @property
    def dt(self) -> NoReturn:
        """Refused: the symbol belongs to the right-hand side."""
        raise self._refusal("dt", "the symbol is that of the right-hand side")

    def like(self, array: Any) -> "SymbolField":
        """A varying coefficient."""
        return self._given(tuple(np.shape(array))[: np.ndim(array) - self.dimension])

    def sample(self) -> "SymbolField":
        """Left to the nonlinear part."""
        return self._left_out("it samples the state at points")

    # --- helpers --------------------------------------------------------------------------------------------------------------

    @property
    def _depends(self) -> bool:
        return any(entry is not None for entry in self.entries.flat)

    def _new(self, entries: np.ndarray, constants: np.ndarray, varying: bool) -> "SymbolField":
        return type(self)(self.basis, entries, constants, varying, self.strict, self.xp)

    def _in_precision(self, symbol: np.ndarray) -> Any:
        if self.xp is np:
            return symbol
        dtype = self.basis.coefficient_dtype if np.iscomplexobj(symbol) else self.basis.precision
        return jnp.asarray(symbol.astype(dtype))

    def _numbers(self, value: Scalar, shape: tuple[int, ...]) -> np.ndarray:
        """A number or one number per component as an object array."""
        array = self.xp.asarray(value)
        complex_valued = jnp.issubdtype(array.dtype, jnp.complexfloating)
        if self.xp is np:
            array = array.astype(np.complex128 if complex_valued else np.float64)
        else:
            array = array.astype(self.basis.coefficient_dtype if complex_valued else self.basis.precision)
        array = self.xp.broadcast_to(array, shape)
        numbers = np.empty(shape, object)
        for index in np.ndindex(*shape):
            numbers[index] = array[index].reshape((1,) * self.dimension)
        return numbers

    def _with_symbol(self, symbol: Any) -> "SymbolField":
        entries = _each(lambda entry, _: None if entry is None else multiply(entry, symbol), self.entries, self.entries)
        return self._new(entries, np.full(self.shape, None, object), self.varying)

    def _given(self, shape: tuple[int, ...]) -> "SymbolField":
        return self._new(np.full(shape, None, object), np.full(shape, None, object), True)

    def _left_out(self, why: str) -> "SymbolField":
        if self.strict:
            raise self._not_linear(why)
        return self._given(self.shape)

    def _not_linear(self, why: str) -> ValueError:
        return ValueError(
            f"linear(u) is not a constant-coefficient linear operator: {why}. Move that term to nonlinear(u), or give `rhs` alone and "
            "let it be split."
        )


def _object(value: Any) -> np.ndarray:
    if isinstance(value, np.ndarray) and value.dtype == object:
        return value
    cell = np.empty((), object)
    cell[()] = value
    return cell


def _each(operation: Callable[[Any, Any], Any], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    result = np.empty(a.shape, object)
    for index in np.ndindex(*a.shape):
        result[index] = operation(a[index], b[index])
    return result


def _add(a: Any, b: Any) -> Any:
    if a is None:
        return b
    if b is None:
        return a
    return add(a, b)


def _scale(a: Any, b: Any) -> Any:
    return None if a is None or b is None else multiply(a, b)
