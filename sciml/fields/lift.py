"""A smooth function that takes the given boundary data: what is left of a state after it satisfies homogeneous conditions."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from sciml.boundary import Datum, coefficients_and_data, ends
from sciml.fields.arithmetic import add
from sciml.grid import Axis, Grid

Function: TypeAlias = Callable[..., Array]
"""Time and one array per coordinate, which broadcast, to values."""


@dataclass(frozen=True)
class Lift:
    """The boundary data of a grid, extended inwards by polynomials of degree one or two along each bounded axis.

    Where several axes have data it is the sequence of corrections (a Boolean sum): it takes all data if these agree on the edges.
    """

    grid: Grid

    @property
    def present(self) -> bool:
        """Whether any data differ from zero."""
        return any(_has_data(axis) for axis in self.grid.axes)

    def values(
        self,
        component: int,
        t: Any,
        coordinates: Sequence[Array],
        orders: Sequence[int] | None = None,
        *,
        rate: bool = False,
    ) -> Array:
        """Derivatives of the lift at points.

        Args:
            component: of the state.
            t: time.
            coordinates: one array per axis, broadcasting; the result may be smaller than their common shape.
            orders: of the derivative along each axis.
            rate: whether to take the time derivative besides.
        """
        function = _extension(self.grid, component)
        time = jnp.asarray(t, coordinates[0].dtype)
        orders = orders or (0,) * len(coordinates)

        def at(*x: Array) -> Array:
            if not rate:
                return function(time, *x)
            return jax.jvp(lambda s: function(s, *x), (time,), (jnp.ones_like(time),))[1]

        for axis, order in enumerate(orders):
            for _ in range(order):
                at = _derivative(at, axis)
        return at(*coordinates)


def _has_data(axis: Axis) -> bool:
    if axis.periodic:
        return False
    data = [coefficients_and_data(side)[2] for side in ends(axis.boundary)]
    flat = [one for datum in data for one in (datum if isinstance(datum, tuple) else (datum,))]
    return any(callable(one) or one != 0 for one in flat)


def _derivative(function: Function, axis: int) -> Function:
    def derivative(*x: Array) -> Array:
        def along(line: Array) -> Array:
            return function(*x[:axis], line, *x[axis + 1 :])

        return jax.jvp(along, (x[axis],), (jnp.ones_like(x[axis]),))[1]

    return derivative


def _extension(grid: Grid, component: int) -> Function:
    function: Function | None = None
    if any(_has_data(axis) for axis in grid.axes):
        # Axes without data come last: the lift must satisfy their homogeneous conditions too.
        bounded = [i for i, axis in enumerate(grid.axes) if not axis.periodic]
        for index in sorted(bounded, key=lambda i: not _has_data(grid.axes[i])):
            function = _corrected(function, index, grid.axes[index], component)
    if function is None:
        return lambda t, *x: jnp.zeros((1,) * grid.dimension, x[0].dtype)
    return function


def _corrected(before: Function | None, index: int, axis: Axis, component: int) -> Function:
    """`before` plus what it lacks at the two ends of one axis."""
    sides = ends(axis.boundary)
    profiles = profile_coefficients(axis).tolist()

    def function(t: Array, *x: Array) -> Array:
        others = x[:index] + x[index + 1 :]
        s = (x[index] - axis.lower) / axis.length
        found = None if before is None else before(t, *x)
        for side, upper, profile in zip(sides, (False, True), profiles):
            a, b, data = coefficients_and_data(side)
            given = _datum(data[component] if isinstance(data, tuple) else data, t, others, s)
            if before is not None:
                given = add(given, -_condition(before, a, b, index, axis.upper if upper else axis.lower, upper, t, x))
            shape = profile[0] + profile[1] * s + profile[2] * s * s
            term = given * shape.astype(given.dtype)
            found = term if found is None else add(found, term)
        return found  # type: ignore[return-value]

    return function


def _condition(
    function: Function, a: float, b: float, index: int, end: float, upper: bool, t: Array, x: Sequence[Array]
) -> Array:
    """`a u + b du/dn` at one end."""
    place = [jnp.full_like(x[index], end) if i == index else line for i, line in enumerate(x)]
    place[index] = place[index].reshape(-1)[:1].reshape((1,) * place[index].ndim)
    along = lambda *y: function(t, *y)  # noqa: E731
    total = a * along(*place)
    return total if b == 0 else add(total, (b if upper else -b) * _derivative(along, index)(*place))


def _datum(datum: Datum, t: Array, others: Sequence[Array], like: Array) -> Array:
    value = jnp.asarray(datum(t, *others) if callable(datum) else datum)
    if not jnp.issubdtype(value.dtype, jnp.complexfloating):
        value = value.astype(like.dtype)
    # A number for every point of the end.
    return value.reshape((1,) * like.ndim) if value.ndim == 0 else value


def edge_mismatch(grid: Grid, component: int) -> float:
    """The most by which the lift misses the data at time zero, relative to them: not zero if they contradict each other on an edge."""
    missed, largest = jax.jit(lambda: _mismatch(grid, component))()
    return float(missed) / max(float(largest), 1e-30)


def _mismatch(grid: Grid, component: int) -> tuple[Array, Array]:
    function, time = _extension(grid, component), jnp.asarray(0.0)
    nodes = [
        jnp.asarray(axis.coordinates().reshape([-1 if a == i else 1 for a in range(grid.dimension)]), time.dtype)
        for i, axis in enumerate(grid.axes)
    ]
    missed, sizes = [], []
    for index, axis in enumerate(grid.axes):
        for side, upper in zip(ends(axis.boundary) if not axis.periodic else (), (False, True)):
            a, b, data = coefficients_and_data(side)
            found = _condition(function, a, b, index, axis.upper if upper else axis.lower, upper, time, nodes)
            others = nodes[:index] + nodes[index + 1 :]
            given = _datum(data[component] if isinstance(data, tuple) else data, time, others, nodes[index])
            missed.append(jnp.max(jnp.abs(add(found, -given))))
            sizes.append(jnp.max(jnp.abs(given)))
    return jnp.max(jnp.stack(missed)), jnp.max(jnp.stack(sizes))


@functools.lru_cache(maxsize=64)
def profile_coefficients(axis: Axis) -> np.ndarray:
    """Polynomials in `s` in (0, 1): the first takes datum one at the lower end and zero at the upper, the second the other way.

    Shape `(2, 3)`, constant first.
    """
    (a, b, _), (c, d, _) = (coefficients_and_data(side) for side in ends(axis.boundary))
    b, d = b / axis.length, d / axis.length
    rows = np.array([[a, -b, 0.0], [c, c + d, c + 2 * d]])
    scale = np.max(np.abs(rows))
    # As smooth as can be: straight lines, unless both ends give fluxes.
    for columns in ([0, 1], [1, 2], [0, 2]):
        block = rows[:, columns]
        if abs(np.linalg.det(block)) > 1e-8 * scale**2:
            profiles = np.zeros((2, 3))
            profiles[:, columns] = np.linalg.inv(block).T
            return profiles
    raise ValueError(f"the boundary conditions {axis.boundary!r} leave no polynomial of degree two to take their data.")
