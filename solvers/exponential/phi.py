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
import numpy as np

RADIUS = 2.0
"""Below this modulus the Taylor series is used."""

TERMS = 26
"""Terms of the series: the first one dropped is below 1e-20 at the radius."""

MATRIX_RADIUS = 0.5
"""Norm to which blocks are halved."""

MATRIX_DEGREE = 14
"""Of their Taylor polynomial: the first term dropped is below 1e-17 at the radius."""

MOST_DOUBLINGS = 48
"""Enough for norms up to 1e14."""


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
    """`phi_0 ... phi_highest` of a batch of small matrices by a Taylor polynomial at a halved argument and repeated doubling.

    `2^k phi_k(2 z) = phi_0(z) phi_k(z) + sum_{0<j<=k} phi_j(z) / (k - j)!`. Defective blocks (the wave equation's at zero wavenumber)
    are no special case. There are only products of the blocks: a rational approximation needs linear solves, and with jaxlib 0.10
    two batched LAPACK calls that run at the same moment on a machine with two cores wait for each other for ever.

    Args:
        z: NumPy or JAX array of shape `(C, C, *modes)`.
        highest: largest index.

    Returns:
        List of arrays like `z`; error about round-off times the larger of one and the norm of `z`.

    Source: Skaflestad & Wright, Applied Numerical Mathematics 59 (2009) 783.
    """
    xp = np if isinstance(z, np.ndarray) else jnp
    unit = xp.asarray(np.eye(z.shape[0]).reshape(*z.shape[:2], *(1,) * (z.ndim - 2)), z.dtype)
    halvings = _halvings(z if xp is np else jax.lax.stop_gradient(z), xp)
    halved = z * (2.0**-halvings).astype(z.dtype)
    phis = [unit * (1 / math.factorial(highest + MATRIX_DEGREE)) + 0 * z]
    for power in range(MATRIX_DEGREE - 1, -1, -1):
        phis = [_product(halved, phis[0]) + unit * (1 / math.factorial(highest + power))]
    for k in range(highest, 0, -1):
        phis = [_product(halved, phis[0]) + unit * (1 / math.factorial(k - 1)), *phis]
    return list(_doubled(tuple(phis), halvings, xp))


def _halvings(z: Any, xp: Any) -> Any:
    """How often each block is halved to get below norm one half."""
    norm = xp.max(xp.sum(abs(z), axis=0, keepdims=True), axis=1, keepdims=True)
    wanted = xp.ceil(xp.log2(xp.maximum(norm, MATRIX_RADIUS) / MATRIX_RADIUS))
    return xp.clip(xp.where(xp.isfinite(norm), wanted, 0), 0, MOST_DOUBLINGS)


def _doubled(phis: tuple[Any, ...], halvings: Any, xp: Any) -> tuple[Any, ...]:
    most = xp.max(halvings)
    if xp is np:
        for count in range(int(most)):
            phis = _double(phis, count < halvings, np)
        return phis

    def body(phis: tuple[Any, ...], count: Any) -> tuple[tuple[Any, ...], None]:
        return jax.lax.cond(count < most, lambda: _double(phis, count < halvings, jnp), lambda: phis), None

    return jax.lax.scan(body, phis, jnp.arange(MOST_DOUBLINGS, dtype=halvings.dtype))[0]


def _double(phis: tuple[Any, ...], where: Any, xp: Any) -> tuple[Any, ...]:
    doubled = [_product(phis[0], phis[0])]
    for k in range(1, len(phis)):
        shifted = sum(phis[j] * (1 / math.factorial(k - j)) for j in range(1, k + 1))
        doubled.append((_product(phis[0], phis[k]) + shifted) * 0.5**k)
    return tuple(xp.where(where, new, old) for new, old in zip(doubled, phis))


def _product(left: Any, right: Any) -> Any:
    """Of blocks `(C, C, *modes)`, written out over the few components: the modes run along the vector lanes."""
    return sum(left[:, None, j] * right[None, j] for j in range(left.shape[1]))
