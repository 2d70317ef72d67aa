"""Distances between the laws of two sets of samples."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from scipy.optimize import linear_sum_assignment


def wasserstein2(x: Float[np.ndarray | Array, "n d"], y: Float[np.ndarray | Array, "m e"]) -> float:
    """The 2-Wasserstein distance of two equally large samples, exact, by the best pairing.

    On the host, in `O(n^3)`: a second for a few thousand samples. Its own noise is of order `n**(-1/d)`: compare with the distance of
    two samples of the same law.

    Args:
        x: samples.
        y: samples, as many.

    Raises:
        ValueError: the shapes differ.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=(50, 2))
        >>> round(wasserstein2(x, x[::-1] + np.array([3.0, 4.0])), 6)
        5.0
    """
    return float(np.sqrt(_mean_of_best_pairing("wasserstein2", x, y, 2)))


def wasserstein1(x: Float[np.ndarray | Array, "n d"], y: Float[np.ndarray | Array, "m e"]) -> float:
    """The 1-Wasserstein distance of two equally large samples with the Euclidean distance, exact, as `wasserstein2`.

    Args:
        x: samples.
        y: samples, as many.

    Raises:
        ValueError: the shapes differ.

    Example:
        >>> import numpy as np
        >>> wasserstein1(np.zeros((2, 1)), np.array([[1.0], [3.0]]))
        2.0
    """
    return _mean_of_best_pairing("wasserstein1", x, y, 1)


def sliced_wasserstein2(
    x: Float[Array, "n d"], y: Float[Array, "m d"], *, projections: int = 128, key: PRNGKeyArray
) -> Float[Array, ""]:
    """Root mean square, over random directions, of the 2-Wasserstein distance of the projected samples.

    Multiplied by `sqrt(d)` it is the distance of two laws that differ by a shift. Differentiable.

    Args:
        x: samples.
        y: samples; where there are not as many, both are compared at the quantiles of the larger set.
        projections: number of directions, the same for the same key.
        key: random key.

    Source: Rabin, Peyre, Delon & Bernot, 2011; Bonneel et al., 2015.

    Example:
        >>> import jax
        >>> x = jax.random.normal(jax.random.key(0), (500, 2))
        >>> distance = sliced_wasserstein2(x, x + jax.numpy.array([3.0, 4.0]), key=jax.random.key(1))
        >>> bool(abs(distance * 2**0.5 - 5) < 0.5)
        True
    """
    directions = jax.random.normal(key, (projections, x.shape[1]), x.dtype)
    directions = directions / jnp.linalg.norm(directions, axis=1, keepdims=True)
    first, second = (jnp.sort(jnp.matmul(s, directions.T, precision="highest"), axis=0) for s in (x, y))
    if len(x) != len(y):
        levels = (jnp.arange(max(len(x), len(y)), dtype=x.dtype) + 0.5) / max(len(x), len(y))
        first, second = (jnp.quantile(s, levels, axis=0) for s in (first, second))
    return jnp.sqrt(jnp.mean((first - second) ** 2))


def energy_distance(x: Float[Array, "n d"], y: Float[Array, "m d"]) -> Float[Array, ""]:
    """`2 E|X - Y| - E|X - X'| - E|Y - Y'|`, zero for equal laws alone; unbiased, so that it can be below zero.

    Args:
        x: samples.
        y: samples.

    Source: G. J. Szekely & M. L. Rizzo, J. Stat. Plan. Inference 143 (2013) 1249.

    Example:
        >>> import jax.numpy as jnp
        >>> float(energy_distance(jnp.zeros((4, 1)), jnp.ones((4, 1))))
        2.0
    """

    def within(z: Array) -> Array:
        return jnp.sum(_distances(z, z)) / (len(z) * (len(z) - 1))

    return 2 * jnp.mean(_distances(x, y)) - within(x) - within(y)


def maximum_mean_discrepancy(
    x: Float[Array, "n d"], y: Float[Array, "m d"], *, bandwidths: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)
) -> Float[Array, ""]:
    """Squared maximum mean discrepancy with a sum of Gaussian kernels; unbiased, so that it can be below zero.

    Args:
        x: samples.
        y: samples.
        bandwidths: of the kernels, in units of the samples.

    Source: A. Gretton et al., J. Mach. Learn. Res. 13 (2012) 723.

    Example:
        >>> import jax
        >>> x, y = jax.random.normal(jax.random.key(0), (2, 200, 2))
        >>> bool(maximum_mean_discrepancy(x, y) < 0.05 < maximum_mean_discrepancy(x, y + 1))
        True
    """

    def kernel(squares: Array) -> Array:
        return sum((jnp.exp(-squares / (2 * width**2)) for width in bandwidths), jnp.zeros_like(squares))

    def within(z: Array) -> Array:
        count = len(z)
        return (jnp.sum(kernel(_squares(z, z))) - count * len(bandwidths)) / (count * (count - 1))

    return within(x) + within(y) - 2 * jnp.mean(kernel(_squares(x, y)))


def _mean_of_best_pairing(name: str, x: np.ndarray | Array, y: np.ndarray | Array, power: int) -> float:
    if x.shape != y.shape:
        raise ValueError(f"{name}: needs as many samples of the same dimension, got {x.shape} and {y.shape}.")
    first, second = np.asarray(x, np.float64), np.asarray(y, np.float64)
    costs = np.sum((first[:, None] - second[None]) ** 2, axis=-1) ** (power / 2)
    return float(costs[linear_sum_assignment(costs)].mean())


def _squares(x: Array, y: Array) -> Array:
    return jnp.sum((x[:, None] - y[None]) ** 2, axis=-1)


def _distances(x: Array, y: Array) -> Array:
    squares = _squares(x, y)
    # The slope of the root at zero is not a number.
    return jnp.where(squares > 0, jnp.sqrt(jnp.where(squares > 0, squares, 1)), 0)
