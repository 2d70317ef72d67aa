"""Many steps of fixed length, by `lax.scan`."""

import math
from typing import Any, Literal, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh
from jaxtyping import Array, Inexact

from sciml.compilation import compiled
from sciml.equation import Evolution, Parameter
from sciml.fields.basis import Dealiasing, FourierBasis
from sciml.fields.discretisation import decode, encode
from sciml.grid import Grid
from sciml.solvers.method import Method
from sciml.solvers.solution import DivergenceError, Result, Solution, is_traced
from sciml.solvers.stepper import Stepper, checked_state, precision_of

RolloutGradient: TypeAlias = Literal["store", "checkpoint", "forward"]


def rollout(
    equation: Evolution,
    grid: Grid,
    u0: Inexact[Array, "components *grid"] | np.ndarray,
    *,
    dt: Parameter,
    steps: int,
    save_every: int = 1,
    method: Method | None = None,
    dealiasing: Dealiasing = "truncation",
    t0: Parameter = 0.0,
    include_initial: bool = True,
    gradient: RolloutGradient = "store",
    mesh: Mesh | None = None,
    throw: bool = True,
) -> Solution:
    """Solve with a fixed step.

    May be called inside `jit`, `grad` and `vmap`; parameters of the equation, `u0` and `dt` are differentiable.

    Args:
        equation: what to solve.
        grid: periodic, or a box with bounded axes.
        u0: initial values `(components, *grid.shape)`; its dtype is the precision of the solve. It is projected on the retained modes.
        dt: length of a step.
        steps: number of steps, a multiple of `save_every`.
        save_every: steps between saved states.
        method: the integrator, `ETDRK4()` by default.
        dealiasing: `"truncation"` (2/3 rule for quadratic terms), `"padding"` (all modes kept, products on a finer grid) or `"none"`.
        t0: time at the start.
        include_initial: whether the first saved state is the (projected) initial one.
        gradient: what reverse mode stores. `"store"`: every stage of every step, fastest, memory O(steps). `"checkpoint"`: the state
            about every sqrt(steps) steps, the rest computed once more, memory O(sqrt(steps)). `"forward"`: nothing; forward-mode
            derivatives only.
        mesh: devices over which to split the field, see `sciml.parallel.domain_mesh`; periodic grids in two and three dimensions.
        throw: raise `DivergenceError` when the state does not stay finite. Inside `jit` values cannot be looked at: there the result
            code and the not-a-number values are all that tells.

    Returns:
        A `Solution` with `steps / save_every` states, one more with the initial one.

    Raises:
        ValueError: for wrong shapes or counts.
        DivergenceError: see `throw`; it names the time and keeps what was computed before.

    Example:
        >>> import jax.numpy as jnp
        >>> import sciml
        >>> grid = sciml.Grid((128,), extent=(20.0,))
        >>> x = jnp.asarray(grid.coordinates()[0], jnp.float32)
        >>> u0 = 2 / jnp.cosh(x - 10)[None] ** 2
        >>> solution = sciml.solvers.rollout(sciml.physics.KortewegDeVries(), grid, u0, dt=1e-3, steps=100, save_every=50)
        >>> solution.values.shape
        (3, 1, 128)
    """
    u0 = checked_state(equation, grid, u0)
    precision = precision_of(u0)
    stepper = Stepper.build(equation, grid, dt=dt, method=method, dealiasing=dealiasing, precision=precision, mesh=mesh)
    return rollout_with(
        stepper,
        u0,
        steps=steps,
        save_every=save_every,
        t0=t0,
        include_initial=include_initial,
        gradient=gradient,
        throw=throw,
    )


def rollout_with(
    stepper: Stepper,
    u0: Inexact[Array, "components *grid"] | np.ndarray,
    *,
    steps: int,
    save_every: int = 1,
    t0: Parameter = 0.0,
    include_initial: bool = True,
    gradient: RolloutGradient = "store",
    throw: bool = True,
) -> Solution:
    """`rollout` with a prepared step, for many solves with one set-up; arguments as there.

    Raises:
        TypeError: also for a state of another precision than the stepper's.
    """
    _check_counts(steps, save_every, gradient)
    grid = stepper.basis.grid
    u0 = checked_state(stepper.equation, grid, u0)
    if u0.dtype != stepper.basis.dtype:
        raise TypeError(
            f"rollout_with: `u0` has dtype {u0.dtype}, the stepper was built for {stepper.basis.dtype}; cast `u0`, or build the "
            f"stepper with `precision={precision_of(u0)!r}`."
        )
    if isinstance(stepper.basis, FourierBasis):
        u0 = stepper.basis.split_over_devices(u0, kind="points")
    start = jnp.asarray(t0, stepper.basis.precision)
    frames, times, bad_step = _run(stepper, u0, start, steps, save_every, include_initial, gradient)
    statistics = {"steps": steps, "stages": steps * stepper.method.stages, "diverged_at_step": bad_step}
    result = jnp.where(bad_step >= 0, Result.DIVERGED.value, Result.SUCCESSFUL.value)
    solution = Solution(frames, times, result, statistics, grid)
    if throw and not is_traced(solution) and not solution.successful:
        raise _divergence(stepper, solution, float(start))
    return solution


