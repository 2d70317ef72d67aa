"""Matrices near a covariance with which all is cheap: solves, a root, the determinant."""

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

Columns = Float[Array, "n columns"]


class Preconditioner(eqx.Module):
    """`P = R R^T`, positive definite. `multiply` and `log_determinant` are differentiable; the others serve iterations only."""

    @abstractmethod
    def multiply(self, columns: Columns) -> Columns:
        """`P x`."""

    @abstractmethod
    def log_determinant(self) -> Float[Array, ""]:
        """Logarithm of the determinant of `P`."""

    @abstractmethod
    def root(self, columns: Columns) -> Columns:
        """`R x`."""

    @abstractmethod
    def inverse_root(self, columns: Columns) -> Columns:
        """`R^-1 x`."""

    @abstractmethod
    def inverse_root_transposed(self, columns: Columns) -> Columns:
        """`R^-T x`."""

    def solve(self, columns: Columns) -> Columns:
        """`P^-1 x`."""
        return self.inverse_root_transposed(self.inverse_root(columns))


class LowRankPreconditioner(Preconditioner):
    """`L L^T + D`, `L` of shape `(n, rank)`, with the root `sqrt(D) (1 + B B^T)^(1/2)`, `B = L / sqrt(D)`.

    Attributes:
        factor: `L`.
        diagonal: `D`.
        directions: left singular vectors of `B`.
        stretches: `sqrt(1 + s^2)` with its singular values `s`.
    """

    factor: Float[Array, "n rank"]
    diagonal: Float[Array, " n"]
    directions: Float[Array, "n rank"]
    stretches: Float[Array, " rank"]

    @classmethod
    def of(cls, factor: Float[Array, "n rank"], diagonal: Float[Array, " n"]) -> "LowRankPreconditioner":
        """Decompose the low-rank part."""
        scaled = lax.stop_gradient(factor / jnp.sqrt(diagonal)[:, None])
        orthogonal, triangular = jnp.linalg.qr(scaled)
        left, singular, _ = jnp.linalg.svd(triangular)
        return cls(factor, diagonal, orthogonal @ left, jnp.sqrt(1 + singular**2))

    def multiply(self, columns: Columns) -> Columns:
        """`L (L^T x) + D x`."""
        return self.factor @ (self.factor.T @ columns) + self.diagonal[:, None] * columns

    def log_determinant(self) -> Float[Array, ""]:
        """By the determinant lemma; the matrix factorised has no eigenvalue below one."""
        scaled = self.factor / jnp.sqrt(self.diagonal)[:, None]
        inner = jnp.eye(scaled.shape[1], dtype=scaled.dtype) + scaled.T @ scaled
        root = jnp.linalg.cholesky(inner)
        return 2 * jnp.sum(jnp.log(jnp.diag(root))) + jnp.sum(jnp.log(self.diagonal))

    def root(self, columns: Columns) -> Columns:
        """Stretch, then scale."""
        return self._scale() * self._stretch(columns, self.stretches)

    def inverse_root(self, columns: Columns) -> Columns:
        """Unscale, then unstretch."""
        return self._stretch(columns / self._scale(), 1 / self.stretches)

    def inverse_root_transposed(self, columns: Columns) -> Columns:
        """Unstretch, then unscale."""
        return self._stretch(columns, 1 / self.stretches) / self._scale()

    def _scale(self) -> Array:
        return jnp.sqrt(self.diagonal)[:, None]

    def _stretch(self, columns: Columns, factors: Array) -> Columns:
        return columns + self.directions @ ((factors - 1)[:, None] * (self.directions.T @ columns))


class CirculantPreconditioner(Preconditioner):
    """A circulant matrix with given positive eigenvalues, one for each frequency of a real transform of length `n`.

    Attributes:
        eigenvalues: at the frequencies of `rfft`.
        size: `n`.
    """

    eigenvalues: Float[Array, " frequencies"]
    size: int = eqx.field(static=True)

    def multiply(self, columns: Columns) -> Columns:
        """`P x` by FFT."""
        return self._filter(columns, self.eigenvalues)

    def log_determinant(self) -> Float[Array, ""]:
        """Sum over all frequencies, of which a real transform keeps one of each pair."""
        logarithms = jnp.log(self.eigenvalues)
        unpaired = logarithms[0] + (logarithms[-1] if self.size % 2 == 0 else 0)
        return 2 * jnp.sum(logarithms) - unpaired

    def root(self, columns: Columns) -> Columns:
        """The symmetric root."""
        return self._filter(columns, jnp.sqrt(self.eigenvalues))

    def inverse_root(self, columns: Columns) -> Columns:
        """Its inverse."""
        return self._filter(columns, 1 / jnp.sqrt(self.eigenvalues))

    def inverse_root_transposed(self, columns: Columns) -> Columns:
        """Its inverse, which is symmetric."""
        return self.inverse_root(columns)

    def _filter(self, columns: Columns, factors: Array) -> Columns:
        transformed = jnp.fft.rfft(columns, axis=0)
        return jnp.fft.irfft(factors[:, None].astype(transformed.dtype) * transformed, n=self.size, axis=0)
