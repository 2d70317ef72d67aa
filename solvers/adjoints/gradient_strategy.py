"""How to differentiate a solve with diffrax, as one object."""

import math
from typing import Any, Literal, TypeAlias

import diffrax
import equinox as eqx
from jaxtyping import PyTree

from sciml.equation import Parameter
from sciml.solvers.adjoints.gradient_estimate import GradientEstimate, Problem
from sciml.solvers.adjoints.reversible_adjoint import ReversibleAdjoint
from sciml.solvers.adjoints.reversible_solve import is_reversible

GradientKind: TypeAlias = Literal["store", "checkpoint", "reversible", "continuous", "forward"]
_KINDS = ("store", "checkpoint", "reversible", "continuous", "forward")


class GradientStrategy(eqx.Module):
    """What is stored and what is computed anew in the gradient of a solve; names as in `rollout(gradient=...)`.

    - `"store"`: the state at every step; the inside of a step is computed once more.
    - `"checkpoint"`: the state at some steps, chosen while the solve runs; the rest computed anew from there.
    - `"reversible"`: the last state; the steps are undone. Exact, for `diffrax.ReversibleHeun` and `CoupledSolver` on a listed grid.
    - `"continuous"`: the last state; the adjoint equation is solved backwards. The gradient has an error of its own.
    - `"forward"`: nothing; forward mode alone, for a few parameters and many outputs.

    Attributes:
        kind: one of these.
        checkpoints: how many states `"checkpoint"` stores; about `sqrt(2 steps)` by default, with which hardly a step is computed
            more than twice.

    Example:
        >>> from sciml.solvers.adjoints import GradientStrategy
        >>> GradientStrategy("checkpoint").adjoint(steps=128)
        RecursiveCheckpointAdjoint(checkpoints=16)
    """

    kind: GradientKind = eqx.field(static=True, default="checkpoint")
    checkpoints: int | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ValueError(f"GradientStrategy: `kind` must be one of {', '.join(_KINDS)}, got {self.kind!r}.")
        if self.checkpoints is not None and (self.kind != "checkpoint" or self.checkpoints < 1):
            raise ValueError(
                f"GradientStrategy: `checkpoints` must be positive and belongs to 'checkpoint', got {self.checkpoints} with "
                f"{self.kind!r}."
            )

    def stored_states(self, steps: int) -> int:
        """States stored between the passes."""
        if self.kind == "store":
            return steps
        if self.kind == "checkpoint":
            return min(steps, self.checkpoints or max(1, math.isqrt(2 * steps)))
        return 0 if self.kind == "forward" else 1

    def adjoint(self, *, steps: int) -> diffrax.AbstractAdjoint:
        """What to pass to `diffrax.diffeqsolve`.

        Args:
            steps: number of steps, accepted and rejected; of adaptive solves the number to expect, for instance that of an earlier
                one. More steps than expected take more time and no more memory.
        """
        if steps < 1:
            raise ValueError(f"GradientStrategy.adjoint: `steps` must be positive, got {steps}.")
        if self.kind == "reversible":
            return ReversibleAdjoint()
        if self.kind == "continuous":
            return diffrax.BacksolveAdjoint()
        if self.kind == "forward":
            return diffrax.ForwardMode()
        return diffrax.RecursiveCheckpointAdjoint(checkpoints=self.stored_states(steps))

    def estimate(
        self,
        terms: Any,
        solver: diffrax.AbstractSolver,
        t0: Parameter,
        t1: Parameter,
        y0: PyTree,
        args: PyTree = None,
        *,
        steps: int,
        measure: bool = False,
    ) -> GradientEstimate:
        """Memory and time of a gradient with respect to `y0`, `args` and `terms`, before it is computed.

        From abstract shapes: `y0`, `args` and the arrays of `terms` may be `jax.ShapeDtypeStruct`. The memory is what XLA calls
        temporary, outputs and inputs left out; where stored states are most of it, it is within a few per cent.

        Args:
            terms: as for `diffrax.diffeqsolve`.
            solver: its solver.
            t0: start.
            t1: end.
            y0: initial state.
            args: for the vector field.
            steps: number of steps, see `adjoint`.
            measure: compile the step and its pull-back and run them, for the time, and for the memory within a step, which
                abstract shapes overestimate; needs arrays.

        Raises:
            ValueError: for a solver whose steps cannot be undone under `"reversible"`.
        """
        if steps < 1:
            raise ValueError(f"GradientStrategy.estimate: `steps` must be positive, got {steps}.")
        problem = Problem(terms, solver, t0, t1, y0, args, steps)
        return problem.estimate(self.kind, self.stored_states(steps), measure=measure)


def choose_gradient(
    terms: Any,
    solver: diffrax.AbstractSolver,
    t0: Parameter,
    t1: Parameter,
    y0: PyTree,
    args: PyTree = None,
    *,
    steps: int,
    memory: int,
) -> GradientStrategy:
    """The fastest exact gradient in reverse mode whose estimate fits into `memory` bytes.

    Args:
        terms: as for `diffrax.diffeqsolve`.
        solver: its solver.
        t0: start.
        t1: end.
        y0: initial state.
        args: for the vector field.
        steps: number of steps.
        memory: bytes.

    Raises:
        ValueError: where nothing fits.

    Example:
        >>> import diffrax
        >>> import jax.numpy as jnp
        >>> from sciml.solvers.adjoints import choose_gradient
        >>> term = diffrax.ODETerm(lambda t, y, args: -y)
        >>> y0 = jnp.ones((1000,), jnp.float32)
        >>> choose_gradient(term, diffrax.Tsit5(), 0.0, 1.0, y0, steps=10_000, memory=10**7).kind
        'checkpoint'
    """
    if is_reversible(solver):
        return GradientStrategy("reversible")
    problem = Problem(terms, solver, t0, t1, y0, args, steps)
    first = problem.estimate("store", steps, measure=False)
    room = (memory - first.working_bytes) // max(1, first.state_bytes)
    if room < 1:
        raise ValueError(
            f"choose_gradient: one step takes {first.working_bytes + first.state_bytes} bytes, more than `memory`, {memory}; solve "
            "fewer trajectories at a time."
        )
    return GradientStrategy("store") if room >= steps else GradientStrategy("checkpoint", int(room))
