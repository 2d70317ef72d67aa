"""Resampling between two grids of one box, on every kind of axis."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact
from numpy.polynomial import legendre

from sciml.fields.axes import TrigonometricAxis
from sciml.fields.axes.base import along
from sciml.fields.box_basis import BoxBasis, make_box_basis
from sciml.fields.resampling import resample
from sciml.grid import Axis, Grid


def resample_between(
    values: Inexact[Array, "components *grid"] | np.ndarray, grid: Grid, target: Grid, *, t: Any = 0.0
) -> Inexact[Array, "components *target"]:
    """Values of the interpolant of a state on another grid of the same box.

    Trigonometric on periodic axes, polynomial on Chebyshev axes, sines or cosines, by the boundary, on uniform axes with walls; there
    the boundary data are taken out and put back. Exact for what both grids resolve.

    Args:
        values: `(components, *grid.shape)`.
        grid: where they are.
        target: same extents and boundaries; other counts, and other nodes on bounded axes if you like.
        t: time of boundary data that depend on it.

    Raises:
        ValueError: for another box, or values of another shape.

    Example:
        >>> import numpy as np
        >>> import sciml
        >>> from sciml.fields import resample_between
        >>> coarse = sciml.Grid((9,), extent=(1.0,), boundary=sciml.boundary.Dirichlet())
        >>> fine = sciml.Grid((20,), extent=(1.0,), boundary=sciml.boundary.Dirichlet(), nodes="chebyshev")
        >>> u = resample_between(np.sin(np.pi * coarse.coordinates()[0])[None], coarse, fine)
        >>> bool(abs(u[0] - np.sin(np.pi * fine.coordinates()[0])).max() < 1e-6)
        True
    """
    array = jnp.asarray(values)
    if array.ndim != grid.dimension + 1 or array.shape[1:] != grid.shape:
        raise ValueError(f"resample_between: needs values of shape (components, *{grid.shape}), got {array.shape}.")
    if [_box(axis) for axis in grid.axes] != [_box(axis) for axis in target.axes]:
        raise ValueError(
            f"resample_between: both grids must have the same extents and boundaries, got {grid!r}, {target!r}."
        )
    options: dict[str, Any] = {
        "degree": 1,
        "is_complex": bool(jnp.issubdtype(array.dtype, jnp.complexfloating)),
        "precision": np.dtype(jnp.finfo(array.dtype).dtype).name,
    }
    source, result = make_box_basis(grid, **options), make_box_basis(target, **options)
    lifted = _needs_lift(source)
    if lifted:
        array = array - source.lift_at_nodes(array.shape[0], t)
    for index, (old, new) in enumerate(zip(grid.axes, target.axes)):
        if old != new:
            array = _along(array, index + 1, old, new, source)
    return array + result.lift_at_nodes(array.shape[0], t) if lifted else array


def _box(axis: Axis) -> tuple[Any, ...]:
    return axis.lower, axis.upper, axis.boundary


def _needs_lift(basis: BoxBasis) -> bool:
    return basis.lift.present and basis.has_parity


def _along(array: Array, at: int, old: Axis, new: Axis, basis: BoxBasis) -> Array:
    if old.periodic:
        moved = resample(jnp.moveaxis(array, at, -1), (new.count,))
        return jnp.moveaxis(moved, -1, at)
    # Where the new nodes lie, on [-1, 1].
    x = 2 * (new.coordinates() - old.lower) / old.length - 1
    line = basis.lines[at - 1]
    if isinstance(line, TrigonometricAxis):
        # What the new nodes cannot tell apart is dropped.
        kept = min(line.modes, new.count)
        coefficients = jnp.split(line.encode(array, at), [kept], axis=at)[0]
        return along(line.modes_at(0.5 * (x + 1), kept), coefficients, at)
    nodes = 2 * (old.coordinates() - old.lower) / old.length - 1
    degree = old.count - 1
    kept = degree if new.nodes != "chebyshev" else min(degree, new.count - 1)
    series = np.linalg.solve(legendre.legvander(nodes, degree), np.eye(old.count))[: kept + 1]
    return along(legendre.legvander(x, kept) @ series, array, at)
