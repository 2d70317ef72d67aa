"""`diffrax.diffeqsolve` with the statistics of the steps beside the solution."""

from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PyTree

from sciml.equation import Parameter
from sciml.solvers.evaluations import evaluations_per_step
from sciml.solvers.statistics.record_statistics import RecordStatistics
from sciml.solvers.statistics.recording_controller import recording_controller
from sciml.solvers.statistics.recording_terms import recording_terms
from sciml.solvers.statistics.step import real_dtype


class SolverStatistics(eqx.Module):
    """Of a whole solve; `error`, `stiffness`, `largest_stiffness` and their means are differentiable.

    Means are computed where they are asked for: small operations behind the loop would make the compiled solve up to twice as slow.

    Attributes:
        error: sum over accepted steps of scaled error times length; time.
        stiffness: sum over accepted steps of the stiffness estimate, one over time; `None` where the solver gives none.
        largest_stiffness: the largest estimate.
        accepted: accepted steps.
        steps: accepted and rejected steps.
        cost: evaluations of the vector field at the start and by each step, `None` where not known (implicit solvers).
    """

    error: Float[Array, "*batch"]
    stiffness: Float[Array, "*batch"] | None
    largest_stiffness: Float[Array, "*batch"] | None
    accepted: Int[Array, "*batch"]
    steps: Int[Array, "*batch"]
    cost: tuple[int, int] | None = eqx.field(static=True)

    @property
    def mean_error(self) -> Float[Array, "*batch"]:
        """Mean over accepted steps of scaled error times length."""
        return self.error / self._taken(self.error)

    @property
    def mean_stiffness(self) -> Float[Array, "*batch"] | None:
        """Mean over accepted steps; `None` where the solver gives none."""
        return None if self.stiffness is None else self.stiffness / self._taken(self.stiffness)

    @property
    def rejected(self) -> Int[Array, "*batch"]:
        """Rejected steps."""
        return self.steps - self.accepted

    @property
    def evaluations(self) -> Int[Array, "*batch"] | None:
        """Evaluations of the vector field, where known; each rejection of the very first step may cost one more."""
        return None if self.cost is None else self.cost[0] + self.cost[1] * self.steps

    def _taken(self, like: Array) -> Array:
        return jnp.maximum(self.accepted, 1).astype(like.dtype)


class StatisticsSolution(eqx.Module):
    """What `solve_with_statistics` returns.

    Attributes:
        ts: saved times.
        ys: states there, along the first axis.
        statistics: of the steps.
        result: diffrax' result code.
    """

    ts: Float[Array, " times"]
    ys: PyTree
    statistics: SolverStatistics
    result: diffrax.RESULTS


def solve_with_statistics(
    terms: PyTree[diffrax.AbstractTerm],
    solver: diffrax.AbstractSolver,
    t0: Parameter,
    t1: Parameter,
    dt0: Parameter | None,
    y0: PyTree,
    args: PyTree = None,
    *,
    ts: Float[Array, " times"] | np.ndarray | None = None,
    rtol: Parameter = 1e-6,
    atol: Parameter = 1e-6,
    scaled: bool = True,
    stepsize_controller: diffrax.AbstractStepSizeController | None = None,
    adjoint: diffrax.AbstractAdjoint | None = None,
    max_steps: int | None = 4096,
    throw: bool = True,
) -> StatisticsSolution:
    """Solve, and say how hard it was in numbers that can be differentiated.

    The states are those of `diffrax.diffeqsolve` with the plain solver and controller.

    Args:
        terms: as for `diffrax.diffeqsolve`.
        solver: with an error estimate, or a `RecordStatistics`, whose own tolerances then hold.
        t0: start.
        t1: end.
        dt0: first step, chosen by the controller where `None`; length of all steps under `diffrax.ConstantStepSize`.
        y0: initial state, arrays in any tree; its dtype is that of the solve.
        args: for the vector field.
        ts: times to save at; the end alone by default.
        rtol: relative tolerance, of the controller and of the scaled error.
        atol: absolute tolerance.
        scaled: divide errors by the tolerances, or leave them as they are.
        stepsize_controller: `diffrax.PIDController(rtol, atol)` by default.
        adjoint: one that differentiates the steps, `diffrax.RecursiveCheckpointAdjoint()` by default.
        max_steps: at most so many.
        throw: raise where the solve fails.

    Raises:
        ValueError: for a solver without an error estimate, or an adjoint that knows no steps.

    Example:
        >>> import diffrax
        >>> import jax.numpy as jnp
        >>> from sciml.solvers.statistics import solve_with_statistics
        >>> term = diffrax.ODETerm(lambda t, y, args: -args * y)
        >>> solution = solve_with_statistics(term, diffrax.Tsit5(), 0.0, 1.0, None, jnp.ones(3), jnp.asarray(2.0))
        >>> int(solution.statistics.evaluations) == 6 * int(solution.statistics.accepted) + 1
        True
    """
    if isinstance(adjoint, diffrax.BacksolveAdjoint | diffrax.ImplicitAdjoint):
        raise ValueError(
            f"solve_with_statistics: {type(adjoint).__name__} differentiates no steps, so their statistics have no gradient; take "
            "diffrax.RecursiveCheckpointAdjoint(), or `local_regulariser`, which works with every adjoint."
        )
    controller = diffrax.PIDController(rtol=rtol, atol=atol) if stepsize_controller is None else stepsize_controller
    tolerances = {"rtol": rtol if scaled else None, "atol": atol if scaled else None}
    recording = solver if isinstance(solver, RecordStatistics) else RecordStatistics(solver, **tolerances)
    dtype = real_dtype(y0)
    first, times = (None if value is None else jnp.asarray(value, dtype) for value in (dt0, ts))
    states = diffrax.SubSaveAt(ts=times, t1=ts is None, fn=_state)
    solution = diffrax.diffeqsolve(
        recording_terms(terms),
        recording,
        jnp.asarray(t0, dtype),
        jnp.asarray(t1, dtype),
        first,
        recording.start(y0),
        args,
        saveat=diffrax.SaveAt(subs=(states, diffrax.SubSaveAt(t1=True, fn=_record))),
        stepsize_controller=recording_controller(controller),
        adjoint=diffrax.RecursiveCheckpointAdjoint() if adjoint is None else adjoint,
        max_steps=max_steps,
        throw=throw,
    )
    (saved, _), (ys, record) = solution.ts, solution.ys  # pyright: ignore[reportGeneralTypeIssues]
    # One record is saved. A reshape costs nothing, where an index is one more operation behind the loop.
    record = jax.tree.map(lambda leaf: leaf.reshape(leaf.shape[1:]), record)
    statistics = SolverStatistics(
        record.error,
        record.stiffness,
        record.largest_stiffness,
        jnp.asarray(solution.stats["num_accepted_steps"]),
        jnp.asarray(solution.stats["num_steps"]),
        evaluations_per_step(recording.solver),
    )
    return StatisticsSolution(saved, ys, statistics, solution.result)


def _state(t: Any, y: Any, args: Any) -> Any:
    return y.y


def _record(t: Any, y: Any, args: Any) -> Any:
    return y.record
