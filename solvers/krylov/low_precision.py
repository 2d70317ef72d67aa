"""A preconditioner that works in another precision than the solve around it."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
from jaxtyping import Array, DTypeLike, PyTree


class LowPrecision(lx.AbstractLinearOperator):
    """A preconditioner in a precision of its own, cast at its door.

    A float32 multigrid hierarchy inside a float64 conjugate gradient method moves half the memory and changes no iteration
    count: the outer loop keeps solution, residual and inner products in its own precision.

    Attributes:
        preconditioner: the operator; its floating-point arrays are cast to `dtype`.
        dtype: real precision inside; complex vectors take the complex one of equal width.
        outside: real precision that `in_structure` reports.

    Example:
        >>> import jax.numpy as jnp, lineax
        >>> from sciml.solvers import LowPrecision
        >>> inside = lineax.DiagonalLinearOperator(jnp.asarray([1.0, 2.0], jnp.float32))
        >>> LowPrecision(inside, jnp.float32).mv(jnp.asarray([1.0, 1.0])).tolist()
        [1.0, 2.0]
    """

    preconditioner: lx.AbstractLinearOperator
    dtype: np.dtype = eqx.field(static=True)
    outside: np.dtype = eqx.field(static=True)

    def __init__(
        self,
        preconditioner: lx.AbstractLinearOperator,
        dtype: DTypeLike = jnp.float32,
        *,
        outside: DTypeLike = np.float64,
    ) -> None:
        """Wrap an operator.

        Args:
            preconditioner: a lineax operator.
            dtype: precision in which it works.
            outside: precision of the vectors around it, for `in_structure` alone; `mv` returns what it is given.

        Raises:
            TypeError: where `dtype` is not a real floating-point type.
        """
        self.dtype, self.outside = np.dtype(dtype), np.dtype(outside)
        if not jnp.issubdtype(self.dtype, jnp.floating):
            raise TypeError(f"LowPrecision: `dtype` must be a real floating-point type, got {self.dtype}.")
        self.preconditioner = jax.tree.map(
            lambda leaf: _cast(leaf, self.dtype) if eqx.is_inexact_array(leaf) else leaf, preconditioner
        )

    def mv(self, vector: PyTree[Array]) -> PyTree[Array]:
        """Apply it; the result has the dtype of `vector`."""
        image = self.preconditioner.mv(jax.tree.map(lambda leaf: _cast(leaf, self.dtype), vector))
        return jax.tree.map(lambda new, old: new.astype(old.dtype), image, vector)

    def as_matrix(self) -> Array:
        """The matrix, in the precision inside."""
        return self.preconditioner.as_matrix()

    def transpose(self) -> "LowPrecision":
        """The transposed operator behind the same door."""
        return LowPrecision(self.preconditioner.transpose(), self.dtype, outside=self.outside)

    def in_structure(self) -> Any:
        """Structure of the vectors outside."""
        return _structure(self.preconditioner.in_structure(), self.outside)

    def out_structure(self) -> Any:
        """Structure of the vectors outside."""
        return _structure(self.preconditioner.out_structure(), self.outside)


def _width(own: Any, real: np.dtype) -> np.dtype:
    """The real type, or the complex one of equal width."""
    return np.result_type(real, np.complex64) if jnp.issubdtype(own, jnp.complexfloating) else real


def _cast(leaf: Array, real: np.dtype) -> Array:
    return leaf.astype(_width(leaf.dtype, real))


def _structure(tree: Any, real: np.dtype) -> Any:
    return jax.tree.map(lambda s: jax.ShapeDtypeStruct(s.shape, _width(s.dtype, real)), tree)


@lx.linearise.register(LowPrecision)
def _linearise(operator: LowPrecision) -> LowPrecision:
    return LowPrecision(lx.linearise(operator.preconditioner), operator.dtype, outside=operator.outside)


@lx.conj.register(LowPrecision)
def _conj(operator: LowPrecision) -> LowPrecision:
    return LowPrecision(lx.conj(operator.preconditioner), operator.dtype, outside=operator.outside)


@lx.materialise.register(LowPrecision)
def _materialise(operator: LowPrecision) -> LowPrecision:
    return LowPrecision(lx.materialise(operator.preconditioner), operator.dtype, outside=operator.outside)


def _same_as_inside(question: Any) -> None:
    question.register(LowPrecision)(lambda operator: question(operator.preconditioner))


for _question in (
    lx.is_symmetric, lx.is_diagonal, lx.is_tridiagonal, lx.has_unit_diagonal, lx.is_lower_triangular,
    lx.is_upper_triangular, lx.is_positive_semidefinite, lx.is_negative_semidefinite, lx.diagonal,
):  # fmt: skip
    _same_as_inside(_question)
