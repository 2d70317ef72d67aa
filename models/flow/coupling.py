"""Which noise goes with which data."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Float
from scipy.optimize import linear_sum_assignment

from sciml.solvers.fixed_times import solve_on_times


class Coupling(NamedTuple):
    """Pairs to be joined by straight lines or other paths; a batch of `FlowMatchingLoss` in place of data alone.

    Attributes:
        noise: `(batch, ...)`.
        data: `(batch, ...)`.
    """

    noise: Any
    data: Any


def reflow(
    velocity: Any,
    noise: Float[Array, "n *shape"],
    times: Float[Array, " times"],
    *,
    solver: Any = None,
    args: Any = None,
) -> Coupling:
    """Noise with the data that a trained flow makes of it: trained again on these pairs, the flow gets straighter.

    Args:
        velocity: `v(t, x, args)`, called on batches.
        noise: starting points.
        times: from 0 to 1.
        solver: of diffrax; `diffrax.Heun()` by default.
        args: for the velocity.

    Source: X. Liu, C. Gong & Q. Liu, Flow Straight and Fast, ICLR 2023 (arXiv 2209.03003).

    Example:
        >>> import jax.numpy as jnp
        >>> pairs = reflow(lambda t, x, args: jnp.ones_like(x), jnp.zeros((3, 2)), jnp.linspace(0, 1, 3))
        >>> pairs.data.tolist()
        [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]
    """
    return Coupling(noise, solve_on_times(velocity, solver, times, noise, args))


def pair_by_transport(noise: Float[np.ndarray | Array, "n d"], data: Float[np.ndarray | Array, "n d"]) -> Coupling:
    """The pairing of least squared distance within a batch, on the host: paths cross less, velocities vary less.

    Args:
        noise: points.
        data: as many points.

    Source: A. Tong et al., 2024 (arXiv 2302.00482); A. Pooladian et al., 2023 (2304.14772).

    Example:
        >>> import numpy as np
        >>> pair_by_transport(np.array([[0.0], [1.0]]), np.array([[1.1], [0.2]])).data.tolist()
        [[0.2], [1.1]]
    """
    first, second = np.asarray(noise, np.float64), np.asarray(data, np.float64)
    _, order = linear_sum_assignment(np.sum((first[:, None] - second[None]) ** 2, axis=-1))
    return Coupling(noise, data[order])
