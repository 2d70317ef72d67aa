"""The diffrax door: an equation on a grid as a diffrax term, exponential integrators as diffrax solvers.

The state that diffrax sees is real: values on the grid's nodes, `(C, *grid.shape)`, or for a complex equation real and imaginary
parts, `(2, C, *grid.shape)`; `EvolutionTerm.pack` and `unpack` convert. Step controllers, `SaveAt`, events and adjoints are diffrax'
own.
"""

from typing import Any, ClassVar, TypeAlias

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Inexact, Real

from sciml.equation import Evolution
from sciml.fields.arithmetic import is_complex, multiply
from sciml.fields.basis import Dealiasing
from sciml.fields.box_basis import BoxBasis
from sciml.fields.discretisation import Basis
from sciml.grid import Grid
from sciml.solvers.exponential import ETDRK4, ExponentialMethod
from sciml.solvers.method import ExplicitPart, act
from sciml.solvers.stepper import basis_for, default_precision, parameters_as_arrays

_State: TypeAlias = Real[Array, "..."]


class EvolutionTerm(diffrax.AbstractTerm):
    """`u_t = rhs(u)` on a grid as a diffrax term, for any explicit diffrax solver and for `ExponentialSolver`.

    Example:
        >>> import diffrax, jax.numpy as jnp
        >>> import sciml
        >>> grid = sciml.Grid((64,), extent=(2 * jnp.pi,))
        >>> term = sciml.solvers.EvolutionTerm.build(sciml.physics.Burgers(0.1), grid, precision="float32")
        >>> u0 = jnp.sin(jnp.asarray(grid.coordinates()[0], jnp.float32))[None]
        >>> solution = diffrax.diffeqsolve(
        ...     term, sciml.solvers.ExponentialSolver(), 0.0, 1.0, None, term.pack(u0),
        ...     stepsize_controller=diffrax.PIDController(rtol=1e-4, atol=1e-6))
        >>> term.unpack(solution.ys).shape
        (1, 1, 64)

    Attributes:
        basis: modes and points.
        parts: the equation and its symbol, complex leaves as pairs of real arrays (diffrax warns on complex ones).
    """

    basis: Basis = eqx.field(static=True)
    parts: Any

    @classmethod
    def build(
        cls, equation: Evolution, grid: Grid, *, precision: str | None = None, dealiasing: Dealiasing = "truncation"
    ) -> "EvolutionTerm":
        """Prepare a term; arguments as in `Stepper.build`."""
        precision = default_precision() if precision is None else precision
        basis = basis_for(equation, grid, dealiasing=dealiasing, precision=precision)
        symbol = equation.symbol(basis)
        complex_valued = jnp.issubdtype(symbol.dtype, jnp.complexfloating)
        dtype = np.result_type(basis.precision, np.complex64) if complex_valued else np.dtype(basis.precision)
        parts = (parameters_as_arrays(equation, basis), jnp.asarray(symbol).astype(dtype))
        return cls(basis, jax.tree.map(_split, parts))

    @property
    def equation(self) -> Evolution:
        """The equation, its parameters as arrays."""
        return self._joined[0]

    @property
    def symbol(self) -> Array:
        """Symbol of the linear part, see `Evolution.symbol`."""
        return self._joined[1]

    @property
    def _joined(self) -> tuple[Evolution, Array]:
        return jax.tree.map(_join, self.parts, is_leaf=lambda node: isinstance(node, _ComplexPair))

    # --- the state ------------------------------------------------------------------------------------------------------------

    def pack(self, u: Inexact[Array, "..."] | np.ndarray, t: Any = 0.0) -> _State:
        """Values `(C, *grid.shape)` to the real state of diffrax, projected on the retained modes.

        On a box with boundary data the state of diffrax is what is left after the lift at time `t` is subtracted.
        """
        values = jnp.asarray(u, self.basis.dtype)
        if isinstance(self.basis, BoxBasis) and self.basis.lift.present:
            values = values - self.basis.lift_at_nodes(values.shape[0], t)
        return self.from_coefficients(self._homogeneous(values))

    def unpack(self, y: _State, t: Any = 0.0) -> Inexact[Array, "..."]:
        """Inverse of `pack`, with any leading axes (times) kept; then `t` may be an array of the times along the first axis."""
        values = self._as_values(y)
        if isinstance(self.basis, BoxBasis) and self.basis.lift.present:
            time, components = jnp.asarray(t, self.basis.precision), values.shape[-self.basis.dimension - 1]
            lifted = [self.basis.lift_at_nodes(components, one) for one in time.reshape(-1)]
            leading = time.shape + (1,) * (values.ndim - lifted[0].ndim - time.ndim)
            return values + jnp.stack(lifted).reshape(*leading, *lifted[0].shape)
        return values

    def _homogeneous(self, values: Array) -> Array:
        """Values without the lift to coefficients."""
        return self.basis.encode_homogeneous(values) if isinstance(self.basis, BoxBasis) else self.basis.encode(values)

    def _as_values(self, y: _State) -> Array:
        if not self.basis.is_complex:
            return y
        pair = -(self.basis.dimension + 2)
        return lax.complex(jnp.take(y, 0, axis=pair), jnp.take(y, 1, axis=pair))

    def to_coefficients(self, y: _State) -> Inexact[Array, "..."]:
        """State of diffrax to coefficients."""
        return self._homogeneous(self._as_values(y))

    def from_coefficients(self, coefficients: Inexact[Array, "..."]) -> _State:
        """Coefficients to the state of diffrax."""
        basis = self.basis
        homogeneous = basis.decode_homogeneous if isinstance(basis, BoxBasis) else basis.decode
        values = homogeneous(coefficients)
        return jnp.stack([values.real, values.imag]) if self.basis.is_complex else values

    # --- rates ----------------------------------------------------------------------------------------------------------------

    def explicit_rate(self, coefficients: Inexact[Array, "..."], t: Array) -> Inexact[Array, "..."]:
        """Coefficients of the nonlinear part."""
        return ExplicitPart(self.equation, self.basis)(coefficients, t)

    def whole_rate(self, coefficients: Inexact[Array, "..."], explicit: Inexact[Array, "..."]) -> _State:
        """Time derivative of the state from coefficients and their explicit rate."""
        return self.from_coefficients(act(self.symbol, coefficients) + explicit)

    def _time(self, t: Any) -> Array:
        return jnp.asarray(t).astype(self.basis.precision)

    def vf(self, t: Any, y: Any, args: Any) -> Any:
        """Time derivative of the state."""
        coefficients = self.to_coefficients(y)
        return self.whole_rate(coefficients, self.explicit_rate(coefficients, self._time(t)))

    def contr(self, t0: Any, t1: Any, **kwargs: Any) -> Any:
        """Length of a step."""
        return t1 - t0

    def prod(self, vf: Any, control: Any) -> Any:
        """Rate times length of a step."""
        return vf * jnp.asarray(control).astype(vf.dtype)


