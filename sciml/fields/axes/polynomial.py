"""A bounded axis with Chebyshev nodes: polynomials that satisfy the boundary conditions."""

import functools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Array
from numpy.polynomial import legendre

from sciml.fields.axes.base import AxisBasis, along
from sciml.grid import Axis

Conditions = tuple[tuple[float, float], tuple[float, float]]
"""`(a, b)` of `a u + b du/dn = 0` at the lower and the upper end, on the axis [-1, 1]."""


@dataclass(frozen=True)
class PolynomialAxis(AxisBasis):
    """Polynomials up to a degree that satisfy `a u + b du/dn = 0` at both ends, in the eigenvectors of the second derivative.

    The eigenvalue problem is that of Galerkin's method in L2, symmetric, so the modes are orthonormal and the eigenvalues real.
    Products are taken on Gauss-Lobatto-Legendre points: there quadrature is exact for products, and the derivative of values
    followed by projection is the exact weak derivative.

    Source: J. Shen, SIAM J. Sci. Comput. 15 (1994) 1489 (the basis); the modes are computed here.

    Attributes:
        axis: the bounded axis, Chebyshev nodes.
        conditions: see above.
        degree: of the polynomials.
        count: number of quadrature points.
    """

    axis: Axis
    conditions: Conditions
    degree: int
    count: int

    @property
    def size(self) -> int:
        """Number of modes."""
        return self.degree - 1

    @property
    def points(self) -> int:
        """Number of quadrature points."""
        return self.count

    @property
    def eigenvalues(self) -> np.ndarray:
        """Of the second derivative, falling."""
        return modes(self.degree, self.conditions)[0] * (2 / self.axis.length) ** 2

    def coordinates(self) -> np.ndarray:
        """Gauss-Lobatto-Legendre points."""
        return self.axis.lower + 0.5 * self.axis.length * (lobatto(self.count)[0] + 1)

    def encode(self, values: Array, at: int) -> Array:
        """Values at the grid's nodes to modes: projection of the interpolating polynomial."""
        return along(_encoding(self.axis.count, self.degree, self.conditions), values, at)

    def decode(self, coefficients: Array, at: int) -> Array:
        """Modes to values at the grid's nodes."""
        return along(_decoding(self.axis.count, self.degree, self.conditions), coefficients, at)

    def synthesise(self, coefficients: Array, at: int, order: int) -> Array:
        """The derivative of `order` on the quadrature points."""
        table = _synthesis(self.count, self.degree, self.conditions, order)
        return along((2 / self.axis.length) ** order * table, coefficients, at)

    def analyse(self, points: Array, at: int, parity: int | None) -> Array:
        """Quadrature points to modes: projection in L2."""
        return along(_analysis(self.count, self.degree, self.conditions), points, at)

    def differentiate(self, points: Array, at: int, order: int, parity: int | None) -> Array:
        """Derivative of the interpolating polynomial."""
        return along((2 / self.axis.length) ** order * _differentiation(self.count, order), points, at)

    def to_nodes(self, points: Array, at: int, parity: int | None) -> Array:
        """Quadrature points to the grid's nodes."""
        return along(_points_to_nodes(self.count, self.axis.count), points, at)

    def from_nodes(self, values: Array, at: int) -> Array:
        """The grid's nodes to the quadrature points."""
        return along(_nodes_to_points(self.axis.count, self.count), values, at)


# --- tables: float64, read-only by convention, on [-1, 1] ---------------------------------------------------------------------


def _values(x: np.ndarray, degree: int) -> np.ndarray:
    """Orthonormal Legendre polynomials at points, `(points, degree + 1)`."""
    return legendre.legvander(x, degree) * np.sqrt(np.arange(degree + 1) + 0.5)


def _nodes(count: int) -> np.ndarray:
    # An odd function of the index, so that the nodes are symmetric to the last digit.
    return np.sin(0.5 * np.pi * (2 * np.arange(count) - count + 1) / (count - 1))


