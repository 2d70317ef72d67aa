"""What a way to work with the covariance of observations is: factorise once, then solve, determinant, samples, predictions."""

import math
from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from sciml.kernels.kernel import Kernel


class Factorisation(eqx.Module):
    """The matrix `K + N` of observations, ready for use. Vectors have the shape of the observations: `(n,)`, or the lattice's."""

    @abstractmethod
    def log_determinant(self) -> Float[Array, ""]:
        """Logarithm of the determinant of `K + N`."""

    @abstractmethod
    def solve(self, right_side: Float[Array, "*observations"]) -> Float[Array, "*observations"]:
        """`(K + N)^-1 b`."""

    @abstractmethod
    def sample(self, *, key: PRNGKeyArray) -> Float[Array, "*observations"]:
        """A draw from the normal law of mean zero and covariance `K + N`."""

    @abstractmethod
    def predict(
        self, residual: Float[Array, "*observations"], points: Any
    ) -> tuple[Float[Array, "*points"], Float[Array, "*points"]]:
        """Mean and variance of the noise-free process at other points, given observations less their mean."""

    def log_prob(self, residual: Float[Array, "*observations"]) -> Float[Array, ""]:
        """Logarithm of the normal density of mean zero; overridden where value and gradient have a faster way."""
        quadratic = jnp.vdot(residual, self.solve(residual))
        return -0.5 * (quadratic + self.log_determinant() + residual.size * math.log(2 * math.pi))


class CovarianceSolver(eqx.Module):
    """A strategy for `K + N`, with its options; it holds no data."""

    @abstractmethod
    def factorise(self, kernel: Kernel, points: Any, noise_variance: ArrayLike) -> Factorisation:
        """Prepare the covariance of observations.

        Args:
            kernel: the covariance function.
            points: `(n,)` or `(n, dimension)`; a tuple of coordinates, one array per dimension, for a lattice.
            noise_variance: a number, or one per observation.
        """