class ExponentialSolver(diffrax.AbstractAdaptiveSolver):
    """An exponential integrator as a diffrax solver, with the method's embedded error estimate for adaptive steps.

    The tables of phi-functions are computed anew for each step, in the state's precision. Between steps the state is interpolated
    by a cubic Hermite polynomial in each node; to save at exact times let the controller step to them
    (`diffrax.ClipStepSizeController(..., step_ts=ts)`), as `sciml.solve` does.

    Attributes:
        method: `ETDRK4()` by default. `ETDRK1` has no error estimate and takes constant steps only.
    """

    method: ExponentialMethod = ETDRK4()

    term_structure: ClassVar = EvolutionTerm
    interpolation_cls: ClassVar = diffrax.ThirdOrderHermitePolynomialInterpolation

    def order(self, terms: Any) -> int:
        """Order of the method."""
        return self.method.order

    def func(self, terms: Any, t0: Any, y0: Any, args: Any) -> Any:
        """Time derivative of the state."""
        return terms.vf(t0, y0, args)

    def init(self, terms: Any, t0: Any, t1: Any, y0: Any, args: Any) -> Array:
        """The explicit rate at the start, handed from step to step as real and imaginary parts."""
        terms, sign = _unwrapped(terms)
        return _as_pair(terms.explicit_rate(terms.to_coefficients(y0), sign * terms._time(t0)))

    def step(
        self, terms: Any, t0: Any, t1: Any, y0: Any, args: Any, solver_state: Array, made_jump: Any
    ) -> tuple[Any, Any, dict[str, Any], Array, diffrax.RESULTS]:
        """One step with its error estimate."""
        terms, sign = _unwrapped(terms)
        t, dt = sign * terms._time(t0), sign * (terms._time(t1) - terms._time(t0))
        start = terms.to_coefficients(y0)
        first = lax.cond(made_jump, lambda: _as_pair(terms.explicit_rate(start, t)), lambda: solver_state)
        first = _from_pair(first)
        tables = self.method.tables(terms.symbol, dt, modes=terms.basis.dimension)
        end, kept = self.method.step(tables, start, first, t, dt, terms.explicit_rate)
        end = terms.basis.symmetrised(end)
        following = terms.explicit_rate(end, t + dt)
        error = self.method.error(tables, kept, following, dt)
        y1 = terms.from_coefficients(end)
        dense_info = {
            "y0": y0,
            "y1": y1,
            "k0": multiply(terms.whole_rate(start, first), dt),
            "k1": multiply(terms.whole_rate(end, following), dt),
        }
        y_error = None if error is None else terms.from_coefficients(error)
        return y1, y_error, dense_info, _as_pair(following), diffrax.RESULTS.successful


def _unwrapped(terms: Any) -> tuple[EvolutionTerm, Array | float]:
    """diffrax hands solvers a wrapped term and runs its clock forward; the sign gives back the true time and step."""
    if isinstance(terms, EvolutionTerm):
        return terms, 1.0
    return terms.term, jnp.asarray(terms.direction).astype(terms.term.basis.precision)


class _ComplexPair(eqx.Module):
    real: Array
    imag: Array


def _split(leaf: Any) -> Any:
    return _ComplexPair(leaf.real, leaf.imag) if eqx.is_array(leaf) and is_complex(leaf) else leaf


def _join(leaf: Any) -> Any:
    return lax.complex(leaf.real, leaf.imag) if isinstance(leaf, _ComplexPair) else leaf


def _as_pair(coefficients: Array) -> Array:
    """Real and imaginary parts; the imaginary ones only where there are any."""
    parts = (coefficients.real, coefficients.imag) if is_complex(coefficients) else (coefficients,)
    return jnp.stack(parts)


def _from_pair(parts: Array) -> Array:
    return lax.complex(parts[0], parts[1]) if parts.shape[0] == 2 else parts[0]
