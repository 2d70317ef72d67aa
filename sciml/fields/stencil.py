"""The field algebra by second-order finite differences on uniform nodes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NoReturn

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact

from sciml.fields.arithmetic import cast
from sciml.fields.base import Field, Scalar
from sciml.fields.face_means import FaceMean, face_mean
from sciml.fields.nested_grids import coarsened
from sciml.fields.stencil_structure import Coupling, Structure
from sciml.fields.wall_conditions import Side, Slopes, WallConditions, end_slopes, holds_value
from sciml.grid import Axis, Grid


class StencilField(Field):
    """A field on nodes; derivatives are differences of second order that reach the nearest neighbours.

    Boundary conditions belong to the state. They enter through its derivatives along the outward normals at the walls, which sums,
    multiples and products carry along; a node on a Dirichlet wall holds the given value. What has been differentiated, mapped or
    given by `like` has no boundary condition, and its derivatives are one-sided at walls.

    Composites are compact: `laplacian`, `diffusion(a)` and `d(axis, 2)` reach one neighbour and are made of fluxes through the faces
    of cells, so that with rows weighted by volumes they are symmetric; at walls that do not hold the value their own error is of first
    order, and that of solutions of second order all the same. A chain of `d` reaches two neighbours and does not see
    odd-even oscillations: do not write `(a * u.d(0)).d(0)`.

    Example:
        >>> import jax.numpy as jnp
        >>> import sciml
        >>> from sciml.fields import StencilField
        >>> grid = sciml.Grid((5,), extent=(1.0,), boundary=sciml.boundary.Dirichlet())
        >>> x = jnp.linspace(0.0, 1.0, 5)
        >>> u = StencilField.state(grid, (x * (1 - x))[None])
        >>> u.laplacian().values[0, 1:-1].round(3).tolist()
        [-2.0, -2.0, -2.0]

    Attributes:
        grid: uniform nodes, any boundaries.
        values: `(*components, *grid.shape)`.
        slopes: derivatives along the outward normals at the walls, where they are known.
        structure: polynomial degree in the state, and what its derivative couples.
        faces: mean of the coefficient of `diffusion` between two nodes.
        t: time, if given.
        finest: the grid to which arrays given by `like` belong, if it is another one.
    """

    grid: Grid = eqx.field(static=True)
    values: Array
    slopes: Slopes | None
    structure: Structure = eqx.field(static=True)
    faces: FaceMean = eqx.field(static=True)
    t: Any = None
    finest: Grid | None = eqx.field(static=True, default=None)

    @staticmethod
    def state(
        grid: Grid,
        values: Inexact[Array, "components *grid"],
        t: Any = None,
        *,
        boundary_data: Mapping[Side, Any] | None = None,
        faces: FaceMean = "harmonic",
        finest: Grid | None = None,
    ) -> "StencilField":
        """The unknown of an equation.

        Args:
            grid: where; its boundary conditions hold.
            values: at the nodes; those on Dirichlet walls are replaced by what the walls hold.
            t: time, for equations and boundary data that depend on it.
            boundary_data: data of single ends, `{(axis, "lower"): values}`, in place of those of the grid.
            faces: mean of the coefficient of `diffusion`; see `finite_volumes`.
            finest: grid of the arrays that `like` is given, if this one is a coarser one.

        Raises:
            ValueError: for a wrong shape or Chebyshev nodes.
        """
        if values.ndim != grid.dimension + 1 or values.shape[1:] != grid.shape:
            raise ValueError(
                f"StencilField.state: `values` must have shape (components, *{grid.shape}), got {values.shape}."
            )
        walls = WallConditions(grid, dict(boundary_data or {}), t)
        whole = walls.with_given(values)
        structure = Structure(1, Coupling.MULTIPLE, True)
        return StencilField(grid, whole, walls.slopes(whole), structure, faces, t, finest)

    @property
    def shape(self) -> tuple[int, ...]:
        """Component shape."""
        return self.values.shape[: self.values.ndim - self.dimension]

    @property
    def dimension(self) -> int:
        """Number of space dimensions."""
        return self.grid.dimension

    # --- primitives -----------------------------------------------------------------------------------------------------------

    def _plus(self, other: "StencilField") -> "StencilField":
        slopes = None
        if self.slopes is not None and other.slopes is not None:
            slopes = _each_end(lambda a, b: a + b, self.slopes, other.slopes)
        return self._with(self.values + other.values, slopes, self.structure.plus(other.structure))

    def _times(self, other: "StencilField") -> "StencilField":
        slopes = self._product_slopes(other)
        return self._with(self.values * other.values, slopes, self.structure.times(other.structure))

    def _product_slopes(self, other: "StencilField") -> Slopes | None:
        if self.slopes is None or other.slopes is None:
            return None
        pairs: list[tuple[Array, Array] | None] = []
        for index, axis in enumerate(self.grid.axes):
            mine, theirs = self.slopes[index], other.slopes[index]
            if mine is None or theirs is None:
                pairs.append(None)
                continue
            made = []
            for place, a, b in zip((0, -1), mine, theirs):
                slope = self._at(index, place) * b + other._at(index, place) * a
                # On cells the nodes lie half a spacing inside: what makes the product of the values beyond the wall exact.
                made.append(slope + axis.spacing * a * b if axis.nodes == "cell" else slope)
            pairs.append((made[0], made[1]))
        return tuple(pairs)

    def _scaled(self, factor: Scalar) -> "StencilField":
        number = cast(factor, self.values.dtype, "a factor")
        number = number.reshape((1,) * (len(self.shape) - number.ndim) + number.shape)

        def scale(values: Array) -> Array:
            return values * number.reshape(number.shape + (1,) * (values.ndim - number.ndim))

        slopes = None if self.slopes is None else _each_end(scale, self.slopes)
        return self._with(scale(self.values), slopes, self.structure)

    def _constant(self, value: Scalar) -> "StencilField":
        number = cast(value, self.values.dtype, "a constant")
        spread = number.reshape(number.shape + (1,) * self.dimension)
        values = jnp.broadcast_to(spread, (*number.shape, *self.grid.shape))
        return self._with(values, self._flat(number.shape), Structure())

    def _components(self, pick: Callable[[np.ndarray], Any]) -> "StencilField":
        rank, count = len(self.shape), int(np.prod(self.shape))
        indices = np.asarray(pick(np.arange(count).reshape(self.shape)))

        def picked(values: Array) -> Array:
            return values.reshape(count, *values.shape[rank:])[indices]

        slopes = None if self.slopes is None else _each_end(picked, self.slopes)
        return self._with(picked(self.values), slopes, self.structure)

    def _stacked(self, rows: Sequence["StencilField"]) -> "StencilField":
        structure = rows[0].structure
        for row in rows[1:]:
            structure = structure.plus(row.structure)
        known = [row.slopes for row in rows if row.slopes is not None]
        slopes = None
        if len(known) == len(rows):
            slopes = _each_end(lambda *ends: jnp.stack(ends), *known)
        return self._with(jnp.stack([row.values for row in rows]), slopes, structure)

    def d(self, axis: int, order: int = 1) -> "StencilField":
        """Partial derivative of order one or two, central between neighbours."""
        if not 0 <= axis < self.dimension:
            raise ValueError(f"d: `axis` must be in 0..{self.dimension - 1}, got {axis}.")
        if order == 0:
            return self
        if order == 2:
            return self._with(self._second(axis), None, self.structure.diffused(Structure()))
        if order != 1:
            raise self._refusal(f"d(axis, {order})", "differences that reach the nearest neighbours end at order 2")
        faces, position = self._gradient(axis), self._position(axis)
        values = (_part(faces, position, 0, -1) + _part(faces, position, 1, None)) / 2
        line = self.grid.axes[axis]
        if not line.periodic and line.nodes != "cell":
            # The first and the last face are the walls, and nodes sit on them.
            ends = [_part(faces, position, 0, 1), _part(faces, position, -1, None)]
            values = jnp.concatenate([ends[0], _part(values, position, 1, -1), ends[1]], position)
        return self._with(values, None, self.structure.differentiated())

    def map(
        self, fn: Callable[..., Array], *others: Field, dealiasing: int | Literal["none"] | None = None
    ) -> "StencilField":
        """Pointwise function; `dealiasing` has no meaning here."""
        structure, arguments = self.structure, [self.values]
        for other in others:
            if not isinstance(other, StencilField):
                raise TypeError(f"map: expected StencilField arguments, got {type(other).__name__}.")
            structure = structure.times(other.structure)
            arguments.append(other.values)
        values = jnp.asarray(fn(*arguments))
        shape = values.shape[: values.ndim - self.dimension]
        values = jnp.broadcast_to(cast(values, self.values.dtype, "map"), (*shape, *self.grid.shape))
        return self._with(values, None, structure.mapped())

    def apply(self, fn: Callable[[Array], Array], *, dealiasing: int | Literal["none"] | None = None) -> "StencilField":
        """A function of the array of values, `(*components, *grid.shape) -> (*components', *grid.shape)`."""
        values = cast(fn(self.values), self.values.dtype, "apply")
        return self._with(values, None, self.structure.anything())

    def conj(self) -> "StencilField":
        """Complex conjugate; the field itself when it is real."""
        if not jnp.issubdtype(self.values.dtype, jnp.complexfloating):
            return self
        slopes = None if self.slopes is None else _each_end(jnp.conj, self.slopes)
        return self._with(jnp.conj(self.values), slopes, self.structure.anything())

    def coordinate(self, axis: int) -> "StencilField":
        """Coordinate of one space axis."""
        shape = [1] * self.dimension
        shape[axis] = -1
        line = jnp.asarray(self.grid.axes[axis].coordinates().reshape(shape), self.values.dtype)
        slopes = None
        if not self.grid.axes[axis].periodic:
            flat = self._flat(())
            own = tuple(sign + end for sign, end in zip((-1.0, 1.0), flat[axis] or ()))
            slopes = (*flat[:axis], (own[0], own[1]), *flat[axis + 1 :])
        return self._with(jnp.broadcast_to(line, self.grid.shape), slopes, Structure())

    @property
    def time(self) -> "StencilField":
        """Time, the same at all nodes."""
        if self.t is None:
            raise ValueError("time: this equation depends on time, and no time was given to evaluate it at.")
        return self._constant(self.t)

    @property
    def dt(self) -> NoReturn:
        """Refused: a state knows its time derivative only through the equation."""
        raise self._refusal("dt", "the time derivative is what the equation gives; use `equation.rhs(u)`")

    def like(self, array: Array | np.ndarray) -> "StencilField":
        """A given field from its values at the nodes; on a coarser grid of a hierarchy averaged from the finest one."""
        values = cast(array, self.values.dtype, "like")
        finest = self.finest or self.grid
        components = values.shape[: max(0, values.ndim - self.dimension)]
        if values.shape[len(components) :] != finest.shape:
            raise ValueError(f"like: needs values of shape (*components, *{finest.shape}), got {values.shape}.")
        return self._with(coarsened(values, finest, self.grid), None, Structure())

    # --- composites known better here -----------------------------------------------------------------------------------------

    def laplacian(self) -> "StencilField":
        """Divergence of the gradient through the faces of cells."""
        parts = [self._second(axis) for axis in range(self.dimension)]
        return self._with(sum(parts[1:], start=parts[0]), None, self.structure.diffused(Structure()))

    def diffusion(self, coefficient: Field | Scalar) -> Any:
        """`div(coefficient grad u)` in flux form; a coefficient of one component per axis is a diagonal tensor."""
        if not isinstance(coefficient, Field):
            return coefficient * self.laplacian()
        rows = self._coefficients(coefficient)
        structure, values = Structure(), []
        for axis, row in enumerate(rows):
            pair: tuple[Any, Any] = self._aligned(row)
            state, factor = pair
            flux = state._gradient(axis) * factor._on_faces(axis)
            values.append(state._divergence(flux, axis))
            structure = structure.plus(self.structure.diffused(row.structure))
        return self._with(sum(values[1:], start=values[0]), None, structure)

    def biharmonic(self) -> Field:
        """The Laplacian twice, on periodic grids."""
        if not self.grid.periodic:
            raise self._refusal(
                "biharmonic",
                "it needs two conditions at each wall; write it as two equations of second order, `v = laplacian(u)`",
            )
        return self.laplacian().laplacian()

    def period(self, axis: int) -> float | None:
        """Length of the box along a periodic axis; `None` along others."""
        line = self.grid.axes[axis]
        return line.length if line.periodic else None

    # --- helpers --------------------------------------------------------------------------------------------------------------

    def _with(self, values: Array, slopes: Slopes | None, structure: Structure) -> "StencilField":
        return StencilField(self.grid, values, slopes, structure, self.faces, self.t, self.finest)

    def _position(self, axis: int) -> int:
        return len(self.shape) + axis

    def _at(self, axis: int, place: int) -> Array:
        """Values at the first or the last node of an axis."""
        return jax.lax.index_in_dim(self.values, place, self._position(axis), keepdims=False)

    def _flat(self, components: tuple[int, ...]) -> Slopes:
        """Slopes of a constant."""
        found: list[tuple[Array, Array] | None] = []
        for index, axis in enumerate(self.grid.axes):
            others = tuple(count for a, count in enumerate(self.grid.shape) if a != index)
            zero = jnp.zeros((*components, *others), self.values.dtype)
            found.append(None if axis.periodic else (zero, zero))
        return tuple(found)

    def _gradient(self, axis: int) -> Array:
        """Derivative on the faces of cells along one axis, the two ends included."""
        line, position = self.grid.axes[axis], self._position(axis)
        padded = self.values
        if line.periodic:
            padded = jnp.concatenate(
                [_part(padded, position, -1, None), padded, _part(padded, position, 0, 1)], position
            )
        inner = (_part(padded, position, 1, None) - _part(padded, position, 0, -1)) / line.spacing
        if line.periodic:
            return inner
        known = None if self.slopes is None else self.slopes[axis]
        lower, upper = end_slopes(self.values, position, line) if known is None else known
        ends = [jnp.expand_dims(-lower, position), jnp.expand_dims(upper, position)]
        return jnp.concatenate([ends[0], inner, ends[1]], position)

    def _second(self, axis: int) -> Array:
        """Second derivative; at walls without a condition for the unknown continued from the inside."""
        values, line, position = (
            self._divergence(self._gradient(axis), axis),
            self.grid.axes[axis],
            self._position(axis),
        )
        if line.periodic or line.nodes == "cell" or line.count < 4:
            return values
        inner = [
            2 * _part(values, position, 1, 2) - _part(values, position, 2, 3),
            2 * _part(values, position, -2, -1) - _part(values, position, -3, -2),
        ]
        own = [_part(values, position, 0, 1), _part(values, position, -1, None)]
        free = [self.slopes is None or holds_value(line, name) for name in ("lower", "upper")]
        ends = [inside if one_sided else wall for one_sided, inside, wall in zip(free, inner, own)]
        return jnp.concatenate([ends[0], _part(values, position, 1, -1), ends[1]], position)

    def _divergence(self, flux: Array, axis: int) -> Array:
        """Of a flux through the faces along one axis."""
        line, position = self.grid.axes[axis], self._position(axis)
        change = _part(flux, position, 1, None) - _part(flux, position, 0, -1)
        return change * _inverse_widths(line, position, change)

    def _on_faces(self, axis: int) -> Array:
        """A coefficient on the faces along one axis; at walls that of the nearest node, continued from cells if it is smooth."""
        line, position = self.grid.axes[axis], self._position(axis)
        values = self.values
        first, last = _part(values, position, 0, 1), _part(values, position, -1, None)
        if line.periodic:
            around = face_mean(self.faces, last, first)
            ends = [around, around]
        elif self.faces == "arithmetic" and line.nodes == "cell" and line.count > 1:
            inner = _part(values, position, 1, 2), _part(values, position, -2, -1)
            ends = [jnp.clip(1.5 * at - 0.5 * next_, 0.5 * at, 2 * at) for at, next_ in zip((first, last), inner)]
        else:
            ends = [first, last]
        between = face_mean(self.faces, _part(values, position, 0, -1), _part(values, position, 1, None))
        return jnp.concatenate([ends[0], between, ends[1]], position)

    def _coefficients(self, coefficient: Field) -> list["StencilField"]:
        """The coefficient along each axis."""
        if not isinstance(coefficient, StencilField):
            raise TypeError(f"diffusion: expected a StencilField as coefficient, got {type(coefficient).__name__}.")
        if self.dimension > 1 and coefficient.shape == (self.dimension,) and self.shape in {(), (1,)}:
            return [coefficient._components(lambda i, a=axis: i[a]) for axis in range(self.dimension)]
        return [coefficient] * self.dimension


def _each_end(fn: Callable[..., Array], *slopes: Slopes) -> Slopes:
    """A function of the slopes at every end."""
    found: list[tuple[Array, Array] | None] = []
    for pairs in zip(*slopes):
        known = [pair for pair in pairs if pair is not None]
        complete = len(known) == len(pairs)
        found.append((fn(*(p[0] for p in known)), fn(*(p[1] for p in known))) if complete else None)
    return tuple(found)


def _part(values: Array, position: int, start: int | None, stop: int | None) -> Array:
    return values[(slice(None),) * position + (slice(start, stop),)]


def _inverse_widths(line: Axis, position: int, values: Array) -> Array:
    """One over the width of each node's cell along an axis."""
    widths = np.full(line.count, line.spacing)
    if not line.periodic and line.nodes != "cell":
        widths[[0, -1]] /= 2
    shape = [1] * values.ndim
    shape[position] = line.count
    return jnp.asarray((1 / widths).reshape(shape), values.dtype)
