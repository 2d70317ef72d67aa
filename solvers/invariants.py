"""What an equation conserves, measured along a solution."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from sciml.equation import Evolution
from sciml.fields.basis import FourierBasis, make_basis
from sciml.fields.spectral import SpectralField
from sciml.grid import Grid
from sciml.solvers.stepper import checked_state, parameters_as_arrays, precision_of

# Products of up to five factors of all modes that the nodes resolve: their means are exact.
_DEGREE = 4


@dataclass(frozen=True)
class Conservation:
    """Invariants of an equation along a solution; `str(report)` is a table.

    Attributes:
        times: `(times,)`.
        values: means over the box of each quantity, `(times,)`; times the volume they are integrals.
        scales: mean of the absolute density of each at the start, by which drifts are measured.
    """

    times: np.ndarray
    values: dict[str, np.ndarray]
    scales: dict[str, float]

    def drift(self, name: str) -> np.ndarray:
        """Change since the start by the scale of the quantity, `(times,)`; the change itself where the scale is zero."""
        change = self.values[name] - self.values[name][0]
        return change / self.scales[name] if self.scales[name] > 0 else change

    def largest_drifts(self) -> dict[str, float]:
        """Largest absolute drift of each quantity."""
        return {name: float(np.abs(self.drift(name)).max()) for name in self.values}

    def __str__(self) -> str:
        width = max(8, *(len(name) for name in self.values))
        header = f"{'quantity':<{width}}  {'at the start':>13}  {'at the end':>13}  {'largest drift':>13}"
        rows = [
            f"{name:<{width}}  {series[0]:>13.6g}  {series[-1]:>13.6g}  {drift:>13.1e}"
            for (name, series), drift in zip(self.values.items(), self.largest_drifts().values(), strict=True)
        ]
        return "\n".join([header, *rows])


def measure_invariants(
    equation: Evolution, grid: Grid, values: Inexact[Array, "components *grid"] | np.ndarray
) -> dict[str, Float[Array, ""]]:
    """Means over the box of what `equation.invariants` names, for one state.

    The means of products of up to five factors are those of the trigonometric polynomial through the nodes, exactly: they are taken
    on a finer grid. May be called inside `jit`, `grad` and `vmap`.

    Args:
        equation: says what to measure.
        grid: periodic.
        values: a state, `(components, *grid.shape)`.

    Raises:
        ValueError: for a grid that is not periodic, or a wrong shape.

    Example:
        >>> import jax.numpy as jnp, sciml
        >>> grid = sciml.Grid((32, 32), extent=(2 * jnp.pi, 2 * jnp.pi))
        >>> w = 2 * jnp.cos(3 * jnp.asarray(grid.coordinates()[0]))[None]
        >>> found = sciml.solvers.measure_invariants(sciml.physics.NavierStokesVorticity(), grid, w)
        >>> {name: round(float(value), 4) + 0.0 for name, value in found.items()}
        {'circulation': 0.0, 'energy': 0.1111, 'enstrophy': 1.0}
    """
    return {name: pair[0] for name, pair in _means(equation, grid, checked_state(equation, grid, values)).items()}


def conservation(
    equation: Evolution, grid: Grid, values: Inexact[Array, "times components *grid"], times: Array
) -> Conservation:
    """Measure the invariants of every state of a trajectory, one state at a time."""
    found = jax.jit(lambda states: jax.lax.map(lambda state: _means(equation, grid, state), states))(
        jnp.asarray(values)
    )
    return Conservation(
        times=np.asarray(times),
        values={name: np.asarray(pair[0]) for name, pair in found.items()},
        scales={name: float(pair[1][0]) for name, pair in found.items()},
    )


def _means(equation: Evolution, grid: Grid, values: Array) -> dict[str, tuple[Array, Array]]:
    """Mean of each density and of its absolute value."""
    if not grid.periodic:
        raise ValueError(f"conservation: invariants are measured on periodic grids only, got {grid!r}.")
    basis = make_basis(
        grid,
        degree=_DEGREE,
        dealiasing="padding",
        is_complex=equation.is_complex,
        precision=precision_of(values),
    )
    state = SpectralField.state(basis, basis.encode(values), jnp.zeros((), basis.precision))
    densities = parameters_as_arrays(equation, basis).invariants(state)
    return {name: _mean(basis, density) for name, density in densities.items()}


def _mean(basis: FourierBasis, density: SpectralField) -> tuple[Array, Array]:
    coefficients = density.total_coefficients()
    mean = basis.series_coefficients(coefficients)[(..., *([0] * basis.dimension))]
    size = jnp.mean(jnp.abs(jnp.real(basis.to_points(coefficients))))
    return jnp.sum(mean.real), size
