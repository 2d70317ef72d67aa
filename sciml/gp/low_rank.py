"""Covariances of low rank plus a diagonal: what inducing points and random features come to."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.gp.covariance_solver import Factorisation
from sciml.gp.low_rank_features import Features


class LowRankFactorisation(Factorisation):
    """`V^T V + D` with `V` of shape `(m, n)`, `m < n`: solves in `O(n m)`, set-up in `O(n m^2)`.

    Everything goes through `1 + V D^-1 V^T`, whose eigenvalues are at least one: no small numbers are divided by.

    Attributes:
        features: gives the columns of `V`, and the prior variance, at any points.
        rows: `V`.
        diagonal: `D`.
        root: Cholesky root of `1 + V D^-1 V^T`.
        correction: what `log_prob` adds to the normal density; that of the variational bound, zero elsewhere.
    """

    features: Features
    rows: Float[Array, "m n"]
    diagonal: Float[Array, " n"]
    root: Float[Array, "m m"]
    correction: Float[Array, ""]

    @classmethod
    def of(
        cls,
        features: Features,
        rows: Float[Array, "m n"],
        diagonal: Float[Array, " n"],
        correction: Float[Array, ""],
        message: str | None,
    ) -> "LowRankFactorisation":
        """Factorise; `message` is raised where the result is not finite, unless it is `None`."""
        scaled = rows / jnp.sqrt(diagonal)[None, :]
        inner = jnp.eye(rows.shape[0], dtype=rows.dtype) + scaled @ scaled.T
        root = jnp.linalg.cholesky(inner, symmetrize_input=False)
        if message is not None:
            root = eqx.error_if(root, jnp.isnan(root[-1, -1]), message)
        return cls(features, rows, diagonal, root, correction)

    def log_determinant(self) -> Float[Array, ""]:
        """By the determinant lemma."""
        return 2 * jnp.sum(jnp.log(jnp.diag(self.root))) + jnp.sum(jnp.log(self.diagonal))

    def solve(self, right_side: Float[Array, " n"]) -> Float[Array, " n"]:
        """By the Woodbury identity."""
        inner = solve_triangular(self.root, self._half(right_side), lower=True, trans=1)
        return (right_side - inner @ self.rows) / self.diagonal

    def log_prob(self, residual: Float[Array, " n"]) -> Float[Array, ""]:
        """The normal density, plus the correction where this is a bound."""
        half = self._half(residual)
        quadratic = jnp.sum(residual * residual / self.diagonal) - jnp.sum(half * half)
        constant = residual.shape[0] * math.log(2 * math.pi)
        return -0.5 * (quadratic + self.log_determinant() + constant) + self.correction

    def sample(self, *, key: PRNGKeyArray) -> Float[Array, " n"]:
        """`V^T z_1 + sqrt(D) z_2`."""
        first, second = jax.random.split(key)
        inner = jax.random.normal(first, self.rows.shape[:1], self.rows.dtype)
        return inner @ self.rows + jnp.sqrt(self.diagonal) * jax.random.normal(
            second, self.diagonal.shape, self.rows.dtype
        )

    def predict(self, residual: Float[Array, " n"], points: Any) -> tuple[Float[Array, " k"], Float[Array, " k"]]:
        """Conditional mean and variance, `O(m^2)` for each point."""
        columns = self.features.columns(points)
        inner = solve_triangular(self.root, columns, lower=True)
        variance = self.features.unexplained(points, columns) + jnp.sum(inner * inner, axis=0)
        return self._half(residual) @ inner, variance

    def _half(self, residual: Array) -> Array:
        if residual.shape != self.diagonal.shape:
            raise ValueError(f"observations have shape {self.diagonal.shape}, got {residual.shape}.")
        return solve_triangular(self.root, self.rows @ (residual / self.diagonal), lower=True)
