"""Fourier discretisation of the field algebra: the expression decides which transforms are paid."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NoReturn

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Inexact

from sciml.fields.arithmetic import add, cast, multiply
from sciml.fields.base import Field, Scalar, stack
from sciml.fields.basis import FourierBasis
from sciml.fields.nonlocal_symbols import fractional_symbol, helmholtz_symbol


class SpectralField(Field):
    """A sum of four parts, each of which may be absent (`None`): sums never transform, `d` asks for coefficients, products for points.

    Attributes:
        basis: modes, points and precision.
        constant: constant in space, component shape.
        linear: coefficients of what is linear in the state with a symbol diagonal in the modes; exponential integrators treat it
            exactly. Shape `(*components, *basis.storage)`.
        coefficients: coefficients of everything else, same shape.
        points: values on the quadrature points, not yet projected; axes of length 1 broadcast.
        degree: polynomial degree in the state.
        peak: highest degree of any product on the way here.
        t: time, a scalar, or `None`.
    """

    basis: FourierBasis = eqx.field(static=True)
    component_shape: tuple[int, ...] = eqx.field(static=True)
    constant: Array | None = None
    linear: Array | None = None
    coefficients: Array | None = None
    points: Array | None = None
    degree: int = eqx.field(static=True, default=0)
    peak: int = eqx.field(static=True, default=0)
    t: Array | None = None

    @classmethod
    def state(
        cls, basis: FourierBasis, coefficients: Complex[Array, "components ..."], t: Array | None = None
    ) -> "SpectralField":
        """The unknown of an equation, given by its coefficients."""
        shape = coefficients.shape[: coefficients.ndim - basis.dimension]
        return cls(basis, shape, linear=coefficients, degree=1, peak=1, t=t)

    @property
    def shape(self) -> tuple[int, ...]:
        """Component shape."""
        return self.component_shape

    @property
    def dimension(self) -> int:
        """Number of space dimensions."""
        return self.basis.dimension

    # --- what a solver asks for -----------------------------------------------------------------------------------------------

    def rest_coefficients(self) -> Complex[Array, "..."] | None:
        """Coefficients of all but the `linear` part, or `None` when there is nothing."""
        if self.points is not None:
            points = self.points if self.constant is None else add(self.points, self._spread(self.constant))
            full = jnp.broadcast_to(points, (*self.shape, *self.basis.quadrature))
            transformed = self.basis.from_points(full)
            return transformed if self.coefficients is None else self.coefficients + transformed
        if self.constant is None:
            return self.coefficients
        base = self._zeros() if self.coefficients is None else self.coefficients
        return self.basis.add_mean(base, self.constant)

    def total_coefficients(self) -> Complex[Array, "..."]:
        """Coefficients of the whole field, projected on the retained modes."""
        parts = [part for part in (self.linear, self.rest_coefficients()) if part is not None]
        return sum(parts[1:], parts[0]) if parts else self._zeros()

    @property
    def values(self) -> Inexact[Array, "..."]:
        """Values on the grid's nodes, projected on the retained modes, shape `(*components, *grid.shape)`."""
        return self.basis.decode(self.total_coefficients())

    def project(self) -> "SpectralField":
        """The same field held by coefficients alone. Use it for a product that stands in several rows: one transform, not one each."""
        rest = self._without_constant().rest_coefficients()
        # The constant stays apart: times the state it is a linear term, here as in the symbol.
        return self._with(
            constant=self.constant,
            linear=self.linear,
            coefficients=rest,
            degree=min(self.degree, 1) if rest is None else 1,
        )

    def sample(self) -> "SpectralField":
        """The same field held by values on the quadrature points; see `Field.sample`."""
        if self.points is not None and self.linear is None and self.coefficients is None and self.constant is None:
            return self
        return self._with(points=self._all_points(), degree=self.degree)

    def without_linear(self) -> "SpectralField":
        """All but the `linear` part."""
        return self._with(
            constant=self.constant, coefficients=self.coefficients, points=self.points, degree=self.degree
        )

    # --- primitives -----------------------------------------------------------------------------------------------------------

    def _plus(self, other: "SpectralField") -> "SpectralField":
        return self._with(
            constant=_maybe(add, self.constant, other.constant),
            linear=_maybe(add, self.linear, other.linear),
            coefficients=_maybe(add, self.coefficients, other.coefficients),
            points=_maybe(add, self.points, other.points),
            degree=max(self.degree, other.degree),
            peak=max(self.peak, other.peak),
        )

    def _scaled(self, factor: Scalar) -> "SpectralField":
        number = self._number(factor)
        spread = self._spread(jnp.broadcast_to(number, self.shape)) if number.ndim else number
        return self._with(
            constant=None if self.constant is None else multiply(self.constant, number),
            linear=None if self.linear is None else multiply(self.linear, spread),
            coefficients=None if self.coefficients is None else multiply(self.coefficients, spread),
            points=None if self.points is None else multiply(self.points, spread),
            degree=self.degree,
        )

    def _times(self, other: "SpectralField") -> "SpectralField":
        result = self._with(peak=max(self.peak, other.peak))
        left, right = self._without_constant(), other._without_constant()
        if self.constant is not None:
            result = result._plus(right._scaled(self.constant))
            if other.constant is not None:
                result = result._plus(self._with(constant=multiply(self.constant, other.constant)))
        if other.constant is not None:
            result = result._plus(left._scaled(other.constant))
        if left._empty or right._empty:
            return result
        degree = left.degree + right.degree
        self._check_degree(degree)
        product = left._point_values() * right._point_values()
        return result._plus(self._with(points=product, degree=degree, peak=max(self.peak, other.peak, degree)))

    def _constant(self, value: Scalar) -> "SpectralField":
        number = cast(value, self.basis.dtype, "a constant")
        return self._with(constant=number, component_shape=number.shape, peak=0)

    def _components(self, pick: Callable[[np.ndarray], Any]) -> "SpectralField":
        indices = np.asarray(pick(np.arange(int(np.prod(self.shape))).reshape(self.shape)))

        def rearranged(part: Array | None) -> Array | None:
            if part is None:
                return None
            flat = part.reshape(-1, *part.shape[len(self.shape) :])
            if indices.ndim == 0:
                return flat[int(indices)]
            if np.array_equal(indices.ravel(), np.arange(flat.shape[0])):
                return flat.reshape(*indices.shape, *flat.shape[1:])
            return jnp.stack([flat[int(i)] for i in indices.ravel()]).reshape(*indices.shape, *flat.shape[1:])

        return self._with(
            component_shape=indices.shape,
            constant=rearranged(self.constant),
            linear=rearranged(self.linear),
            coefficients=rearranged(self.coefficients),
            points=rearranged(self.points),
            degree=self.degree,
        )

    def _stacked(self, rows: Sequence["SpectralField"]) -> "SpectralField":
        # Zero rows would be transformed too, so points stay points only where every row has them.
        if not all(row.points is not None for row in rows):
            rows = [row if row.points is None else row.project() for row in rows]

        def joined(parts: list[Array | None]) -> Array | None:
            present = [part for part in parts if part is not None]
            if not present:
                return None
            shape = jnp.broadcast_shapes(*(part.shape for part in present))
            return jnp.stack(
                [jnp.zeros(shape, present[0].dtype) if p is None else jnp.broadcast_to(p, shape) for p in parts]
            )

        return self._with(
            component_shape=(len(rows), *rows[0].shape),
            constant=joined([row.constant for row in rows]),
            linear=joined([row.linear for row in rows]),
            coefficients=joined([row.coefficients for row in rows]),
            points=joined([row.points for row in rows]),
            degree=max(row.degree for row in rows),
            peak=max(row.peak for row in rows),
        )

    def d(self, axis: int, order: int = 1) -> "SpectralField":
        """Partial derivative; exact on the retained modes."""
        if not 0 <= axis < self.dimension:
            raise ValueError(f"d: `axis` must be in 0..{self.dimension - 1}, got {axis}.")
        if order == 0:
            return self
        symbol = self.basis.derivative_symbol(axis, order)
        return self._mode_by_mode(lambda c: self.basis.scale(c, symbol))

    def map(
        self, fn: Callable[..., Array], *others: Field, dealiasing: int | Literal["none"] | None = None
    ) -> "SpectralField":
        """Pointwise function on the quadrature points; see `Field.map`."""
        return self._on_points("map", fn, others, dealiasing)

    def apply(
        self, fn: Callable[[Array], Array], *, dealiasing: int | Literal["none"] | None = None
    ) -> "SpectralField":
        """A function of the array of quadrature-point values, `(*components, *points) -> (*components', *points)`."""
        return self._on_points("apply", fn, (), dealiasing)

    def conj(self) -> "SpectralField":
        """Complex conjugate; the field itself when it is real."""
        if not self.basis.is_complex:
            return self
        return self._with(points=jnp.conj(self._all_points()), degree=self.degree)

    def coordinate(self, axis: int) -> "SpectralField":
        """Coordinate of one axis on the quadrature points; wrap it in a periodic function before differentiating."""
        values = jnp.asarray(self.basis.coordinates(axis), self.basis.dtype)
        return self._with(component_shape=(), points=values, peak=0)

    @property
    def time(self) -> "SpectralField":
        """Time, the same on all points."""
        if self.t is None:
            raise ValueError("time: this equation depends on time, and no time was given to evaluate it at.")
        # Held as points, not as a constant: a time-dependent factor must not enter the linear symbol.
        value = cast(self.t, self.basis.dtype, "time").reshape((1,) * self.dimension)
        return self._with(component_shape=(), points=value, peak=0)

    @property
    def dt(self) -> NoReturn:
        """Refused: a spectral state knows its time derivative only through the equation."""
        raise self._refusal("dt", "the time derivative is what the equation gives; use `equation.rhs(u)`")

    def like(self, array: Array | np.ndarray) -> "SpectralField":
        """A given field from its values on the grid's nodes, resampled to the quadrature points."""
        shape = tuple(np.shape(array))
        components = shape[: max(0, len(shape) - self.dimension)]
        if shape[len(components) :] != self.basis.grid.shape:
            raise ValueError(f"like: needs values of shape (*components, *{self.basis.grid.shape}), got {shape}.")
        values = cast(array, self.basis.dtype, "like")
        if self.basis.quadrature != self.basis.grid.shape:
            values = self.basis.to_points(self.basis.encode(values))
        return self._with(component_shape=components, points=values, peak=0)

    # --- composites known better here -----------------------------------------------------------------------------------------

    def laplacian(self) -> "SpectralField":
        """Sum of the second derivatives, one multiplication."""
        return self._mode_by_mode(lambda c: multiply(c, self.basis.laplacian_symbol(jnp)))

    def inverse_laplacian(self) -> "SpectralField":
        """Mean-free inverse of the Laplacian; the mean of the field is dropped."""
        return self._mode_by_mode(lambda c: multiply(c, self.basis.inverse_laplacian_symbol(jnp)))

    def fractional_laplacian(self, order: Scalar) -> "SpectralField":
        """Multiplication by `|k|^order`."""
        symbol = fractional_symbol(self.basis.laplacian_symbol(jnp), self._number(order), jnp)
        return self._mode_by_mode(lambda c: multiply(c, symbol))

    def inverse_helmholtz(self, shift: Scalar) -> "SpectralField":
        """Multiplication by `-1 / (|k|^2 + shift)`."""
        symbol = helmholtz_symbol(self.basis.laplacian_symbol(jnp), self._number(shift))
        inverse = self._mode_by_mode(lambda c: multiply(c, symbol))
        return inverse if self.constant is None else inverse._plus(self._with(constant=self.constant) / -shift)

    def period(self, axis: int) -> float | None:
        """Length of the periodic box along one axis."""
        line = self.basis.grid.axes[axis]
        return line.length if line.periodic else None

    def leray(self) -> Field:
        """`u - grad inverse_laplacian div u`."""
        return self - self.div().inverse_laplacian().grad()

    def _convection_advective(self) -> Field:
        # Lamb form, grad(|u|^2 / 2) - u x curl(u): the same function with fewer transforms than component by component.
        curl = self.curl()
        if self.dimension == 2:
            u, v, w = stack([*self, curl]).sample()
            energy, first, second = stack([0.5 * (u * u + v * v), -(w * v), w * u]).project()
            return stack([energy.d(0) + first, energy.d(1) + second])
        u, v, w, p, q, r = stack([*self, *curl]).sample()
        rows = [0.5 * (u * u + v * v + w * w), v * r - w * q, w * p - u * r, u * q - v * p]
        energy, *cross = stack(rows).project()
        return stack([energy.d(axis) - cross[axis] for axis in range(3)])

    def vorticity_convection(self) -> Field:
        """`v . grad(w)` by Basdevant's form: four transforms in place of five."""
        if self.dimension != 2:
            raise ValueError(f"vorticity_convection: needs 2 dimensions, got {self.dimension}.")
        psi = self.stream_function()
        psi = psi[0] if psi.shape else psi
        u, v = stack([psi.d(1), -psi.d(0)]).sample()
        cross, difference = stack([u * v, v * v - u * u]).project()
        rate = cross.d(0, 2) - cross.d(1, 2) + difference.d(0).d(1)
        return rate._broadcast(self.shape)

    # --- helpers --------------------------------------------------------------------------------------------------------------

    @property
    def _empty(self) -> bool:
        return self.linear is None and self.coefficients is None and self.points is None

    def _with(self, **parts: Any) -> "SpectralField":
        """A field on the same basis with only the parts given."""
        defaults = {"component_shape": self.shape, "peak": self.peak, "t": self.t}
        return type(self)(basis=self.basis, **(defaults | parts))

    def _without_constant(self) -> "SpectralField":
        return self._with(linear=self.linear, coefficients=self.coefficients, points=self.points, degree=self.degree)

    def _zeros(self) -> Array:
        return jnp.zeros((*self.shape, *self.basis.storage), self.basis.coefficient_dtype)

    def _spread(self, components: Array) -> Array:
        return components.reshape(*components.shape, *([1] * self.dimension))

    def _number(self, value: Scalar) -> Array:
        """A factor in the field's precision; it stays real where it is real, which halves the work."""
        number = jnp.asarray(value)
        if jnp.issubdtype(number.dtype, jnp.complexfloating):
            return cast(number, self.basis.dtype, "a factor")
        return number.astype(self.basis.precision)

    def _point_values(self) -> Array:
        """Values on the quadrature points of all but the constant, not projected."""
        spectral = _maybe(add, self.linear, self.coefficients)
        synthesised = None if spectral is None else self.basis.to_points(spectral)
        values = _maybe(add, synthesised, self.points)
        return jnp.zeros((*self.shape, *([1] * self.dimension)), self.basis.dtype) if values is None else values

    def _all_points(self) -> Array:
        values = self._point_values()
        return values if self.constant is None else add(values, self._spread(self.constant))

    def _mode_by_mode(self, fn: Callable[[Array], Array]) -> "SpectralField":
        """A linear operator given by its symbol, which vanishes on constants."""
        rest = (
            None if self.coefficients is None and self.points is None else self._without_constant().rest_coefficients()
        )
        return self._with(
            linear=None if self.linear is None else fn(self.linear),
            coefficients=None if rest is None else fn(rest),
            degree=min(self.degree, 1),
        )

    def _on_points(
        self, name: str, fn: Callable, others: Sequence[Any], dealiasing: int | Literal["none"] | None
    ) -> "SpectralField":
        if dealiasing is None:
            raise ValueError(
                f"{name}: a spectral field must be told how to dealias a general function: pass `dealiasing=p` to treat it as a "
                "polynomial of degree p, or `dealiasing='none'` to accept aliasing."
            )
        degree = 1 if dealiasing == "none" else int(dealiasing)
        self._check_degree(degree)
        arguments = [self, *others]
        for argument in others:
            if not isinstance(argument, SpectralField):
                raise TypeError(f"{name}: expected SpectralField arguments, got {type(argument).__name__}.")
        values = fn(*(argument._all_points() for argument in arguments))
        shape = values.shape[: values.ndim - self.dimension]
        peak = max(degree, *(argument.peak for argument in arguments))
        return self._with(component_shape=shape, points=values.astype(self.basis.dtype), degree=degree, peak=peak)

    def _check_degree(self, degree: int) -> None:
        allowed = self.basis.degree
        if allowed is not None and degree > max(allowed, 1):
            raise ValueError(
                f"a product of degree {degree} would alias: this basis keeps modes {self.basis.modes} on {self.basis.quadrature} "
                f"points, exact up to degree {allowed}. Make the basis with degree={degree}, or project a factor first."
            )


def _maybe(operation: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    if a is None:
        return b
    return a if b is None else operation(a, b)
