"""Gaussian processes on lattices: eigenvectors of one small matrix per coordinate."""

import math
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from sciml.gp.covariance_solver import CovarianceSolver, Factorisation
from sciml.gp.dense import default_jitter
from sciml.gp.kronecker_probability import Eigen, along_axes, eigenvalues, log_probability, outer_product
from sciml.kernels.kernel import Kernel

_MISSING = (
    "an observation on the lattice is not a number. `Kronecker` needs a value in every cell; with missing cells take the points that "
    "are there as one array (n, dimension) and `Dense`, `InducingPoints` or `Iterative`."
)


class Kronecker(CovarianceSolver):
    """Kernels that are products over coordinates, on a lattice: exact, in time `n (n_1 + ... + n_d)` and memory `n`.

    Observations have the lattice's shape, every cell has a value, and all have the same noise variance.

    Attributes:
        jitter: added to the noise, relative to the kernel's mean variance; by default 1e-6 in float32 and 1e-10 in float64.
        throw: whether observations that are not numbers raise.

    Example:
        >>> import jax.numpy as jnp
        >>> from sciml.gp import Kronecker
        >>> from sciml.kernels import RBF, Periodic, Separable
        >>> lattice = (jnp.linspace(0.0, 1.0, 6), jnp.linspace(0.0, 1.0, 5))
        >>> factorisation = Kronecker().factorise(Separable((RBF(0.3), RBF(0.5))), lattice, 0.01)
        >>> mean, variance = factorisation.predict(jnp.ones((6, 5)), (jnp.array([0.5]), jnp.array([0.1, 0.2])))
        >>> mean.shape
        (1, 2)
    """

    jitter: float | None = eqx.field(static=True, default=None)
    throw: bool = eqx.field(static=True, default=True)

    def factorise(self, kernel: Kernel, points: Any, noise_variance: ArrayLike) -> "KroneckerFactorisation":
        """Factorise the matrix of each coordinate.

        Args:
            kernel: has `factors(dimension)`: `Separable`, a product of one, or RBF and alike.
            points: tuple of coordinates, one array `(n_i,)` per dimension.
            noise_variance: one number.

        Raises:
            TypeError: the points are no lattice, or the kernel no product over coordinates.
            ValueError: a coordinate is not one-dimensional, or the noise is not one number.
        """
        lattice = _lattice(points)
        factors = kernel.cast(lattice[0].dtype).factors(len(lattice))
        if factors is None:
            raise TypeError(
                f"Kronecker: {type(kernel).__name__} is no product of kernels of the {len(lattice)} coordinates. Write it as "
                "Separable((k1, k2, ...)), or take the points as one array and `Dense` or `Iterative`."
            )
        if np.ndim(noise_variance) != 0:
            raise ValueError(
                f"Kronecker: the noise variance must be one number, got shape {np.shape(noise_variance)}: noise that varies "
                "from cell to cell breaks the product. Take `Dense`, `InducingPoints` or `Iterative`."
            )
        matrices = tuple(factor.gram(x) for factor, x in zip(factors, lattice))
        jitter = default_jitter(lattice[0].dtype) if self.jitter is None else self.jitter
        level = math.prod((jnp.mean(jnp.diag(matrix)) for matrix in matrices), start=jnp.ones((), lattice[0].dtype))
        noise = jnp.asarray(noise_variance).astype(lattice[0].dtype) + jitter * level
        eigen = tuple(_eigen(matrix) for matrix in matrices)
        return KroneckerFactorisation(factors, lattice, matrices, eigen, noise, self.throw)


