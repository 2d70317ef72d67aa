"""A prepared time step: set-up is split from solve."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Inexact

from sciml.equation import Evolution, Parameter
from sciml.fields.basis import Dealiasing
from sciml.fields.box_basis import BoxBasis, check_data, lift_rate_coefficients
from sciml.fields.discretisation import Basis, basis_on, decode, encode, state_field
from sciml.grid import Grid
from sciml.solvers.exponential import ETDRK4, ExponentialMethod
from sciml.solvers.exponential.base import Tables


class Stepper(eqx.Module):
    """One step of fixed length for an equation on a grid, as a pytree.

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
    basis: Basis = eqx.field(static=True)
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
            grid: periodic, or a box with bounded axes.
            dt: length of the step; may be a tracer.
            method: the integrator, `ETDRK4()` by default.
            dealiasing: see `sciml.fields.make_basis`.
            precision: `"float32"` or `"float64"`.
        """
        method = ETDRK4() if method is None else method
        basis = basis_for(equation, grid, dealiasing=dealiasing, precision=precision)
        symbol = equation.symbol(basis)
        if isinstance(symbol, np.ndarray) and isinstance(dt, Tracer):
            symbol = _in_precision(symbol, basis)
        step: Any = float(dt) if isinstance(symbol, np.ndarray) else jnp.asarray(dt, basis.precision)
        tables = method.tables(symbol, step, modes=grid.dimension)
        return cls(
            equation=parameters_as_arrays(equation, basis),
            basis=basis,
            method=method,
            tables={name: _in_precision(table, basis) for name, table in tables.items()},
            dt=jnp.asarray(dt, basis.precision),
        )

    def rate(self, coefficients: Inexact[Array, "components ..."], t: Array) -> Inexact[Array, "components ..."]:
        """Coefficients of what the integrator evaluates at its stages."""
        return explicit_rate(self.equation, self.basis, coefficients, t)

    def step(self, coefficients: Inexact[Array, "components ..."], t: Array) -> Inexact[Array, "components ..."]:
        """One step in coefficients."""
        # At the start, where the coefficients lie in memory: at the end it would be computed into the last sum, mode by mode.
        coefficients = self.basis.symmetrised(coefficients)
        first = self.rate(coefficients, t)
        return self.method.step(self.tables, coefficients, first, t, self.dt, self.rate)[0]

    def __call__(self, u: Inexact[Array, "components ..."], t: Parameter = 0.0) -> Inexact[Array, "components ..."]:
        """One step on values at the grid's nodes."""
        start = jnp.asarray(t, self.basis.precision)
        return decode(self.basis, self.step(encode(self.basis, u, start), start), start + self.dt)


def explicit_rate(
    equation: Evolution, basis: Basis, coefficients: Inexact[Array, "components ..."], t: Array
) -> Inexact[Array, "components ..."]:
    """Coefficients of all but the linear part; where boundary data change in time the modes make up for it."""
    rate = equation.explicit_part(state_field(basis, coefficients, t)).total_coefficients()
    if not isinstance(basis, BoxBasis):
        return rate
    lifted = lift_rate_coefficients(basis, coefficients.shape[0], t)
    return rate if lifted is None else rate - lifted


def basis_for(equation: Evolution, grid: Grid, *, dealiasing: Dealiasing, precision: str) -> Basis:
    """The basis an equation needs on a grid."""
    basis = basis_on(
        grid, degree=equation.degree(grid), dealiasing=dealiasing, is_complex=equation.is_complex, precision=precision
    )
    if isinstance(basis, BoxBasis):
        check_data(basis, len(equation.component_names(grid.dimension)))
    return basis


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


def parameters_as_arrays(equation: Evolution, basis: Basis) -> Evolution:
    """Numbers among the leaves become arrays, so that a new value does not mean a new program."""

    def convert(leaf: Any) -> Any:
        dtype = getattr(leaf, "dtype", None)
        inexact = isinstance(leaf, float | complex) if dtype is None else jnp.issubdtype(dtype, jnp.inexact)
        if not inexact:
            return leaf
        array = jnp.asarray(leaf)
        if jnp.issubdtype(array.dtype, jnp.complexfloating):
            return array.astype(np.result_type(basis.precision, np.complex64))
        return array.astype(basis.precision)

    return jax.tree.map(convert, equation)


def _in_precision(table: Any, basis: Basis) -> Array:
    complex_valued = jnp.issubdtype(table.dtype, jnp.complexfloating)
    return jnp.asarray(table).astype(
        np.result_type(basis.precision, np.complex64) if complex_valued else basis.precision
    )
