"""Observations of a process through differential operators, written in the field algebra like any equation."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from sciml.equation import Evolution, Steady
from sciml.fields.derivatives import MultiIndex, derivative_table
from sciml.fields.point import PointField, recorded
from sciml.kernels.derivatives import Pairs
from sciml.kernels.kernel import Kernel

Table = Mapping[MultiIndex, Float[Array, " n"]]


class Functional(eqx.Module):
    """An expression of a scalar function at points: its value, a derivative, the residual of an equation.

    A linear one maps a Gaussian process to another; a nonlinear one does so after it was linearised at a state. Parameters of the
    expression are leaves of this object, to be learned with those of the kernel.

    Attributes:
        expression: a function of a `Field`; a `Steady` or `Evolution` equation stands for its residual.
        points: shape `(n, dimension)`, or `(n,)`; for an `Evolution` the last coordinate is time.
        needed: multi-indices of the derivatives that the expression reads.
        state: derivatives of the state at which a nonlinear expression is linearised, see `at_state`.

    Example:
        >>> import jax.numpy as jnp
        >>> slope = Functional(lambda u: 2.0 * u.d(0), jnp.linspace(0.0, 1.0, 5))
        >>> coefficients, offset = slope.linearised()
        >>> coefficients[(1,)].tolist()
        [2.0, 2.0, 2.0, 2.0, 2.0]
    """

    expression: Any
    points: Float[Array, "n dimension"]
    needed: tuple[MultiIndex, ...] = eqx.field(static=True)
    state: dict[MultiIndex, Float[Array, " n"]] | None

    def __init__(self, expression: Any, points: Float[ArrayLike, "n *dimension"]):
        """Record which derivatives the expression reads.

        Args:
            expression: see the class.
            points: where.
        """
        self.expression, self.points, self.state = expression, _columns(points), None
        found = recorded(self._evaluate, self._state, (1, self.size), self.points.dtype)
        self.needed = tuple(sorted(self._cut(alpha) for alpha in found))

    @classmethod
    def value(cls, points: Float[ArrayLike, "n *dimension"]) -> "Functional":
        """The process itself at points."""
        return cls(_identity, points)

    @property
    def size(self) -> int:
        """Number of observations."""
        return self.points.shape[0]

    def at(self, table: Table) -> Float[Array, " n"]:
        """Values of the expression, given those of the derivatives that it needs."""
        values = self._evaluate(self._state(lambda alpha: table[self._cut(alpha)][None])).value
        if values.shape not in ((1, self.size), (self.size,)):
            raise ValueError(
                f"Functional: the expression must give one number per point, got shape {values.shape[:-1]}; "
                "take a component (`[0]`), or one functional for each."
            )
        return values.reshape(self.size)

    def at_state(self, table: Table) -> "Functional":
        """The same functional, linearised where the derivatives of the state are these."""
        known = {alpha: table[alpha] for alpha in self.needed}
        return eqx.tree_at(
            lambda part: part.state, self, known, is_leaf=lambda leaf: leaf is None or leaf is self.state
        )

    def of(self, function: Callable[[Array], Array]) -> Float[Array, " n"]:
        """Values of the affine map for a function of the point, `(dimension,) -> ()`."""
        coefficients, rest = self.linearised()
        table = derivative_table(lambda x: jnp.reshape(function(x), (1,)), self.points, self.needed)
        return sum((coefficients[alpha] * table[alpha][0] for alpha in coefficients), start=rest)

    def linearised(self) -> tuple[dict[MultiIndex, Float[Array, " n"]], Float[Array, " n"]]:
        """The affine map that equals the expression, or touches it at the state.

        Returns:
            Coefficient of each derivative at each point, and the rest, so that the value is `sum_a c_a D^a u + rest`.
        """
        needed = self.needed
        zero = jnp.zeros(self.size, self.points.dtype)
        state = {alpha: zero if self.state is None else self.state[alpha] for alpha in needed}
        here = self.at(state)
        coefficients = {}
        for alpha in needed:
            direction = {beta: jnp.ones_like(zero) if beta == alpha else zero for beta in needed}
            coefficients[alpha] = jax.jvp(self.at, (state,), (direction,))[1]
        return coefficients, here - sum((coefficients[alpha] * state[alpha] for alpha in needed), start=zero)

    # --- helpers --------------------------------------------------------------------------------------------------------------

    @property
    def _timeless(self) -> bool:
        return not isinstance(self.expression, Evolution)

    def _evaluate(self, field: PointField) -> Any:
        expression = self.expression
        return expression.residual(field) if isinstance(expression, Evolution | Steady) else expression(field[0])

    def _state(self, at: Callable[[MultiIndex], Array]) -> PointField:
        points = jnp.pad(self.points, ((0, 0), (0, 1))) if self._timeless else self.points
        return PointField(at, (1,), points, False)

    def _cut(self, alpha: MultiIndex) -> MultiIndex:
        """Multi-index over the kernel's coordinates: a field has time as well."""
        if not self._timeless:
            return alpha
        if alpha[-1]:
            raise ValueError(
                "Functional: a function of a field without time has no time derivative; give an `Evolution`."
            )
        return alpha[:-1]


