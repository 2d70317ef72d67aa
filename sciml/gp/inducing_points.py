"""Gaussian processes that look through a few inducing points."""

from typing import Any, Literal

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import ArrayLike, Float

from sciml.gp.covariance_solver import CovarianceSolver
from sciml.gp.dense import default_jitter
from sciml.gp.low_rank import LowRankFactorisation
from sciml.gp.low_rank_features import NystroemFeatures, array_points
from sciml.kernels.kernel import Kernel
from sciml.parameters.field import Parameter, real

_FAILED = (
    "InducingPoints: the kernel's matrix at the inducing points is not positive definite in this precision. Take fewer points, farther "
    "apart than a fraction of the length scale, a larger `jitter`, or float64; `throw=False` gives nan instead of this error."
)


class InducingPoints(CovarianceSolver):
    """Any kernel, any points, through `m` inducing points: time `n m^2`, memory `n m`, `O(m^2)` for each prediction.

    The inducing points are parameters: a fit of the process may move them.

    Sources: E. Snelson, Z. Ghahramani, NIPS 2005 (FITC); M. K. Titsias, AISTATS 2009 (the collapsed variational bound).

    Attributes:
        points: inducing points, `(m,)` or `(m, dimension)`.
        method: `"variational"`: `log_prob` is a lower bound of the exact one, which more points can only raise, and the model is
            the exact one, approximated; `"fitc"`: another model, with the exact variances on the diagonal, that may explain noise
            by where the points are.
        jitter: added to the diagonal of the inducing points' matrix, relative to its mean; by default 1e-6 in float32 and 1e-10 in
            float64.
        throw: whether a failed factorisation raises.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.gp import InducingPoints
        >>> from sciml.kernels import RBF
        >>> x = jnp.linspace(0.0, 1.0, 200)
        >>> factorisation = InducingPoints(jnp.linspace(0.0, 1.0, 12)).factorise(RBF(0.3), x, 0.01)
        >>> mean, variance = factorisation.predict(jnp.sin(6 * x), jnp.array([0.5]))
        >>> abs(float(mean[0]) - 0.1411) < 0.01
        True
    """

    points: Float[Parameter, "m *dimension"] = real()
    method: Literal["variational", "fitc"] = eqx.field(static=True, default="variational")
    jitter: float | None = eqx.field(static=True, default=None)
    throw: bool = eqx.field(static=True, default=True)

    def __check_init__(self) -> None:
        if self.method not in ("variational", "fitc"):
            raise ValueError(f"InducingPoints: `method` is 'variational' or 'fitc', got {self.method!r}.")

    def factorise(self, kernel: Kernel, points: Any, noise_variance: ArrayLike) -> LowRankFactorisation:
        """Factorise the matrix of the inducing points and what the observations add to it."""
        x = array_points(points)
        inducing = self.points.astype(x.dtype)
        if inducing.shape[1:] != x.shape[1:]:
            raise ValueError(
                f"InducingPoints: inducing points have shape {inducing.shape}, the observed ones {x.shape}."
            )
        kernel = kernel.cast(x.dtype)
        matrix = kernel.gram(inducing)
        jitter = (default_jitter(x.dtype) if self.jitter is None else self.jitter) * jnp.mean(jnp.diag(matrix))
        root = jnp.linalg.cholesky(matrix + jitter * jnp.eye(matrix.shape[0], dtype=x.dtype), symmetrize_input=False)
        features = NystroemFeatures(kernel, inducing, root)
        rows = features.columns(x)
        unexplained = features.unexplained(x, rows)
        noise = jnp.broadcast_to(jnp.asarray(noise_variance).astype(x.dtype), x.shape[:1])
        message = _FAILED if self.throw else None
        if self.method == "fitc":
            diagonal = noise + jnp.maximum(unexplained, 0)
            return LowRankFactorisation.of(features, rows, diagonal, jnp.zeros((), x.dtype), message)
        return LowRankFactorisation.of(features, rows, noise, -0.5 * jnp.sum(unexplained / noise), message)
