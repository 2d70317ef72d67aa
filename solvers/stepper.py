"""A prepared time step: set-up is split from solve."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Complex, Inexact

from sciml.equation import Evolution, Parameter
from sciml.fields.basis import Dealiasing, FourierBasis, make_basis
from sciml.fields.spectral import SpectralField
from sciml.grid import Grid
from sciml.solvers.exponential import ETDRK4, ExponentialMethod
from sciml.solvers.exponential.base import Tables


class Stepper(eqx.Module):
    """One step of fixed length for an equation on a periodic grid, as a pytree.

    Build it once, outside `jit` if the parameters are known: the tables are then computed on the host in double precision. Built
    inside `jit`, `grad` or `vmap` the parameters and the step may be tracers.

    Example:
        >>> import jax.numpy as jnp
        >>> import sciml
        >>> grid = sciml.Grid((64,), extent=(2 * jnp.pi,))
        >>> stepper = sciml.solvers.Stepper.build(sciml.physics.Burgers(0.1), grid, dt=0.01, precision="float32")
        >>> u = jnp.sin(jnp.asarray(grid.coordinates()[0], jnp.float32))[None]
        >>> stepper(u).shape
        (1, 64)

    Attributes:
        equation: the equation, its parameters as arrays in the state's precision.
        basis: modes and points.
        method: the integrator.
        tables: its coefficients for `dt`.
        dt: the step.
    """

    equation: Evolution
    basis: FourierBasis = eqx.field(static=True)
    method: ExponentialMethod
    tables: Tables
    dt: Array

    @classmethod
    def build(
        cls,
        equation: Evolution,
        grid: Grid,
        *,
        dt: Parameter,
        method: ExponentialMethod | None = None,
        dealiasing: Dealiasing = "truncation",
        precision: str = "float32",
    ) -> "Stepper":
        """Prepare a step.

        Args:
            equation: what to solve.
            grid: periodic grid.
            dt: length of the step; may be a tracer.
            method: the integrator, `ETDRK4()` by default.
            dealiasing: see `sciml.fields.make_basis`.
            precision: `"float32"` or `"float64"`.
        """
        method = ETDRK4() if method is None else method
        basis = basis_for(equation, grid, dealiasing=dealiasing, precision=precision)
        symbol = equation.symbol(basis)
        if isinstance(symbol, np.ndarray) and isinstance(dt, Tracer):
            symbol = jnp.asarray(symbol, basis.coefficient_dtype if np.iscomplexobj(symbol) else basis.precision)
        step: Any = float(dt) if isinstance(symbol, np.ndarray) else jnp.asarray(dt, basis.precision)
        tables = method.tables(symbol, step, modes=grid.dimension)
        return cls(
            equation=parameters_as_arrays(equation, basis),
            basis=basis,
            method=method,
            tables={name: _in_precision(table, basis) for name, table in tables.items()},
            dt=jnp.asarray(dt, basis.precision),
        )

    def rate(self, coefficients: Complex[Array, "components ..."], t: Array) -> Complex[Array, "components ..."]:
        """Coefficients of what the integrator evaluates at its stages."""
        u = SpectralField.state(self.basis, coefficients, t)
        return self.equation.explicit_part(u).total_coefficients()

    def step(self, coefficients: Complex[Array, "components ..."], t: Array) -> Complex[Array, "components ..."]:
        """One step in coefficients."""
        first = self.rate(coefficients, t)
        new, _ = self.method.step(self.tables, coefficients, first, t, self.dt, self.rate)
        return self.basis.symmetrised(new)

    def __call__(self, u: Inexact[Array, "components ..."], t: Parameter = 0.0) -> Inexact[Array, "components ..."]:
        """One step on values at the grid's nodes."""
        return self.basis.decode(self.step(self.basis.encode(u), jnp.asarray(t, self.basis.precision)))


def basis_for(equation: Evolution, grid: Grid, *, dealiasing: Dealiasing, precision: str) -> FourierBasis:
    """The basis an equation needs on a grid."""
    if not grid.periodic:
        raise ValueError(f"{type(equation).__name__}: exponential integrators need a periodic grid, got {grid!r}.")
    return make_basis(
        grid, degree=equation.degree(grid), dealiasing=dealiasing, is_complex=equation.is_complex, precision=precision
    )


def checked_state(equation: Evolution, grid: Grid, u0: Inexact[Array, "..."] | np.ndarray) -> Array:
    """The initial state as an array of the right shape and dtype.

    Raises:
        ValueError: for a wrong shape, with the shape expected.
        TypeError: for a wrong dtype.
    """
    u0 = jnp.asarray(u0)
    names = equation.component_names(grid.dimension)
    if u0.shape != (len(names), *grid.shape):
        raise ValueError(
            f"{type(equation).__name__}: `u0` must have shape {(len(names), *grid.shape)}, components {names} first, got {u0.shape}. "
            "One state at a time: use `jax.vmap` for batches."
        )
    if not jnp.issubdtype(u0.dtype, jnp.inexact):
        raise TypeError(f"{type(equation).__name__}: `u0` must be a floating-point array, got {u0.dtype}.")
    if jnp.issubdtype(u0.dtype, jnp.complexfloating) != equation.is_complex:
        kind = "complex" if equation.is_complex else "real"
        raise TypeError(f"{type(equation).__name__}: the state is {kind}, `u0` has dtype {u0.dtype}.")
    return u0


def precision_of(array: Array) -> str:
    """Real dtype name of an array."""
    return np.dtype(jnp.finfo(array.dtype).dtype).name


def parameters_as_arrays(equation: Evolution, basis: FourierBasis) -> Evolution:
    """Numbers among the leaves become arrays, so that a new value does not mean a new program."""

    def convert(leaf: Any) -> Any:
        dtype = getattr(leaf, "dtype", None)
        inexact = isinstance(leaf, float | complex) if dtype is None else jnp.issubdtype(dtype, jnp.inexact)
        if not inexact:
            return leaf
        array = jnp.asarray(leaf)
        if jnp.issubdtype(array.dtype, jnp.complexfloating):
            return array.astype(basis.coefficient_dtype)
        return array.astype(basis.precision)

    return jax.tree.map(convert, equation)


def _in_precision(table: Any, basis: FourierBasis) -> Array:
    complex_valued = jnp.issubdtype(table.dtype, jnp.complexfloating)
    return jnp.asarray(table).astype(basis.coefficient_dtype if complex_valued else basis.precision)
