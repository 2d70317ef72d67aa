"""What is solved: evolution and steady equations, written once in the field algebra."""

import contextlib
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from sciml.fields.base import Field
from sciml.fields.basis import FourierBasis
from sciml.fields.box import BoxField
from sciml.fields.discretisation import Basis, StateField, basis_on, state_field
from sciml.fields.symbol import SymbolField
from sciml.grid import Grid

if TYPE_CHECKING:
    Parameter: TypeAlias = Any
else:
    Parameter = float | int | complex | jax.Array | np.ndarray | np.generic | tuple | list
"""A physical parameter: a number or an array, possibly traced; a tuple where there is one per axis."""


class Evolution(eqx.Module):
    """An equation `u_t = rhs(u)`; its array leaves are its physical parameters, to be differentiated, vmapped or learned.

    Subclasses give `rhs`. The linear, constant-coefficient part is found in it and treated exactly by exponential integrators.
    Those who want another split derive from `Semilinear`.

    Example:
        >>> import sciml
        >>> from sciml.equation import Evolution
        >>> class Burgers(Evolution):
        ...     viscosity: float
        ...     def rhs(self, u):
        ...         return self.viscosity * u.laplacian() - u.convection()
        >>> Burgers(0.1).degree(sciml.Grid((64,), extent=(1.0,)))
        2

    Attributes:
        components: names of the components of the state.
        is_complex: whether the state is complex.
    """

    components: ClassVar[tuple[str, ...]] = ("u",)
    is_complex: ClassVar[bool] = False

    @abstractmethod
    def rhs(self, u: Field) -> Field:
        """The time derivative of the state."""

    def residual(self, u: Field) -> Field:
        """`u_t - rhs(u)`, zero for a solution."""
        return u.dt - self.rhs(u)

    def component_names(self, dimension: int) -> tuple[str, ...]:
        """Names of the components in `dimension` space dimensions."""
        return self.components

    def transport_velocity(self, u: Field) -> Field | None:
        """What carries the state, one component per axis, for the Courant number; `None`, the default, where nothing does."""
        return None

    def invariants(self, u: Field) -> dict[str, Any]:
        """Densities of what the equation conserves without damping and forcing, scalar fields by name, for reports on solutions.

        By default each component ("mean u") and half the sum of their squares ("energy"), conserved or not.
        """
        names = self.component_names(u.dimension)
        return {f"mean {name}": u[i] for i, name in enumerate(names)} | {"energy": 0.5 * u.squared_norm()}

    def degree(self, grid: Grid) -> int:
        """Polynomial degree of the right-hand side on a grid, found by one abstract evaluation and remembered."""
        leaves, structure = jax.tree.flatten(self)
        key = (structure, tuple(_kind(leaf) for leaf in leaves), grid)
        if key not in _DEGREES:
            _DEGREES[key] = _abstract_degree(self, grid)
        return _DEGREES[key]

    def rhs_like_state(self, u: Field) -> Field:
        """`rhs` on any field, checked to have the state's component shape."""
        return _shaped_like_state(self, self.rhs(u), u)

    def spectral_rhs(self, u: StateField) -> StateField:
        """`rhs` on a spectral field, checked to have the state's component shape."""
        return _shaped_like_state(self, self.rhs(u), u)

    def explicit_part(self, u: StateField) -> StateField:
        """What an exponential integrator evaluates at its stages: `rhs` less its `linear` part."""
        return self.spectral_rhs(u).without_linear()

    def nonlinear_flow(self, values: jax.Array, dt: jax.Array) -> jax.Array | None:
        """Solution after `dt` of what `explicit_part` leaves, point by point, where it is known in closed form: for splitting methods.

        It is asked for only where products are not dealiased (`dealiasing="none"`).

        Args:
            values: `(components, *points)`.
            dt: time, negative for some methods; a scalar of the state's real dtype.

        Returns:
            An array like `values`; `None`, the default, where there is no such formula.
        """
        return None

    def _column(self, u: Field) -> Field:
        return self.rhs(u)

    def symbol(self, basis: Basis) -> jax.Array | np.ndarray:
        """Symbol of the linear part.

        Returns:
            Shape `(C, *basis.storage)` when no component acts on another, else blocks `(C, C, *basis.storage)`: entry `[i, j]` is
            the effect of component j on the rate of component i. Real where only even derivatives occur. A NumPy array in double
            precision when all parameters are concrete numbers, else a JAX array in the precision of the basis.
        """
        leaves = [leaf for leaf in jax.tree.leaves(self) if eqx.is_array_like(leaf)]
        concrete = not any(isinstance(leaf, Tracer) for leaf in leaves)
        xp = np if concrete else jnp
        equation = jax.tree.map(_host_number, self) if concrete else self
        count = len(self.component_names(basis.dimension))
        strict = isinstance(self, Semilinear)
        # Functions of known parameters must stay known, also when this is called inside `jit`.
        with jax.ensure_compile_time_eval() if concrete else contextlib.nullcontext():
            if not isinstance(basis, FourierBasis):
                probe = BoxField.probe(basis, count)
                rows = _shaped_like_state(self, equation._column(probe), probe).columns(xp, strict)
                return _assemble([[row.get(j) for row in rows] for j in range(count)], basis, xp)
            columns = []
            for component in range(count):
                unit = SymbolField.unit(basis, count, component, strict=strict, xp=xp)
                columns.append(_shaped_like_state(self, equation._column(unit), unit).entries)
        return _assemble(columns, basis, xp)


