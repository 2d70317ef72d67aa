"""From noise to data by multiplication."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.models.diffusion.geometric_brownian import GeometricBrownian
from sciml.models.diffusion.reverse_time import Score, check_falling


def sample_dale_langevin(
    process: GeometricBrownian,
    score: Score,
    noise: Float[Array, "*shape"],
    times: Float[Array, " times"],
    *,
    key: PRNGKeyArray,
) -> Float[Array, "*shape"]:
    """Samples of the reverse-time equation, `x -> x exp(delta (3/2 sigma^2 - mu + sigma^2 h) + sigma sqrt(delta) xi)`, `h = x score`.

    Euler-Maruyama steps of the logarithm (Lamperti's transform), the last without noise: values keep their sign whatever the step, as
    synapses do by Dale's law, in the form of exponentiated gradient descent. `sample_reverse` takes the same equation without the
    transform and can leave the positive numbers; both are of weak order 1.

    Args:
        process: the forward process.
        score: `score(t, x)`, called on the whole batch.
        noise: positive samples of the law at the horizon, log-normal: `exp` of the mean of `log` data and normal samples of variance
            `volatility^2 horizon` more than theirs.
        times: decreasing, from the horizon to where the data are taken for clean; geometric, for instance.
        key: random key.

    Raises:
        ValueError: noise that is not positive, fewer than two times, or times that do not fall.

    Example:
        >>> process = GeometricBrownian(horizon=9.0)  # data that are log-normal of variance 1/4: log X_t has the variance 1/4 + t
        >>> score = lambda t, x: -(1 + jnp.log(x) / (0.25 + t)) / x
        >>> noise = jnp.exp(jnp.sqrt(9.25) * jax.random.normal(jax.random.key(0), (4000,)))
        >>> data = sample_dale_langevin(process, score, noise, jnp.geomspace(9.0, 1e-3, 101), key=jax.random.key(1))
        >>> bool(data.min() > 0), bool(abs(jnp.log(data).std() - 0.5) < 0.05)
        (True, True)

    Source: Shetty, Prasath & Seelamantula 2025 (arXiv 2510.02730); the constants follow from Ito's formula.
    """
    check_falling("sample_dale_langevin", times)
    if not isinstance(noise, Tracer) and not np.all(np.asarray(noise) > 0):
        raise ValueError(
            f"sample_dale_langevin: `noise` must be positive, its least value is {np.min(np.asarray(noise)):g}: take `exp` of normal "
            "samples."
        )
    sigma, last = process.volatility, times.shape[0] - 2

    def step(logarithm: Array, given: tuple[Array, Array, Array]) -> tuple[Array, None]:
        number, t, length = given
        x = jnp.exp(logarithm)
        drift = 1.5 * sigma**2 - process.growth + sigma**2 * x * score(t, x)
        draw = jax.random.normal(jax.random.fold_in(key, number), x.shape, x.dtype)
        spread = jnp.where(number < last, sigma * jnp.sqrt(length), 0).astype(x.dtype)
        return logarithm + length.astype(x.dtype) * drift + spread * draw, None

    given = (jnp.arange(last + 1), times[:-1], times[:-1] - times[1:])
    return jnp.exp(jax.lax.scan(step, jnp.log(noise), given)[0])
