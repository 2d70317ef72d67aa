"""The field algebra on functions of coordinates: physics-informed networks, neural fields, interpolants.

An expression is first recorded to learn which derivatives of the state occur; each of these is computed once, for all points
together; then the expression is evaluated on that table, products by Leibniz' rule, functions by the chain rule.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact

from sciml.equation import Evolution, Steady
from sciml.fields.base import Field, Scalar
from sciml.fields.derivatives import KnowsDerivatives, MultiIndex, derivative_table

_At: TypeAlias = Callable[[MultiIndex], Array]


class PointField(Field):
    """A field known through its derivatives at points: `at(alpha)` gives the derivative of multi-index alpha there.

    Coordinates are the space axes followed by time. Values have shape `(*components, points)`.

    Attributes:
        at: multi-index to values.
        component_shape: component shape.
        points: coordinates, shape `(points, dimension + 1)`, time last.
        is_complex: whether complex numbers are allowed.
        potential: for a state given by its inverse Laplacian, that field.
    """

    at: _At = eqx.field(static=True)
    component_shape: tuple[int, ...] = eqx.field(static=True)
    points: Array
    is_complex: bool = eqx.field(static=True)
    potential: "PointField | None" = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Component shape."""
        return self.component_shape

    @property
    def dimension(self) -> int:
        """Number of space dimensions."""
        return self.points.shape[1] - 1

    @property
    def value(self) -> Inexact[Array, "..."]:
        """Values at the points, shape `(*components, points)`."""
        return self.at(self._zero)

    # --- primitives -----------------------------------------------------------------------------------------------------------

    def _plus(self, other: "PointField") -> "PointField":
        return self._new(lambda alpha: self.at(alpha) + other.at(alpha))

    def _times(self, other: "PointField") -> "PointField":
        def leibniz(alpha: MultiIndex) -> Array:
            terms = []
            for beta in itertools.product(*(range(a + 1) for a in alpha)):
                weight = math.prod(math.comb(a, b) for a, b in zip(alpha, beta))
                gamma = tuple(a - b for a, b in zip(alpha, beta))
                term = self.at(beta) * other.at(gamma)
                terms.append(term if weight == 1 else weight * term)
            return _total(terms)

        return self._new(leibniz)

    def _scaled(self, factor: Scalar) -> "PointField":
        number = self._number(factor)
        potential = None if self.potential is None else self.potential._scaled(factor)
        spread = number[..., None] if number.ndim else number
        return self._new(lambda alpha: self.at(alpha) * spread, potential=potential)

    def _constant(self, value: Scalar) -> "PointField":
        number = self._number(value)
        shape = (*number.shape, self.points.shape[0])

        def at(alpha: MultiIndex) -> Array:
            constant = number if alpha == self._zero else jnp.zeros_like(number)
            return jnp.broadcast_to(constant[..., None], shape)

        return self._new(at, number.shape)

    def _components(self, pick: Callable[[np.ndarray], Any]) -> "PointField":
        indices = np.asarray(pick(np.arange(math.prod(self.shape)).reshape(self.shape)))

        def at(alpha: MultiIndex) -> Array:
            flat = self.at(alpha).reshape(-1, self.points.shape[0])
            return flat[int(indices)] if indices.ndim == 0 else flat[indices]

        whole = np.array_equal(indices.ravel(), np.arange(math.prod(self.shape)))
        potential = self.potential._components(pick) if self.potential is not None and whole else None
        return self._new(at, indices.shape, potential)

    def _stacked(self, rows: Sequence["PointField"]) -> "PointField":
        return self._new(lambda alpha: jnp.stack([row.at(alpha) for row in rows]), (len(rows), *rows[0].shape))

    def d(self, axis: int, order: int = 1) -> "PointField":
        """Partial derivative along a space axis."""
        if not 0 <= axis < self.dimension:
            raise ValueError(f"d: `axis` must be in 0..{self.dimension - 1}, got {axis}.")
        return self._derivative(axis, order)

    @property
    def dt(self) -> "PointField":
        """Time derivative."""
        return self._derivative(self.dimension, 1)

    def map(
        self, fn: Callable[..., Array], *others: Field, dealiasing: int | Literal["none"] | None = None
    ) -> "PointField":
        """Pointwise function; `dealiasing` has no meaning here."""
        fields = [self, *others]

        def at(alpha: MultiIndex) -> Array:
            axis = next((i for i, a in enumerate(alpha) if a), None)
            if axis is None:
                return fn(*(field.value for field in fields))
            rates = [field._derivative(axis, 1) for field in fields]
            rest = tuple(a - (i == axis) for i, a in enumerate(alpha))
            return fields[0].map(_tangent(fn, len(fields)), *fields[1:], *rates).at(rest)

        return self._new(at)

    def conj(self) -> "PointField":
        """Complex conjugate; the coordinates are real, so it commutes with derivatives."""
        return self._new(lambda alpha: jnp.conj(self.at(alpha))) if self.is_complex else self

    def coordinate(self, axis: int) -> "PointField":
        """Coordinate of one space axis."""
        return self._coordinate(axis)

    @property
    def time(self) -> "PointField":
        """Time at each point."""
        return self._coordinate(self.dimension)

    def inverse_laplacian(self) -> "PointField":
        """The potential, where the state was given by it."""
        if self.potential is None:
            raise self._refusal(
                "inverse_laplacian",
                "it is not a local operation; give the state by its inverse Laplacian (`inverse_laplacian=True` in `residual`)",
            )
        return self.potential

    # --- helpers --------------------------------------------------------------------------------------------------------------

    @property
    def _zero(self) -> MultiIndex:
        return (0,) * self.points.shape[1]

    def _new(
        self, at: _At, shape: tuple[int, ...] | None = None, potential: "PointField | None" = None
    ) -> "PointField":
        return type(self)(at, self.shape if shape is None else shape, self.points, self.is_complex, potential)

    def _derivative(self, axis: int, order: int) -> "PointField":
        def at(alpha: MultiIndex) -> Array:
            return self.at(tuple(a + order * (i == axis) for i, a in enumerate(alpha)))

        return self._new(at)

    def _coordinate(self, axis: int) -> "PointField":
        values = self.points[:, axis]

        def at(alpha: MultiIndex) -> Array:
            if alpha == self._zero:
                return values
            first = sum(alpha) == 1 and alpha[axis] == 1
            return jnp.full_like(values, 1.0 if first else 0.0)

        return self._new(at, ())

    def _number(self, value: Scalar) -> Array:
        number = jnp.asarray(value)
        real = self.points.dtype
        if jnp.issubdtype(number.dtype, jnp.complexfloating):
            if not self.is_complex:
                raise TypeError(
                    "PointField: a complex number meets a real field; declare the equation complex (`is_complex = True`)."
                )
            return number.astype(np.result_type(real, np.complex64))
        return number.astype(np.result_type(real, np.complex64) if self.is_complex else real)