class Semilinear(Evolution):
    """An equation whose split is given: `linear(u)` is treated exactly, `nonlinear(u)` is evaluated at the stages.

    `linear` must be a constant-coefficient linear operator; anything else in it raises when the solver is set up.
    """

    @abstractmethod
    def linear(self, u: Field) -> Field:
        """The part to treat exactly."""

    @abstractmethod
    def nonlinear(self, u: Field) -> Field:
        """The rest, forcing included."""

    def rhs(self, u: Field) -> Field:
        """`linear(u) + nonlinear(u)`."""
        return self.linear(u) + self.nonlinear(u)

    def explicit_part(self, u: StateField) -> StateField:
        """`nonlinear(u)`, whole; on a box also what `linear` makes of the boundary data."""
        explicit = _shaped_like_state(self, self.nonlinear(u), u)
        if isinstance(u, BoxField) and u.basis.lift.present:
            return explicit + _shaped_like_state(self, self.linear(u), u).without_linear()
        return explicit

    def _column(self, u: Field) -> Field:
        return self.linear(u)


class Steady(eqx.Module):
    """An equation `residual(u) = 0` in space alone; its array leaves are its physical parameters.

    Subclasses give `residual`. Write it so that it is positive for what spreads out, `-laplacian(u) - f`, though either sign is solved.

    Example:
        >>> import jax.numpy as jnp
        >>> import sciml
        >>> from sciml.equation import Steady
        >>> class ScreenedPoisson(Steady):
        ...     screening: float
        ...     def residual(self, u):
        ...         return self.screening * u - u.laplacian() - 1.0
        >>> grid = sciml.Grid((17, 17), extent=(1.0, 1.0), boundary=sciml.boundary.Neumann())
        >>> solution = sciml.solvers.solve_steady(ScreenedPoisson(2.0), grid, dtype=jnp.float32)
        >>> bool(abs(solution.values - 0.5).max() < 1e-5)
        True

    Attributes:
        components: names of the components of the state.
        is_complex: whether the state is complex.
    """

    components: ClassVar[tuple[str, ...]] = ("u",)
    is_complex: ClassVar[bool] = False

    @abstractmethod
    def residual(self, u: Field) -> Field:
        """What vanishes for a solution, one component per component of the state."""

    def component_names(self, dimension: int) -> tuple[str, ...]:
        """Names of the components in `dimension` space dimensions."""
        return self.components

    def residual_like_state(self, u: Field) -> Field:
        """`residual`, checked to have the state's component shape."""
        return _shaped_like_state(self, self.residual(u), u)


def _kind(leaf: Any) -> Any:
    """What may change the form of an expression: shape and dtype of numbers and arrays, the value of anything else."""
    if eqx.is_array_like(leaf) and not isinstance(leaf, bool):
        return np.shape(leaf), str(getattr(leaf, "dtype", type(leaf)))
    return leaf


def only_in(equation: Evolution, dimension: int, allowed: int) -> tuple[str, ...]:
    """The components of an equation that lives in one number of dimensions; for use in `component_names`."""
    if dimension != allowed:
        raise ValueError(
            f"{type(equation).__name__}: an equation in {allowed} dimension(s), got a grid of {dimension}."
        )
    return equation.components


_DEGREES: dict[Any, int] = {}


def _abstract_degree(equation: Evolution, grid: Grid) -> int:
    basis = basis_on(grid, degree=None, is_complex=equation.is_complex, precision="float32")
    state = (len(equation.component_names(grid.dimension)), *basis.storage)
    peak = 1

    def evaluate(coefficients: jax.Array, t: jax.Array) -> None:
        nonlocal peak
        peak = max(peak, equation.spectral_rhs(state_field(basis, coefficients, t)).peak)

    jax.eval_shape(
        evaluate,
        jax.ShapeDtypeStruct(state, basis.coefficient_dtype),
        jax.ShapeDtypeStruct((), np.dtype(basis.precision)),
    )
    return peak


def _shaped_like_state(equation: Evolution | Steady, result: Any, u: Field) -> Any:
    what = "residual" if isinstance(equation, Steady) else "right-hand side"
    if not isinstance(result, Field):
        raise TypeError(f"{type(equation).__name__}: the {what} must be a Field, got {type(result).__name__}.")
    if result.shape == () and u.shape == (1,):
        return result._broadcast((1,))
    if result.shape != u.shape:
        raise ValueError(
            f"{type(equation).__name__}: the {what} has component shape {result.shape}, the state {u.shape}."
        )
    return result


def _host_number(leaf: object) -> object:
    """An array of parameters in double precision on the host."""
    if not eqx.is_inexact_array(leaf):
        return leaf
    host = np.asarray(leaf)
    return host.astype(np.complex128 if np.iscomplexobj(host) else np.float64)


def _assemble(columns: Any, basis: Basis, xp: Any) -> jax.Array | np.ndarray:
    """Join the columns of the symbol; a structurally diagonal one loses its zeros."""
    count = len(columns)
    real = np.float64 if xp is np else basis.precision
    zero = xp.zeros((1,) * basis.dimension, real)
    rows = [[zero if columns[j][i] is None else columns[j][i] for j in range(count)] for i in range(count)]
    diagonal = all(columns[j][i] is None for i in range(count) for j in range(count) if i != j)
    entries = [rows[i][i] for i in range(count)] if diagonal else [entry for row in rows for entry in row]
    if any(jnp.issubdtype(entry.dtype, jnp.complexfloating) for entry in entries):
        entries = [entry.astype(np.result_type(real, np.complex64)) for entry in entries]
    full = xp.stack([xp.broadcast_to(entry, basis.storage) for entry in entries])
    return full if diagonal else full.reshape(count, count, *basis.storage)
