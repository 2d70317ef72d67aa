"""One solve of a vector field together with what makes it cheap: the value of a regulariser."""

from typing import Any, Literal, TypeAlias

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import optimistix
from jaxtyping import Array, Float, Int, PRNGKeyArray

from sciml.solvers.adjoints import GradientStrategy
from sciml.solvers.evaluations import evaluations_per_step
from sciml.solvers.regularisers import (
    kinetic_jacobian_regulariser,
    local_regulariser,
    random_step,
    random_time,
    taylor_regulariser,
    with_running_cost,
)
from sciml.solvers.statistics import SolverStatistics, solve_with_statistics

Regulariser: TypeAlias = Literal["error", "stiffness", "both", "local-unbiased", "local-biased", "taylor", "kinetic"]
OF_STEPS = ("error", "stiffness", "both")
OF_ONE_STEP = ("local-unbiased", "local-biased")
ALONG = ("taylor", "kinetic")
REGULARISERS = (*OF_STEPS, *OF_ONE_STEP, *ALONG)


class NeuralODESolution(eqx.Module):
    """What a neural ODE gives: states, how many steps they took, and the regulariser to be added to the loss.

    Attributes:
        ts: saved times.
        ys: states there; after the axis of the batch, if there is one, comes that of time.
        regulariser: value of the regulariser, zero without one.
        accepted: accepted steps.
        steps: accepted and rejected steps.
        statistics: differentiable statistics of the steps under "error", "stiffness" and "both", else None.
        cost: evaluations of the vector field at the start and by each step, None where not known.
    """

    ts: Float[Array, "*batch times"]
    ys: Float[Array, "..."]
    regulariser: Float[Array, "*batch"]
    accepted: Int[Array, "*batch"]
    steps: Int[Array, "*batch"]
    statistics: SolverStatistics | None
    cost: tuple[int, int] | None = eqx.field(static=True)

    @property
    def evaluations(self) -> Int[Array, "*batch"] | None:
        """Evaluations of the vector field, where known."""
        return None if self.cost is None else self.cost[0] + self.cost[1] * self.steps


class SolveOptions(eqx.Module):
    """How a neural ODE is solved and regularised; `NeuralODE` says what each means."""

    solver: diffrax.AbstractSolver
    gradient: GradientStrategy
    rtol: float = eqx.field(static=True)
    atol: float = eqx.field(static=True)
    regulariser: Regulariser | None = eqx.field(static=True)
    stiffness_weight: float = eqx.field(static=True)
    local_quantity: Literal["error", "stiffness"] = eqx.field(static=True)
    order: int = eqx.field(static=True)
    fixed_steps: int | None = eqx.field(static=True)
    expected_steps: int = eqx.field(static=True)
    max_steps: int = eqx.field(static=True)

    def controller(self, t0: Array, t1: Array, **options: Any) -> Any:
        """Adaptive, or the listed grid of equal steps."""
        if self.fixed_steps is None:
            return diffrax.PIDController(rtol=self.rtol, atol=self.atol, **options)
        share = jnp.linspace(0.0, 1.0, self.fixed_steps + 1, dtype=t0.dtype)
        return diffrax.StepTo((t0 + (t1 - t0) * share).at[-1].set(t1))

    def common(self) -> dict[str, Any]:
        """What every solve is given."""
        steps = self.expected_steps if self.fixed_steps is None else self.fixed_steps
        limit = self.max_steps if self.fixed_steps is None else self.fixed_steps
        return {"adjoint": self.gradient.adjoint(steps=steps), "max_steps": limit}


class FieldWithCost(eqx.Module):
    """The field of `(y, r)` where r integrates a regulariser; a module, because the adjoint equation needs to see its arrays."""

    field: Any
    key: PRNGKeyArray | None
    order: int = eqx.field(static=True)

    def __call__(self, t: Any, state: tuple[Array, Array], args: Any) -> Any:
        """Rates of state and integral."""
        if self.key is None:
            cost = taylor_regulariser(self.field, self.order)
        else:
            cost = kinetic_jacobian_regulariser(self.field, state[0], key=self.key)
        return with_running_cost(diffrax.ODETerm(self.field), cost).vector_field(t, state, args)


def regularised_solve(
    field: Any,
    options: SolveOptions,
    t0: Array,
    t1: Array,
    y0: Float[Array, "*state"],
    args: Any,
    ts: Float[Array, " times"] | None,
    key: PRNGKeyArray | None,
) -> NeuralODESolution:
    """Solve, and evaluate the regulariser of `options`."""
    if options.regulariser in OF_STEPS:
        return _with_steps(field, options, t0, t1, y0, args, ts)
    if options.regulariser in OF_ONE_STEP:
        return _with_one_step(field, options, t0, t1, y0, args, ts, key)
    if options.regulariser in ALONG:
        return _with_integral(field, options, t0, t1, y0, args, ts, key)
    saveat = diffrax.SaveAt(t1=True) if ts is None else diffrax.SaveAt(ts=ts)
    solution = _solve(field, options, t0, t1, y0, args, saveat)
    return _result(options, solution, solution.ts, solution.ys, jnp.zeros((), y0.dtype))


