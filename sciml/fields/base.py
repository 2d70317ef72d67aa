"""The algebra in which equations are written.

A `Field` is a function of space (and time) with a component shape: `()` for a scalar, `(C,)` for a state of C components, `(C, D)`
for its gradient. An equation is an expression in one `Field`; what the operations do is decided by the discretisation that
evaluates it: `SpectralField`, `SymbolField`, `PointField`, `StencilField`.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, TypeAlias

import equinox as eqx
import numpy as np
from jaxtyping import Array

Scalar: TypeAlias = Any
"""A Python number, a NumPy scalar or a JAX array: cast to the dtype of the field it meets."""

ConvectionForm: TypeAlias = Literal["advective", "conservative"]


class Field(eqx.Module):
    """Immutable expression node; subclasses are the discretisations.

    Primitives are `+ - *`, `d`, `[i]`, `stack`, `map`, `apply`, `conj`, `coordinate`, `time`, `like`. Composites (`grad`, `div`,
    `laplacian`, `convection`, ...) are written with them here, and a discretisation overrides those it knows better. Equations
    should prefer composites.
    """

    # NumPy must hand `array * field` to us, and `numpy.sin(field)` must fail with a message instead of making an object array.
    __array_ufunc__ = None

    # --- primitives -----------------------------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Component shape."""

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Number of space dimensions."""

    @abstractmethod
    def _plus(self, other: "Field") -> "Field":
        """Sum with a field of the same component shape."""

    @abstractmethod
    def _times(self, other: "Field") -> "Field":
        """Product with a field of the same component shape."""

    @abstractmethod
    def _scaled(self, factor: Scalar) -> "Field":
        """Product with a number or an array that broadcasts to the component shape."""

    @abstractmethod
    def _constant(self, value: Scalar) -> "Field":
        """The constant field `value`, a number or an array of component shape."""

    @abstractmethod
    def _components(self, pick: Callable[[np.ndarray], Any]) -> "Field":
        """Rearrange components: `pick` maps an index array of shape `self.shape` to the indices wanted."""

    @abstractmethod
    def _stacked(self, rows: Sequence["Field"]) -> "Field":
        """Fields of one component shape along a new leading component axis."""

    @abstractmethod
    def d(self, axis: int, order: int = 1) -> "Field":
        """Partial derivative of `order` along space axis `axis`."""

    @abstractmethod
    def map(
        self, fn: Callable[..., Array], *others: "Field", dealiasing: int | Literal["none"] | None = None
    ) -> "Field":
        """Pointwise function `fn(self, *others)` of field values.

        Args:
            fn: acts element by element on arrays.
            others: further fields of the same component shape.
            dealiasing: spectral fields need it: the polynomial degree to dealias `fn` as, or `"none"` to accept aliasing.
        """

    @abstractmethod
    def conj(self) -> "Field":
        """Complex conjugate."""

    @abstractmethod
    def coordinate(self, axis: int) -> "Field":
        """Coordinate of one space axis as a scalar field."""

    @property
    @abstractmethod
    def time(self) -> "Field":
        """Time as a scalar field."""

    @property
    @abstractmethod
    def dt(self) -> "Field":
        """Time derivative."""

    def like(self, array: Array | np.ndarray) -> "Field":
        """A given field: values on the grid's nodes, shape `(*component shape, *grid.shape)`."""
        raise self._refusal("like", "it needs values at this discretisation's nodes")

    def apply(self, fn: Callable[[Array], Array], *, dealiasing: int | Literal["none"] | None = None) -> "Field":
        """A function of the whole array of point values (a convolution, a learned closure)."""
        raise self._refusal("apply", "it needs values on a grid")

    def project(self) -> "Field":
        """The same field in the form cheapest to use many times; spectral fields transform a product once and for all."""
        return self

    def sample(self) -> "Field":
        """The same field held by point values: all its components are transformed at once, and products of them cost no more.

        What is sampled belongs to the nonlinear part of an equation; keep the unsampled field for linear terms.
        """
        return self

    def inverse_laplacian(self) -> "Field":
        """The mean-free solution of `laplacian(phi) = self - mean(self)`."""
        raise self._refusal("inverse_laplacian", "it is not a local operation")

    def fractional_laplacian(self, order: Scalar) -> "Field":
        """`(-laplacian)^(order / 2)`, the multiplication of mode k by `|k|^order`; `order > 0` may be a tracer."""
        raise self._refusal("fractional_laplacian", "it is not a local operation")

    def inverse_helmholtz(self, shift: Scalar) -> "Field":
        """The solution of `laplacian(phi) - shift * phi = self`, for `shift > 0`."""
        raise self._refusal("inverse_helmholtz", "it is not a local operation")

    def period(self, axis: int) -> float | None:
        """Length of the periodic box along one axis; `None` where there is none, or where it is not known."""
        return None

    def leray(self) -> "Field":
        """Projection of a vector field on its divergence-free part."""
        raise self._refusal("leray", "it is not a local operation")

    # --- arithmetic -----------------------------------------------------------------------------------------------------------

    def __add__(self, other: "Field | Scalar") -> "Field":
        if not isinstance(other, Field):
            other = self._constant(other)
        left, right = self._aligned(other)
        return left._plus(right)

    def __mul__(self, other: "Field | Scalar") -> "Field":
        if not isinstance(other, Field):
            self._check_number(other)
            return self._scaled(other)
        left, right = self._aligned(other)
        return left._times(right)

    def __radd__(self, other: Scalar) -> "Field":
        # The built-in `sum` starts from the integer zero.
        return self if isinstance(other, int) and other == 0 else self + other

    def __rmul__(self, other: Scalar) -> "Field":
        return self * other

    def __neg__(self) -> "Field":
        return self._scaled(-1.0)

    def __pos__(self) -> "Field":
        return self

    def __sub__(self, other: "Field | Scalar") -> "Field":
        return self + (-other)

    def __rsub__(self, other: Scalar) -> "Field":
        return -self + other

    def __truediv__(self, other: Scalar) -> "Field":
        if isinstance(other, Field):
            raise TypeError(
                f"{type(self).__name__}: a quotient of fields is not a polynomial; write "
                "`a.map(lambda a, b: a / b, b, dealiasing=...)`."
            )
        self._check_number(other)
        return self._scaled(1.0 / other)

    def __pow__(self, exponent: Scalar) -> "Field":
        if not isinstance(exponent, int) or exponent < 1:
            raise TypeError(
                f"{type(self).__name__}: `**` takes a positive integer, got {exponent!r}; use `u.map(fn, dealiasing=...)`."
            )
        power = self
        for _ in range(exponent - 1):
            power = power * self
        return power

    def __getitem__(self, index: int) -> "Field":
        if not self.shape:
            raise IndexError(f"{type(self).__name__}: a scalar field has no components.")
        if not -self.shape[0] <= index < self.shape[0]:
            raise IndexError(f"{type(self).__name__}: component {index} of a field with {self.shape[0]} components.")
        return self._components(lambda indices: indices[index])

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError(f"{type(self).__name__}: a scalar field has no length.")
        return self.shape[0]

    def __iter__(self) -> Iterator["Field"]:
        return (self[i] for i in range(len(self)))

    # --- composites -----------------------------------------------------------------------------------------------------------

    def grad(self) -> "Field":
        """Gradient: a new last component axis of length `dimension`."""
        rows = stack([self.d(axis) for axis in range(self.dimension)])
        return rows._components(lambda indices: np.moveaxis(indices, 0, -1)) if self.shape else rows

    def div(self) -> "Field":
        """Divergence over the last component axis, which must have length `dimension`."""
        if not self.shape or self.shape[-1] != self.dimension:
            raise ValueError(
                f"{type(self).__name__}.div: the last component axis must have length {self.dimension}, "
                f"got component shape {self.shape}."
            )
        return total(self._components(lambda i, a=axis: i[..., a]).d(axis) for axis in range(self.dimension))

    def curl(self) -> "Field":
        """Curl: `(d_y, -d_x)` of a scalar and the scalar vorticity of a vector in 2-D, the usual vector in 3-D."""
        if self.dimension == 2 and self.shape in {(), (1,)}:
            scalar = self[0] if self.shape else self
            return stack([scalar.d(1), -scalar.d(0)])
        if self.dimension == 2 and self.shape == (2,):
            return self[1].d(0) - self[0].d(1)
        if self.dimension == 3 and self.shape == (3,):
            u, v, w = self
            return stack([w.d(1) - v.d(2), u.d(2) - w.d(0), v.d(0) - u.d(1)])
        raise ValueError(
            f"{type(self).__name__}.curl: no curl of component shape {self.shape} in {self.dimension} dimension(s)."
        )

    def laplacian(self) -> "Field":
        """Sum of the second derivatives along each axis."""
        return total(self.d(axis, 2) for axis in range(self.dimension))

    def biharmonic(self) -> "Field":
        """The Laplacian twice."""
        return self.laplacian().laplacian()

    def diffusion(self, coefficient: "Field | Scalar") -> "Field":
        """`div(coefficient grad u)`: a number, a scalar field, or one component per axis for a diagonal tensor."""
        if not isinstance(coefficient, Field):
            return coefficient * self.laplacian()
        tensor = self.dimension > 1 and coefficient.shape == (self.dimension,) and self.shape in {(), (1,)}
        along = list(coefficient) if tensor else [coefficient] * self.dimension
        return total((along[axis] * self.d(axis)).d(axis) for axis in range(self.dimension))

    def squared_norm(self) -> "Field":
        """Sum over components of `|u|^2`, a scalar field."""
        if not self.shape:
            return self * self.conj()
        return total(row.squared_norm() for row in self.sample())

    def convection(self, form: ConvectionForm = "advective") -> "Field":
        """Transport of a velocity by itself.

        Args:
            form: `"advective"` is `(u . grad) u`; `"conservative"` is `div(u outer u) / 2`. They agree in one dimension, and
                there both are computed as `(u^2 / 2)_x`.

        Raises:
            ValueError: where the state has not one component per space dimension.
        """
        if form not in ("advective", "conservative"):
            raise ValueError(f"convection: `form` must be 'advective' or 'conservative', got {form!r}.")
        if self.shape != (self.dimension,):
            raise ValueError(
                f"convection: needs one component per dimension, {self.dimension}, got component shape {self.shape}."
            )
        if self.dimension == 1:
            # The factor stays outside: `0.5 * u` would be transformed apart from `u`.
            return 0.5 * (self * self).d(0)
        return self._convection_advective() if form == "advective" else self._convection_conservative()

    def _convection_advective(self) -> "Field":
        velocity = tuple(self)
        return stack([total(v * row.d(axis) for axis, v in enumerate(velocity)) for row in velocity])

    def _convection_conservative(self) -> "Field":
        velocity, size = tuple(self.sample()), range(self.dimension)
        # Each product once: `u_i u_j` stands in two rows.
        upper = [(i, j) for i in size for j in size if i <= j]
        flux = dict(zip(upper, stack([velocity[i] * velocity[j] for i, j in upper]).project()))
        return 0.5 * stack([total(flux[min(i, j), max(i, j)].d(j) for j in size) for i in size])

    def stream_function(self) -> "Field":
        """`psi` with `-laplacian(psi) = self`, mean-free; its `curl()` is the velocity of vorticity `self`."""
        return -self.inverse_laplacian()

    def vorticity_convection(self) -> "Field":
        """`v . grad(w)` of a 2-D vorticity `w` (shape `(1,)` or `()`), `v` its own divergence-free velocity."""
        if self.dimension != 2:
            raise ValueError(f"vorticity_convection: needs 2 dimensions, got {self.dimension}.")
        psi = self.stream_function()
        return psi.d(1) * self.d(0) - psi.d(0) * self.d(1)

    # --- helpers --------------------------------------------------------------------------------------------------------------

    def _aligned(self, other: "Field") -> tuple["Field", "Field"]:
        """Both fields with the same component shape, trailing axes aligned."""
        if type(other) is not type(self):
            raise TypeError(
                f"cannot combine {type(self).__name__} with {type(other).__name__}: one expression, one kind of field."
            )
        if self.shape == other.shape:
            return self, other
        try:
            shape = np.broadcast_shapes(self.shape, other.shape)
        except ValueError:
            raise ValueError(f"component shapes {self.shape} and {other.shape} do not broadcast.") from None
        return self._broadcast(shape), other._broadcast(shape)

    def _broadcast(self, shape: tuple[int, ...]) -> "Field":
        return self if shape == self.shape else self._components(lambda indices: np.broadcast_to(indices, shape))

    def _check_number(self, value: Scalar) -> None:
        """A factor must be a number or have one entry per component; arrays on the grid must come through `like`."""
        if callable(value) or isinstance(value, str):
            raise TypeError(f"{type(self).__name__}: cannot multiply with {value!r}.")
        shape = np.shape(value)
        if shape and (len(shape) > len(self.shape) or np.broadcast_shapes(shape, self.shape) != self.shape):
            raise ValueError(
                f"{type(self).__name__}: a factor of shape {shape} does not fit component shape {self.shape}; "
                "an array on the grid enters by `u.like(array)`."
            )

    def _refusal(self, name: str, why: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} cannot do `{name}`: {why}.")


def stack(rows: Sequence[Field | Scalar]) -> Any:
    """Join fields (or numbers) of one component shape along a new leading component axis.

    Args:
        rows: at least one `Field`; numbers become constant fields.

    Returns:
        A field of component shape `(len(rows), *shape)`.
    """
    first = next((row for row in rows if isinstance(row, Field)), None)
    if first is None:
        raise TypeError("stack: at least one row must be a Field.")
    # A one-component state may stand for a scalar row.
    scalars = [row[0] if isinstance(row, Field) and row.shape == (1,) and len(rows) > 1 else row for row in rows]
    fields = [row if isinstance(row, Field) else first._constant(row) for row in scalars]
    shape = np.broadcast_shapes(*(field.shape for field in fields))
    return first._stacked([field._broadcast(shape) for field in fields])


def total(terms: Iterable[Any]) -> Any:
    """Sum of one or more fields."""
    first, *rest = terms
    return sum(rest, start=first)