@compiled
def _run(
    stepper: Stepper,
    u0: Array,
    t0: Array,
    steps: int,
    save_every: int,
    include_initial: bool,
    gradient: RolloutGradient,
) -> tuple[Array, Array, Array]:
    """Saved frames, their times, and the first step after which the state was not finite (-1: none)."""
    basis = stepper.basis
    frames = steps // save_every
    coefficients = encode(basis, u0, t0)

    def advance(carry: tuple[Any, Array], index: Array) -> tuple[tuple[Any, Array], None]:
        state, bad = carry
        state = stepper.advance(state, t0 + index.astype(t0.dtype) * stepper.dt)
        # The mean meets every other mode at the next nonlinear evaluation, so it tells for all at no cost.
        mean = stepper.coefficients(state)[(..., *([0] * basis.dimension))]
        lost = ~jnp.all(jnp.isfinite(mean.real) & jnp.isfinite(mean.imag))
        return (state, jnp.where((bad < 0) & lost, index + 1, bad)), None

    def frame(carry: tuple[Any, Array], index: Array) -> tuple[tuple[Any, Array], Array]:
        state, bad = _repeat(advance, carry, index * save_every, save_every, gradient)
        values = decode(
            basis, stepper.coefficients(state), t0 + ((index + 1) * save_every).astype(t0.dtype) * stepper.dt
        )
        lost = ~jnp.all(jnp.isfinite(values))
        return (state, jnp.where((bad < 0) & lost, (index + 1) * save_every, bad)), values

    (_, bad), values = lax.scan(frame, (stepper.start(coefficients), jnp.asarray(-1)), jnp.arange(frames))
    counts = jnp.arange(1, frames + 1) * save_every
    if include_initial:
        values = jnp.concatenate([decode(basis, coefficients, t0)[None], values])
        counts = jnp.concatenate([jnp.zeros(1, counts.dtype), counts])
    return values, t0 + counts.astype(t0.dtype) * stepper.dt, bad


def _repeat(advance, carry, start: Array, count: int, gradient: RolloutGradient):
    """`count` calls of `advance` with a stated way to differentiate them."""
    if gradient == "forward":
        return lax.fori_loop(start, start + count, lambda i, c: advance(c, i)[0], carry)
    if gradient == "store" or count < 4:
        body = advance if gradient == "store" else jax.checkpoint(advance)
        return lax.scan(body, carry, start + jnp.arange(count))[0]
    inner = max(1, math.isqrt(count))
    outer, rest = divmod(count, inner)

    @jax.checkpoint
    def block(carry, first):
        return lax.scan(jax.checkpoint(advance), carry, first + jnp.arange(inner))[0], None

    carry, _ = lax.scan(block, carry, start + inner * jnp.arange(outer))
    return _repeat(advance, carry, start + inner * outer, rest, "checkpoint") if rest else carry


def _check_counts(steps: int, save_every: int, gradient: str) -> None:
    if steps < 1 or save_every < 1 or steps % save_every:
        raise ValueError(
            f"rollout: `steps` must be a positive multiple of `save_every`, got steps={steps}, save_every={save_every}."
        )
    if gradient not in ("store", "checkpoint", "forward"):
        raise ValueError(f"rollout: `gradient` must be 'store', 'checkpoint' or 'forward', got {gradient!r}.")


def _divergence(stepper: Stepper, solution: Solution, start: float) -> DivergenceError:
    """The error for a solution whose values are on the host."""
    step, dt = int(solution.statistics["diverged_at_step"]), float(stepper.dt)
    kept = solution.before_failure()
    time = start + step * dt
    message = (
        f"{type(stepper.equation).__name__}: the state is not finite after step {step} (time {time:.6g}, dt {dt:.3g}, "
        f"{type(stepper.method).__name__}). Try dt={dt / 2:.3g} or smaller, a finer grid than {solution.grid.shape}, or more "
        f"dissipation. The {len(kept.times)} saved state(s) before are in the exception's `solution`; "
        "`throw=False` returns instead of raising."
    )
    return DivergenceError(message, solution=kept, step=step, time=time)
