"""The Kullback-Leibler divergence of two stochastic equations with one diffusion, along a path."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.solvers.fractional.augmented_terms import Field
from sciml.solvers.stochastic.solve import StochasticPath


def divergence_rate(posterior: Field, prior: Field, diffusion: Field) -> Callable[[Any, Array, Any], Array]:
    """`1/2 |u|**2` with `g u = f - h`: its integral along posterior paths has the divergence as its mean.

    Of all u the one of least length is taken where there are more channels than components.

    Args:
        posterior: drift f.
        prior: drift h.
        diffusion: g, shape `(d,)` or `(d, channels)` with `channels >= d` and of full rank; the same in both equations.

    Returns:
        `rate(t, y, args)`, a scalar.

    Raises:
        ValueError: at the first call, for fewer channels than components: then the divergence is infinite unless f - h happens to lie
            in the range of g. Write f = h + g u instead and integrate `1/2 |u|**2`.

    Example:
        >>> rate = divergence_rate(lambda t, y, args: -y + 1, lambda t, y, args: -y, lambda t, y, args: jnp.full_like(y, 0.5))
        >>> float(rate(0.0, jnp.ones(1), None))
        2.0
    """

    def rate(t: Any, y: Float[Array, " d"], args: Any) -> Float[Array, ""]:
        gap, value = posterior(t, y, args) - prior(t, y, args), diffusion(t, y, args)
        if value.ndim == 1:
            return 0.5 * jnp.sum((gap / value) ** 2)
        if value.shape[1] < value.shape[0]:
            raise ValueError(
                f"divergence_rate: `diffusion` has shape {value.shape}, fewer channels than components: the divergence is infinite "
                "unless the drifts differ within its range. Write the posterior drift as prior + diffusion @ u and integrate "
                "|u|**2 / 2."
            )
        return 0.5 * gap @ jnp.linalg.solve(value @ value.T, gap)

    return rate


def with_divergence(posterior: Field, prior: Field, diffusion: Field) -> tuple[Field, Field]:
    """Drift and diffusion of the posterior for the state `(y, divergence so far)`, shape `(d + 1,)`.

    Args:
        posterior: drift f.
        prior: drift h.
        diffusion: g.

    Returns:
        Drift and diffusion for `solve_sde` or diffrax; start with a last component of zero.

    Example:
        >>> from sciml.solvers import solve_sde
        >>> drift, diffusion = with_divergence(
        ...     lambda t, y, args: -y + 1, lambda t, y, args: -y, lambda t, y, args: jnp.full_like(y, 0.5))
        >>> path = solve_sde(drift, diffusion, jnp.zeros(2), t0=0.0, t1=3.0, steps=30, key=jax.random.key(0))
        >>> round(float(path.values[-1, -1]), 4)
        6.0
    """
    rate = divergence_rate(posterior, prior, diffusion)

    def drift(t: Any, state: Float[Array, " d1"], args: Any) -> Float[Array, " d1"]:
        y = state[:-1]
        return jnp.append(posterior(t, y, args), rate(t, y, args))

    def noise(t: Any, state: Float[Array, " d1"], args: Any) -> Array:
        value = diffusion(t, state[:-1], args)
        return jnp.concatenate([value, jnp.zeros_like(value[:1])])

    return drift, noise


def path_divergence(
    posterior: Field, prior: Field, diffusion: Field, path: StochasticPath, args: Any = None
) -> Float[Array, ""]:
    """The integral of `divergence_rate` along a path by its values at the start of each step.

    For a path of `EulerMaruyama` with every step saved the mean of this is the exact divergence of the two discrete processes, so
    that an evidence bound with it is one at any step length.

    Args:
        posterior: drift f, from which the path was drawn.
        prior: drift h.
        diffusion: g.
        path: the path.
        args: handed to the fields.

    Example:
        >>> from sciml.solvers import solve_sde
        >>> f, h, g = lambda t, y, args: -y + 1, lambda t, y, args: -y, lambda t, y, args: jnp.full_like(y, 0.5)
        >>> path = solve_sde(f, g, jnp.zeros(1), t0=0.0, t1=3.0, steps=30, key=jax.random.key(0))
        >>> round(float(path_divergence(f, h, g, path)), 4)
        6.0
    """
    rate = divergence_rate(posterior, prior, diffusion)
    rates = jax.vmap(lambda t, y: rate(t, y, args))(path.times[:-1], path.values[:-1])
    return jnp.sum(rates * jnp.diff(path.times))
