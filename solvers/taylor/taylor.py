"""Taylor methods of any order."""

import math
from typing import Any, ClassVar, Literal

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from diffrax import RESULTS
from jaxtyping import Array, PyTree

from sciml.solvers.rate import rate
from sciml.solvers.taylor.solution_derivatives import solution_derivatives

Derivative = Literal["jvp", "jet", "difference"]


class TaylorInterpolation(diffrax.AbstractLocalInterpolation):
    """The Taylor polynomial itself, of the order of the method.

    Attributes:
        t0: start of the step.
        t1: end of the step.
        y0: state at the start.
        derivatives: `(order, ...)` per leaf of the state.
    """

    t0: Any
    t1: Any
    y0: PyTree[Array]
    derivatives: PyTree[Array]

    def evaluate(self, t0: Any, t1: Any = None, left: bool = True) -> PyTree[Array]:
        """The state at `t0`, or its increment from `t0` to `t1`."""
        if t1 is not None:
            return jax.tree.map(jnp.subtract, self.evaluate(t1), self.evaluate(t0))
        return jax.tree.map(lambda y, rows: y + _polynomial(rows, t0 - self.t0), self.y0, self.derivatives)


class Taylor(diffrax.AbstractAdaptiveSolver):
    """Taylor method: `y(t + h) = y + h y' + h^2 y''/2 + ...`, the derivatives from the right-hand side by automatic differentiation.

    The last term kept serves as error estimate, so that steps can be adaptive from order 2 on; dense output is the polynomial itself.
    Explicit: for equations that are not stiff, at high order and tight tolerances. With `derivative="difference"` and order 2 it is
    RF-Solver: the second derivative is the difference of two velocities half a step apart, which makes the method **equal to the
    explicit midpoint rule**.

    Attributes:
        taylor_order: terms after the state.
        derivative: "jvp", nested forward mode, as dear as `2**(order - 1)` evaluations of the right-hand side; "jet", Taylor mode,
            cheaper at high order, for the usual functions only; "difference", order 2 alone, 2 evaluations.

    Example:
        >>> import diffrax, jax.numpy as jnp
        >>> from sciml.solvers import Taylor
        >>> decay = diffrax.ODETerm(lambda t, y, args: -y)
        >>> end = diffrax.diffeqsolve(decay, Taylor(4), 0.0, 1.0, 0.1, jnp.ones(())).ys
        >>> round(float(end[0]), 5)
        0.36788

    Source: E. Hairer, S. P. Norsett & G. Wanner, Solving Ordinary Differential Equations I, section I.8; J. Wang et al., Taming
    Rectified Flow for Inversion and Editing, ICML 2025 (arXiv 2411.04746).
    """

    taylor_order: int = eqx.field(static=True, default=2)
    derivative: Derivative = eqx.field(static=True, default="jvp")

    term_structure: ClassVar[Any] = diffrax.AbstractTerm
    interpolation_cls: ClassVar[Any] = TaylorInterpolation

    def __check_init__(self) -> None:
        if self.taylor_order < 1:
            raise ValueError(f"Taylor: the order must be at least one, got {self.taylor_order}.")
        if self.derivative not in ("jvp", "jet", "difference"):
            raise ValueError(f"Taylor: `derivative` must be 'jvp', 'jet' or 'difference', got {self.derivative!r}.")
        if self.derivative == "difference" and self.taylor_order != 2:
            raise ValueError(
                f"Taylor: derivative='difference' has order 2, got order {self.taylor_order}; take 'jvp' or 'jet'."
            )

    @property
    def evaluations_per_step(self) -> tuple[int, int]:
        """At the start and by each step; a derivative counts as the matrix products that it costs in a dense network."""
        order = self.taylor_order
        by_step = {"difference": 2, "jvp": 2 ** (order - 1), "jet": order * (order + 1) // 2}
        return 0, by_step[self.derivative]

    def order(self, terms: diffrax.AbstractTerm) -> int:
        """Order of the method."""
        return self.taylor_order

    def init(self, terms: diffrax.AbstractTerm, t0: Any, t1: Any, y0: PyTree[Array], args: Any) -> None:
        """No state is carried from step to step."""

    def step(
        self,
        terms: diffrax.AbstractTerm,
        t0: Any,
        t1: Any,
        y0: PyTree[Array],
        args: Any,
        solver_state: None,
        made_jump: Any,
    ) -> tuple[PyTree[Array], PyTree[Array] | None, dict[str, Any], None, RESULTS]:
        """One step from `t0` to `t1`."""
        if self.derivative == "difference":
            derivatives = _by_difference(terms, t0, t1, y0, args)
        else:
            derivatives = solution_derivatives(
                lambda t, y, args: rate(terms, t, y, args), self.taylor_order, t0, y0, args, mode=self.derivative
            )
        rows = jax.tree.map(lambda *leaves: jnp.stack(leaves), *derivatives)
        y1 = jax.tree.map(lambda y, row: y + _polynomial(row, t1 - t0), y0, rows)
        error = None
        if self.taylor_order > 1:
            error = jax.tree.map(lambda row: _term(row[-1], t1 - t0, self.taylor_order), rows)
        return y1, error, {"y0": y0, "derivatives": rows}, None, RESULTS.successful

    def func(self, terms: diffrax.AbstractTerm, t0: Any, y0: PyTree[Array], args: Any) -> PyTree[Array]:
        """The right-hand side."""
        return terms.vf(t0, y0, args)


def _by_difference(terms: diffrax.AbstractTerm, t0: Any, t1: Any, y0: PyTree[Array], args: Any) -> list[PyTree[Array]]:
    half = (t1 - t0) / 2
    first = rate(terms, t0, y0, args)
    middle = rate(terms, t0 + half, jax.tree.map(lambda y, v: y + _cast(half, y) * v, y0, first), args)
    # At the end of a solve diffrax takes a step of no length.
    length = jnp.where(half == 0, 1.0, half)
    return [first, jax.tree.map(lambda a, b: (b - a) / _cast(length, a), first, middle)]


def _polynomial(rows: Array, h: Any) -> Array:
    """`h rows[0] + h^2 rows[1] / 2 + ...`."""
    h = _cast(h, rows)
    total = jnp.zeros_like(rows[0])
    for power in range(rows.shape[0], 0, -1):
        total = (h / power) * (rows[power - 1] + total)
    return total


def _term(derivative: Array, h: Any, power: int) -> Array:
    return derivative * (_cast(h, derivative) ** power / math.factorial(power))


def _cast(number: Any, like: Array) -> Array:
    return jnp.asarray(number, jnp.zeros((), like.dtype).real.dtype)
