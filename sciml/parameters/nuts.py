"""Posterior sampling by the No-U-Turn sampler of blackjax; all that touches blackjax is in this file."""

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.parameters.maximise_objective import make_space
from sciml.parameters.posterior import Posterior
from sciml.parameters.rules import Rule
from sciml.parameters.space import ParameterSpace

Model = TypeVar("Model")


def sample_posterior(
    log_density: Callable[..., Float[Array, ""]],
    model: Model | ParameterSpace[Model],
    *,
    args: tuple[Any, ...] = (),
    rules: Mapping[str, Rule] | None = None,
    samples: int = 1000,
    warmup: int = 500,
    chains: int = 4,
    jitter: float = 0.1,
    dense_mass: bool = False,
    acceptance: float = 0.8,
    parallel: bool | None = None,
    key: PRNGKeyArray,
) -> Posterior[Model]:
    """Sample the posterior of a model's parameters by NUTS with window adaptation (needs the extra `mcmc`).

    The density is `log_density` plus the log-prior of the space, with its Jacobian: a parameter without a prior has a flat prior
    of its value (within its constraint), which may be improper. Start at a good place: fit first with `maximise`.

    Args:
        log_density: `(model, *args) -> number`, the log-likelihood.
        model: the model at the start, or a space.
        args: what else the log-density takes.
        rules: constraints, priors and what stays fixed; see `ParameterSpace`.
        samples: kept samples of each chain.
        warmup: steps before, in which step size and mass matrix are adapted.
        chains: independent chains.
        jitter: how far chains start from the present values, as `spread` of `ParameterSpace.around`.
        dense_mass: adapt a full mass matrix, for strongly correlated parameters.
        acceptance: acceptance probability to aim at; raise it if there are divergences.
        parallel: all chains at once by `vmap`, or one after the other; by default the latter on a CPU.
        key: random key.

    Returns:
        Samples of all chains with acceptance, divergences, R-hat and effective sample sizes.

    Raises:
        ImportError: blackjax is not installed.
        ValueError: nothing is free.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from sciml.parameters import Normal, sample_posterior
        >>> posterior = sample_posterior(
        ...     lambda m: -(m["x"] - 2.0) ** 2 / 2, {"x": jnp.array(0.5)}, rules={"x": Normal(0.0, 1.0)},
        ...     samples=200, warmup=100, chains=2, key=jax.random.key(0))
        >>> posterior.models["x"].shape, bool(abs(posterior.models["x"].mean() - 1.0) < 0.2)
        ((2, 200), True)
    """
    _import_blackjax()
    space = make_space(model, rules)
    if samples < 4 or warmup < 1 or chains < 1:
        raise ValueError(
            f"sample_posterior: need samples >= 4, warmup >= 1 and chains >= 1, got {samples}, {warmup} and {chains}."
        )
    start_key, chain_key = jax.random.split(key)
    starts = jnp.stack([space.around(spread=jitter, key=each) for each in jax.random.split(start_key, chains)])
    together = jax.default_backend() != "cpu" if parallel is None else parallel
    with _relaxed():
        return _sample(
            log_density, space, args, starts, chain_key, jnp.asarray(acceptance, starts.dtype),
            samples, warmup, dense_mass, together,
        )  # fmt: skip


@eqx.filter_jit
def _sample(
    log_density: Callable[..., Array],
    space: ParameterSpace[Model],
    args: tuple[Any, ...],
    starts: Array,
    key: PRNGKeyArray,
    acceptance: Array,
    samples: int,
    warmup: int,
    dense_mass: bool,
    together: bool,
) -> Posterior[Model]:
    blackjax = _import_blackjax()

    def target(free: Array) -> Array:
        value = log_density(space.model(free), *args).astype(free.dtype) + space.log_prior(free)
        return jnp.where(jnp.isnan(value), -jnp.inf, value)

    def chain(start_and_key: tuple[Array, PRNGKeyArray]) -> tuple[Array, ...]:
        start, chain_key = start_and_key
        warmup_key, run_key = jax.random.split(chain_key)
        adaptation = blackjax.window_adaptation(
            blackjax.nuts, target, is_mass_matrix_diagonal=not dense_mass, target_acceptance_rate=acceptance
        )
        (state, tuned), _ = adaptation.run(warmup_key, start, num_steps=warmup)
        kernel = blackjax.nuts(target, **tuned)

        def step(state: Any, step_key: PRNGKeyArray) -> tuple[Any, tuple[Array, ...]]:
            state, info = kernel.step(step_key, state)
            return state, (state.position, state.logdensity, info.acceptance_rate, info.is_divergent)

        _, (points, densities, rates, divergent) = lax.scan(step, state, jax.random.split(run_key, samples))
        return points, densities, rates.mean(), divergent.sum(), jnp.asarray(tuned["step_size"], start.dtype)

    each = (starts, jax.random.split(key, starts.shape[0]))
    points, *rest = jax.vmap(chain)(each) if together else lax.map(chain, each)
    densities, rates, divergences, step_size = rest
    r_hat = jnp.full(space.size, jnp.nan, points.dtype)
    if starts.shape[0] > 1:
        r_hat = blackjax.diagnostics.rhat(points).reshape(space.size).astype(points.dtype)
    effective = blackjax.diagnostics.effective_sample_size(points).reshape(space.size).astype(points.dtype)
    return Posterior(space, points, densities, rates, divergences, r_hat, effective, step_size)


@contextlib.contextmanager
def _relaxed() -> Iterator[None]:
    """blackjax mixes dtypes and ranks, which strict JAX settings refuse; it may warn, which strict Python settings raise."""
    with (
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", module="blackjax")
        yield


def _import_blackjax() -> Any:
    try:
        with _relaxed():
            import blackjax
    except ModuleNotFoundError as error:
        raise ImportError("sample_posterior needs blackjax: pip install 'sciml[mcmc]'.") from error
    return blackjax
