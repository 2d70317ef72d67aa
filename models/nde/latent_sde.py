"""Latent stochastic differential equations, learned by a variational bound."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.nde.encoder import EncodedStart
from sciml.models.nde.fractional_sde import EvidenceBound
from sciml.models.nde.initial_state import FixedStart, GaussianStart
from sciml.models.nde.neural_sde import Field
from sciml.solvers.stochastic import (
    EulerMaruyama,
    StochasticPath,
    brownian_increments,
    solve_sde,
    with_divergence,
)
from sciml.solvers.stochastic.solve import FixedStepMethod


class LatentPath(NamedTuple):
    """A path of the posterior.

    Attributes:
        times: shape `(saved + 1,)`.
        values: `(saved + 1, d)`.
        divergence: its share of the divergence from the prior so far, `(saved + 1,)`.
    """

    times: Float[Array, " times"]
    values: Float[Array, "times d"]
    divergence: Float[Array, " times"]


class LatentSDE(eqx.Module):
    """Prior `dz = h dt + g dW`, posterior `dz = f dt + g dW` with the same g, whose divergence is `1/2 E int |(f - h) / g|**2 dt`.

    With `EulerMaruyama` the divergence is exact for the discrete processes, hence the bound is one at any step length.

    Attributes:
        prior: `h(t, z, None)`, shape `(d,)`.
        posterior: `f(t, z, context)`, shape `(d,)`.
        diffusion: `g(t, z, None)`: `(d,)`, nowhere zero (`PositiveField`), or `(d, channels)` of rank d.
        start: `GaussianStart`, `FixedStart` or `EncodedStart`.
        method: of the steps.

    Example:
        >>> model = LatentSDE(
        ...     prior=lambda t, z, args: -z, posterior=lambda t, z, context: -z + context,
        ...     diffusion=lambda t, z, args: jnp.ones_like(z), start=FixedStart(jnp.zeros(1)))
        >>> log_density = lambda path: -0.5 * (path.values[-1, 0] / 0.1) ** 2
        >>> bound = model.bound(log_density, 2.0, t0=0.0, t1=1.0, steps=10, samples=8, key=jax.random.key(0))
        >>> round(float(bound.path_divergence), 4)
        2.0

    Source:
        Li et al., "Scalable gradients for stochastic differential equations", AISTATS 2020 (arXiv 2001.01328).
    """

    prior: Field
    posterior: Field
    diffusion: Field
    start: GaussianStart | FixedStart | EncodedStart
    method: FixedStepMethod = EulerMaruyama()

    def __call__(
        self, context: Any = None, *, t0: float, t1: float, steps: int, save_every: int = 1, key: PRNGKeyArray
    ) -> LatentPath:
        """Draw one path of the posterior.

        Args:
            context: handed to the posterior drift and to the start.
            t0: first time.
            t1: last time.
            steps: number of steps.
            save_every: steps between saved values.
            key: random key.
        """
        start_key, path_key = jax.random.split(key)
        z0 = self.start.posterior(context, key=start_key)
        drift, diffusion = with_divergence(
            self.posterior,
            lambda t, z, args: self.prior(t, z, None),
            lambda t, z, args: self.diffusion(t, z, None),
        )
        path = solve_sde(
            drift, diffusion, jnp.concatenate([z0, jnp.zeros_like(z0[:1])]), t0=t0, t1=t1, steps=steps,
            method=self.method, args=context, increments=self._increments(z0, t0, t1, steps, path_key),
            save_every=save_every,
        )  # fmt: skip
        return LatentPath(path.times, path.values[:, :-1], path.values[:, -1])

    def sample_prior(
        self, *, t0: float, t1: float, steps: int, save_every: int = 1, key: PRNGKeyArray
    ) -> StochasticPath:
        """Draw one path of the prior; arguments as in a call."""
        start_key, path_key = jax.random.split(key)
        return solve_sde(
            self.prior, self.diffusion, self.start.prior(key=start_key), t0=t0, t1=t1, steps=steps, method=self.method,
            save_every=save_every, key=path_key,
        )  # fmt: skip

    def bound(
        self,
        log_likelihood: Callable[[LatentPath], Float[Array, ""]],
        context: Any = None,
        *,
        t0: float,
        t1: float,
        steps: int,
        save_every: int = 1,
        samples: int,
        key: PRNGKeyArray,
    ) -> EvidenceBound:
        """Estimate the evidence lower bound; its negative is the loss.

        Args:
            log_likelihood: log density of the data given a path.
            context: as in a call.
            t0: first time.
            t1: last time.
            steps: number of steps.
            save_every: steps between the values that `log_likelihood` sees.
            samples: number of posterior paths.
            key: random key.
        """

        def one(path_key: PRNGKeyArray) -> tuple[Array, Array]:
            path = self(context, t0=t0, t1=t1, steps=steps, save_every=save_every, key=path_key)
            return log_likelihood(path), path.divergence[-1]

        fit, divergence = jax.vmap(one)(jax.random.split(key, samples))
        return EvidenceBound(jnp.mean(fit), self.start.divergence(context), jnp.mean(divergence))

    def _increments(
        self, z0: Array, t0: float, t1: float, steps: int, key: PRNGKeyArray
    ) -> Float[Array, "steps channels"]:
        """The noise that the prior would draw, and none for the divergence."""
        shape = eqx.filter_eval_shape(self.diffusion, jax.ShapeDtypeStruct((), z0.dtype), z0, None).shape
        drawn = brownian_increments(steps, (t1 - t0) / steps, shape[-1:], dtype=z0.dtype, key=key)
        return drawn if len(shape) == 2 else jnp.pad(drawn, ((0, 0), (0, 1)))
