"""A score for positive data."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from sciml.models.diffusion.geometric_brownian import GeometricBrownian


class MultiplicativeScore(eqx.Module):
    """Score under geometric Brownian motion from a score of the logarithms: `x score(t, x) = log_score(t, log x) - 1`.

    So a multiplicative diffusion is a variance-exploding one of the logarithms, in training and in sampling.

    Attributes:
        logarithmic: has a method `score(t, z)` of `z = log x` without its drift, as `DenoiserScore(field, process.logarithm)` has.
        process: the forward process.

    Example:
        >>> import jax
        >>> from sciml.models import DenseField
        >>> from sciml.models.diffusion import DenoiserScore
        >>> process = GeometricBrownian()
        >>> field = DenseField(2, width=8, depth=2, zero=True, key=jax.random.key(0))
        >>> MultiplicativeScore(DenoiserScore(field, process.logarithm), process).score(3.0, jnp.ones(2)).tolist()
        [-1.0, -1.0]

    Source: Shetty et al. 2025 (arXiv 2510.02730).
    """

    logarithmic: Any
    process: GeometricBrownian

    def score(self, t: Any, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """Gradient of the logarithm of the density at time t, at positive `x`."""
        drifted = self.process.logarithmic_drift * jnp.asarray(t, x.dtype)
        return (self.logarithmic.score(t, jnp.log(x) - drifted) - 1) / x
