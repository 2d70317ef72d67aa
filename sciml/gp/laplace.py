"""Gaussian processes behind any likelihood, by the Laplace approximation."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float, Shaped

from sciml.gp.dense import default_jitter
from sciml.gp.design import Mean, as_design, count, covariance, design_dtype, prior_mean, variance
from sciml.gp.laplace_mode import LatentDensity, find_mode, implicit_mode
from sciml.gp.likelihoods.likelihood import Likelihood
from sciml.kernels.kernel import Kernel
from sciml.parameters.field import fixed, floating_array

_FAILED = (
    "LatentGP: Newton's method did not find the most probable latent values. Look for values that are not finite or that the "
    "likelihood does not allow, set `mean` near typical latent values (for counts the logarithm of a typical count), take a smaller "
    "variance of the kernel, or float64. A fit that should step back from such parameters takes `throw=False`, which gives nan "
    "instead of this error."
)


class LatentGP(eqx.Module):
    """A Gaussian process seen through a likelihood: counts, classes, cut-off values, outliers.

    The law of the latent values given the observations is approximated by a normal one at its maximum, with the curvature there;
    time `n^3` for each Newton step. Exact for `GaussianLikelihood`. The whole object is a pytree of parameters, of the likelihood's
    too: fit it by `sciml.parameters.maximise(lambda gp, y: gp.log_evidence(y), gp, args=(y,))`. First derivatives are exact.

    For likelihoods that are not log-concave (`StudentTLikelihood`) negative curvatures count as zero, in the evidence too, and
    the maximum need not be the only one.

    Source: C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning, 2006, chapter 3.

    Attributes:
        kernel: covariance function of the latent process.
        likelihood: law of an observation given the latent value.
        points: where it is observed, `(n,)` or `(n, dimension)`, or `Functionals`.
        mean: prior mean of the latent process: a number, or a function of the point.
        jitter: added to the diagonal, relative to its mean; by default 1e-6 in float32 and 1e-10 in float64.
        throw: whether a maximum that is not found raises; else the results are not numbers.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.gp import Bernoulli, LatentGP
        >>> from sciml.kernels import RBF
        >>> x = jnp.linspace(0.0, 1.0, 20)
        >>> gp = LatentGP(4.0 * RBF(0.3), x, Bernoulli())
        >>> posterior = gp.condition(x > 0.5)
        >>> probability, _ = posterior.observation(jnp.array([0.1, 0.9]))
        >>> bool(probability[0] < 0.2), bool(probability[1] > 0.8)
        (True, True)
    """

    kernel: Kernel
    likelihood: Likelihood
    points: Any = fixed()
    mean: Mean = 0.0
    jitter: float | None = eqx.field(static=True, default=None)
    throw: bool = eqx.field(static=True, default=True)

    def __init__(
        self,
        kernel: Kernel,
        points: Any,
        likelihood: Likelihood,
        *,
        mean: Mean = 0.0,
        jitter: float | None = None,
        throw: bool = True,
    ):
        """Put together a process.

        Args:
            kernel: covariance function.
            points: what is observed.
            likelihood: law of an observation.
            mean: prior mean.
            jitter: see the class.
            throw: see the class.
        """
        self.kernel = kernel
        self.points = as_design(points)
        self.likelihood = likelihood
        self.mean = mean if callable(mean) else floating_array(mean)
        self.jitter = jitter
        self.throw = throw

    @eqx.filter_jit
    def log_evidence(self, values: Shaped[Array, " n"]) -> Float[Array, ""]:
        """Laplace approximation of the logarithm of the probability of observed values.

        Args:
            values: one per point.
        """
        density, latent = self._mode(values)
        return _log_evidence(density, latent, density.slopes(latent), density.factor(density.root_curvatures(latent)))

    @eqx.filter_jit
    def condition(self, values: Shaped[Array, " n"]) -> "LatentPosterior":
        """The process given observed values.

        Args:
            values: one per point.
        """
        density, latent = self._mode(values)
        slopes, roots = density.slopes(latent), density.root_curvatures(latent)
        root = density.factor(roots)
        return LatentPosterior(self, latent, slopes, roots, root, _log_evidence(density, latent, slopes, root))

    def _mode(self, values: Shaped[Array, " n"]) -> tuple[LatentDensity, Float[Array, " n"]]:
        size = count(self.points)
        if values.shape != (size,):
            raise ValueError(f"LatentGP: observations have the shape of the points, {(size,)}, got {values.shape}.")
        dtype = design_dtype(self.points)
        matrix = covariance(self.kernel, self.points)
        jitter = default_jitter(dtype) if self.jitter is None else self.jitter
        matrix = matrix + jitter * jnp.mean(jnp.diag(matrix)) * jnp.eye(size, dtype=matrix.dtype)
        observed, mean = values.astype(dtype), prior_mean(self.mean, self.points)

        def density(likelihood: Likelihood, matrix: Array, mean: Array) -> LatentDensity:
            return LatentDensity(lambda latent: likelihood.log_prob(observed, latent), matrix, mean)

        stopped = jax.tree.map(_stopped, (self.likelihood, matrix, mean))
        found = find_mode(density(*stopped))
        exact = density(self.likelihood, matrix, mean)
        latent = implicit_mode(exact, found.latent)
        latent = jnp.where(found.converged, latent, jnp.nan)
        if self.throw:
            latent = eqx.error_if(latent, ~jnp.isfinite(latent).all(), _FAILED)
        return exact, latent


class LatentPosterior(eqx.Module):
    """A latent process given observations, in the Laplace approximation.

    Attributes:
        prior: the process.
        latent: most probable latent values at the observed points.
        weights: slopes of the log-likelihood there; the mean elsewhere is `k . weights`.
        root_curvatures: square roots of minus the second derivatives, `W^1/2`.
        root: Cholesky root of `1 + W^1/2 K W^1/2`.
        log_evidence: approximate logarithm of the probability of the observations.
    """

    prior: LatentGP
    latent: Float[Array, " n"]
    weights: Float[Array, " n"]
    root_curvatures: Float[Array, " n"]
    root: Float[Array, "n n"]
    log_evidence: Float[Array, ""]

    @eqx.filter_jit
    def __call__(self, points: Any) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
        """Mean and variance of the latent process at other points.

        Args:
            points: `(m,)` or `(m, dimension)`, or functionals.
        """
        target, kernel = as_design(points), self.prior.kernel
        cross = covariance(kernel, self.prior.points, target)
        half = solve_triangular(self.root, self.root_curvatures[:, None] * cross, lower=True)
        spread = variance(kernel, target) - jnp.sum(half * half, axis=0)
        return prior_mean(self.prior.mean, target) + cross.T @ self.weights, jnp.maximum(spread, 0)

    @eqx.filter_jit
    def observation(self, points: Any) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
        """Mean and variance of new observations, by Gauss-Hermite quadrature over the latent value.

        Args:
            points: as above.
        """
        return self.prior.likelihood.predict(*self(points))


def _log_evidence(density: LatentDensity, latent: Array, slopes: Array, root: Array) -> Array:
    return density.value(slopes, latent) - jnp.sum(jnp.log(jnp.diag(root)))


def _stopped(leaf: Any) -> Any:
    return jax.lax.stop_gradient(leaf) if eqx.is_array(leaf) else leaf
