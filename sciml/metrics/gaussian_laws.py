"""Distances between normal laws."""

import numpy as np
from jaxtyping import Array, Float

Moments = tuple[Float[np.ndarray | Array, "*batch d"], Float[np.ndarray | Array, "*batch d d"]]


def squared_bures_wasserstein(first: Moments, second: Moments) -> Float[np.ndarray, "*batch"]:
    """Squared 2-Wasserstein distance of normal laws: `|m - n|^2 + tr(A + B - 2 (A^1/2 B A^1/2)^1/2)`.

    On the host, in double precision; covariances may be singular.

    Args:
        first: means and covariances; leading axes are a batch.
        second: the same of the other laws.

    Source: D. C. Dowson & B. V. Landau, J. Multivariate Anal. 12 (1982) 450.

    Example:
        >>> one = (np.zeros(2), np.eye(2))
        >>> float(squared_bures_wasserstein(one, (np.asarray([3.0, 0.0]), 4 * np.eye(2))))
        11.0
    """
    (mean, left), (other, right) = (tuple(np.asarray(part, np.float64) for part in law) for law in (first, second))
    values, vectors = np.linalg.eigh(left)
    root = (vectors * np.sqrt(np.maximum(values, 0))[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ right @ root), 0)).sum(axis=-1)
    traces = np.trace(left, axis1=-2, axis2=-1) + np.trace(right, axis1=-2, axis2=-1)
    # Rounding can leave a little less than nothing where the laws are equal.
    return np.asarray(np.maximum(np.sum((mean - other) ** 2, axis=-1) + traces - 2 * cross, 0))


def unexplained_variance(found: Moments, truth: Moments, variance: float) -> float:
    """The conditional Bures-Wasserstein measure of a coupling, in per cent: zero for the true one.

    For each `x` of a batch the law of `y` given `x`, found and true, is replaced by the normal law of its moments; the mean squared
    distance of these is divided by half the total variance of `y`.

    Args:
        found: conditional means `(x, d)` and covariances `(x, d, d)` of the model.
        truth: those of the true coupling for the same `x`.
        variance: total variance of `y`, the trace of its covariance; positive.

    Raises:
        ValueError: `variance` not positive.

    Source: cBW2^2-UVP of Gushchin et al., Building the Bridge of Schroedinger, NeurIPS 2023 (arXiv 2306.10161).

    Example:
        >>> truth = (np.zeros((5, 2)), np.tile(np.eye(2), (5, 1, 1)))
        >>> round(unexplained_variance((truth[0] + 0.1, truth[1]), truth, variance=4.0), 6)
        1.0
    """
    if variance <= 0:
        raise ValueError(f"unexplained_variance: `variance` must be positive, got {variance}.")
    return float(100 * np.mean(squared_bures_wasserstein(found, truth)) / (variance / 2))
