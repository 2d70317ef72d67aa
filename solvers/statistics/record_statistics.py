"""A diffrax solver that carries the statistics of its steps in its state."""

from typing import Any, Literal

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from sciml.equation import Parameter
from sciml.solvers.statistics.recorded_state import InterpolationMaker, RecordedState
from sciml.solvers.statistics.recording_terms import plain_terms
from sciml.solvers.statistics.step import checked_solver, measures_stiffness, real_dtype, statistics_of_step


class RecordStatistics(diffrax.AbstractWrappedSolver):
    """Wraps a solver so that error times length, stiffness and number of its accepted steps come with the state, differentiably.

    The state is a `RecordedState`: begin with `solver.start(y0)`, pass the terms through `recording_terms`, which lets the vector
    field see the plain state, and the controller through `recording_controller`, or its norm takes the record for a part of the
    state. `solve_with_statistics` does all of this.

    Gradients reach the record through the adjoints that differentiate the steps (`RecursiveCheckpointAdjoint`, `DirectAdjoint`,
    `ForwardMode`), not through `BacksolveAdjoint`, for which the steps do not exist. The lengths of adaptive steps count as
    constants in the gradient, as everywhere in diffrax.

    Attributes:
        solver: with an error estimate; implicit and stochastic ones too.
        rtol: relative tolerance by which errors are divided; with both tolerances `None` they stay unscaled.
        atol: absolute tolerance.
        stiffness: whether to record stiffness; `None` where the solver gives it (`measures_stiffness`).
        scan_kind: set by diffrax.

    Example:
        >>> import diffrax
        >>> import jax.numpy as jnp
        >>> from sciml.solvers.statistics import RecordStatistics, recording_controller, recording_terms
        >>> solver = RecordStatistics(diffrax.Tsit5(), rtol=1e-6, atol=1e-6)
        >>> controller = recording_controller(diffrax.PIDController(rtol=1e-6, atol=1e-6))
        >>> term = recording_terms(diffrax.ODETerm(lambda t, y, args: -y))
        >>> end = diffrax.diffeqsolve(term, solver, 0.0, 1.0, 0.1, solver.start(jnp.ones(2)), stepsize_controller=controller)
        >>> int(end.ys.record.steps[-1]) == int(end.stats["num_accepted_steps"])
        True
    """

    solver: diffrax.AbstractSolver
    rtol: Parameter | None
    atol: Parameter | None
    stiffness: bool = eqx.field(static=True)
    # diffrax takes this class for the wrapped one and sets its field: without it DirectAdjoint fails.
    scan_kind: Literal["lax", "checkpointed", "bounded"] | None

    def __init__(
        self,
        solver: diffrax.AbstractSolver,
        *,
        rtol: Parameter | None = None,
        atol: Parameter | None = None,
        stiffness: bool | None = None,
    ):
        checked_solver(solver, "RecordStatistics")
        known = measures_stiffness(solver)
        if stiffness and not known:
            raise ValueError(
                f"RecordStatistics: {type(solver).__name__} has no two stages at the end of its step to estimate stiffness from; take "
                "diffrax.Tsit5(), Dopri5() or Dopri8(), or stiffness=None."
            )
        self.solver, self.rtol, self.atol = solver, rtol, atol
        self.stiffness = known if stiffness is None else stiffness
        self.scan_kind = None

    def start(self, y0: PyTree) -> RecordedState:
        """The state with which a solve begins."""
        return RecordedState.start(y0, stiffness=self.stiffness)

    @property
    def term_structure(self) -> Any:
        """Of the wrapped solver."""
        return self.solver.term_structure

    @property
    def term_compatible_contr_kwargs(self) -> Any:
        """Of the wrapped solver."""
        return self.solver.term_compatible_contr_kwargs

    @property
    def interpolation_cls(self) -> InterpolationMaker:  # pyright: ignore[reportIncompatibleVariableOverride]
        """That of the wrapped solver, with the record."""
        return InterpolationMaker(self.solver.interpolation_cls)

    @property
    def root_finder(self) -> Any:
        """Of an implicit solver."""
        return getattr(self.solver, "root_finder")  # noqa: B009

    def order(self, terms: PyTree[diffrax.AbstractTerm]) -> int | None:
        """Of the wrapped solver."""
        return self.solver.order(plain_terms(terms))

    def strong_order(self, terms: PyTree[diffrax.AbstractTerm]) -> Any:
        """Of the wrapped solver."""
        return self.solver.strong_order(plain_terms(terms))

    def error_order(self, terms: PyTree[diffrax.AbstractTerm]) -> Any:
        """Of the wrapped solver."""
        return self.solver.error_order(plain_terms(terms))

    def func(self, terms: PyTree[diffrax.AbstractTerm], t0: Any, y0: RecordedState, args: PyTree) -> Any:
        """The vector field; the record does not change between steps."""
        rate = self.solver.func(plain_terms(terms), t0, y0.y, args)
        if jax.tree.structure(rate) != jax.tree.structure(y0.y):
            return rate
        return RecordedState(rate, jax.tree.map(jnp.zeros_like, y0.record))

    def init(self, terms: PyTree[diffrax.AbstractTerm], t0: Any, t1: Any, y0: Any, args: PyTree) -> Any:
        """State of the wrapped solver."""
        if not isinstance(y0, RecordedState):
            raise TypeError(
                f"RecordStatistics: the initial state is a {type(y0).__name__}; begin with `solver.start(y0)`, or use "
                "`solve_with_statistics`."
            )
        return self.solver.init(plain_terms(terms), t0, t1, y0.y, args)

    def step(
        self,
        terms: PyTree[diffrax.AbstractTerm],
        t0: Any,
        t1: Any,
        y0: RecordedState,
        args: PyTree,
        solver_state: Any,
        made_jump: Any,
    ) -> tuple[RecordedState, RecordedState, dict[str, Any], Any, diffrax.RESULTS]:
        """One step, and its statistics added; a rejected step is dropped with its record."""
        solver: Any = self.solver
        if self.scan_kind is not None:
            solver = eqx.tree_at(lambda s: s.scan_kind, solver, self.scan_kind, is_leaf=lambda leaf: leaf is None)
        y1, error, dense, solver_state, result = solver.step(
            plain_terms(terms), t0, t1, y0.y, args, solver_state, made_jump
        )
        length = jnp.asarray(t1 - t0, real_dtype(y0.y))
        found = statistics_of_step(self.solver, length, y0.y, y1, error, dense, self.rtol, self.atol)
        record = y0.record.after(found, length)
        no_error = jax.tree.map(jnp.zeros_like, record)
        return (
            RecordedState(y1, record),
            RecordedState(error, no_error),
            {"inner": dense, "record": record},
            solver_state,
            result,
        )
