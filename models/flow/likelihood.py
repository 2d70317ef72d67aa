"""How likely a flow finds given data."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.nde.continuous_flow import FieldWithDensity
from sciml.solvers.fixed_times import solve_on_times
from sciml.solvers.taylor.solution_derivatives import VectorField


def standard_normal(noise: Float[Array, "*shape"]) -> Float[Array, ""]:
    """Logarithm of the standard normal density."""
    return -jnp.sum(noise**2) / 2 - noise.size * math.log(2 * math.pi) / 2


def log_likelihood(
    velocity: VectorField,
    x: Float[Array, "*shape"],
    times: Float[Array, " times"],
    *,
    solver: Any = None,
    args: Any = None,
    noise_log_density: Callable[[Array], Array] = standard_normal,
    key: PRNGKeyArray | None = None,
) -> Float[Array, ""]:
    """Logarithm of the density that the flow gives to one sample, along fixed steps from data back to noise.

    For a velocity trained by flow matching or the probability flow of a diffusion; to train by likelihood take `ContinuousFlow`, whose
    solver is adaptive. The figure is that of the discretised flow: refine the times until it stands.

    Args:
        velocity: `v(t, x, args)` of one sample.
        x: the sample; batches go through `jax.vmap`.
        times: from noise to data, as for sampling; gone through backwards.
        solver: explicit, `diffrax.Heun()` by default.
        args: for the velocity.
        noise_log_density: of the law at the first time.
        key: estimate divergences along one random direction (Hutchinson), the same at all times; without a key they are exact, at as
            many pull-backs per evaluation as x has components.

    Raises:
        ValueError: fewer than two times.

    Source: Chen et al. 2018 (arXiv 1806.07366); Grathwohl et al. 2019 (1810.01367); Song et al. 2021 (2011.13456), section 4.3.

    Example:
        >>> def shrink(t, x, args):  # noise of variance 1 becomes data of variance exp(-2)
        ...     return -x
        >>> value = log_likelihood(shrink, jnp.zeros(1), jnp.linspace(0.0, 1.0, 101))
        >>> bool(abs(value - (1 - 0.5 * math.log(2 * math.pi))) < 1e-5)
        True
    """

    def flat(t: Any, y: Array, args: Any) -> Array:
        return velocity(t, y.reshape(x.shape), args).reshape(-1)

    direction = None if key is None else jax.random.rademacher(key, (x.size,), x.dtype)
    start = (x.reshape(-1), jnp.zeros((), x.dtype))
    noise, lost = solve_on_times(FieldWithDensity(flat, direction), solver, times[::-1], start, args)
    # Solved backwards, the second component holds what the density loses on the way from the data.
    return noise_log_density(noise.reshape(x.shape)) - lost
