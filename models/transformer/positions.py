"""Where a patch is, as a vector."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


def sine_positions(rows: int, columns: int, width: int) -> Float[Array, "tokens width"]:
    """Sines and cosines of row and column of each patch, row by row; a quarter of the components each.

    Args:
        rows: of patches.
        columns: of patches.
        width: components, a multiple of four.

    Raises:
        ValueError: `width` is no multiple of four.

    Example:
        >>> sine_positions(2, 3, 8).shape
        (6, 8)

    Source: A. Vaswani et al., 2017 (arXiv 1706.03762), on two axes.
    """
    if width < 4 or width % 4:
        raise ValueError(f"sine_positions: `width` must be a multiple of four, got {width}.")
    frequencies = 10000.0 ** (-np.arange(width // 4) / (width // 4))
    row, column = (index.ravel()[:, None] * frequencies for index in np.mgrid[:rows, :columns])
    return jnp.asarray(np.concatenate([np.sin(row), np.cos(row), np.sin(column), np.cos(column)], axis=1))