class Functionals(eqx.Module):
    """Several kinds of observations in a row; stands wherever a Gaussian process takes points.

    Attributes:
        parts: the functionals.
        pairs: all pairs of their points, prepared.
    """

    parts: tuple[Functional, ...]
    pairs: tuple[tuple[Pairs, ...], ...]

    def __init__(self, *parts: Functional):
        """Prepare observations; best outside `jit`, where distances that occur often are found.

        Args:
            *parts: functionals of one process, in points of one dimension.
        """
        if not parts:
            raise ValueError("Functionals: give at least one functional.")
        dimensions = {part.points.shape[1] for part in parts}
        if len(dimensions) > 1:
            raise ValueError(
                f"Functionals: all points must have the same number of coordinates, got {sorted(dimensions)}."
            )
        self.parts = parts
        self.pairs = tuple(tuple(Pairs.of(a.points, b.points) for b in parts[i:]) for i, a in enumerate(parts))

    @property
    def size(self) -> int:
        """Number of observations."""
        return sum(part.size for part in self.parts)

    def replaced(self, *parts: Functional) -> "Functionals":
        """Other functionals at the same points; what was prepared is kept."""
        return eqx.tree_at(lambda whole: whole.parts, self, parts)

    def subset(self, chosen: Sequence[int]) -> "Functionals":
        """Some of the kinds, in rising order of their places; what was prepared is kept."""
        places = sorted(set(chosen))
        if not places or places[0] < 0 or places[-1] >= len(self.parts):
            raise ValueError(f"Functionals: choose among the places 0 to {len(self.parts) - 1}, got {tuple(chosen)}.")
        fresh = object.__new__(Functionals)
        object.__setattr__(fresh, "parts", tuple(self.parts[i] for i in places))
        object.__setattr__(fresh, "pairs", tuple(tuple(self.pairs[i][j - i] for j in places if j >= i) for i in places))
        return fresh

    def linearised(self) -> list[tuple[dict[MultiIndex, Array], Array]]:
        """Affine maps of all parts."""
        return [part.linearised() for part in self.parts]

    def covariance(self, kernel: Kernel) -> Float[Array, "n n"]:
        """Covariance of all observations with each other."""
        maps = [coefficients for coefficients, _ in self.linearised()]
        count = len(maps)
        upper = [
            [operated(kernel, self.pairs[i][j - i], maps[i], maps[j]) for j in range(i, count)] for i in range(count)
        ]
        rows = [
            [upper[min(i, j)][abs(j - i)] if j >= i else upper[j][i - j].T for j in range(count)] for i in range(count)
        ]
        return jnp.block(rows)


def operated(
    kernel: Kernel, pairs: Pairs, first: Table, second: Mapping[MultiIndex, Float[Array, " m"]]
) -> Float[Array, "n m"]:
    """Covariances `L_x L_y k` of two linear maps of a process, given by their coefficients."""
    total = jnp.zeros((pairs.x.shape[0], pairs.y.shape[0]), pairs.x.dtype)
    for alpha, a in first.items():
        for beta, b in second.items():
            total = total + a[:, None] * b[None, :] * kernel.derivatives(pairs, alpha, beta)
    return total


def _identity(u: Any) -> Any:
    return u


def _columns(points: ArrayLike) -> Array:
    array = jnp.asarray(points)
    if array.ndim not in (1, 2):
        raise ValueError(f"points have shape (n,) or (n, dimension), got {array.shape}.")
    array = array if jnp.issubdtype(array.dtype, jnp.floating) else array.astype(jnp.result_type(float))
    return array[:, None] if array.ndim == 1 else array
