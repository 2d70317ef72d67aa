"""A prepared time step: set-up is split from solve."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.sharding import Mesh
from jaxtyping import Array, Inexact

from sciml.equation import Evolution, Parameter
from sciml.fields.basis import Dealiasing, FourierBasis
from sciml.fields.box_basis import BoxBasis, check_data
from sciml.fields.discretisation import Basis, basis_on, decode, encode
from sciml.grid import Grid
from sciml.solvers.exponential import ETDRK4
from sciml.solvers.method import ExplicitPart, Method, OneStepMethod, Tables


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
    method: Method
    tables: Tables
    dt: Array

    @classmethod
    def build(
        cls,
        equation: Evolution,
        grid: Grid,
        *,
        dt: Parameter,
        method: Method | None = None,
        dealiasing: Dealiasing = "truncation",
        precision: str | None = None,
        mesh: Mesh | None = None,
    ) -> "Stepper":
        """Prepare a step.

        Args:
            equation: what to solve.
            grid: periodic, or a box with bounded axes.
            dt: length of the step; may be a tracer.
            method: the integrator, `ETDRK4()` by default.
            dealiasing: see `sciml.fields.make_basis`.
            precision: `"float32"` or `"float64"`; by default what JAX makes of a Python number, so double where 64 bits are enabled.
            mesh: devices over which the field is split, see `sciml.parallel.domain_mesh`.
        """
        method = ETDRK4() if method is None else method
        precision = default_precision() if precision is None else precision
        basis = basis_for(equation, grid, dealiasing=dealiasing, precision=precision, mesh=mesh)
        symbol = equation.symbol(basis)
        if isinstance(symbol, np.ndarray) and isinstance(dt, Tracer):
            symbol = _in_precision(symbol, basis)
        step: Any = float(dt) if isinstance(symbol, np.ndarray) else jnp.asarray(dt, basis.precision)
        tables = method.tables(symbol, step, modes=grid.dimension)
        return cls(
            equation=parameters_as_arrays(equation, basis),
            basis=basis,
            method=method,
            tables=jax.tree.map(lambda table: _in_place(_in_precision(table, basis), basis), tables),
            dt=jnp.asarray(dt, basis.precision),
        )

    @property
    def explicit(self) -> ExplicitPart:
        """What the integrator evaluates at its stages."""
        return ExplicitPart(self.equation, self.basis)

    def rate(self, coefficients: Inexact[Array, "components ..."], t: Array) -> Inexact[Array, "components ..."]:
        """Coefficients of what the integrator evaluates at its stages."""
        return self.explicit(coefficients, t)

    def start(self, coefficients: Inexact[Array, "components ..."]) -> Any:
        """What the integrator carries from step to step: the coefficients, or for a multistep method a history of them."""
        return self.method.start(coefficients)

    def coefficients(self, state: Any) -> Inexact[Array, "components ..."]:
        """The newest coefficients in what the integrator carries."""
        return self.method.coefficients(state)

    def advance(self, state: Any, t: Array) -> Any:
        """One step of what the integrator carries, from time `t`."""
        # At the start, where the coefficients lie in memory: at the end it would be computed into the last sum, mode by mode.
        state = eqx.tree_at(self.method.coefficients, state, replace_fn=self.basis.symmetrised)
        return self.method.advance(self.tables, state, t, self.dt, self.explicit)

    def step(self, coefficients: Inexact[Array, "components ..."], t: Array) -> Inexact[Array, "components ..."]:
        """One step in coefficients.

        Raises:
            TypeError: for a multistep method, which needs more than one state.
        """
        if not isinstance(self.method, OneStepMethod):
            raise TypeError(
                f"Stepper: {type(self.method).__name__} needs the states of earlier steps; use `rollout_with(stepper, ...)`, or "
                "`stepper.start(coefficients)` and then `stepper.advance(state, t)`."
            )
        return self.advance(coefficients, t)

    def __call__(self, u: Inexact[Array, "components ..."], t: Parameter = 0.0) -> Inexact[Array, "components ..."]:
        """One step on values at the grid's nodes; a one-step method only."""
        start = jnp.asarray(t, self.basis.precision)
        return decode(self.basis, self.step(encode(self.basis, u, start), start), start + self.dt)


def default_precision() -> str:
    """Real dtype that JAX gives to a Python number, by its 64-bit flag."""
    return np.dtype(jax.dtypes.canonicalize_dtype(np.float64)).name


def basis_for(
    equation: Evolution, grid: Grid, *, dealiasing: Dealiasing, precision: str, mesh: Mesh | None = None
) -> Basis:
    """The basis an equation needs on a grid."""
    basis = basis_on(
        grid,
        degree=equation.degree(grid),
        dealiasing=dealiasing,
        is_complex=equation.is_complex,
        precision=precision,
        mesh=mesh,
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


def _in_place(table: Array, basis: Basis) -> Array:
    """The table split over the devices as the coefficients are."""
    return basis.split_over_devices(table, kind="modes") if isinstance(basis, FourierBasis) else table
