"""Which basis and which field belong to a grid: Fourier on a periodic one, a product of bases on any other."""

from typing import Any, TypeAlias

from jax.sharding import Mesh
from jaxtyping import Array, Inexact

from sciml.fields.basis import Dealiasing, FourierBasis, make_basis
from sciml.fields.box import BoxField
from sciml.fields.box_basis import BoxBasis, make_box_basis
from sciml.fields.spectral import SpectralField
from sciml.grid import Grid

Basis: TypeAlias = FourierBasis | BoxBasis
"""Modes and quadrature points of a grid."""

StateField: TypeAlias = SpectralField | BoxField
"""The unknown of an equation, or an expression of it, on a grid."""


def basis_on(
    grid: Grid,
    *,
    degree: int | None,
    dealiasing: Dealiasing = "truncation",
    is_complex: bool = False,
    precision: str = "float32",
    mesh: Mesh | None = None,
) -> Basis:
    """The basis of a grid; arguments as in `make_basis`."""
    if grid.periodic:
        return make_basis(
            grid, degree=degree, dealiasing=dealiasing, is_complex=is_complex, precision=precision, mesh=mesh
        )
    if mesh is not None:
        raise NotImplementedError(f"`mesh`: only periodic grids are split over devices, got {grid!r}.")
    return make_box_basis(grid, degree=degree, dealiasing=dealiasing, is_complex=is_complex, precision=precision)


def state_field(basis: Basis, coefficients: Inexact[Array, "components ..."], t: Array | None = None) -> StateField:
    """The unknown of an equation, given by its coefficients."""
    if isinstance(basis, FourierBasis):
        return SpectralField.state(basis, coefficients, t)
    return BoxField.of_state(basis, coefficients, t)


def encode(basis: Basis, values: Inexact[Array, "..."], t: Any) -> Inexact[Array, "..."]:
    """State at time `t` to coefficients."""
    return basis.encode(values) if isinstance(basis, FourierBasis) else basis.encode(values, t)


def decode(basis: Basis, coefficients: Inexact[Array, "..."], t: Any) -> Inexact[Array, "..."]:
    """Coefficients to the state at time `t`."""
    return basis.decode(coefficients) if isinstance(basis, FourierBasis) else basis.decode(coefficients, t)
