"""What a grid says about its faces, as observations."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from sciml.boundary import Dirichlet, coefficients_and_data, ends
from sciml.fields import Field
from sciml.gp.functional import Functional
from sciml.grid import Grid


class Trace(eqx.Module):
    """`a u + b du/dn` on a face: an expression in the field algebra.

    Attributes:
        a: of the value.
        b: of the derivative along the outward normal.
        axis: normal axis.
        sign: +1 at the upper end, -1 at the lower.
    """

    a: float = eqx.field(static=True)
    b: float = eqx.field(static=True)
    axis: int = eqx.field(static=True)
    sign: int = eqx.field(static=True)

    def __call__(self, u: Field) -> Field:
        """The expression."""
        if self.b == 0:
            return self.a * u
        slope = (self.b * self.sign) * u.d(self.axis)
        return slope if self.a == 0 else self.a * u + slope


def boundary_observations(grid: Grid) -> tuple[list[Functional], Float[Array, " n"]]:
    """Conditions at the nodes on the faces of a grid, each node once among Dirichlet faces.

    Returns:
        Functionals and their values. None on a periodic axis, where the kernel must be periodic.
    """
    functionals, values = [], []
    taken = np.zeros(grid.shape, bool)
    points = grid.points().reshape(*grid.shape, grid.dimension)
    for axis, described in enumerate(grid.axes):
        if described.periodic:
            continue
        if described.nodes == "cell":
            raise ValueError(
                "a Gaussian process is told of boundary conditions at nodes on the walls; use nodes='vertex' or 'chebyshev'."
            )
        for side, condition in zip((0, -1), ends(described.boundary)):
            a, b, data = coefficients_and_data(condition)
            place = tuple(side if i == axis else slice(None) for i in range(grid.dimension))
            free = ~taken[place] if isinstance(condition, Dirichlet) else np.ones_like(taken[place])
            if isinstance(condition, Dirichlet):
                taken[place] = True
            face = points[place][free]
            if not len(face):
                continue
            functionals.append(Functional(Trace(a, b, axis, 1 if side else -1), face))
            values.append(_data(data, face, axis))
    return functionals, jnp.concatenate(values) if values else jnp.zeros(0)


def boundary_nodes(grid: Grid) -> tuple[tuple[Int[Array, " n"], ...], Float[Array, " n"]]:
    """Places of the nodes on the faces, one index per axis, and the values given there.

    Raises:
        ValueError: a face has another condition than a given value.
    """
    for axis in grid.axes:
        if axis.periodic or not all(isinstance(side, Dirichlet) for side in ends(axis.boundary)):
            raise ValueError(
                "needs given values (`Dirichlet`) at both ends of every axis; `solve_by_gp` takes other conditions."
            )
    functionals, data = boundary_observations(grid)
    points = jnp.concatenate([functional.points for functional in functionals])
    nodes = (jnp.asarray(axis.coordinates()) for axis in grid.axes)
    return tuple(jnp.argmin(jnp.abs(points[:, i, None] - x[None]), axis=1) for i, x in enumerate(nodes)), data


def _data(data: object, face: np.ndarray, axis: int) -> Array:
    """Data of one face: a number, or a function of time and the other coordinates."""
    if isinstance(data, tuple):
        (data,) = data
    if not callable(data):
        return jnp.full(len(face), jnp.asarray(data, jnp.result_type(float)))
    others = [jnp.asarray(face[:, i]) for i in range(face.shape[1]) if i != axis]
    return jnp.broadcast_to(jnp.asarray(data(0.0, *others)), (len(face),))
