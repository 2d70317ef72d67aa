"""Discretisation of the field algebra on boxes with bounded axes."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple, NoReturn, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact

from sciml.fields.arithmetic import add, cast, multiply
from sciml.fields.base import Field, Scalar
from sciml.fields.box_basis import GIVEN, NONE, BoxBasis
from sciml.fields.reflection import map_by_parity

Term: TypeAlias = tuple[int, tuple[int, ...], int]
"""Component of the state, orders of its derivative along each axis, times the inverse Laplacian is applied before."""

LiftTerm: TypeAlias = tuple[int, tuple[int, ...]]


class Part(NamedTuple):
    """One component of a `BoxField`: the sum of what is here.

    Attributes:
        constant: a number, or `None`.
        terms: linear combination of derivatives of the state's modes; nothing is transformed before it is known what is asked for.
        lift: linear combination of derivatives of what takes the boundary data.
        coefficients: of something else that lies in the modes, or `None`.
        points: values on the quadrature points, by parity; axes of length one broadcast.
    """

    constant: Any = None
    terms: dict[Term, Any] = {}  # noqa: RUF012
    lift: dict[LiftTerm, Any] = {}  # noqa: RUF012
    coefficients: Any = None
    points: dict[int, Any] = {}  # noqa: RUF012

    @property
    def rest(self) -> "Part":
        """All but the constant."""
        return self._replace(constant=None)

    @property
    def empty(self) -> bool:
        """Whether nothing is here but a constant."""
        return not self.terms and not self.lift and self.coefficients is None and not self.points


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
        rows = [self._part_coefficients(part) for part in self.parts]
        return jnp.stack(rows).reshape(*self.shape, *self.basis.storage)

    @property
    def values(self) -> Inexact[Array, "..."]:
        """Values on the grid's nodes, shape `(*components, *grid.shape)`; boundary conditions are not imposed on derived fields."""
        rows = []
        for part in self.parts:
            inside = self._by_parity(part._replace(lift={}))
            found = [self.basis.points_to_nodes(self._full(p), parity) for parity, p in inside.items()]
            found += [self._lift_at_nodes(*term, factor) for term, factor in part.lift.items()]
            total = sum(found[1:], found[0]) if found else jnp.zeros(self.basis.grid.shape, self.basis.dtype)
            rows.append(jnp.broadcast_to(total, self.basis.grid.shape))
        return jnp.stack(rows).reshape(*self.shape, *self.basis.grid.shape)

    def sample(self) -> "BoxField":
        """The same field held by values on the quadrature points; see `Field.sample`."""
        return self._with(parts=[Part(points=self._by_parity(part)) for part in self.parts])

    # --- primitives -----------------------------------------------------------------------------------------------------------

    def _plus(self, other: "BoxField") -> "BoxField":
        parts = [self._sum(a, b) for a, b in zip(self.parts, other.parts)]
        return self._with(
            parts=parts,
            depends=self.depends or other.depends,
            degree=max(self.degree, other.degree),
            peak=max(self.peak, other.peak),
        )

    def _scaled(self, factor: Scalar) -> "BoxField":
        numbers = self._numbers(factor, self.shape)
        return self._with(parts=[self._times_number(part, n) for part, n in zip(self.parts, numbers)])

    def _times(self, other: "BoxField") -> "BoxField":
        degree, depends = self.degree + other.degree, self.depends or other.depends
        parts, multiplied = [], False
        for a, b in zip(self.parts, other.parts):
            part = Part()
            if a.constant is not None:
                part = self._sum(part, self._times_number(b, a.constant))
            if b.constant is not None:
                part = self._sum(part, self._times_number(a.rest, b.constant))
            if not a.empty and not b.empty:
                multiplied = True
                part = self._sum(
                    part, Part(points=self._product(self._by_parity(a.rest), self._by_parity(b.rest), not depends))
                )
            parts.append(part)
        peak = max(self.peak, other.peak)
        if not multiplied:
            return self._with(parts=parts, depends=depends, degree=max(self.degree, other.degree), peak=peak)
        self._check_degree(degree)
        return self._with(parts=parts, depends=depends, degree=degree, peak=max(peak, degree))

    def _product(self, a: dict[int, Array], b: dict[int, Array], given: bool) -> dict[int, Array]:
        product: dict[int, Array] = {}
        for p, left in a.items():
            for q, right in b.items():
                self._accumulate(product, _parity_of_product(p, q, given), left * right)
        return product

    def _constant(self, value: Scalar) -> "BoxField":
        shape = tuple(np.shape(value))
        parts = [Part(constant=number) for number in self._numbers(value, shape)]
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
        return self._with(parts=[self._derivative(part, axis, order) for part in self.parts])

    def map(
        self, fn: Callable[..., Array], *others: Field, dealiasing: int | Literal["none"] | None = None
    ) -> "BoxField":
        """Pointwise function on the quadrature points; see `Field.map`."""
        degree = self._degree_of("map", dealiasing)
        arguments = [self, *(self._same_kind(other) for other in others)]
        given = not any(argument.depends for argument in arguments)
        parts = []
        for each in zip(*(argument.parts for argument in arguments)):
            tables = [self._by_parity(part) for part in each]
            if self.state is None:
                parities = map_by_parity(lambda *_: self._nothing(), tables, given)
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
            return self._with(parts=[Part(points={0: self._nothing()}) for _ in self.parts], degree=degree)
        rows = [self._full(self._by_parity(part).get(0, self._nothing())) for part in self.parts]
        values = fn(jnp.stack(rows).reshape(*self.shape, *self.basis.quadrature)).astype(self.basis.dtype)
        shape = values.shape[: values.ndim - self.dimension]
        parts = [Part(points={0: row}) for row in values.reshape(-1, *self.basis.quadrature)]
        return self._with(component_shape=shape, parts=parts, degree=degree, peak=max(degree, self.peak))

    def conj(self) -> "BoxField":
        """Complex conjugate; the field itself when it is real."""
        if not self.basis.is_complex:
            return self
        parts = [Part(points={p: jnp.conj(v) for p, v in self._by_parity(part).items()}) for part in self.parts]
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
                return Part(terms=kept, coefficients=self._nothing())
            solved = multiply(self._part_coefficients(others), self.basis.inverse_laplacian_symbol(jnp))
            return Part(terms=kept, coefficients=solved)

        return self._with(parts=[inverse(part) for part in self.parts], degree=min(self.degree, 1))

    def leray(self) -> NoReturn:
        """Refused: with walls a projection does not commute with the boundary conditions of the velocity."""
        raise self._refusal(
            "leray",
            "with walls the projection of a velocity needs boundary conditions of its own for the pressure; in two dimensions use the "
            "vorticity",
        )

    # --- linear terms ---------------------------------------------------------------------------------------------------------

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
                    entry = multiply(xp.asarray(factor).reshape((1,) * self.dimension), self._symbol(term, xp))
                    row[term[0]] = add(row[term[0]], entry) if term[0] in row else entry
                elif strict:
                    raise _not_linear("a derivative of odd order along a bounded axis is not diagonal in the modes")
            if strict and (part.points or part.coefficients is not None or part.constant is not None):
                raise _not_linear("it multiplies, adds a constant, or has coefficients that vary in space or time")
            rows.append(row)
        return rows

    def _symbol(self, term: Term, xp: Any) -> Any:
        _, orders, inverse = term
        symbol: Any = np.ones((1,) * self.dimension)
        for axis, order in enumerate(orders):
            if order:
                symbol = symbol * self.basis.derivative_symbol(axis, order)
        for _ in range(inverse):
            symbol = symbol * self.basis.inverse_laplacian_symbol()
        if xp is np:
            return symbol
        real = np.dtype(self.basis.precision)
        return jnp.asarray(symbol.astype(np.result_type(real, np.complex64) if np.iscomplexobj(symbol) else real))

    def _terms_coefficients(self, terms: Iterable[tuple[Term, Any]], skip: Sequence[int] = ()) -> Array | None:
        """Coefficients of a combination of terms; derivatives along the axes in `skip` are left to the synthesis."""
        state = self.state
        total = None
        for (component, orders, inverse), factor in terms:
            within = tuple(0 if axis in skip else order for axis, order in enumerate(orders))
            if state is None:
                return self._nothing()
            moved = state[component]
            if any(within) or inverse:
                moved = multiply(moved, self._symbol((component, within, inverse), jnp))
            moved = self._times_array(moved, factor)
            total = moved if total is None else add(total, moved)
        return total

    # --- parts ----------------------------------------------------------------------------------------------------------------

    def _part_coefficients(self, part: Part) -> Array:
        diagonal = [(term, f) for term, f in part.terms.items() if self.basis.is_diagonal(term[1])]
        others = {term: f for term, f in part.terms.items() if not self.basis.is_diagonal(term[1])}
        found = [self._terms_coefficients(diagonal), part.coefficients]
        for parity, values in self._by_parity(part._replace(terms=others, coefficients=None)).items():
            found.append(self.basis.from_points(self._full(values), parity))
        present = [one.astype(self.basis.coefficient_dtype) for one in found if one is not None]
        return sum(present[1:], present[0]) if present else jnp.zeros(self.basis.storage, self.basis.coefficient_dtype)

    def _by_parity(self, part: Part) -> dict[int, Array]:
        """Values on the quadrature points, by parity."""
        values: dict[int, Array] = {}
        groups: dict[tuple[int, ...], list[tuple[Term, Any]]] = {}
        bounded = [axis for axis, line in enumerate(self.basis.lines) if not line.periodic]
        for term, factor in part.terms.items():
            key = tuple(order if axis in bounded else 0 for axis, order in enumerate(term[1]))
            groups.setdefault(key, []).append((term, factor))
        for orders, group in groups.items():
            self._accumulate(
                values, self._parity(orders), self._to_points(self._terms_coefficients(group, bounded), orders)
            )
        if part.coefficients is not None:
            self._accumulate(values, self.basis.parity, self._to_points(part.coefficients, ()))
        for (component, orders), factor in part.lift.items():
            self._accumulate(values, NONE, self._times_array(self._lift_at_points(component, orders), factor))
        for parity, points in part.points.items():
            self._accumulate(values, parity, points)
        if part.constant is not None:
            number = self._times_array(jnp.ones((1,) * self.dimension, self.basis.dtype), part.constant)
            self._accumulate(values, 0, number)
        return values

    def _derivative(self, part: Part, axis: int, order: int) -> Part:
        def raised(orders: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(o + order if a == axis else o for a, o in enumerate(orders))

        points: dict[int, Array] = {}
        coefficients = None
        if part.coefficients is not None:
            if self.basis.lines[axis].periodic and self.state is not None:
                coefficients = self.basis.scale(part.coefficients, self.basis.derivative_symbol(axis, order))
            else:
                orders = raised((0,) * self.dimension)
                self._accumulate(points, self._parity(orders), self._to_points(part.coefficients, orders))
        for parity, values in part.points.items():
            turned = self.basis.turned(parity, axis, order)
            moved = values if self.state is None else self.basis.differentiate(values, axis, order, parity)
            self._accumulate(points, turned, moved)
        return Part(
            terms={(c, raised(orders), inverse): f for (c, orders, inverse), f in part.terms.items()},
            lift={(c, raised(orders)): f for (c, orders), f in part.lift.items()},
            coefficients=coefficients,
            points=points,
        )

    def _sum(self, a: Part, b: Part) -> Part:
        points = dict(a.points)
        for parity, values in b.points.items():
            self._accumulate(points, parity, values)
        return Part(
            constant=self._maybe_sum(a.constant, b.constant),
            terms=self._merged(a.terms, b.terms),
            lift=self._merged(a.lift, b.lift),
            coefficients=b.coefficients if a.coefficients is None else self._maybe_sum(a.coefficients, b.coefficients),
            points=points,
        )

    def _times_number(self, part: Part, number: Any) -> Part:
        return Part(
            constant=None if part.constant is None else self._combine(multiply, part.constant, number),
            terms={term: self._combine(multiply, f, number) for term, f in part.terms.items()},
            lift={term: self._combine(multiply, f, number) for term, f in part.lift.items()},
            coefficients=None if part.coefficients is None else self._times_array(part.coefficients, number),
            points={parity: self._times_array(values, number) for parity, values in part.points.items()},
        )

    # --- helpers --------------------------------------------------------------------------------------------------------------

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

    def _nothing(self) -> Array:
        """Stands for values that nobody looks at while the linear part is looked for."""
        return jnp.zeros((1,) * self.dimension, self.basis.dtype)

    def _full(self, points: Array) -> Array:
        return jnp.broadcast_to(points, self.basis.quadrature)

    def _parity(self, orders: Sequence[int]) -> int:
        parity = self.basis.parity
        for axis, order in enumerate(orders):
            parity = self.basis.turned(parity, axis, order)
        return parity

    def _accumulate(self, values: dict[int, Array], parity: int, more: Array) -> None:
        key = parity if self.basis.has_parity else 0
        values[key] = add(values[key], more) if key in values else more

    def _to_points(self, coefficients: Array | None, orders: Sequence[int]) -> Array:
        if self.state is None or coefficients is None:
            return self._nothing()
        return self.basis.to_points(coefficients.astype(self.basis.coefficient_dtype), orders)

    def _lift_at_points(self, component: int, orders: tuple[int, ...]) -> Array:
        if self.state is None:
            return self._nothing()
        return self.basis.lift_at_points(component, 0.0 if self.t is None else self.t, orders)

    def _lift_at_nodes(self, component: int, orders: tuple[int, ...], factor: Any) -> Array:
        values = self.basis.lift_row_at_nodes(component, 0.0 if self.t is None else self.t, orders)
        return self._times_array(values, factor)

    def _numbers(self, value: Scalar, shape: tuple[int, ...]) -> list[Any]:
        """A number or one number per component as scalars: double precision on the host where known, else in the basis' precision."""
        if isinstance(value, jax.Array):
            complex_valued = jnp.issubdtype(value.dtype, jnp.complexfloating)
            array: Any = value.astype(
                np.result_type(self.basis.precision, np.complex64) if complex_valued else self.basis.precision
            )
        else:
            array = np.asarray(value)
            complex_valued = np.iscomplexobj(array)
            array = array.astype(np.complex128 if complex_valued else np.float64)
        if complex_valued and not self.basis.is_complex:
            cast(array, self.basis.dtype, "a factor")
        xp = jnp if isinstance(array, jax.Array) else np
        flat = xp.broadcast_to(array, shape).reshape(-1)
        return [flat[i] for i in range(flat.shape[0])]

    def _in_precision(self, number: Any) -> Array:
        array = jnp.asarray(number)
        complex_valued = jnp.issubdtype(array.dtype, jnp.complexfloating)
        return array.astype(
            np.result_type(self.basis.precision, np.complex64) if complex_valued else self.basis.precision
        )

    def _combine(self, operation: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
        """Of two numbers, on the host if both are there."""
        if isinstance(a, np.generic | np.ndarray) and isinstance(b, np.generic | np.ndarray):
            return operation(np.asarray(a), np.asarray(b))[()]
        return operation(self._in_precision(a), self._in_precision(b))

    def _times_array(self, array: Array, number: Any) -> Array:
        if isinstance(number, np.generic | np.ndarray) and number == 1:
            return array
        return multiply(array, self._in_precision(number))

    def _maybe_sum(self, a: Any, b: Any) -> Any:
        if a is None or b is None:
            return b if a is None else a
        return self._combine(add, a, b) if np.ndim(a) == 0 else add(a, b)

    def _merged(self, a: dict, b: dict) -> dict:
        return {k: self._maybe_sum(a.get(k), b.get(k)) for k in {**a, **b}}

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


def _parity_of_product(p: int, q: int, given: bool) -> int:
    if NONE in (p, q):
        return NONE
    if p == GIVEN or q == GIVEN:
        # A given factor is taken to be even, as a smooth coefficient is; two given functions remain given.
        return GIVEN if given or p == q else max(p, q)
    return p ^ q


def _not_linear(why: str) -> ValueError:
    return ValueError(
        f"linear(u) is not a constant-coefficient linear operator on this box: {why}. Move that term to nonlinear(u), or give `rhs` "
        "alone and let it be split."
    )
