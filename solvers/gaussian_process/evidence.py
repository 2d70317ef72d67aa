"""Marginal likelihood of equations and conditions."""

from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from sciml.fields.derivatives import MultiIndex
from sciml.gp.dense import Dense
from sciml.gp.design import block_means, covariance, prior_mean
from sciml.gp.functional import Functionals
from sciml.kernels.kernel import Kernel

# A trial of a fit that cannot be factorised is stepped back from; what the noise must be is known before.
SOLVER = Dense(jitter=0.0, throw=False)


@eqx.filter_jit
def log_evidence(
    kernel: Kernel, observed: Functionals, values: Float[Array, " n"], noise: Float[Array, " n"]
) -> Float[Array, ""]:
    """Logarithm of the marginal likelihood of residuals and conditions; not a number where the matrix cannot be factorised."""
    return SOLVER.factorise(kernel, observed, noise).log_prob(values - prior_mean(0.0, observed))


@eqx.filter_jit
def solution_noise(
    observed: Functionals, state: Mapping[MultiIndex, Float[Array, " m"]], jitter: float
) -> Float[Array, " n"]:
    """Variance of the error that is allowed to each kind of observation, relative to the terms of which it is the sum.

    Args:
        observed: residuals and conditions.
        state: derivatives of the solution at some points.
        jitter: relative variance.
    """
    blocks = []
    for part, (coefficients, _) in zip(observed.parts, observed.linearised()):
        terms = [jnp.mean(c * c) * jnp.mean(state[alpha] ** 2) for alpha, c in coefficients.items()]
        blocks.append(jnp.full(part.size, jitter * sum(terms[1:], terms[0])))
    return jnp.concatenate(blocks)


@eqx.filter_jit
def prior_noise(kernel: Kernel, observed: Functionals) -> Float[Array, " n"]:
    """Mean prior variance of each kind of observation."""
    return block_means(observed, jnp.diag(covariance(kernel, observed)))


@eqx.filter_jit
def enough_noise(
    kernel: Kernel, observed: Functionals, values: Float[Array, " n"], noise: Float[Array, " n"]
) -> Float[Array, " n"]:
    """The noise, and of the prior's variances the least power of ten above rounding with which the matrix can be factorised."""
    matrix = covariance(kernel, observed)
    prior = block_means(observed, jnp.diag(matrix))

    def fails(floor: Array) -> Array:
        root = jnp.linalg.cholesky(matrix + jnp.diag(noise + floor * prior), symmetrize_input=False)
        return jnp.isnan(root[-1, -1]) & (floor < 1e-4)

    rounding = jnp.asarray(float(jnp.finfo(values.dtype).eps), values.dtype)
    floor = lax.while_loop(fails, lambda level: jnp.maximum(10 * level, 100 * rounding), jnp.zeros((), values.dtype))
    return noise + floor * prior
