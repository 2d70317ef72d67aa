"""Kinetic energy of the marginal velocity of a path."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from sciml.models.flow.gaussian_path import GaussianPath
from sciml.models.flow.separation import separation_angles


def kinetic_energy(
    path: GaussianPath, separation: Float[np.ndarray | Array, " n"], *, latest: float = 1.0, nodes: int = 400
) -> float:
    """`int E|v|^2 dt / d`, from the conditional energy and what the data contribute.

    It is `int a'^2 + m'^2 - b^2 (1 - separation(a / m)) dt`, `b = a' - a m'/m`.

    Args:
        path: the path.
        separation: `data_separation` at `separation_scales(n)`.
        latest: end of the integral. For finite data the energy of a path whose noise ends with a vertical tangent grows without bound
            as this goes to 1.
        nodes: of Gauss' rule, in an angle that takes the ends gently.

    Source: N. Shaul et al., ICML 2023 (arXiv 2306.06626), proposition 3.2.

    Example:
        >>> import numpy as np
        >>> from sciml.models.flow import CondOT
        >>> round(kinetic_energy(CondOT(), np.ones(100)), 4)  # one point: all energy is kinetic
        2.0
    """
    at, weights = np.polynomial.legendre.leggauss(nodes)
    turn = np.pi / 4 * (at + 1)
    times, weights = latest * np.sin(turn) ** 2, latest * weights * np.pi / 4 * np.sin(2 * turn)
    with jax.enable_x64(True):
        (a, m), (da, dm) = (_host(jax.vmap(function)(jnp.asarray(times))) for function in (path.scales, path.rates))
    apart = np.interp(np.arctan2(a, m), separation_angles(len(separation)), np.asarray(separation, np.float64))
    slope = da - a * dm / m
    return float(np.sum(weights * (da**2 + dm**2 - slope**2 * (1 - apart))))


def _host(pair: Any) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(pair[0], np.float64), np.asarray(pair[1], np.float64)
