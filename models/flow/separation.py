"""How well data covered by noise can be told apart: all that a kinetic-optimal path needs to know of them."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray


def separation_angles(count: int) -> np.ndarray:
    """`atan(a / m)` from 0 to pi/2, dense at 0, where the metric vanishes for centred data, and at pi/2, where close points part."""
    return np.pi / 2 * np.sin(np.pi / 2 * np.linspace(0, 1, count)) ** 2


def separation_scales(count: int) -> np.ndarray:
    """The ratios `s = a / m` at which `KineticOptimal.of` wants the separation; the last is infinite."""
    return np.append(np.tan(separation_angles(count)[:-1]), np.inf)


def data_separation(
    data: Float[Array, "n d"], count: int = 200, *, samples: int = 4096, key: PRNGKeyArray
) -> Float[np.ndarray, " count"]:
    """`E |E[data | data + noise / s]|^2 / d` at `separation_scales(count)`: how well noisy data can be told apart, from 0 to 1.

    Args:
        data: all data, centred and with mean square 1 per dimension.
        count: number of scales.
        samples: noisy points of the Monte Carlo mean; its error is about `samples**-0.5`.
        key: random key.

    Raises:
        ValueError: data that are not normalised.

    Example:
        >>> import jax
        >>> found = data_separation(jax.numpy.asarray([[1.0], [-1.0]]), key=jax.random.key(0))
        >>> bool(found[0] < 1e-6 and found[-1] == 1.0)
        True
    """
    mean, square = float(jnp.abs(jnp.mean(data, axis=0)).max()), float(jnp.mean(data**2))
    if mean > 0.05 or abs(square - 1) > 0.05:
        raise ValueError(
            f"data_separation: data must have mean 0 and mean square 1, got {mean:.3g} and {square:.3g}; subtract the mean and divide."
        )
    data, variances = _along_principal_axes(data)
    pick, draw = jax.random.split(key)
    # Every point equally often, each noise with its opposite.
    order = jax.random.permutation(pick, len(data))
    chosen = jnp.repeat(data[order[jnp.arange((samples + 1) // 2) % len(data)]], 2, axis=0)
    half = jax.random.normal(draw, (len(chosen) // 2, data.shape[1]), data.dtype)
    noise = jnp.stack([half, -half], axis=1).reshape(chosen.shape)
    half_squares = jnp.sum(data**2, axis=1) / 2

    def at(s: Array) -> Array:
        # Weights of the data given s x: products only, so that no pairwise distance loses digits at large s.
        points = s * chosen + noise
        logits = s * jnp.matmul(points, data.T, precision="highest") - s**2 * half_squares[None]
        means = jnp.matmul(jax.nn.softmax(logits, axis=1), data, precision="highest")
        # At small s all laws are like the normal one of their covariance, whose means are linear. The path depends on what is left over
        # a normal law, so the linear part, whose expectation is known, serves as control variate.
        gain = s * variances / (1 + s**2 * variances)
        linear = points * gain[None]
        known = _controlled(means, linear, jnp.mean(s * variances * gain))
        unknown = _controlled(chosen - means, chosen - linear, jnp.mean(variances / (1 + s**2 * variances)))
        # Both add up to one but for noise; at large s their ratio is exact, which integrals over s need.
        return known / (known + unknown)

    values = np.array(
        jax.jit(lambda scales: jax.lax.map(at, scales))(jnp.asarray(separation_scales(count)[:-1], data.dtype))
    )
    return np.append(np.clip(values, 0, 1), 1.0)


def _along_principal_axes(data: Array) -> tuple[Array, Array]:
    """Data turned into coordinates without correlation, and their variances."""
    host = np.asarray(data, np.float64)
    variances, axes = np.linalg.eigh(host.T @ host / len(host))
    return jnp.asarray(host @ axes, data.dtype), jnp.asarray(np.maximum(variances, 0), data.dtype)


def _controlled(values: Array, control: Array, expected: Array) -> Array:
    """Mean square of `values`, with the error that the mean square of `control` has taken out as far as both go together."""
    squares, others = jnp.mean(values**2, axis=1), jnp.mean(control**2, axis=1)
    spread = others - jnp.mean(others)
    slope = jnp.sum(spread * squares) / jnp.maximum(jnp.sum(spread**2), jnp.finfo(values.dtype).tiny)
    return jnp.mean(squares) - slope * (jnp.mean(others) - expected)
