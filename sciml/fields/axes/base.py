"""What a box asks of the basis of one of its axes."""

from abc import ABC, abstractmethod

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array

from sciml.grid import Axis

EVEN, ODD = 0, 3
"""Parity of a function at both ends of an axis: bit 0 for the lower, bit 1 for the upper end, set where it is odd."""


class AxisBasis(ABC):
    """Modes and quadrature points of one axis; static and hashable.

    The modes satisfy the homogeneous boundary conditions, and the second derivative is diagonal in them. All transforms act along
    axis `at` of an array (counted from the front) and keep the others.
    """

    axis: Axis
    periodic: bool = False
    trigonometric: bool = False

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of stored modes."""

    @property
    @abstractmethod
    def points(self) -> int:
        """Number of quadrature points."""

    @property
    @abstractmethod
    def eigenvalues(self) -> np.ndarray:
        """Of the second derivative, float64, in storage order."""

    @abstractmethod
    def coordinates(self) -> np.ndarray:
        """Quadrature points, float64."""

    @abstractmethod
    def encode(self, values: Array, at: int) -> Array:
        """Values at the grid's nodes to modes."""

    @abstractmethod
    def decode(self, coefficients: Array, at: int) -> Array:
        """Modes to values at the grid's nodes."""

    @abstractmethod
    def synthesise(self, coefficients: Array, at: int, order: int) -> Array:
        """The derivative of `order` on the quadrature points; exact."""

    @abstractmethod
    def analyse(self, points: Array, at: int, parity: int | None) -> Array:
        """Quadrature points to modes (a projection); `parity` is that of the function, `None` the one of the modes."""

    @abstractmethod
    def differentiate(self, points: Array, at: int, order: int, parity: int | None) -> Array:
        """Derivative of a function known at the quadrature points."""

    @abstractmethod
    def to_nodes(self, points: Array, at: int, parity: int | None) -> Array:
        """Quadrature points to the grid's nodes, boundary conditions not imposed."""

    @abstractmethod
    def from_nodes(self, values: Array, at: int) -> Array:
        """The grid's nodes to the quadrature points, boundary conditions not imposed."""


def along(matrix: np.ndarray, array: Array, at: int) -> Array:
    """Product of a real matrix with axis `at` of a real or complex array, in full precision."""
    if jnp.issubdtype(array.dtype, jnp.complexfloating):
        return lax.complex(along(matrix, array.real, at), along(matrix, array.imag, at))
    table = jnp.asarray(matrix, array.dtype)
    product = jnp.tensordot(table, array, axes=(1, at), precision=lax.Precision.HIGHEST)
    return jnp.moveaxis(product, 0, at)