@functools.lru_cache(maxsize=64)
def lobatto(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Lobatto-Legendre points and weights, exact to degree `2 count - 3`."""
    from scipy.special import roots_jacobi

    inner = roots_jacobi(count - 2, 1, 1)[0] if count > 2 else np.zeros(0)
    x = np.concatenate([[-1.0], 0.5 * (inner - inner[::-1]), [1.0]])
    last = legendre.legval(x, np.eye(count)[-1])
    return x, 2 / (count * (count - 1) * last**2)


@functools.lru_cache(maxsize=64)
def modes(degree: int, conditions: Conditions) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues, falling, and orthonormal-Legendre coefficients of the modes, `(degree + 1, degree - 1)`."""
    from scipy.linalg import eigh

    basis, stiffness = _conforming(degree, conditions)
    positive = stiffness > 0
    if np.all(positive | (np.abs(stiffness) < 1e-14)):
        # In the basis that makes the stiffness the identity the mass matrix is bounded, so low eigenvalues come out to round-off.
        scaled = basis[:, positive] / np.sqrt(stiffness[positive])
        _, vectors = np.linalg.eigh(scaled.T @ scaled)
        constant = basis[:, ~positive]
        raw = np.concatenate([constant, scaled @ vectors[:, ::-1]], axis=1)
    else:
        # A Robin condition that feeds energy in: some eigenvalue may be positive.
        raw = basis @ eigh(np.diag(stiffness), basis.T @ basis)[1]
    # Low modes first: what round-off took from orthogonality is taken from the highest.
    orthonormal = np.linalg.qr(raw)[0]
    inner = np.linalg.lstsq(basis, orthonormal, rcond=None)[0]
    return -np.sum(inner**2 * stiffness[:, None], axis=0), orthonormal


def _conforming(degree: int, conditions: Conditions) -> tuple[np.ndarray, np.ndarray]:
    """Polynomials `L_k + c L_(k+1) + d L_(k+2)` that satisfy the conditions, and `-(p_k'', p_k)`; others vanish by degree."""
    (a, b), (c, d) = conditions
    k = np.arange(degree + 1)
    slope, sign = k * (k + 1) / 2, (-1.0) ** k
    # The outward derivative at the lower end is minus the derivative, (-1)^k k (k + 1) / 2.
    rows = np.stack([sign * (a + b * slope), c + d * slope])
    norms = np.sqrt(k + 0.5)
    basis, stiffness = np.zeros((degree + 1, degree - 1)), np.zeros(degree - 1)
    for first in range(degree - 1):
        block = rows[:, first + 1 : first + 3]
        if abs(np.linalg.det(block)) < 1e-13 * np.max(np.abs(block)) ** 2:
            raise ValueError(
                f"boundary conditions {conditions} are degenerate for polynomials of degree {first + 2}: a Robin condition with a "
                "and b of opposite sign; change a / b slightly."
            )
        pair = np.linalg.solve(block, -rows[:, first])
        basis[first : first + 3, first] = np.array([1.0, *pair]) / norms[first : first + 3]
        stiffness[first] = -pair[1] * (4 * first + 6)
    return basis, stiffness


@functools.lru_cache(maxsize=64)
def _encoding(nodes: int, degree: int, conditions: Conditions) -> np.ndarray:
    series = np.linalg.inv(_values(_nodes(nodes), nodes - 1))[: degree + 1]
    return modes(degree, conditions)[1].T @ series


@functools.lru_cache(maxsize=64)
def _decoding(nodes: int, degree: int, conditions: Conditions) -> np.ndarray:
    return _values(_nodes(nodes), degree) @ modes(degree, conditions)[1]


@functools.lru_cache(maxsize=64)
def _synthesis(count: int, degree: int, conditions: Conditions, order: int) -> np.ndarray:
    return _differentiated(lobatto(count)[0], modes(degree, conditions)[1], order)


def _differentiated(x: np.ndarray, orthonormal: np.ndarray, order: int) -> np.ndarray:
    """Derivatives at points of polynomials given by orthonormal-Legendre coefficients."""
    series = orthonormal * np.sqrt(np.arange(len(orthonormal)) + 0.5)[:, None]
    return (
        legendre.legval(x, legendre.legder(series, order)).T
        if order < len(series)
        else np.zeros((len(x), series.shape[1]))
    )


@functools.lru_cache(maxsize=64)
def _analysis(count: int, degree: int, conditions: Conditions) -> np.ndarray:
    x, weights = lobatto(count)
    return modes(degree, conditions)[1].T @ (_values(x, degree).T * weights)


def _series(count: int) -> np.ndarray:
    """Values at the quadrature points to orthonormal-Legendre coefficients of the interpolating polynomial."""
    x, weights = lobatto(count)
    table = _values(x, count - 1).T * weights
    # The quadrature of the square of the last polynomial is not exact, (2 + 1 / (count - 1)) / 2 in place of 1.
    table[-1] /= (2 * count - 1) / (count - 1)
    return table


@functools.lru_cache(maxsize=64)
def _differentiation(count: int, order: int) -> np.ndarray:
    """By the recursion over the order with diagonals that make constants vanish: less round-off than products of matrices.

    Source: B. Welfert, SIAM J. Numer. Anal. 34 (1997) 1640.
    """
    x = lobatto(count)[0]
    last = legendre.legval(x, np.eye(count)[-1])
    ratio, apart = last[:, None] / last[None, :], x[:, None] - x[None, :] + np.eye(count)
    table = np.eye(count)
    for current in range(1, order + 1):
        table = current / apart * (ratio * np.diag(table)[:, None] - table)
        np.fill_diagonal(table, 0.0)
        np.fill_diagonal(table, -table.sum(axis=1))
    return table


@functools.lru_cache(maxsize=64)
def _points_to_nodes(count: int, nodes: int) -> np.ndarray:
    kept = min(count, nodes)
    return _values(_nodes(nodes), kept - 1) @ _series(count)[:kept]


@functools.lru_cache(maxsize=64)
def _nodes_to_points(nodes: int, count: int) -> np.ndarray:
    return _values(lobatto(count)[0], nodes - 1) @ np.linalg.inv(_values(_nodes(nodes), nodes - 1))