def residual(
    equation: Evolution | Steady,
    function: Callable[[Array], Array],
    points: Inexact[Array, "points coordinates"],
    *,
    inverse_laplacian: bool = False,
) -> Inexact[Array, "components points"]:
    """Residual of a function at points: `u_t - rhs(u)` of a function of space and time, `residual(u)` of a steady equation.

    Args:
        equation: the equation, the same object that solvers take.
        function: `(dimension + 1,) -> (components,)`, coordinates in the order of the grid's axes, time last: a network, an
            interpolant. One that has a method `derivatives(points, multi_indices)` is asked for all derivatives at once. For a
            steady equation there is no time: `(dimension,) -> (components,)`.
        points: `(points, dimension + 1)`; `(points, dimension)` for a steady equation.
        inverse_laplacian: `function` is not the state but its inverse Laplacian. This is how equations with non-local terms are
            evaluated pointwise: the stream-function form of the vorticity equation, up to sign.

    Returns:
        Residual in each component and point.

    Example:
        >>> import jax.numpy as jnp
        >>> import sciml
        >>> def wave(x):  # exp(-nu t) sin(x) solves the heat equation
        ...     return (jnp.exp(-0.5 * x[1]) * jnp.sin(x[0]))[None]
        >>> points = jnp.array([[0.1, 0.2], [0.3, 0.4]])
        >>> bool(jnp.all(jnp.abs(sciml.residual(sciml.physics.Diffusion(0.5), wave, points)) < 1e-6))
        True
    """
    if isinstance(equation, Steady):
        function = _TimelessDerivatives(function) if isinstance(function, KnowsDerivatives) else _Timeless(function)
        points = jnp.pad(points, ((0, 0), (0, 1)))
    return evaluate(
        equation.residual,
        function,
        points,
        components=len(equation.component_names(points.shape[1] - 1)),
        is_complex=equation.is_complex,
        inverse_laplacian=inverse_laplacian,
    )


class _Timeless:
    """A function of space as one of space and time."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(self, x: Array) -> Array:
        return self.function(x[:-1])


class _TimelessDerivatives(_Timeless):
    """One that gives its own derivatives."""

    def derivatives(self, points: Array, needed: Iterable[MultiIndex]) -> dict[MultiIndex, Array]:
        table = self.function.derivatives(points[:, :-1], frozenset(alpha[:-1] for alpha in needed))
        return {(*alpha, 0): values for alpha, values in table.items()}


def evaluate(
    expression: Callable[[PointField], Any],
    function: Callable[[Array], Array],
    points: Inexact[Array, "points coordinates"],
    *,
    components: int,
    is_complex: bool = False,
    inverse_laplacian: bool = False,
) -> Inexact[Array, "..."]:
    """Evaluate an expression in the field algebra on a function of coordinates; arguments as in `residual`.

    Returns:
        Values of shape `(*components of the expression, points)`.
    """

    def state(at: _At) -> PointField:
        field = PointField(at, (components,), points, is_complex)
        if not inverse_laplacian:
            return field
        whole: Any = field.laplacian()
        return PointField(whole.at, (components,), points, is_complex, potential=field)

    needed = recorded(expression, state, (components, points.shape[0]), _value_dtype(points, is_complex))
    table = derivative_table(function, points, needed)
    for value in table.values():
        if value.shape != (components, points.shape[0]):
            raise ValueError(
                f"the function must give {components} component(s) at a point, an array of shape ({components},), "
                f"got {value.shape[:-1]}."
            )
    return expression(state(table.__getitem__)).value


def recorded(
    expression: Callable[[PointField], Any],
    state: Callable[[_At], PointField],
    shape: tuple[int, ...],
    dtype: Any,
) -> frozenset[MultiIndex]:
    """Multi-indices of the state's derivatives that an expression reads, found by one abstract evaluation."""
    seen: set[MultiIndex] = set()

    def at(alpha: MultiIndex) -> Array:
        seen.add(alpha)
        return jnp.zeros(shape, dtype)

    jax.eval_shape(lambda: expression(state(at)).value)
    return frozenset(seen)


def _value_dtype(points: Array, is_complex: bool) -> np.dtype:
    return np.result_type(points.dtype, np.complex64) if is_complex else points.dtype


def _tangent(fn: Callable[..., Array], count: int) -> Callable[..., Array]:
    return lambda *arguments: jax.jvp(fn, arguments[:count], arguments[count:])[1]


def _total(terms: Iterable[Array]) -> Array:
    first, *rest = terms
    return sum(rest, first)