def _with_steps(field: Any, options: SolveOptions, t0: Any, t1: Any, y0: Any, args: Any, ts: Any) -> NeuralODESolution:
    found = solve_with_statistics(
        diffrax.ODETerm(field), options.solver, t0, t1, None, y0, args, ts=ts, rtol=options.rtol, atol=options.atol,
        stepsize_controller=options.controller(t0, t1), **options.common(),
    )  # fmt: skip
    numbers = found.statistics
    value = jnp.zeros((), y0.dtype)
    if options.regulariser in ("error", "both"):
        value = value + numbers.mean_error
    if options.regulariser in ("stiffness", "both"):
        if numbers.largest_stiffness is None:
            raise ValueError(
                f"NeuralODE: {type(options.solver).__name__} gives no stiffness; take diffrax.Tsit5(), Dopri5() or Dopri8()."
            )
        weight = options.stiffness_weight if options.regulariser == "both" else 1.0
        value = value + weight * numbers.largest_stiffness
    return NeuralODESolution(found.ts, found.ys, value, numbers.accepted, numbers.steps, numbers, numbers.cost)


def _with_one_step(
    field: Any, options: SolveOptions, t0: Any, t1: Any, y0: Any, args: Any, ts: Any, key: Any
) -> NeuralODESolution:
    if options.regulariser == "local-unbiased":
        solution, times, ys, t, y = _save_at_random_time(field, options, t0, t1, y0, args, ts, key)
    else:
        solution, times, ys, t, y = _save_at_random_step(field, options, t0, t1, y0, args, ts, key)
    length = None if options.fixed_steps is None else (t1 - t0) / options.fixed_steps
    value = local_regulariser(
        diffrax.ODETerm(field), options.solver, t, y, args, t_end=t1, quantity=options.local_quantity,
        rtol=options.rtol, atol=options.atol, step=length,
    )  # fmt: skip
    return _result(options, solution, times, ys, value)


def _save_at_random_time(
    field: Any, options: SolveOptions, t0: Any, t1: Any, y0: Any, args: Any, ts: Any, key: Any
) -> tuple[Any, Array, Array, Array, Array]:
    """One more time among those asked for: the adjoint equation knows no other way to save."""
    t = random_time(t0, t1, dtype=y0.dtype, key=key)
    wanted = jnp.asarray(t1)[None] if ts is None else ts
    place = jnp.searchsorted(wanted, t)
    others = jnp.arange(wanted.size, dtype=place.dtype)
    others = others + (others >= place).astype(place.dtype)
    with_one_more = jnp.zeros(wanted.size + 1, wanted.dtype).at[others].set(wanted).at[place].set(t)
    solution = _solve(field, options, t0, t1, y0, args, diffrax.SaveAt(ts=with_one_more))
    return solution, wanted, solution.ys[others], t, solution.ys[place]


def _save_at_random_step(
    field: Any, options: SolveOptions, t0: Any, t1: Any, y0: Any, args: Any, ts: Any, key: Any
) -> tuple[Any, Array, Array, Array, Array]:
    states = diffrax.SubSaveAt(t1=True) if ts is None else diffrax.SubSaveAt(ts=ts)
    every = diffrax.SubSaveAt(t0=True, steps=True)
    solution = _solve(field, options, t0, t1, y0, args, diffrax.SaveAt(subs=(states, every)))
    (times, where), (ys, at) = solution.ts, solution.ys
    t, y = random_step(eqx.tree_at(lambda s: (s.ts, s.ys), solution, (where, at)), key=key)
    return solution, times, ys, t, y


def _with_integral(
    field: Any, options: SolveOptions, t0: Any, t1: Any, y0: Any, args: Any, ts: Any, key: Any
) -> NeuralODESolution:
    both = FieldWithCost(field, key if options.regulariser == "kinetic" else None, options.order)
    saveat = diffrax.SaveAt(t1=True) if ts is None else diffrax.SaveAt(ts=jnp.append(ts, t1))
    # The integral must not change the steps: a model is solved with the same ones in prediction.
    norm = {} if options.fixed_steps is not None else {"norm": _norm_of_state}
    start = (y0, jnp.zeros((), y0.dtype))
    solution = _solve(both, options, t0, t1, start, args, saveat, **norm)
    ys, integral = solution.ys
    saved = slice(None) if ts is None else slice(-1)
    return _result(options, solution, solution.ts[saved], ys[saved], integral[-1])


def _norm_of_state(error: Any) -> Array:
    return optimistix.rms_norm(error[0])


def _solve(
    field: Any, options: SolveOptions, t0: Any, t1: Any, y0: Any, args: Any, saveat: diffrax.SaveAt, **norm: Any
) -> Any:
    return diffrax.diffeqsolve(
        diffrax.ODETerm(field), options.solver, t0, t1, None, y0, args, saveat=saveat,
        stepsize_controller=options.controller(t0, t1, **norm), **options.common(),
    )  # fmt: skip


def _result(options: SolveOptions, solution: Any, ts: Array, ys: Array, value: Array) -> NeuralODESolution:
    accepted, steps = jnp.asarray(solution.stats["num_accepted_steps"]), jnp.asarray(solution.stats["num_steps"])
    return NeuralODESolution(ts, ys, value, accepted, steps, None, evaluations_per_step(options.solver))


class BatchField(eqx.Module):
    """A batch of states as one system: all members share its steps."""

    field: Any

    def __call__(self, t: Any, y: Float[Array, "batch *state"], args: Any) -> Float[Array, "batch *state"]:
        """Rates of all members."""
        return jax.vmap(lambda one: self.field(t, one, args))(y)
