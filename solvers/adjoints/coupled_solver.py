"""Any explicit Runge-Kutta method made reversible by a second copy of the state (McCallum and Foster, 2024)."""

from collections.abc import Callable
from typing import Any, ClassVar

import diffrax
import equinox as eqx
import jax
from jaxtyping import Array, PyTree

from sciml.solvers.adjoints.explicit_increment import explicit_increment
from sciml.solvers.adjoints.reversible_method import ReversibleMethod


class CoupledSolver(diffrax.AbstractSolver):
    """A diffrax solver of the same order as the one inside whose steps can be undone, for two of its steps each.

    Two copies y and z of the solution move each other: `y1 = c y0 + (1 - c) z0 + S(z0)`, `z1 = z0 - S'(y1)`, with S the increment of
    a step and S' that of the step back in time. The coupling c below one holds them together, and multiplies round-off by 1/c in
    each step back: the reversible adjoint therefore stores the state every `log(1e6) / log(1/c)` steps (double precision).

    Attributes:
        solver: an explicit Runge-Kutta method of diffrax, for instance `diffrax.Tsit5()`.
        coupling: c, above zero and at most one. One costs no storage, and leaves differences of y and z undamped.

    Example:
        >>> import diffrax
        >>> import jax.numpy as jnp
        >>> from sciml.solvers.adjoints import CoupledSolver, solve_reversible
        >>> term = diffrax.ODETerm(lambda t, y, args: -y)
        >>> end = solve_reversible(term, CoupledSolver(diffrax.Tsit5()), 0.0, 1.0, jnp.ones(1, jnp.float32), steps=20)
        >>> round(float(end.ys[-1, 0]), 5)
        0.36788
    """

    solver: diffrax.AbstractSolver
    coupling: float = eqx.field(static=True, default=0.99)
    term_structure: ClassVar = diffrax.AbstractTerm
    interpolation_cls: ClassVar[Callable[..., Any]] = diffrax.LocalLinearInterpolation

    def __check_init__(self) -> None:
        explicit = isinstance(self.solver, diffrax.AbstractERK)
        if not explicit or not isinstance(self.tableau, diffrax.ButcherTableau):
            raise ValueError(
                f"CoupledSolver: needs an explicit Runge-Kutta method with one tableau, for instance diffrax.Tsit5(), got "
                f"{type(self.solver).__name__}."
            )
        if not 0 < self.coupling <= 1:
            raise ValueError(
                f"CoupledSolver: `coupling` must lie in (0, 1], got {self.coupling}; 0.99 to 0.999 serve most problems."
            )

    @property
    def tableau(self) -> Any:
        """Of the solver inside."""
        return getattr(self.solver, "tableau")  # noqa: B009

    def order(self, terms: PyTree[diffrax.AbstractTerm]) -> int | None:
        """Of the solver inside."""
        return self.solver.order(terms)

    def init(self, terms: Any, t0: Any, t1: Any, y0: PyTree, args: PyTree) -> PyTree:
        """The second copy."""
        return y0

    def step(
        self, terms: Any, t0: Any, t1: Any, y0: PyTree, args: PyTree, solver_state: PyTree, made_jump: Any
    ) -> tuple[PyTree, None, dict[str, PyTree], PyTree, diffrax.RESULTS]:
        """One step of both copies; there is no error estimate, as the grid has to be known on the way back."""
        y1, z1 = CoupledSteps(self).forward(terms, t0, t1, (y0, solver_state), args)
        return y1, None, {"y0": y0, "y1": y1}, z1, diffrax.RESULTS.successful

    def func(self, terms: Any, t0: Any, y0: PyTree, args: PyTree) -> Any:
        """The vector field."""
        return terms.vf(t0, y0, args)


class CoupledSteps(ReversibleMethod):
    """The steps of a `CoupledSolver` and their inverse; the state is `(y, z)`."""

    solver: CoupledSolver

    def start(self, terms: Any, t0: Array, y0: PyTree, args: PyTree) -> PyTree:
        """Both copies begin at `y0`."""
        return y0, y0

    def forward(self, terms: Any, t0: Array, t1: Array, state: PyTree, args: PyTree) -> PyTree:
        """One step."""
        (y0, z0), c, tableau = state, self.solver.coupling, self.solver.tableau
        there = explicit_increment(tableau, terms, t0, t1, z0, args)
        # y0 + (1 - c)(z0 - y0) rounds less than c y0 + (1 - c) z0: both copies are all but equal.
        y1 = jax.tree.map(lambda y, z, s: y + (1 - c) * (z - y) + s, y0, z0, there)
        back = explicit_increment(tableau, terms, t1, t0, y1, args)
        return y1, jax.tree.map(lambda z, s: z - s, z0, back)

    def backward(self, terms: Any, t0: Array, t1: Array, state: PyTree, args: PyTree) -> PyTree:
        """The inverse of `forward`."""
        (y1, z1), c, tableau = state, self.solver.coupling, self.solver.tableau
        back = explicit_increment(tableau, terms, t1, t0, y1, args)
        z0 = jax.tree.map(lambda z, s: z + s, z1, back)
        there = explicit_increment(tableau, terms, t0, t1, z0, args)
        return jax.tree.map(lambda y, z, s: z + (y - s - z) / c, y1, z0, there), z0

    def value(self, state: PyTree) -> PyTree:
        """The first copy."""
        return state[0]

    def growth(self) -> float:
        """One over the coupling."""
        return 1 / self.solver.coupling
