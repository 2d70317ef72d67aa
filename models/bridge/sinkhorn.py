"""Sinkhorn's algorithm, by ott-jax: the bridge between two sets of samples."""

import warnings
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from sciml.models.bridge.light_sb import LightSB


class DiscreteBridge(NamedTuple):
    """What `discrete_bridge` found.

    Attributes:
        model: the bridge: one component per sample of `p1`, of no width.
        converged: whether the marginals met the tolerance.
        iterations: of Sinkhorn's algorithm.
    """

    model: LightSB
    converged: Bool[Array, ""]
    iterations: Int[Array, ""]


def discrete_bridge(
    start: Float[Array, "n d"],
    end: Float[Array, "m e"],
    *,
    noise: float,
    tolerance: float = 1e-3,
    max_iterations: int = 5000,
) -> DiscreteBridge:
    """The bridge between two sets of samples: the optimal plan of cost `|x - y|^2 / 2` and entropy `noise`, for any `x`.

    The discrete plan is a light bridge whose components are the samples `y_j` of `p1` with no width and potentials
    `g_j - |y_j|^2 / 2`, g the dual one of the cost. So it has the same methods: `mean(x)` is the barycentric
    projection, also of new `x`; what it draws are samples that are there already. `log_potential` has no value, and the drift is
    infinite at `t = 1`.

    Needs ott-jax: `pip install 'sciml[transport]'`. Memory and time of an iteration are `O(n m)`.

    Args:
        start: samples of `p0`.
        end: samples of `p1`.
        noise: variance of the reference process per unit of time, positive.
        tolerance: of the marginals, in the sum of absolute differences.
        max_iterations: after which the result says that it has not converged.

    Raises:
        ImportError: ott-jax is not installed.
        ValueError: `noise` not positive, or samples of different dimensions.

    Source: M. Cuturi, Sinkhorn distances, NeurIPS 2013; entropic maps: A. Pooladian & J. Niles-Weed, 2021 (arXiv 2109.12004).

    Example:
        >>> start, end = jnp.asarray([[-1.0], [1.0]]), jnp.asarray([[-2.0], [2.0]])
        >>> found = discrete_bridge(start, end, noise=0.1)
        >>> bool(found.converged), found.model.mean(jnp.asarray([0.8])).round(3).tolist()
        (True, [2.0])
    """
    if noise <= 0:
        raise ValueError(f"discrete_bridge: `noise` must be positive, got {noise}.")
    if start.ndim != 2 or end.ndim != 2 or start.shape[1] != end.shape[1]:
        raise ValueError(f"discrete_bridge: samples must be (n, d) and (m, d), got {start.shape} and {end.shape}.")
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        potential, converged, iterations = _solve(start, end, noise, tolerance, max_iterations)
    potentials = (potential - jnp.sum(end**2, axis=1)) / 2
    model = LightSB(potentials, end, jnp.full_like(end, -jnp.inf), noise)
    return DiscreteBridge(model, jnp.asarray(converged), jnp.asarray(iterations))


@eqx.filter_jit
def _solve(start: Array, end: Array, noise: float, tolerance: float, max_iterations: int) -> tuple[Array, Any, Any]:
    """Potential, convergence, iterations; ott-jax adds integers to floats and wants the standard promotion."""
    pointcloud, linear_problem, sinkhorn = _ott()
    # The cost there is |x - y|^2: all is twice as large.
    problem = linear_problem.LinearProblem(pointcloud.PointCloud(start, end, epsilon=2 * noise))
    found = sinkhorn.Sinkhorn(threshold=tolerance, max_iterations=max_iterations)(problem)
    return found.g, found.converged, found.n_iters


def _ott() -> tuple[Any, Any, Any]:
    """Modules of ott-jax; one that it imports warns of its own age."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from ott.geometry import pointcloud
            from ott.problems.linear import linear_problem
            from ott.solvers.linear import sinkhorn
    except ImportError as error:
        raise ImportError("discrete_bridge: needs ott-jax: pip install 'sciml[transport]'") from error
    return pointcloud, linear_problem, sinkhorn
