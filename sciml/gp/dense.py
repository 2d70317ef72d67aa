"""Gaussian processes by a dense Cholesky factorisation."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve, solve_triangular
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from sciml.gp.covariance_solver import CovarianceSolver, Factorisation
from sciml.gp.design import Design, as_design, block_means, count, covariance, design_dtype, variance
from sciml.gp.inverse import inverse_from_root
from sciml.kernels.kernel import Kernel

_FAILED = (
    "the covariance matrix of the observations is not positive definite in this precision. Raise `noise_variance` (in float32 to at "
    "least 1e-6 of the kernel's variance), give `Dense` a larger `jitter`, remove points that coincide, or work in float64. "
    "A fit that should step back from such parameters takes `Dense(throw=False)`, which gives nan instead of this error."
)


class Dense(CovarianceSolver):
    """Any kernel, any points, any functionals: time `n^3 / 3`, memory `8 n^2` bytes in float64.

    Attributes:
        jitter: added to the diagonal, relative to its mean over observations of one kind; by default 1e-6 in float32, 1e-10 in
            float64.
        throw: whether a failed factorisation raises; else the results are not numbers.
    """

    jitter: float | None = eqx.field(static=True, default=None)
    throw: bool = eqx.field(static=True, default=True)

    def factorise(self, kernel: Kernel, points: Any, noise_variance: ArrayLike) -> "DenseFactorisation":
        """Form the matrix and factorise it; `points` may be functionals."""
        design = as_design(points)
        dtype = design_dtype(design)
        kernel = kernel.cast(dtype)
        noise = jnp.broadcast_to(jnp.asarray(noise_variance).astype(dtype), (count(design),))
        matrix = covariance(kernel, design)
        jitter = default_jitter(dtype) if self.jitter is None else self.jitter
        matrix = matrix + jnp.diag(noise + jitter * block_means(design, jnp.diag(matrix)))
        # LAPACK reads columns first: of the transpose, equal here, XLA makes no copies in another order.
        root = jnp.linalg.cholesky(matrix.T, symmetrize_input=False)
        if self.throw:
            root = eqx.error_if(root, jnp.isnan(root[-1, -1]), _FAILED)
        return DenseFactorisation(kernel, design, matrix, root)


class DenseFactorisation(Factorisation):
    """A matrix and its Cholesky root.

    Attributes:
        kernel: the covariance function.
        design: what was observed.
        matrix: `K + N`, jitter included.
        root: its lower triangular root.
    """

    kernel: Kernel
    design: Design
    matrix: Float[Array, "n n"]
    root: Float[Array, "n n"]

    def log_determinant(self) -> Float[Array, ""]:
        """Twice the sum of the logarithms of the root's diagonal."""
        return 2 * jnp.sum(jnp.log(jnp.diag(self.root)))

    def solve(self, right_side: Float[Array, "n *columns"]) -> Float[Array, "n *columns"]:
        """Two triangular solves."""
        return cho_solve((self.root, True), right_side)

    def sample(self, *, key: PRNGKeyArray) -> Float[Array, " n"]:
        """The root times standard normal numbers."""
        return self.root @ jax.random.normal(key, self.root.shape[:1], self.root.dtype)

    def predict(self, residual: Float[Array, " n"], points: Any) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
        """Conditional mean and variance; `points` may be functionals."""
        target = as_design(points)
        cross = covariance(self.kernel, self.design, target)
        mean = cross.T @ self.solve(residual)
        half = solve_triangular(self.root, cross, lower=True)
        return mean, variance(self.kernel, target) - jnp.sum(half * half, 0)

    def posterior_covariance(self, points: Any) -> Float[Array, "m m"]:
        """Conditional covariance of the noise-free process at points."""
        target = as_design(points)
        half = solve_triangular(self.root, covariance(self.kernel, self.design, target), lower=True)
        return covariance(self.kernel, target) - half.T @ half

    def log_prob(self, residual: Float[Array, " n"]) -> Float[Array, ""]:
        """The normal density, with the gradient in closed form."""
        return _log_density(self.matrix, self.root, residual)


def default_jitter(dtype: Any) -> float:
    """Diagonal addition, relative to its mean, that keeps smooth kernels factorisable in a precision."""
    return 1e-6 if jnp.finfo(dtype).bits <= 32 else 1e-10


@jax.custom_vjp
def _log_density(matrix: Array, root: Array, residual: Array) -> Array:
    return _log_density_forward(matrix, root, residual)[0]


def _log_density_forward(matrix: Array, root: Array, residual: Array) -> tuple[Array, tuple[Array, Array]]:
    weights = cho_solve((root, True), residual)
    log_determinant = 2 * jnp.sum(jnp.log(jnp.diag(root)))
    constant = residual.shape[0] * math.log(2 * math.pi)
    return -0.5 * (jnp.vdot(residual, weights) + log_determinant + constant), (root, weights)


def _log_density_backward(saved: tuple[Array, Array], cotangent: Array) -> tuple[Array, None, Array]:
    root, weights = saved
    # The derivative with respect to the matrix is (w w^T - A^-1) / 2: half the time of one through the root.
    by_matrix = 0.5 * (weights[:, None] * weights[None, :] - inverse_from_root(root))
    # Nothing comes through the root at first; second derivatives come through the root alone.
    return cotangent * by_matrix, None, -cotangent * weights


_log_density.defvjp(_log_density_forward, _log_density_backward)
