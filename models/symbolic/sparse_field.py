"""Sparse regression of a vector field on a library of functions."""

from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from sciml.models.symbolic.elimination import eliminate_least_squares
from sciml.models.symbolic.function_library import FunctionLibrary


class SparseField(eqx.Module):
    """A vector field that is a sum of few functions: `f_j(y) = sum of coefficient times function`, for `NeuralODE` and diffrax.

    Attributes:
        coefficients: those that are not zero.
        support: component and number of the function for each of them.
        library: the functions.

    Example:
        >>> library = FunctionLibrary(2, degree=1)
        >>> field = SparseField(jnp.asarray([1.0, -2.0]), ((0, 2), (1, 1)), library)
        >>> field.equations()
        ("x0' = 1 x1", "x1' = -2 x0")
        >>> field(0.0, jnp.asarray([1.0, 3.0]), None).tolist()
        [3.0, -2.0]
    """

    coefficients: Float[Array, " terms"]
    support: tuple[tuple[int, int], ...] = eqx.field(static=True)
    library: FunctionLibrary

    def __call__(self, t: Any, y: Float[Array, " size"], args: Any = None) -> Float[Array, " size"]:
        """Evaluate at one state."""
        values = self.library(y)
        rows, columns = (jnp.asarray([one[i] for one in self.support], int) for i in (0, 1))
        return jnp.zeros_like(y).at[rows].add(self.coefficients.astype(y.dtype) * values[columns])

    def equations(self, *, digits: int = 4) -> tuple[str, ...]:
        """One line per component."""
        names, numbers = self.library.names, np.asarray(self.coefficients)
        lines = []
        for j in range(self.library.size):
            terms = [
                f"{value:.{digits}g} {names[column]}" for value, (row, column) in zip(numbers, self.support) if row == j
            ]
            lines.append(f"x{j}' = " + (" + ".join(terms) or "0"))
        return tuple(lines)


def threshold_least_squares(
    features: Float[Array, "samples functions"],
    targets: Float[Array, "samples size"],
    *,
    threshold: float,
    ridge: float = 0.0,
    rounds: int = 10,
) -> Float[Array, "functions size"]:
    """Least squares again and again, each time without the functions whose part is small (sequentially thresholded least squares).

    Small means: the coefficient times the root mean square of its function is below `threshold` times that of the target, so that the
    units of neither matter.

    Args:
        features: values of the functions.
        targets: what they should add up to.
        threshold: share below which a function is left out.
        ridge: added to the squares, relative to their mean; for functions that are nearly dependent.
        rounds: at most so many.

    Example:
        >>> x = jnp.linspace(-1.0, 1.0, 50)
        >>> features = jnp.stack([jnp.ones(50), x, x**2], axis=1)
        >>> found = threshold_least_squares(features, 2.0 * x[:, None] + 1e-3, threshold=0.05)
        >>> [round(float(c), 2) for c in found[:, 0]]
        [0.0, 2.0, 0.0]

    Source:
        Brunton, Proctor and Kutz, PNAS 113 (2016).
    """
    sizes = jnp.sqrt(jnp.mean(features**2, axis=0))
    sizes = jnp.where(sizes > 0, sizes, 1)
    scaled = features / sizes[None, :]

    def fit(target: Array) -> Array:
        size = jnp.sqrt(jnp.mean(target**2))

        def solve(kept: Array) -> Array:
            used = jnp.where(kept[None, :], scaled, 0)
            extra = jnp.sqrt(jnp.asarray(ridge * target.size, target.dtype)) * jnp.eye(kept.size, dtype=target.dtype)
            rows = jnp.concatenate([used, extra])
            return jnp.where(kept, jnp.linalg.lstsq(rows, jnp.concatenate([target, jnp.zeros_like(sizes)]))[0], 0)

        def once(_: Any, kept: Array) -> Array:
            return kept & (jnp.abs(solve(kept)) >= threshold * size)

        return solve(jax.lax.fori_loop(0, rounds, once, jnp.ones(sizes.shape, bool)))

    # One after another: decompositions of many matrices at once may wait for each other on two cores.
    return jax.lax.map(fit, targets.T).T / sizes[:, None]


def fit_sparse_field(
    states: Float[Array, "samples size"],
    rates: Float[Array, "samples size"],
    library: FunctionLibrary,
    *,
    method: Literal["threshold", "eliminate"] = "threshold",
    threshold: float = 0.02,
    ridge: float = 0.0,
    rounds: int = 10,
    factor: float = 1.5,
) -> SparseField:
    """The sparse equation of states and their rates of change, for instance those of a learned field along its solutions.

    Args:
        states: where.
        rates: of the field there.
        library: functions to choose from.
        method: by small coefficients (`threshold_least_squares`) or one after another (`eliminate_least_squares`), which tells
            functions that resemble each other apart.
        threshold: share of a rate below which a function is left out, or the misfit that is as good as none.
        ridge: see `threshold_least_squares`.
        rounds: at most so many.
        factor: see `eliminate_least_squares`.

    Raises:
        ValueError: there are fewer samples than functions, or the method is not known.

    Example:
        >>> y = jax.random.normal(jax.random.key(0), (100, 2))
        >>> fit_sparse_field(y, jnp.stack([y[:, 1], -2 * y[:, 0]], axis=1), FunctionLibrary(2, degree=2)).equations()
        ("x0' = 1 x1", "x1' = -2 x0")
    """
    features = jax.vmap(library)(states)
    if features.shape[0] < features.shape[1]:
        raise ValueError(
            f"fit_sparse_field: {features.shape[0]} samples cannot choose among {features.shape[1]} functions; give more samples."
        )
    if method == "eliminate":
        found = eliminate_least_squares(features, rates, threshold=threshold, factor=factor)
    elif method == "threshold":
        found = np.asarray(threshold_least_squares(features, rates, threshold=threshold, ridge=ridge, rounds=rounds))
    else:
        raise ValueError(f"fit_sparse_field: `method` must be 'threshold' or 'eliminate', got {method!r}.")
    support = tuple((int(j), int(i)) for j in range(found.shape[1]) for i in np.flatnonzero(found[:, j]))
    return SparseField(jnp.asarray([found[i, j] for j, i in support], states.dtype), support, library)
