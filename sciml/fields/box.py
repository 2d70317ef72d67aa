"""Discretisation of the field algebra on boxes with bounded axes."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NoReturn

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact

from sciml.fields.arithmetic import add, cast, multiply
from sciml.fields.base import Field, Scalar
from sciml.fields.box_basis import GIVEN, BoxBasis
from sciml.fields.box_parts import Part, PartAlgebra
from sciml.fields.nonlocal_symbols import fractional_symbol, helmholtz_symbol
from sciml.fields.reflection import map_by_parity


class BoxField(Field):
    """A field on a box with bounded axes: like `SpectralField`, with parity, boundary data and derivatives that leave the modes.

    A first derivative along a bounded axis is not diagonal in the modes: it is exact on the quadrature points, and a term with it
    is evaluated at the stages of an integrator. Derivatives of even order of the state are diagonal and treated exactly.

    Attributes:
        basis: modes, points and precision.
        component_shape: component shape.
        parts: one per component, in C order.
        state: coefficients of the state, `(components, *storage)`; `None` while the linear part is looked for.
        depends: whether the state enters at all.
        degree: polynomial degree in the state.
        peak: highest degree of any product on the way here.
        t: time, a scalar, or `None`.
    """

    basis: BoxBasis = eqx.field(static=True)
    component_shape: tuple[int, ...] = eqx.field(static=True)
    parts: tuple[Part, ...]
    state: Array | None
    depends: bool = eqx.field(static=True, default=False)
    degree: int = eqx.field(static=True, default=0)
    peak: int = eqx.field(static=True, default=0)
    t: Array | None = None

    @classmethod
    def of_state(
        cls, basis: BoxBasis, coefficients: Inexact[Array, "components ..."], t: Array | None = None
    ) -> "BoxField":
        """The unknown of an equation, given by its coefficients."""
        return cls._unknown(basis, coefficients.shape[0], coefficients, t)

    @classmethod
    def probe(cls, basis: BoxBasis, components: int) -> "BoxField":
        """The unknown without values: what its linear terms are is then read from an expression of it."""
        return cls._unknown(basis, components, None, jnp.zeros((), basis.precision))

    @classmethod
    def _unknown(cls, basis: BoxBasis, components: int, state: Array | None, t: Array | None) -> "BoxField":
        zeros, lifted = (0,) * basis.dimension, basis.lift.present
        one = np.float64(1.0)
        parts = [Part(terms={(c, zeros, 0): one}, lift={(c, zeros): one} if lifted else {}) for c in range(components)]
        return cls(basis, (components,), tuple(parts), state, True, 1, 1, t)

    @property
    def shape(self) -> tuple[int, ...]:
        """Component shape."""
        return self.component_shape

    @property
    def dimension(self) -> int:
        """Number of space dimensions."""
        return self.basis.dimension

    # --- what a solver asks for -----------------------------------------------------------------------------------------------

    def without_linear(self) -> "BoxField":
        """All but what is diagonal in the modes of the state."""

        def other(part: Part) -> Part:
            kept = {term: f for term, f in part.terms.items() if not self.basis.is_diagonal(term[1])}
            return part._replace(terms=kept)

        return self._with(parts=[other(part) for part in self.parts])

    def total_coefficients(self) -> Inexact[Array, "..."]:
        """Coefficients of the whole field, projected on the modes."""
        rows = [self._algebra.part_coefficients(part) for part in self.parts]
        return jnp.stack(rows).reshape(*self.shape, *self.basis.storage)

    @property
    def values(self) -> Inexact[Array, "..."]:
        """Values on the grid's nodes, shape `(*components, *grid.shape)`; boundary conditions are not imposed on derived fields."""
        rows = []
        for part in self.parts:
            inside = self._algebra.by_parity(part._replace(lift={}))
            found = [self.basis.points_to_nodes(self._algebra.full(p), parity) for parity, p in inside.items()]
            found += [self._algebra.lift_at_nodes(*term, factor) for term, factor in part.lift.items()]
            total = sum(found[1:], found[0]) if found else jnp.zeros(self.basis.grid.shape, self.basis.dtype)
            rows.append(jnp.broadcast_to(total, self.basis.grid.shape))
        return jnp.stack(rows).reshape(*self.shape, *self.basis.grid.shape)

    def sample(self) -> "BoxField":
        """The same field held by values on the quadrature points; see `Field.sample`."""
        return self._with(parts=[Part(points=self._algebra.by_parity(part)) for part in self.parts])

    # --- primitives -----------------------------------------------------------------------------------------------------------

    def _plus(self, other: "BoxField") -> "BoxField":
        parts = [self._algebra.plus(a, b) for a, b in zip(self.parts, other.parts)]
        return self._with(
            parts=parts,
            depends=self.depends or other.depends,
            degree=max(self.degree, other.degree),
            peak=max(self.peak, other.peak),
        )

    def _scaled(self, factor: Scalar) -> "BoxField":
        numbers = self._algebra.numbers(factor, self.shape)
        return self._with(parts=[self._algebra.times_number(part, n) for part, n in zip(self.parts, numbers)])

    def _times(self, other: "BoxField") -> "BoxField":
        degree, depends = self.degree + other.degree, self.depends or other.depends
        algebra = self._algebra
        parts, multiplied = [], False
        for a, b in zip(self.parts, other.parts):
            part = Part()
            if a.constant is not None:
                part = algebra.plus(part, algebra.times_number(b, a.constant))
            if b.constant is not None:
                part = algebra.plus(part, algebra.times_number(a.rest, b.constant))
            if not a.empty and not b.empty:
                multiplied = True
                points = algebra.product(algebra.by_parity(a.rest), algebra.by_parity(b.rest), not depends)
                part = algebra.plus(part, Part(points=points))
            parts.append(part)
        peak = max(self.peak, other.peak)
        if not multiplied:
            return self._with(parts=parts, depends=depends, degree=max(self.degree, other.degree), peak=peak)
        self._check_degree(degree)
        return self._with(parts=parts, depends=depends, degree=degree, peak=max(peak, degree))

    def _constant(self, value: Scalar) -> "BoxField":
        shape = tuple(np.shape(value))
        parts = [Part(constant=number) for number in self._algebra.numbers(value, shape)]
        return self._with(component_shape=shape, parts=parts, depends=False, degree=0, peak=0)

    def _components(self, pick: Callable[[np.ndarray], Any]) -> "BoxField":
        indices = np.asarray(pick(np.arange(len(self.parts)).reshape(self.shape)))
        return self._with(component_shape=indices.shape, parts=[self.parts[int(i)] for i in indices.ravel()])

    def _stacked(self, rows: Sequence["BoxField"]) -> "BoxField":
        return self._with(
            component_shape=(len(rows), *rows[0].shape),
            parts=[part for row in rows for part in row.parts],
            depends=any(row.depends for row in rows),
            degree=max(row.degree for row in rows),
            peak=max(row.peak for row in rows),
        )

    def d(self, axis: int, order: int = 1) -> "BoxField":
        """Partial derivative; exact for the state, of the interpolant on the quadrature points for products."""
        if not 0 <= axis < self.dimension:
            raise ValueError(f"d: `axis` must be in 0..{self.dimension - 1}, got {axis}.")
        if order == 0:
            return self
        return self._with(parts=[self._algebra.derivative(part, axis, order) for part in self.parts])

    def map(
        self, fn: Callable[..., Array], *others: Field, dealiasing: int | Literal["none"] | None = None
    ) -> "BoxField":
        """Pointwise function on the quadrature points; see `Field.map`."""
        degree = self._degree_of("map", dealiasing)
        arguments = [self, *(self._same_kind(other) for other in others)]
        given = not any(argument.depends for argument in arguments)
        parts = []
        for each in zip(*(argument.parts for argument in arguments)):
            tables = [self._algebra.by_parity(part) for part in each]
            if self.state is None:
                parities = map_by_parity(lambda *_: self._algebra.nothing(), tables, given)
            else:
                parities = map_by_parity(lambda *v: fn(*v).astype(self.basis.dtype), tables, given)
            parts.append(Part(points=parities if self.basis.has_parity else {0: next(iter(parities.values()))}))
        peak = max(degree, *(argument.peak for argument in arguments))
        return self._with(parts=parts, depends=not given, degree=degree, peak=peak)

    def apply(self, fn: Callable[[Array], Array], *, dealiasing: int | Literal["none"] | None = None) -> "BoxField":
        """A function of the array of quadrature-point values, `(*components, *points) -> (*components', *points)`."""
        if self.basis.has_parity:
            raise self._refusal(
                "apply", "the parity of the result is unknown along an axis of sines or cosines; take nodes='chebyshev'"
            )
        degree = self._degree_of("apply", dealiasing)
        if self.state is None:
            return self._with(parts=[Part(points={0: self._algebra.nothing()}) for _ in self.parts], degree=degree)
        rows = [
            self._algebra.full(self._algebra.by_parity(part).get(0, self._algebra.nothing())) for part in self.parts
        ]
        values = fn(jnp.stack(rows).reshape(*self.shape, *self.basis.quadrature)).astype(self.basis.dtype)
        shape = values.shape[: values.ndim - self.dimension]
        parts = [Part(points={0: row}) for row in values.reshape(-1, *self.basis.quadrature)]
        return self._with(component_shape=shape, parts=parts, degree=degree, peak=max(degree, self.peak))

    def conj(self) -> "BoxField":
        """Complex conjugate; the field itself when it is real."""
        if not self.basis.is_complex:
            return self
        parts = [Part(points={p: jnp.conj(v) for p, v in self._algebra.by_parity(part).items()}) for part in self.parts]
        return self._with(parts=parts)

    def coordinate(self, axis: int) -> "BoxField":
        """Coordinate of one axis on the quadrature points."""
        parity = GIVEN if self.basis.lines[axis].trigonometric else 0
        values = jnp.asarray(self.basis.coordinates(axis), self.basis.dtype)
        return self._with(component_shape=(), parts=[Part(points={parity: values})], depends=False, degree=0, peak=0)

    @property
    def time(self) -> "BoxField":
        """Time, the same on all points."""
        if self.t is None:
            raise ValueError("time: this equation depends on time, and no time was given to evaluate it at.")
        value = cast(self.t, self.basis.dtype, "time").reshape((1,) * self.dimension)
        return self._with(component_shape=(), parts=[Part(points={0: value})], depends=False, degree=0, peak=0)

    @property
    def dt(self) -> NoReturn:
        """Refused: a state knows its time derivative only through the equation."""
        raise self._refusal("dt", "the time derivative is what the equation gives; use `equation.rhs(u)`")

    def like(self, array: Array | np.ndarray) -> "BoxField":
        """A given field from its values on the grid's nodes, resampled to the quadrature points."""
        shape = tuple(np.shape(array))
        components = shape[: max(0, len(shape) - self.dimension)]
        if shape[len(components) :] != self.basis.grid.shape:
            raise ValueError(f"like: needs values of shape (*components, *{self.basis.grid.shape}), got {shape}.")
        values = self.basis.nodes_to_points(cast(array, self.basis.dtype, "like"))
        parity = GIVEN if self.basis.has_parity else 0
        parts = [Part(points={parity: row}) for row in values.reshape(-1, *self.basis.quadrature)]
        return self._with(component_shape=components, parts=parts, depends=False, degree=0, peak=0)

    # --- composites known better here -----------------------------------------------------------------------------------------

    def inverse_laplacian(self) -> "BoxField":
        """Solution of `laplacian(phi) = self` with the homogeneous boundary conditions of the grid.

        Where every axis is periodic or Neumann it is mean-free and the mean of the field is dropped.
        """

        def inverse(part: Part) -> Part:
            kept = {
                (c, orders, times + 1): f
                for (c, orders, times), f in part.terms.items()
                if self.basis.is_diagonal(orders)
            }
            others = part._replace(terms={k: f for k, f in part.terms.items() if not self.basis.is_diagonal(k[1])})
            if others.empty and others.constant is None:
                return Part(terms=kept)
            if self.state is None:
                return Part(terms=kept, coefficients=self._algebra.nothing())
            solved = multiply(self._algebra.part_coefficients(others), self.basis.inverse_laplacian_symbol(jnp))
            return Part(terms=kept, coefficients=solved)

        return self._with(parts=[inverse(part) for part in self.parts], degree=min(self.degree, 1))

    def fractional_laplacian(self, order: Scalar) -> "BoxField":
        """Spectral definition: the eigenvalues of `-laplacian` with the homogeneous conditions to the power `order / 2`."""
        return self._multiplied(order, fractional_symbol)

    def inverse_helmholtz(self, shift: Scalar) -> "BoxField":
        """Solution of `laplacian(phi) - shift * phi = self` with the homogeneous boundary conditions of the grid."""
        return self._multiplied(shift, lambda symbol, number, xp: helmholtz_symbol(symbol, number))

    def period(self, axis: int) -> float | None:
        """Length of the box along a periodic axis; `None` along others."""
        line = self.basis.grid.axes[axis]
        return line.length if line.periodic else None

    def _multiplied(self, parameter: Scalar, function: Callable[[Any, Any, Any], Any]) -> "BoxField":
        """A function of the Laplacian, by its eigenvalues."""
        algebra, (number,) = self._algebra, self._algebra.numbers(parameter, ())
        # While the linear part is looked for, known numbers stay in double precision on the host.
        xp = np if self.state is None and not isinstance(number, jax.Array) else jnp
        number = number if xp is np else algebra.in_precision(number)
        symbol = function(self.basis.laplacian_symbol(xp), number, xp)

        def multiplied(part: Part) -> Part:
            diagonal = {k: f for k, f in part.terms.items() if self.basis.is_diagonal(k[1])}
            others = part._replace(terms={k: f for k, f in part.terms.items() if k not in diagonal})
            terms = {k: algebra.combine(multiply, f, symbol) for k, f in diagonal.items()}
            if others.empty and others.constant is None:
                return Part(terms=terms)
            if self.state is None:
                return Part(terms=terms, coefficients=algebra.nothing())
            return Part(terms=terms, coefficients=multiply(algebra.part_coefficients(others), symbol))

        return self._with(parts=[multiplied(part) for part in self.parts], degree=min(self.degree, 1))

    def leray(self) -> NoReturn:
        """Refused: with walls a projection does not commute with the boundary conditions of the velocity."""
        raise self._refusal(
            "leray",
            "with walls the projection of a velocity needs boundary conditions of its own for the pressure; in two dimensions use the "
            "vorticity",
        )

    def columns(self, xp: Any, strict: bool) -> list[dict[int, Any]]:
        """The symbol of what is diagonal: for each component of the field, state component -> symbol.

        Args:
            xp: `numpy`, or `jax.numpy` where a factor is a tracer.
            strict: raise where there is anything else, boundary data apart.
        """
        rows: list[dict[int, Any]] = []
        for part in self.parts:
            row: dict[int, Any] = {}
            for term, factor in part.terms.items():
                if self.basis.is_diagonal(term[1]):
                    number = xp.asarray(factor)
                    number = number if number.ndim else number.reshape((1,) * self.dimension)
                    entry = multiply(number, self._algebra.symbol(term, xp))
                    row[term[0]] = add(row[term[0]], entry) if term[0] in row else entry
                elif strict:
                    raise _not_linear("a derivative of odd order along a bounded axis is not diagonal in the modes")
            if strict and (part.points or part.coefficients is not None or part.constant is not None):
                raise _not_linear("it multiplies, adds a constant, or has coefficients that vary in space or time")
            rows.append(row)
        return rows

    @property
    def _algebra(self) -> PartAlgebra:
        return PartAlgebra(self.basis, self.state, self.t)

    def _with(self, **changes: Any) -> "BoxField":
        kept = {
            "component_shape": self.shape,
            "parts": self.parts,
            "depends": self.depends,
            "degree": self.degree,
            "peak": self.peak,
        } | changes
        parts = tuple(kept.pop("parts"))
        return type(self)(basis=self.basis, parts=parts, state=self.state, t=self.t, **kept)

    def _degree_of(self, name: str, dealiasing: int | Literal["none"] | None) -> int:
        if dealiasing is None:
            raise ValueError(
                f"{name}: a spectral field must be told how to dealias a general function: pass `dealiasing=p` to treat it as a "
                "polynomial of degree p, or `dealiasing='none'` to accept aliasing."
            )
        degree = 1 if dealiasing == "none" else int(dealiasing)
        self._check_degree(degree)
        return degree

    def _same_kind(self, other: Field) -> "BoxField":
        if not isinstance(other, BoxField):
            raise TypeError(f"map: expected BoxField arguments, got {type(other).__name__}.")
        return other

    def _check_degree(self, degree: int) -> None:
        allowed = self.basis.degree
        if allowed is not None and degree > max(allowed, 1):
            raise ValueError(
                f"a product of degree {degree} would alias: this basis has {self.basis.storage} modes on {self.basis.quadrature} "
                f"points, exact up to degree {allowed}. Make the basis with degree={degree}."
            )


def _not_linear(why: str) -> ValueError:
    return ValueError(
        f"linear(u) is not a constant-coefficient linear operator on this box: {why}. Move that term to nonlinear(u), or give `rhs` "
        "alone and let it be split."
    )