class KroneckerFactorisation(Factorisation):
    """`K_1 x ... x K_d + s^2` by the eigenvectors of its factors.

    Values, solves and predicted means have gradients without differences of eigenvalues. Samples and predicted
    variances are differentiated through the eigenvectors: not where eigenvalues coincide.

    Attributes:
        factors: kernel of each coordinate.
        lattice: the coordinates.
        matrices: their covariance matrices.
        eigen: eigenvalues and eigenvectors of these.
        noise: noise variance, jitter included.
        throw: whether observations that are not numbers raise.
    """

    factors: tuple[Kernel, ...]
    lattice: tuple[Float[Array, " _"], ...]
    matrices: tuple[Float[Array, "_ _"], ...]
    eigen: tuple[Eigen, ...]
    noise: Float[Array, ""]
    throw: bool = eqx.field(static=True)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the observations."""
        return tuple(x.shape[0] for x in self.lattice)

    def log_determinant(self) -> Float[Array, ""]:
        """Sum of the logarithms of products of eigenvalues plus noise."""
        nothing = jnp.zeros(self.shape, self.noise.dtype)
        return -2 * self.log_prob(nothing) - nothing.size * math.log(2 * math.pi)

    def log_prob(self, residual: Float[Array, "*observations"]) -> Float[Array, ""]:
        """The normal density, with one rule for its whole gradient."""
        self._check(residual)
        if self.throw:
            residual = eqx.error_if(residual, jnp.isnan(residual).any(), _MISSING)
        return log_probability(self.matrices, self.noise, lax.stop_gradient(self.eigen), residual)

    def solve(self, right_side: Float[Array, "*observations"]) -> Float[Array, "*observations"]:
        """To eigenvectors, division, and back; its gradient is implicit."""
        self._check(right_side)
        spectrum, vectors = lax.stop_gradient((eigenvalues(self.eigen) + self.noise, [e.vectors for e in self.eigen]))

        def apply(x: Array) -> Array:
            return along_axes(self.matrices, x) + self.noise * x

        def solve(_: Any, b: Array) -> Array:
            return along_axes(vectors, along_axes([v.T for v in vectors], b) / spectrum)

        return lax.custom_linear_solve(apply, right_side, solve, symmetric=True)

    def sample(self, *, key: PRNGKeyArray) -> Float[Array, "*observations"]:
        """Eigenvectors times root eigenvalues times standard normal numbers."""
        normals = jax.random.normal(key, self.shape, self.noise.dtype)
        return along_axes([e.vectors for e in self.eigen], jnp.sqrt(eigenvalues(self.eigen) + self.noise) * normals)

    def predict(
        self, residual: Float[Array, "*observations"], points: Any
    ) -> tuple[Float[Array, "*points"], Float[Array, "*points"]]:
        """Conditional mean and variance, on another lattice (a tuple) or at scattered points `(m, dimension)`."""
        weights = self.solve(residual)
        if isinstance(points, tuple | list):
            return self._predict_lattice(weights, _lattice(points))
        scattered = jnp.asarray(points)
        if scattered.ndim == 1 and len(self.lattice) == 1:
            scattered = scattered[:, None]
        if scattered.ndim != 2 or scattered.shape[1] != len(self.lattice):
            raise ValueError(
                f"predict: points must be a lattice (a tuple of {len(self.lattice)} coordinates) or an array "
                f"(m, {len(self.lattice)}), got shape {scattered.shape}."
            )
        return self._predict_scattered(weights, list(scattered.T))

    def _predict_lattice(self, weights: Array, lattice: tuple[Array, ...]) -> tuple[Array, Array]:
        cross = self._cross(lattice)
        squares = [(c @ e.vectors) ** 2 for c, e in zip(cross, self.eigen)]
        explained = along_axes(squares, 1 / (eigenvalues(self.eigen) + self.noise))
        return along_axes(cross, weights), outer_product(self._variances(lattice)) - explained

    def _predict_scattered(self, weights: Array, columns: list[Array]) -> tuple[Array, Array]:
        cross = self._cross(columns)
        squares = [(c @ e.vectors) ** 2 for c, e in zip(cross, self.eigen)]
        inverse = 1 / (eigenvalues(self.eigen) + self.noise)

        def one(rows: tuple[list[Array], list[Array]]) -> tuple[Array, Array]:
            return _contract(weights, rows[0]), _contract(inverse, rows[1])

        mean, explained = lax.map(one, (cross, squares))
        first, *rest = self._variances(columns)
        return mean, math.prod(rest, start=first) - explained

    def _cross(self, columns: Sequence[Array]) -> list[Array]:
        if len(columns) != len(self.lattice):
            raise ValueError(f"predict: the lattice has {len(self.lattice)} coordinates, got {len(columns)}.")
        return [kernel.gram(new, x) for kernel, new, x in zip(self.factors, columns, self.lattice)]

    def _variances(self, columns: Sequence[Array]) -> list[Array]:
        return [kernel.diagonal(new) for kernel, new in zip(self.factors, columns)]

    def _check(self, values: Array) -> None:
        if values.shape != self.shape:
            raise ValueError(f"observations on this lattice have shape {self.shape}, got {values.shape}.")


def _lattice(points: Any) -> tuple[Array, ...]:
    if not isinstance(points, tuple | list) or not points:
        raise TypeError(
            "Kronecker: points must be a lattice, a tuple of coordinates with one array per dimension, such as "
            f"(jnp.linspace(0, 1, 50), jnp.linspace(0, 2, 80)); got {type(points).__name__}. For scattered points take another solver."
        )
    lattice = tuple(jnp.asarray(x) for x in points)
    if any(x.ndim != 1 or not jnp.issubdtype(x.dtype, jnp.floating) for x in lattice):
        raise ValueError(
            f"Kronecker: each coordinate is a floating array (n,), got shapes {[x.shape for x in lattice]} and dtypes "
            f"{[str(x.dtype) for x in lattice]}."
        )
    return lattice


def _eigen(matrix: Array) -> Eigen:
    values, vectors = jnp.linalg.eigh(matrix, symmetrize_input=False)
    return Eigen(jnp.maximum(values, 0), vectors)


def _contract(tensor: Array, rows: Sequence[Array]) -> Array:
    for row in reversed(rows):
        tensor = tensor @ row
    return tensor
