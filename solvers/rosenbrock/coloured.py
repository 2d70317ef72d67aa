"""Sparse Jacobians by few forward derivatives."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from sciml.solvers.rosenbrock.jacobian import Jacobian, LinearSolve, Mass, VectorField, factorise_dense, shifted


class ColouredJacobian(Jacobian):
    """Columns that share no row are differentiated together: one forward derivative per colour instead of one per column.

    The factors are dense. Where the entries lie near the diagonal, `BandedJacobian` saves those too.

    Example:
        >>> import jax.numpy as jnp, numpy as np
        >>> from sciml.solvers.rosenbrock import ColouredJacobian
        >>> chain = np.abs(np.subtract.outer(np.arange(6), np.arange(6))) <= 1
        >>> jacobian = ColouredJacobian.of(chain)
        >>> jacobian.colours  # instead of six columns
        3

    Attributes:
        columns: per column its colour.
        rows: row of each entry.
        places: column of each entry.
        colours: number of colours.

    Source: A. R. Curtis, M. J. D. Powell, J. K. Reid, J. Inst. Math. Appl. 13 (1974) 117.
    """

    columns: tuple[int, ...] = eqx.field(static=True)
    rows: tuple[int, ...] = eqx.field(static=True)
    places: tuple[int, ...] = eqx.field(static=True)
    colours: int = eqx.field(static=True)

    @staticmethod
    def of(pattern: Bool[np.ndarray, "m n"]) -> "ColouredJacobian":
        """Colour a pattern: `pattern[i, j]` says whether `f_i` depends on `y_j`."""
        if pattern.ndim != 2 or pattern.shape[0] != pattern.shape[1]:
            raise ValueError(f"ColouredJacobian: `pattern` must be a square matrix, got shape {pattern.shape}.")
        columns = _greedy_colours(pattern)
        rows, places = np.nonzero(pattern)
        return ColouredJacobian(tuple(columns), tuple(rows.tolist()), tuple(places.tolist()), 1 + max(columns))

    def linearise(self, field: VectorField, y: Float[Array, " n"]) -> tuple[Float[Array, " n"], Float[Array, "n n"]]:
        """The field and its Jacobian, dense with zeros."""
        if len(self.columns) != y.size:
            raise ValueError(
                f"ColouredJacobian: the pattern has {len(self.columns)} columns, the state has {y.size} components."
            )
        columns, rows, places = np.asarray(self.columns), np.asarray(self.rows), np.asarray(self.places)
        value, push = jax.linearize(field, y)
        seeds = jnp.asarray(columns[None, :] == np.arange(self.colours)[:, None], y.dtype)
        products = jax.vmap(push)(seeds)
        return value, jnp.zeros((y.size, y.size), y.dtype).at[rows, places].set(products[columns[places], rows])

    def factorise(self, entries: Float[Array, "n n"], shift: Float[Array, ""], mass: Mass) -> LinearSolve:
        """Dense factors."""
        return factorise_dense(shifted(entries, shift, mass))


def _greedy_colours(pattern: np.ndarray) -> list[int]:
    """The least colour that no earlier column with a common row has."""
    colours: list[int] = []
    taken: list[np.ndarray] = []  # per colour the rows that its columns touch
    for column in pattern.T:
        free = next((index for index, rows in enumerate(taken) if not (rows & column).any()), len(taken))
        if free == len(taken):
            taken.append(np.zeros_like(column))
        taken[free] = taken[free] | column
        colours.append(free)
    return colours


def sparsity_pattern(
    field: VectorField, y: Float[Array, " n"], *, samples: int = 3, seed: int = 0
) -> Bool[np.ndarray, "n n"]:
    """Which components of a field depend on which components of the state, for `ColouredJacobian.of`.

    The Jacobian is evaluated at random states around `y` (each component multiplied by 1 + noise, or replaced by noise where it is
    zero); an entry that vanishes in all of them counts as absent. Branches that none of these states takes are not seen.

    Args:
        field: of the raveled state, `(n,)` to `(n,)`.
        y: a state of typical size.
        samples: number of random states.
        seed: of the noise.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.solvers.rosenbrock import sparsity_pattern
        >>> sparsity_pattern(lambda y: jnp.stack([y[0] * y[1], y[1], y[2] ** 2]), jnp.zeros(3)).astype(int).tolist()
        [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    """
    noise = np.random.default_rng(seed).standard_normal((samples, y.size))
    states = jnp.asarray(np.where(np.asarray(y) == 0, noise, np.asarray(y) * (1 + 0.1 * noise)), y.dtype)
    jacobians: Any = jax.vmap(jax.jacfwd(field))(states)
    return np.asarray((jacobians != 0).any(axis=0))
