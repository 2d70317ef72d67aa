"""Maximum likelihood and maximum a posteriori: one optimiser for whatever has parameters."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jax.core import Tracer
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.parameters.fit import Fit, FitResult
from sciml.parameters.lbfgs import SearchState, minimise_lbfgs
from sciml.parameters.rules import Rule
from sciml.parameters.space import ParameterSpace

Model = TypeVar("Model")


def maximise(
    objective: Callable[..., Float[Array, ""]],
    model: Model | ParameterSpace[Model],
    *,
    args: tuple[Any, ...] = (),
    rules: Mapping[str, Rule] | None = None,
    priors: bool = True,
    restarts: int = 1,
    spread: float = 1.0,
    steps: int = 500,
    tolerance: float | None = None,
    memory: int = 10,
    parallel: bool | None = None,
    throw: bool = True,
    key: PRNGKeyArray | None = None,
) -> Fit[Model]:
    """Find the parameters of a model that maximise an objective.

    L-BFGS in the free numbers of a `ParameterSpace`, with a line search that takes a value or gradient which is not finite for
    a step too long; such a point is never returned. A bound is an `Interval` or `Positive(lower)`, mapped to all numbers: an
    optimum on the bound is approached without being reached, and the fit ends where nothing more is to gain.

    The program is compiled once for an objective (the same function object), a structure of the model and the shapes of
    `args`. Give data that change through `args`, not through a new lambda.

    Args:
        objective: `(model, *args) -> number`, such as a log-likelihood or minus a misfit.
        model: the model with its present parameters, or a space that was made already.
        args: what else the objective takes; not fitted.
        rules: constraints, priors and what stays fixed, by name; see `ParameterSpace`.
        priors: add the log-density of the priors of the rules (of the values, without a Jacobian), so that the result is the
            maximum a posteriori.
        restarts: count of starts; the first one is the model as it is, others are `space.sample`.
        spread: how far those lie where there is no prior.
        steps: largest number of evaluations of the objective for each start.
        tolerance: converged where the increase that a Newton step still promises is below this times the absolute value of the
            objective; by default 1e-12, in float32 its rounding unit.
        memory: steps that L-BFGS remembers.
        parallel: all starts at once (`vmap`; the slowest decides) or one after the other (each stops by itself). By default the
            latter on a CPU, where it is faster and where LAPACK calls in one batch can block each other.
        throw: raise if all starts fail; otherwise look at `fit.result`.
        key: random key, needed for more than one start.

    Returns:
        The best model with the values and outcomes of all starts.

    Raises:
        ValueError: nothing is free, or a key is missing.
        RuntimeError: every start failed.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.parameters import Positive, maximise
        >>> fit = maximise(lambda m: -jnp.log(m["x"] / 3.0) ** 2, {"x": jnp.array(1.0)}, rules={"x": Positive()})
        >>> fit.result.name, round(float(fit.model["x"]), 3)
        ('CONVERGED', 3.0)
    """
    space = make_space(model, rules)
    if restarts > 1 and key is None:
        raise ValueError(f"maximise: {restarts} restarts draw random starts; give `key=jax.random.key(0)`.")
    if restarts < 1 or steps < 1:
        raise ValueError(f"maximise: `restarts` and `steps` must be at least 1, got {restarts} and {steps}.")
    starts = make_starts(space, restarts, spread, key)
    tolerance = max(1e-12, float(jnp.finfo(starts.dtype).eps)) if tolerance is None else tolerance
    together = jax.default_backend() != "cpu" if parallel is None else parallel
    limits = (jnp.asarray(steps), jnp.asarray(tolerance, starts.dtype))
    fit = _fit(objective, space, args, starts, limits, priors, memory, together)
    if throw:
        return _raise_if_all_failed(fit)
    return fit


@eqx.filter_jit
def _fit(
    objective: Callable[..., Array],
    space: ParameterSpace[Model],
    args: tuple[Any, ...],
    starts: Float[Array, "restarts size"],
    limits: tuple[Array, Array],
    priors: bool,
    memory: int,
    together: bool,
) -> Fit[Model]:
    def loss(free: Array) -> Array:
        value = objective(space.model(free), *args)
        if jnp.shape(value) != ():
            raise ValueError(f"maximise: the objective must return one number, got shape {jnp.shape(value)}.")
        prior = space.log_prior(free, jacobian=False) if priors else jnp.zeros((), free.dtype)
        return -(value.astype(free.dtype) + prior)

    def climb(start: Array) -> SearchState:
        return minimise_lbfgs(loss, start, steps=limits[0], tolerance=limits[1], memory=memory)

    ends = jax.vmap(climb)(starts) if together else lax.map(climb, starts)
    values = -ends.value
    best = jnp.argmax(values)
    return Fit(space.model(ends.point[best]), values[best], values, ends.result, ends.evaluations, ends.point, best)


def _raise_if_all_failed(fit: Fit) -> Fit:
    failed = jnp.all(fit.results == int(FitResult.NOT_FINITE))
    message = f"maximise: every start failed. {FitResult.NOT_FINITE.sentence}"
    if isinstance(failed, Tracer):
        return eqx.error_if(fit, failed, message)
    if failed:
        raise RuntimeError(message)
    return fit


def make_space(model: Any, rules: Mapping[str, Rule] | None) -> ParameterSpace:
    """The space of a model, or the one given; something must be free in it."""
    if isinstance(model, ParameterSpace):
        if rules is not None:
            raise ValueError("`rules` belong to the making of a ParameterSpace; this one has been made already.")
        space = model
    else:
        space = ParameterSpace(model, rules)
    if not space.parameters:
        raise ValueError(
            "nothing is free: no floating array of the model is a parameter. Python floats are free only where `rules` name them, "
            "for instance rules={'viscosity': Positive()}."
        )
    return space


def make_starts(space: ParameterSpace, restarts: int, spread: float, key: PRNGKeyArray | None) -> Array:
    """Free vectors to start from: the present values, then random ones."""
    present = space.free(space.template)[None]
    if restarts == 1 or key is None:
        return present
    drawn = [space.sample(spread=spread, key=each) for each in jax.random.split(key, restarts - 1)]
    return jnp.concatenate([present, jnp.stack(drawn)])
