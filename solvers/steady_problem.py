"""A steady equation on a grid as a system of equations for an array."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact

from sciml.equation import Steady
from sciml.fields.face_means import FaceMean
from sciml.fields.nested_grids import halved
from sciml.fields.stencil import StencilField
from sciml.fields.stencil_structure import Structure
from sciml.fields.wall_conditions import Side, WallConditions, cell_shares, fixes_level, unknown_nodes
from sciml.grid import Grid


class SteadyProblem(eqx.Module):
    """`F(u) = 0` for arrays `(components, *grid.shape)`.

    Rows are multiplied by the part of a cell that belongs to the node, which makes them symmetric where the equation is; rows of nodes
    whose value is given are zero. Where nothing fixes the level of the solution, the mean of the residual is taken out.

    Attributes:
        equation: what to solve.
        boundary_data: data of single ends in place of those of the grid.
        time: at which data and sources that depend on it are taken.
        grid: where.
        faces: mean of coefficients between nodes.
        dtype: of the state.
        finest: the grid of the arrays in the equation, if this is a coarser one.
    """

    equation: Steady
    boundary_data: dict[Side, Any]
    time: Any
    grid: Grid = eqx.field(static=True)
    faces: FaceMean = eqx.field(static=True)
    dtype: Any = eqx.field(static=True)
    finest: Grid | None = eqx.field(static=True, default=None)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the state."""
        return (len(self.equation.component_names(self.grid.dimension)), *self.grid.shape)

    def structure(self) -> Structure:
        """Degree and coupling of the residual, from one abstract evaluation."""
        found: list[Structure] = []

        def evaluate(u: Array) -> None:
            found.append(self._field(u).structure)

        jax.eval_shape(evaluate, jax.ShapeDtypeStruct(self.shape, self.dtype))
        return found[0]

    def singular(self) -> bool:
        """Whether a constant may be added to a solution."""
        return not self.structure().level and not fixes_level(self.grid)

    def residual(self) -> Callable[[Inexact[Array, "components *grid"]], Inexact[Array, "components *grid"]]:
        """`F`, for arrays of unknowns; what they hold where the value is given does not matter."""
        weights, singular = self.weights(), self.singular()

        def residual(u: Array) -> Array:
            rows = self._rows(u, weights)
            return rows - weights * _mean(rows, weights) if singular else rows

        return residual

    def imbalance(self, u: Inexact[Array, "components *grid"]) -> Float[Array, ""]:
        """The mean of the residual relative to its mean modulus; where nothing fixes the level it must vanish."""
        rows = self._rows(u, self.weights())
        size = jnp.sum(jnp.abs(rows))
        return jnp.sum(jnp.abs(jnp.sum(rows, _space(rows)))) / jnp.where(size == 0, jnp.ones_like(size), size)

    def weights(self) -> Inexact[Array, "1 *grid"]:
        """Part of a cell per unknown, zero elsewhere."""
        free = unknown_nodes(self.grid)
        shares = cell_shares(self.grid, self.dtype)
        return jnp.where(free, shares, jnp.zeros_like(shares))[None]

    def complete(self, u: Inexact[Array, "components *grid"]) -> Inexact[Array, "components *grid"]:
        """A solution with the given values put in, of mean zero where only that is missing."""
        weights = self.weights()
        # Masked, so that what comes back in reverse mode lies in the range of the linearised operator.
        u = jnp.where(weights == 0, jnp.zeros_like(u), u)
        if self.singular():
            u = u - _mean(u * weights, weights)
        return WallConditions(self.grid, self.boundary_data, self.time).with_given(u)

    def coarser(self) -> "SteadyProblem":
        """The same equation on every second node.

        Raises:
            ValueError: where the grid has no such nodes, or boundary data are arrays.
        """
        if any(jnp.ndim(value) for value in self.boundary_data.values()):
            raise ValueError("`boundary_data` given as arrays belong to one grid; give them as functions in the grid.")
        coarse = halved(self.grid)
        return SteadyProblem(
            self.equation, self.boundary_data, self.time, coarse, self.faces, self.dtype, self.finest or self.grid
        )

    def _field(self, u: Array) -> Any:
        state = StencilField.state(
            self.grid, u, self.time, boundary_data=self.boundary_data, faces=self.faces, finest=self.finest
        )
        return self.equation.residual_like_state(state)

    def _rows(self, u: Array, weights: Array) -> Array:
        values = self._field(u).values
        # Selected and not only multiplied: what is not finite on a wall must not spoil the norm.
        return jnp.where(weights == 0, jnp.zeros_like(values), values * weights)


def _space(values: Array) -> tuple[int, ...]:
    return tuple(range(1, values.ndim))


def _mean(rows: Array, weights: Array) -> Array:
    return jnp.sum(rows, _space(rows), keepdims=True) / jnp.sum(weights)
