"""One component of a field on a box, and what can be done with it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from sciml.fields.arithmetic import add, cast, multiply
from sciml.fields.base import Scalar
from sciml.fields.box_basis import GIVEN, NONE, BoxBasis

Term: TypeAlias = tuple[int, tuple[int, ...], int]
"""Component of the state, orders of its derivative along each axis, times the inverse Laplacian is applied before."""

LiftTerm: TypeAlias = tuple[int, tuple[int, ...]]


class Part(NamedTuple):
    """One component of a `BoxField`: the sum of what is here.

    Attributes:
        constant: a number, or `None`.
        terms: linear combination of derivatives of the state's modes, factors may be arrays over the modes;
            nothing is transformed before it is known what is asked for.
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


@dataclass(frozen=True)
class PartAlgebra:
    """Sums, multiples, derivatives and values of the components of fields that share a basis, a state and a time.

    Attributes:
        basis: modes, points and precision.
        state: coefficients of the state, `(components, *storage)`; `None` while the linear part is looked for.
        t: time, a scalar, or `None`.
    """

    basis: BoxBasis
    state: Array | None
    t: Array | None

    def product(self, a: dict[int, Array], b: dict[int, Array], given: bool) -> dict[int, Array]:
        """Products of values of known parity."""
        product: dict[int, Array] = {}
        for p, left in a.items():
            for q, right in b.items():
                self.accumulate(product, _parity_of_product(p, q, given), left * right)
        return product

    def symbol(self, term: Term, xp: Any) -> Any:
        """What a diagonal term does to the modes; double precision with `numpy`."""
        _, orders, inverse = term
        symbol: Any = np.ones((1,) * self.basis.dimension)
        for axis, order in enumerate(orders):
            if order:
                symbol = symbol * self.basis.derivative_symbol(axis, order)
        for _ in range(inverse):
            symbol = symbol * self.basis.inverse_laplacian_symbol()
        if xp is np:
            return symbol
        real = np.dtype(self.basis.precision)
        return jnp.asarray(symbol.astype(np.result_type(real, np.complex64) if np.iscomplexobj(symbol) else real))

    def terms_coefficients(self, terms: Iterable[tuple[Term, Any]], skip: Sequence[int] = ()) -> Array | None:
        """Coefficients of a combination of terms; derivatives along the axes in `skip` are left to the synthesis."""
        state = self.state
        total = None
        for (component, orders, inverse), factor in terms:
            within = tuple(0 if axis in skip else order for axis, order in enumerate(orders))
            if state is None:
                return self.nothing()
            moved = state[component]
            if any(within) or inverse:
                moved = multiply(moved, self.symbol((component, within, inverse), jnp))
            moved = self.times_array(moved, factor)
            total = moved if total is None else add(total, moved)
        return total

    def part_coefficients(self, part: Part) -> Array:
        """All of a part, projected on the modes."""
        diagonal = [(term, f) for term, f in part.terms.items() if self.basis.is_diagonal(term[1])]
        others = {term: f for term, f in part.terms.items() if not self.basis.is_diagonal(term[1])}
        found = [self.terms_coefficients(diagonal), part.coefficients]
        for parity, values in self.by_parity(part._replace(terms=others, coefficients=None)).items():
            found.append(self.basis.from_points(self.full(values), parity))
        present = [one.astype(self.basis.coefficient_dtype) for one in found if one is not None]
        return sum(present[1:], present[0]) if present else jnp.zeros(self.basis.storage, self.basis.coefficient_dtype)

    def by_parity(self, part: Part) -> dict[int, Array]:
        """Values on the quadrature points, by parity."""
        values: dict[int, Array] = {}
        groups: dict[tuple[int, ...], list[tuple[Term, Any]]] = {}
        bounded = [axis for axis, line in enumerate(self.basis.lines) if not line.periodic]
        for term, factor in part.terms.items():
            key = tuple(order if axis in bounded else 0 for axis, order in enumerate(term[1]))
            groups.setdefault(key, []).append((term, factor))
        for orders, group in groups.items():
            self.accumulate(
                values, self.parity(orders), self.to_points(self.terms_coefficients(group, bounded), orders)
            )
        if part.coefficients is not None:
            self.accumulate(values, self.basis.parity, self.to_points(part.coefficients, ()))
        for (component, orders), factor in part.lift.items():
            self.accumulate(values, NONE, self.times_array(self.lift_at_points(component, orders), factor))
        for parity, points in part.points.items():
            self.accumulate(values, parity, points)
        if part.constant is not None:
            number = self.times_array(jnp.ones((1,) * self.basis.dimension, self.basis.dtype), part.constant)
            self.accumulate(values, 0, number)
        return values

    def derivative(self, part: Part, axis: int, order: int) -> Part:
        """Partial derivative of a part."""

        def raised(orders: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(o + order if a == axis else o for a, o in enumerate(orders))

        points: dict[int, Array] = {}
        coefficients = None
        if part.coefficients is not None:
            if self.basis.lines[axis].periodic and self.state is not None:
                coefficients = self.basis.scale(part.coefficients, self.basis.derivative_symbol(axis, order))
            else:
                orders = raised((0,) * self.basis.dimension)
                self.accumulate(points, self.parity(orders), self.to_points(part.coefficients, orders))
        for parity, values in part.points.items():
            turned = self.basis.turned(parity, axis, order)
            moved = values if self.state is None else self.basis.differentiate(values, axis, order, parity)
            self.accumulate(points, turned, moved)
        return Part(
            terms={(c, raised(orders), inverse): f for (c, orders, inverse), f in part.terms.items()},
            lift={(c, raised(orders)): f for (c, orders), f in part.lift.items()},
            coefficients=coefficients,
            points=points,
        )

    def plus(self, a: Part, b: Part) -> Part:
        """Sum of two parts."""
        points = dict(a.points)
        for parity, values in b.points.items():
            self.accumulate(points, parity, values)
        return Part(
            constant=self.maybe_sum(a.constant, b.constant),
            terms=self.merged(a.terms, b.terms),
            lift=self.merged(a.lift, b.lift),
            coefficients=b.coefficients if a.coefficients is None else self.maybe_sum(a.coefficients, b.coefficients),
            points=points,
        )

    def times_number(self, part: Part, number: Any) -> Part:
        """Product of a part with a number."""
        return Part(
            constant=None if part.constant is None else self.combine(multiply, part.constant, number),
            terms={term: self.combine(multiply, f, number) for term, f in part.terms.items()},
            lift={term: self.combine(multiply, f, number) for term, f in part.lift.items()},
            coefficients=None if part.coefficients is None else self.times_array(part.coefficients, number),
            points={parity: self.times_array(values, number) for parity, values in part.points.items()},
        )

    def nothing(self) -> Array:
        """Stands for values that nobody looks at while the linear part is looked for."""
        return jnp.zeros((1,) * self.basis.dimension, self.basis.dtype)

    def full(self, points: Array) -> Array:
        """Values on all quadrature points."""
        return jnp.broadcast_to(points, self.basis.quadrature)

    def parity(self, orders: Sequence[int]) -> int:
        """Parity of a derivative of the modes."""
        parity = self.basis.parity
        for axis, order in enumerate(orders):
            parity = self.basis.turned(parity, axis, order)
        return parity

    def accumulate(self, values: dict[int, Array], parity: int, more: Array) -> None:
        """Add values to a table by parity; where no axis has one the key is zero."""
        key = parity if self.basis.has_parity else 0
        values[key] = add(values[key], more) if key in values else more

    def to_points(self, coefficients: Array | None, orders: Sequence[int]) -> Array:
        """Coefficients to derivatives on the quadrature points."""
        if self.state is None or coefficients is None:
            return self.nothing()
        return self.basis.to_points(coefficients.astype(self.basis.coefficient_dtype), orders)

    def lift_at_points(self, component: int, orders: tuple[int, ...]) -> Array:
        """A derivative of the lift on the quadrature points."""
        if self.state is None:
            return self.nothing()
        return self.basis.lift_at_points(component, 0.0 if self.t is None else self.t, orders)

    def lift_at_nodes(self, component: int, orders: tuple[int, ...], factor: Any) -> Array:
        """A derivative of the lift at the grid's nodes, times a number."""
        values = self.basis.lift_row_at_nodes(component, 0.0 if self.t is None else self.t, orders)
        return self.times_array(values, factor)

    def numbers(self, value: Scalar, shape: tuple[int, ...]) -> list[Any]:
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

    def in_precision(self, number: Any) -> Array:
        """A number in the precision of the basis; it stays real where it is real."""
        array = jnp.asarray(number)
        complex_valued = jnp.issubdtype(array.dtype, jnp.complexfloating)
        return array.astype(
            np.result_type(self.basis.precision, np.complex64) if complex_valued else self.basis.precision
        )

    def combine(self, operation: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
        """Of two numbers, on the host if both are there."""
        if isinstance(a, np.generic | np.ndarray) and isinstance(b, np.generic | np.ndarray):
            return operation(np.asarray(a), np.asarray(b))[()]
        return operation(self.in_precision(a), self.in_precision(b))

    def times_array(self, array: Array, number: Any) -> Array:
        """Product of an array with a number."""
        if isinstance(number, np.generic | np.ndarray) and number.ndim == 0 and number == 1:
            return array
        return multiply(array, self.in_precision(number))

    def maybe_sum(self, a: Any, b: Any) -> Any:
        """Sum of what is there."""
        if a is None or b is None:
            return b if a is None else a
        return self.combine(add, a, b)

    def merged(self, a: dict, b: dict) -> dict:
        """Sum of two linear combinations."""
        return {k: self.maybe_sum(a.get(k), b.get(k)) for k in {**a, **b}}


def _parity_of_product(p: int, q: int, given: bool) -> int:
    if NONE in (p, q):
        return NONE
    if p == GIVEN or q == GIVEN:
        # A given factor is taken to be even, as a smooth coefficient is; two given functions remain given.
        return GIVEN if given or p == q else max(p, q)
    return p ^ q
