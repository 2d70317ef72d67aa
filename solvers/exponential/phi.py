"""Phi-functions of exponential integrators, for scalar and matrix symbols.

`phi_0(z) = exp(z)`, `phi_k(z) = (phi_{k-1}(z) - 1 / (k-1)!) / z`. One formula serves NumPy on the host and tracers in a program: the
closed form where it is free of cancellation, the Taylor series near zero. It is accurate to a few units of round-off for real and
complex arguments, which a mean over a circle that keeps only the real part is not (that drops ETDRK to first order on dispersive
equations).
"""

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.linalg
import numpy as np
import scipy.linalg

RADIUS = 2.0
"""Below this modulus the Taylor series is used."""

TERMS = 26
"""Terms of the series: the first one dropped is below 1e-20 at the radius."""


def phi_combinations(z: Any, rows: Sequence[Sequence[float | int]]) -> Any:
    """`sum_k row[k] phi_k(z)` for each row, element by element, without cancellation between the terms.

    Args:
        z: NumPy or JAX array, real or complex.
        rows: weights of phi_0, phi_1, ..., one row per combination; all rows share one pass over `z`.

    Returns:
        Array of shape `(len(rows), *z.shape)`; relative error below 1e-14 in double and 3e-6 in single precision.

    Example:
        >>> import numpy as np
        >>> from sciml.solvers.exponential.phi import phi_combinations
        >>> float(phi_combinations(np.array(1e-9), [[0, 1]])[0])  # phi_1(z) = 1 + z / 2 + ...
        1.0000000005
    """
    xp = np if isinstance(z, np.ndarray) else jnp
    size = max(len(row) for row in rows)
    weights = [[*row, *([0.0] * (size - len(row)))] for row in rows]
    near = abs(z) < RADIUS
    # Each branch sees only arguments that are safe for it, so that gradients stay finite.
    small = xp.where(near, z, xp.zeros_like(z))
    large = xp.where(near, xp.full_like(z, RADIUS), z)
    return xp.where(near[None], _taylor(small, weights, xp), _closed(large, weights, xp))


def _taylor(z: Any, weights: list[list[float | int]], xp: Any) -> Any:
    coefficients = [
        [sum(w / math.factorial(j + k) for k, w in enumerate(row)) for row in weights] for j in range(TERMS)
    ]
    column = (-1,) + (1,) * z.ndim
    total = z[None] * 0 + xp.asarray(coefficients[-1], z.dtype).reshape(column)
    for coefficient in reversed(coefficients[:-1]):
        total = total * z[None] + xp.asarray(coefficient, z.dtype).reshape(column)
    return total


def _closed(z: Any, weights: list[list[float | int]], xp: Any) -> Any:
    """`phi_k = (exp(z) - sum_{j<k} z^j / j!) / z^k` over one denominator `z^n`."""
    n = len(weights[0]) - 1
    powers = [z**m for m in range(n + 1)]
    exponential = xp.exp(z)
    combined = []
    for row in weights:
        growing = [row[n - m] for m in range(n + 1)]
        # Coefficients are summed before z comes in: in ETDRK4's first weight the highest powers cancel.
        rest = [
            sum(row[k] / math.factorial(m - n + k) for k in range(n + 1) if 0 <= m - n + k < k) for m in range(n + 1)
        ]
        total = exponential * _polynomial(growing, powers) - _polynomial(rest, powers)
        combined.append(total / powers[n])
    return xp.stack(combined)


def _polynomial(coefficients: Sequence[float | int], powers: list[Any]) -> Any:
    return sum((c * p for c, p in zip(coefficients, powers) if c), powers[0] * 0)


def phi_matrices(z: Any, highest: int) -> list[Any]:
    """`phi_0 ... phi_highest` of a batch of small matrices by one exponential of an augmented matrix.

    Defective blocks (the wave equation's at zero wavenumber) are no special case.

    Args:
        z: NumPy or JAX array of shape `(C, C, *modes)`.
        highest: largest index.

    Returns:
        List of arrays like `z`.
    """
    xp = np if isinstance(z, np.ndarray) else jnp
    size, modes = z.shape[0], z.shape[2:]
    blocks = xp.moveaxis(z.reshape(size, size, -1), -1, 0)
    whole = (highest + 1) * size
    shift = np.kron(np.eye(highest + 1, k=1), np.eye(size))
    top = xp.pad(blocks, ((0, 0), (0, whole - size), (0, whole - size)))
    augmented = top + xp.asarray(shift[None], z.dtype)
    exponential = scipy.linalg.expm(augmented) if xp is np else jax.vmap(_exponential)(augmented)
    columns = [exponential[:, :size, k * size : (k + 1) * size] for k in range(highest + 1)]
    return [xp.moveaxis(column, 0, -1).reshape(size, size, *modes) for column in columns]


def _exponential(matrix: Any) -> Any:
    # The default of 16 squarings gives up (not a number) on the norms that fine grids have.
    return jax.scipy.linalg.expm(matrix, max_squarings=48)
