"""Latent stochastic differential equations with fractional noise, learned by a variational bound."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.nde.initial_state import FixedStart, GaussianStart
from sciml.solvers.fractional import FractionalPath, MarkovFBM, solve_fractional
from sciml.solvers.fractional.augmented_terms import Calculus, ControlField, Field


class EvidenceBound(NamedTuple):
    """Terms of the evidence lower bound, means over the samples.

    Attributes:
        log_likelihood: of the data given the path.
        initial_divergence: Kullback-Leibler divergence of the first value's posterior from its prior.
        path_divergence: `1/2 E int |u|**2 dt`.
    """

    log_likelihood: Float[Array, ""]
    initial_divergence: Float[Array, ""]
    path_divergence: Float[Array, ""]

    @property
    def value(self) -> Float[Array, ""]:
        """The bound: at most the log evidence of the data."""
        return self.log_likelihood - self.initial_divergence - self.path_divergence


def held(noise: MarkovFBM) -> MarkovFBM:
    """The same noise, which no derivative reaches."""
    arrays, rest = eqx.partition(noise, eqx.is_inexact_array)
    return eqx.combine(jax.lax.stop_gradient(arrays), rest)


class FractionalSDE(eqx.Module):
    """Prior `dX = b dt + s dB` with Markovian fractional noise B; the posterior adds a control u, `dW -> u dt + dW`, to the same noise.

    Because the noise is a Markov process, the divergence of the posterior from the prior is `1/2 E int |u|**2 dt`, and the Hurst index
    is a parameter like any other. Fields, control and drift are any callables; those that are `eqx.Module`s are trained.

    Attributes:
        drift: `b(t, x, context)`, shape `(d,)`.
        diffusion: `s(t, x, context)`, shape `(d,)` (one channel of noise per component) or `(d, channels)`.
        noise: the noise; its Hurst index is learned if `learn_hurst`.
        control: `u(t, x, bank, context)`, e.g. a `ControlNetwork`.
        start: `GaussianStart` or `FixedStart`.
        calculus: "stratonovich" or "ito".
        learn_hurst: whether derivatives reach the noise.

    Example:
        >>> from sciml.models import ControlNetwork
        >>> keys, noise = jax.random.split(jax.random.key(0)), MarkovFBM(0.3)
        >>> model = FractionalSDE(
        ...     lambda t, x, context: -x, lambda t, x, context: jnp.ones_like(x), noise,
        ...     ControlNetwork(1, noise, width=16, depth=1, key=keys[0]), FixedStart(jnp.zeros(1)))
        >>> log_density = lambda path: -0.5 * (path.x[-1, 0] / 0.1) ** 2
        >>> bound = model.bound(log_density, t0=0.0, t1=1.0, steps=20, samples=8, key=keys[1])
        >>> float(bound.path_divergence)
        0.0

    Source:
        Daems et al., "Variational Inference for SDEs Driven by Fractional Noise", ICLR 2024 (arXiv 2310.12975).
    """

    drift: Field
    diffusion: Field
    noise: MarkovFBM
    control: ControlField | None
    start: GaussianStart | FixedStart
    calculus: Calculus = eqx.field(static=True, default="stratonovich")
    learn_hurst: bool = eqx.field(static=True, default=True)

    def __call__(self, context: Any = None, *, t0: float, t1: float, steps: int, key: PRNGKeyArray) -> FractionalPath:
        """Draw one path of the posterior.

        Args:
            context: handed to drift, diffusion and control.
            t0: first time.
            t1: last time.
            steps: number of steps.
            key: random key.

        Returns:
            The path; `divergence` is its share of the divergence, first value left out.
        """
        return self._solve(self.control, self.start.posterior, context, t0, t1, steps, key)

    def sample_prior(
        self, context: Any = None, *, t0: float, t1: float, steps: int, key: PRNGKeyArray
    ) -> FractionalPath:
        """Draw one path of the prior; arguments as in a call."""
        return self._solve(None, lambda context, *, key: self.start.prior(key=key), context, t0, t1, steps, key)

    def bound(
        self,
        log_likelihood: Callable[[FractionalPath], Float[Array, ""]],
        context: Any = None,
        *,
        t0: float,
        t1: float,
        steps: int,
        samples: int,
        key: PRNGKeyArray,
    ) -> EvidenceBound:
        """Estimate the evidence lower bound; its negative is the loss.

        Args:
            log_likelihood: log density of the data given a path.
            context: handed to drift, diffusion and control.
            t0: first time.
            t1: last time.
            steps: number of steps.
            samples: number of posterior paths.
            key: random key.
        """

        def one(path_key: PRNGKeyArray) -> tuple[Array, Array]:
            path = self(context, t0=t0, t1=t1, steps=steps, key=path_key)
            return log_likelihood(path), path.divergence

        fit, divergence = jax.vmap(one)(jax.random.split(key, samples))
        return EvidenceBound(jnp.mean(fit), self.start.divergence(context), jnp.mean(divergence))

    def _solve(
        self, control: Any, first: Any, context: Any, t0: float, t1: float, steps: int, key: PRNGKeyArray
    ) -> FractionalPath:
        start_key, path_key = jax.random.split(key)
        noise = self.noise if self.learn_hurst else held(self.noise)
        return solve_fractional(
            self.drift,
            self.diffusion,
            noise,
            first(context, key=start_key),
            t0=t0,
            t1=t1,
            steps=steps,
            control=control,
            args=context,
            calculus=self.calculus,
            key=path_key,
        )
