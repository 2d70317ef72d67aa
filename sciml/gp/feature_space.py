"""Gaussian processes with a kernel replaced by random features."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import ArrayLike, PRNGKeyArray

from sciml.gp.covariance_solver import CovarianceSolver
from sciml.gp.low_rank import LowRankFactorisation
from sciml.gp.low_rank_features import FiniteFeatures, array_points
from sciml.kernels.features import Kind, RandomFeatures
from sciml.kernels.kernel import Kernel

_FAILED = (
    "FeatureSpace: the matrix of the features is not positive definite in this precision. Raise the noise variance (in float32 to at "
    "least 1e-6 of the kernel's variance) or work in float64; `throw=False` gives nan instead of this error."
)


class FeatureSpace(CovarianceSolver):
    """A stationary kernel by random features: time `n count^2`, memory `n count`; the kernel's error falls as `count^(-1/2)`.

    Another model than the exact one: its prior is a random sum of waves, so that far from data its variance is too small by what
    the sum lacks. The features are the same at each call, so that the likelihood is a smooth function of the parameters, other than
    the shares of the terms of a sum and the weights of a mixture: do not fit these here.

    Attributes:
        count: features, an even number for the Fourier ones; two of these to a frequency.
        kind: see `sciml.kernels.RandomFeatures`.
        throw: whether a failed factorisation raises.
        key: random key of the features.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from sciml.gp import FeatureSpace
        >>> from sciml.kernels import RBF
        >>> x = jnp.linspace(0.0, 1.0, 200)
        >>> factorisation = FeatureSpace(64, key=jax.random.key(0)).factorise(RBF(0.3), x, 0.01)
        >>> mean, variance = factorisation.predict(jnp.sin(6 * x), jnp.array([0.5]))
        >>> abs(float(mean[0]) - 0.1411) < 0.02
        True
    """

    count: int = eqx.field(static=True)
    kind: Kind = eqx.field(static=True, default="fourier")
    throw: bool = eqx.field(static=True, default=True)
    key: PRNGKeyArray = eqx.field(kw_only=True)

    def factorise(self, kernel: Kernel, points: Any, noise_variance: ArrayLike) -> LowRankFactorisation:
        """Draw the features and factorise their matrix.

        Raises:
            TypeError: the kernel has no such features.
        """
        x = array_points(points)
        dimension = 1 if x.ndim == 1 else x.shape[1]
        drawn = RandomFeatures.draw(kernel.cast(x.dtype), self.count, dimension, kind=self.kind, key=self.key)
        features = FiniteFeatures(drawn)
        noise = jnp.broadcast_to(jnp.asarray(noise_variance).astype(x.dtype), x.shape[:1])
        message = _FAILED if self.throw else None
        return LowRankFactorisation.of(features, features.columns(x), noise, jnp.zeros((), x.dtype), message)
