"""Least squares on few functions, found by leaving out one after another."""

import numpy as np
from jaxtyping import Array, Float


def eliminate_least_squares(
    features: Float[Array, "samples functions"] | np.ndarray,
    targets: Float[Array, "samples size"] | np.ndarray,
    *,
    threshold: float = 0.02,
    factor: float = 1.5,
) -> Float[np.ndarray, "functions size"]:
    """Leave out the function that is missed least, again and again, as long as the misfit stays near that of all functions.

    Where functions resemble each other, such as `x` and `sin(x)`, large coefficients cancel and no threshold tells which matter;
    elimination does not look at coefficients. On the host, in double precision.

    Args:
        features: values of the functions.
        targets: what they should add up to.
        threshold: misfit, as a share of the target, that is as good as none: how well the target is known.
        factor: how much larger than with all functions the root mean square misfit may become, where that is more.

    Returns:
        Coefficients, zero for what was left out.

    Raises:
        ValueError: `factor` is smaller than 1.

    Example:
        >>> x = np.linspace(-1.0, 1.0, 50)
        >>> features = np.stack([np.ones(50), x, x**3, np.sin(x)], axis=1)
        >>> found = eliminate_least_squares(features, 2.0 * np.sin(x)[:, None] + 1e-3 * np.cos(40 * x)[:, None])
        >>> [round(float(c), 2) for c in found[:, 0]]
        [0.0, 0.0, 0.0, 2.0]

    Source:
        Boninsegna, Nueske and Clementi, "Sparse learning of stochastic dynamical equations", Journal of Chemical Physics 148 (2018).
    """
    if not factor >= 1:
        raise ValueError(f"eliminate_least_squares: `factor` must be at least 1, got {factor}.")
    columns, wanted = np.asarray(features, np.float64), np.asarray(targets, np.float64)
    found = np.zeros((columns.shape[1], wanted.shape[1]))
    for component, target in enumerate(wanted.T):
        kept, best = list(range(columns.shape[1])), _misfit(columns, target)
        bound = max(factor * best, threshold * float(np.sqrt(np.mean(target**2))))
        while kept:
            without = [_misfit(columns[:, [k for k in kept if k != one]], target) for one in kept]
            least = int(np.argmin(without))
            if without[least] > bound:
                break
            kept.pop(least)
        found[kept, component] = np.linalg.lstsq(columns[:, kept], target, rcond=None)[0]
    return found


def _misfit(columns: np.ndarray, target: np.ndarray) -> float:
    """Root mean square of what least squares leaves."""
    rest = target - columns @ np.linalg.lstsq(columns, target, rcond=None)[0]
    return float(np.sqrt(np.mean(rest**2)))
