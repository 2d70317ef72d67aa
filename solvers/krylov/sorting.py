"""An order in which neighbours are alike."""

import jax
import numpy as np
from jaxtyping import Array, Int, PyTree


def greedy_order(
    parameters: PyTree[Array | np.ndarray], *, start: int = 0, features: int | None = None
) -> Int[np.ndarray, "systems"]:
    """Order systems so that each is near the one before: from the start always to the nearest not yet visited.

    Runs on the host. Cost: `systems^2` times the size of one parameter; `features` replaces parameters by their leading principal
    components, which hardly changes the order of smooth fields and makes thousands of systems cheap.

    Args:
        parameters: one set per leading index, e.g. coefficient fields `(systems, n, n)`; several arrays count together.
        start: the first.
        features: principal components to compare, or None for all numbers.

    Returns:
        A permutation.

    Raises:
        ValueError: for arrays of different count, an empty one, or a `start` that is not among them.

    Source: Wang et al., ICLR 2024 (arXiv 2401.09516), sorting by the Frobenius distance.

    Example:
        >>> import numpy as np
        >>> from sciml.solvers import greedy_order
        >>> greedy_order(np.asarray([0.0, 3.0, 1.0, 2.0])).tolist()
        [0, 2, 3, 1]
    """
    rows = _rows(parameters)
    count = len(rows)
    if not 0 <= start < count:
        raise ValueError(f"greedy_order: `start` must be between 0 and {count - 1}, got {start}.")
    if features is not None:
        rows = _principal(rows, features)
    order, left = np.empty(count, np.int64), np.ones(count, bool)
    current = start
    for place in range(count):
        order[place] = current
        left[current] = False
        gaps = rows - rows[current]
        distances = np.where(left, np.einsum("ij,ij->i", gaps, gaps), np.inf)
        current = int(np.argmin(distances))
    return order


def _rows(parameters: PyTree[Array | np.ndarray]) -> np.ndarray:
    leaves: list[np.ndarray] = [np.asarray(leaf) for leaf in jax.tree.leaves(parameters)]
    counts = {leaf.shape[0] if leaf.ndim else 0 for leaf in leaves}
    if len(counts) != 1 or 0 in counts:
        raise ValueError(
            f"greedy_order: `parameters` must share one leading axis that is not empty, got lengths {sorted(counts)}."
        )
    flat = [leaf.reshape(leaf.shape[0], -1) for leaf in leaves]
    split = [part for leaf in flat for part in ((np.real(leaf), np.imag(leaf)) if np.iscomplexobj(leaf) else (leaf,))]
    return np.concatenate([np.asarray(part, np.float64) for part in split], axis=1)


def _principal(rows: np.ndarray, features: int) -> np.ndarray:
    if features < 1:
        raise ValueError(f"greedy_order: `features` must be at least 1, got {features}.")
    centred = rows - rows.mean(axis=0)
    # The smaller of the two Gram matrices holds the same spectrum.
    if centred.shape[0] <= centred.shape[1]:
        values, vectors = np.linalg.eigh(centred @ centred.T)
        return vectors[:, -features:] * np.sqrt(np.maximum(values[-features:], 0))
    return centred @ np.linalg.eigh(centred.T @ centred)[1][:, -features:]
