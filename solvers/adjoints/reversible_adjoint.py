"""The reversible gradient behind `diffrax.diffeqsolve(adjoint=...)`."""

import dataclasses
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, PyTree

from sciml.solvers.adjoints.open_terms import open_terms
from sciml.solvers.adjoints.reversible_scan import ListedTimes, reversible_scan
from sciml.solvers.adjoints.reversible_solve import reversible_method

_FIELDS = ("y", "tprev", "tnext", "num_steps", "num_accepted_steps", "save_state")
"""What is written of diffrax' loop state, which is no public interface; tested against diffrax 0.7."""


class ReversibleAdjoint(diffrax.AbstractAdjoint):
    """Exact gradients with memory that does not grow with the number of steps, for solvers whose steps can be undone.

    For `diffrax.diffeqsolve` with `diffrax.ReversibleHeun()` or a `CoupledSolver`, steps listed by `diffrax.StepTo`, and
    `SaveAt(t1=True)` or `SaveAt(steps=n)`. `solve_reversible` does the same without diffrax' loop, also for even steps.
    What comes out is differentiable in `y0`, `args` and `terms`; statistics and times are constants.

    Example:
        >>> import diffrax
        >>> import jax
        >>> import jax.numpy as jnp
        >>> from sciml.solvers.adjoints import ReversibleAdjoint
        >>> term = diffrax.ODETerm(lambda t, y, rate: -rate * y)
        >>> def end(rate):
        ...     grid = diffrax.StepTo(jnp.linspace(0.0, 1.0, 101))
        ...     solver, adjoint = diffrax.ReversibleHeun(), ReversibleAdjoint()
        ...     return diffrax.diffeqsolve(
        ...         term, solver, 0.0, 1.0, None, jnp.ones(()), rate, stepsize_controller=grid, adjoint=adjoint
        ...     ).ys[-1]
        >>> round(float(jax.grad(end)(jnp.asarray(1.0))), 3)
        -0.368
    """

    def loop(
        self,
        *,
        args: PyTree,
        terms: Any,
        solver: Any,
        stepsize_controller: Any,
        event: Any,
        saveat: Any,
        init_state: Any,
        max_steps: int | None,
        passed_solver_state: bool,
        passed_controller_state: bool,
        **others: Any,
    ) -> Any:
        """Walk the listed steps; called by diffrax."""
        method = reversible_method(solver)
        _check(stepsize_controller, event, saveat, init_state, passed_solver_state or passed_controller_state)
        # A tuple of terms has one member per part of the state, which no reversible solver takes: here is a single term.
        times = ListedTimes(stepsize_controller.ts)
        every = saveat.subs.steps or times.steps
        if times.steps % every or (max_steps is not None and max_steps < times.steps):
            raise ValueError(
                f"ReversibleAdjoint: {times.steps} steps are listed; `max_steps` must not be smaller (got {max_steps}) and "
                f"`SaveAt(steps=n)` must divide their number (got {every})."
            )
        terms = open_terms(terms, times.times[0], init_state.y, args)
        ys = reversible_scan((init_state.y, terms, args), method, times, every)
        saved = times.at(jnp.arange(every, times.steps + 1, every))
        return _finished(init_state, saveat.subs, times, saved, ys, args), {}


def _check(controller: Any, event: Any, saveat: Any, state: Any, passed: bool) -> None:
    missing = [name for name in _FIELDS if name not in {field.name for field in dataclasses.fields(state)}]
    if missing:
        raise RuntimeError(
            f"ReversibleAdjoint: diffrax {diffrax.__version__} keeps another state in its loop ({', '.join(missing)} missing); use "
            "`solve_reversible`, which needs none of it."
        )
    if not isinstance(controller, diffrax.StepTo):
        raise ValueError(
            f"ReversibleAdjoint: the way back needs the steps beforehand; take stepsize_controller=diffrax.StepTo(ts), got "
            f"{type(controller).__name__}. For even steps there is `solve_reversible(steps=...)`."
        )
    subs = saveat.subs
    plain = isinstance(subs, diffrax.SubSaveAt) and subs.ts is None and (subs.t1 or subs.steps)
    if not plain or saveat.dense or saveat.solver_state or saveat.controller_state or saveat.made_jump:
        raise ValueError(
            "ReversibleAdjoint: save with SaveAt(t1=True) or SaveAt(steps=n); list the times you want among those of StepTo."
        )
    if event is not None or passed:
        raise ValueError(
            "ReversibleAdjoint: takes neither events nor a solver or controller state from an earlier solve."
        )


def _finished(state: Any, subs: Any, times: ListedTimes, saved: Array, ys: PyTree, args: PyTree) -> Any:
    """The state that diffrax' loop would end with."""
    count, last = saved.shape[0], jax.tree.map(lambda leaf: lax.stop_gradient(leaf[-1]), ys)
    values = jax.vmap(subs.fn, in_axes=(0, 0, None))(saved, ys, args)
    if subs.t0:
        first = subs.fn(times.times[0], state.y, args)
        saved = jnp.concatenate([times.times[:1], saved])
        values = jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), first, values)
        count += 1
    kept = state.save_state
    steps = jnp.asarray(times.steps)
    kept = dataclasses.replace(
        kept,
        ts=kept.ts.at[:count].set(saved.astype(kept.ts.dtype)),
        ys=jax.tree.map(lambda all_, some: all_.at[:count].set(some), kept.ys, values),
        save_index=count,
    )
    return eqx.tree_at(
        lambda s: (s.y, s.tprev, s.tnext, s.num_steps, s.num_accepted_steps, s.save_state),
        state,
        (last, times.times[-1], times.times[-1], steps, steps, kept),
    )
