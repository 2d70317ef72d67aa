"""Expectations under normal laws of one number by Gauss-Hermite quadrature."""

import math
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

NODES = 20
"""Exact for polynomials to degree 39."""


def normal_expectation(
    function: Callable[[Array], Array],
    mean: Float[Array, " n"],
    variance: Float[Array, " n"],
    *,
    nodes: int = NODES,
) -> Float[Array, " n"]:
    """Expectation of a function of one number, at each of many normal laws.

    Args:
        function: elementwise, `(n,)` to `(n,)`.
        mean: means of the laws.
        variance: variances, not negative.
        nodes: of the rule.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.gp.likelihoods.quadrature import normal_expectation
        >>> float(normal_expectation(jnp.square, jnp.array([1.0]), jnp.array([3.0]))[0].round(4))
        4.0
    """
    places, weights = np.polynomial.hermite_e.hermegauss(nodes)
    # Clipped at the smallest number, since the root has no derivative at zero.
    spread = jnp.sqrt(jnp.maximum(variance, float(jnp.finfo(variance.dtype).tiny)))
    # One call for each node: the function is elementwise in arrays of the observations' shape.
    terms = [
        float(weight) * function(mean + float(place) * spread)
        for place, weight in zip(places, weights / math.sqrt(2 * math.pi))
    ]
    return sum(terms[1:], start=terms[0])
