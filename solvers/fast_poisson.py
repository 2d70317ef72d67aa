"""Direct solvers for Poisson's and Helmholtz' equation on boxes: a transform, a division, a transform."""

from typing import Any, Literal, TypeAlias

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact

from sciml.equation import Parameter
from sciml.fields.box import BoxField
from sciml.fields.box_basis import BoxBasis, check_data, make_box_basis
from sciml.grid import Grid
from sciml.solvers.solution import is_traced

Order: TypeAlias = Literal["spectral", 2]
"""Accuracy: that of the basis, or of second differences."""


def solve_poisson(
    grid: Grid, f: Inexact[Array, "*grid"] | np.ndarray, *, order: Order = "spectral"
) -> Inexact[Array, "*grid"]:
    """Solve `-laplacian(u) = f`; see `solve_helmholtz`."""
    return solve_helmholtz(grid, f, 0.0, order=order)


def solve_helmholtz(
    grid: Grid,
    f: Inexact[Array, "*grid"] | np.ndarray,
    c: Parameter,
    *,
    order: Order = "spectral",
    time: Parameter = 0.0,
    throw: bool = True,
) -> Inexact[Array, "*grid"]:
    """Solve `-laplacian(u) + c u = f` with the boundary conditions of a grid, in one to three dimensions.

    Periodic, uniform and Chebyshev axes may be mixed; boundary data may be given. The cost is that of two transforms. Differentiable in
    `f`, in `c` and in what the functions of the boundary data close over; `jax.vmap` makes batches.

    Args:
        grid: where.
        f: values at the grid's nodes; its dtype is the precision of the solve.
        c: a number, not negative (or at least no eigenvalue of the Laplacian).
        order: `"spectral"`, or `2` for the exact solution of the second-order difference equations, those of `solve_elliptic`; uniform
            nodes, no boundary data, no Robin conditions. On periodic axes with an even count and beside Neumann walls
            the highest (alternating) mode of `f` is left out.
        time: at which boundary data that depend on it are taken.
        throw: raise where there is no solution (outside `jit`); otherwise the mean of the right-hand side is dropped.

    Returns:
        `u` at the nodes. Where every axis is periodic or Neumann and `c = 0` it is fixed up to a constant: the solution has mean zero.

    Raises:
        ValueError: for a wrong shape, or where the mean of `f` and the boundary fluxes do not balance.

    Example:
        >>> import numpy as np
        >>> import sciml
        >>> grid = sciml.Grid((32,), extent=(1.0,), boundary=sciml.boundary.Dirichlet())
        >>> x = grid.coordinates()[0].astype(np.float32)
        >>> u = sciml.solvers.solve_helmholtz(grid, np.sin(np.pi * x), 0.0)
        >>> bool(abs(u - np.sin(np.pi * x) / np.pi**2).max() < 1e-6)
        True
    """
    values = jnp.asarray(f)
    if values.shape != grid.shape:
        raise ValueError(f"solve_helmholtz: `f` must have the grid's shape {grid.shape}, got {values.shape}.")
    if not jnp.issubdtype(values.dtype, jnp.inexact):
        raise TypeError(f"solve_helmholtz: `f` must be a floating-point array, got {values.dtype}.")
    basis = make_box_basis(
        grid,
        degree=1,
        is_complex=bool(jnp.issubdtype(values.dtype, jnp.complexfloating)),
        precision=np.dtype(jnp.finfo(values.dtype).dtype).name,
    )
    check_data(basis, 1)
    if order == 2 and (basis.lift.present or any(axis.nodes == "chebyshev" for axis in grid.axes)):
        raise ValueError(
            "solve_helmholtz: `order=2` needs uniform nodes and boundary data that are zero; use `solve_elliptic`."
        )
    number = jnp.asarray(c).astype(basis.precision)
    solution, missing, size = _solve(basis, values, number, jnp.asarray(time, basis.precision), order)
    if throw and not is_traced((solution, missing, size)):
        _check_balance(basis, float(missing), float(size))
    return solution


@eqx.filter_jit
def _solve(basis: BoxBasis, values: Array, c: Array, time: Array, order: Order) -> tuple[Array, Array, Array]:
    """The solution, what of the right-hand side it cannot take, and the size of the right-hand side."""
    source, size = _source(basis, values, c, time)
    divisor, singular = _divisor(basis, c, order)
    missing = jnp.max(jnp.abs(jnp.where(singular, source, jnp.zeros_like(source))))
    safe = jnp.where(singular, jnp.ones_like(divisor), divisor)
    weight = jnp.where(singular, jnp.zeros_like(divisor), 1 / safe)
    return basis.decode((source * weight.astype(source.dtype))[None], time)[0], missing, size


def _source(basis: BoxBasis, values: Array, c: Array, time: Array) -> tuple[Array, Array]:
    """Coefficients of `f + laplacian(lift) - c lift`, and the size of the largest before they cancel."""
    unknown = BoxField.of_state(basis, jnp.zeros((1, *basis.storage), basis.coefficient_dtype), time)
    own = basis.encode_homogeneous(values[None])
    size = jnp.max(jnp.abs(own))
    if not basis.lift.present:
        return own[0], size
    operator: Any = unknown.laplacian() - c * unknown
    lifted = operator.without_linear().total_coefficients()
    return (own + lifted)[0], jnp.maximum(size, jnp.max(jnp.abs(lifted)))


def _divisor(basis: BoxBasis, c: Array, order: Order) -> tuple[Array, Array]:
    """`c - eigenvalue`, and where it vanishes: the mean of a box without walls that hold the value."""
    divisor = c - (basis.laplacian_symbol(jnp) if order == "spectral" else _difference_symbol(basis))
    size = jnp.asarray(max(basis.grid.lengths) ** -2 * 1e-5, divisor.dtype)
    return divisor, jnp.abs(divisor) < size


def _difference_symbol(basis: BoxBasis) -> Array:
    """Eigenvalues of the sum of second differences; its eigenvectors are the same waves, sines and cosines."""
    total = jnp.zeros((), basis.precision)
    for index, axis in enumerate(basis.grid.axes):
        phase = axis.spacing * np.sqrt(np.maximum(-np.real(basis.derivative_symbol(index, 2)), 0.0))
        total = total + jnp.asarray((2 * np.cos(phase) - 2) / axis.spacing**2, basis.precision)
    return total


def _check_balance(basis: BoxBasis, missing: float, size: float) -> None:
    if missing > 1e3 * float(jnp.finfo(basis.precision).eps) * size:
        raise ValueError(
            "solve_helmholtz: no solution. Nothing fixes the mean of u on this grid (periodic or Neumann throughout, c = 0), so the "
            f"mean of f and the boundary fluxes must balance; they miss by {missing:.3g} of {size:.3g}. Subtract the mean of f, or "
            "pass throw=False to have it dropped."
        )
