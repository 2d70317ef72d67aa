"""Initial states on boxes with walls: random ones are made to satisfy the boundary conditions, given ones are checked."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from sciml.commands.errors import UsageError
from sciml.commands.references import interpolate

# Nodes from which a value or a slope at a wall is extrapolated.
_STENCIL = 6
_VALUE_SLACK, _SLOPE_SLACK = 1e-3, 2e-2


def periodic_twin(grid: Any) -> Any:
    """A periodic grid of the same box, on which random families are defined."""
    import sciml

    counts = [axis.count - (not axis.periodic and axis.nodes == "vertex") for axis in grid.axes]
    return sciml.Grid(counts, extent=[(axis.lower, axis.upper) for axis in grid.axes])


def fitted(values: Any, twin: Any, grid: Any) -> Any:
    """A random state of the twin on the nodes of `grid`: it dies out towards the walls, where the boundary data take its place.

    It and its slope vanish there, so that it satisfies homogeneous conditions of every kind.
    """
    import jax.numpy as jnp

    for number, (from_, to) in enumerate(zip(twin.axes, grid.axes)):
        s = (to.coordinates() - to.lower) / to.length
        matrix = interpolate(np.eye(from_.count), (from_.coordinates(),), (to.coordinates(),))
        matrix = matrix if to.periodic else matrix * np.sin(np.pi * s) ** 2
        place = values.ndim - grid.dimension + number
        values = jnp.moveaxis(jnp.moveaxis(values, place, -1) @ jnp.asarray(matrix, values.real.dtype), -1, place)
    return values + _lifted(grid, values.shape[0]).astype(values.dtype)


def check_state(state: np.ndarray, grid: Any) -> None:
    """See that a state `(components, *grid.shape)` satisfies the boundary conditions of its grid at time zero.

    Raises:
        UsageError: with the place and the values, if not.
    """
    from sciml.boundary import coefficients_and_data

    for number, axis, side, end in _ends(grid):
        a, b, _ = coefficients_and_data(side)
        value, slope = _at_end(state, grid, number, end)
        slope = slope if end == axis.upper else -slope
        found = a * value + b * slope
        steepest = np.max(np.abs(np.gradient(state, axis.coordinates(), axis=number + 1)))
        wanted = np.broadcast_to(_data(side, grid, number, len(state)), found.shape)
        slack = _VALUE_SLACK if b == 0 else _SLOPE_SLACK
        # The size of the state too: the slope of a constant is rounding.
        scale = (
            (abs(a) + 1e-3 * abs(b) / axis.length) * np.max(np.abs(state)) + abs(b) * steepest + np.max(np.abs(wanted))
        )
        missed = np.abs(found - wanted)
        if missed.max() > slack * scale:
            worst = np.unravel_index(np.argmax(missed), missed.shape)
            raise UsageError(_message(found[worst], wanted[worst], "xyz"[number], end, a, b))


def _message(found: Any, wanted: Any, name: str, end: float, a: float, b: float) -> str:
    what, kind = (
        ("u", "dirichlet") if b == 0 else ("du/dn", "neumann") if a == 0 else (f"{a:g} u + {b:g} du/dn", "robin")
    )
    return (
        f"--initial does not satisfy --boundary: {what} is {found:.3g} at {name} = {end:.3g}, where {wanted:.3g} is asked for; give a "
        f"formula that takes it, or the boundary the value of the state ({kind}{'(a, b)' if kind == 'robin' else ''}={found:.3g})"
    )


def _ends(grid: Any) -> Iterator[tuple[int, Any, Any, float]]:
    """Number, axis, condition and coordinate of every wall."""
    from sciml.boundary import ends

    for number, axis in enumerate(grid.axes):
        if not axis.periodic:
            lower, upper = ends(axis.boundary)
            yield number, axis, lower, axis.lower
            yield number, axis, upper, axis.upper


def _at_end(state: np.ndarray, grid: Any, number: int, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Value and derivative along the axis at one of its ends, by the polynomial through the nodes next to it."""
    axis = grid.axes[number]
    count = min(_STENCIL, axis.count)
    chosen = slice(None, count) if end == axis.lower else slice(-count, None)
    distances = (axis.coordinates()[chosen] - end) / axis.length
    # Row k of the inverse gives the k-th coefficient of the polynomial.
    weights = np.linalg.inv(np.vander(distances, increasing=True))
    near = np.moveaxis(state, number + 1, -1)[..., chosen]
    return near @ weights[0], near @ weights[1] / axis.length


def _data(side: Any, grid: Any, number: int, components: int) -> np.ndarray:
    """Data of a wall at time zero, `(components, *the other axes or ones)`."""
    from sciml.boundary import coefficients_and_data

    data: Any = coefficients_and_data(side)[2]
    others = [axis.coordinates() for i, axis in enumerate(grid.axes) if i != number]
    place = np.meshgrid(*others, indexing="ij")
    rows: tuple[Any, ...] = data if isinstance(data, tuple) else (data,) * components
    shape = tuple(len(line) for line in others)

    def value(datum: Any) -> Any:
        return datum(0.0, *place) if callable(datum) else datum

    return np.stack([np.broadcast_to(value(row), shape) for row in rows])


def _lifted(grid: Any, components: int) -> Any:
    import jax.numpy as jnp

    from sciml.fields.lift import Lift

    nodes = [jnp.asarray(c) for c in np.meshgrid(*(a.coordinates() for a in grid.axes), indexing="ij", sparse=True)]
    rows = [jnp.broadcast_to(Lift(grid).values(c, 0.0, nodes), grid.shape) for c in range(components)]
    return jnp.stack(rows)
