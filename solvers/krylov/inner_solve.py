"""A rough iterative solve as a preconditioner."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import lineax as lx
from jaxtyping import Array, PyTree


class InnerSolve(eqx.Module):
    """An iterative solve used as a preconditioner, for `FlexibleGMRES` and `GCRODR`.

    It is not linear and so no lineax operator. A solve that stops early is no failure here.

    Attributes:
        operator: what is solved roughly: `A` itself or something near it.
        solver: a lineax solver, of this package or another, with a loose tolerance or few steps.
        options: its options, a preconditioner of its own for example.

    Example:
        >>> import jax.numpy as jnp, lineax
        >>> from sciml.solvers import InnerSolve, RestartedGMRES
        >>> operator = lineax.MatrixLinearOperator(jnp.asarray([[2.0, 1.0], [0.0, 2.0]]))
        >>> InnerSolve(operator, RestartedGMRES(rtol=1e-6))(jnp.asarray([3.0, 2.0])).round(3).tolist()
        [1.0, 1.0]
    """

    operator: lx.AbstractLinearOperator
    solver: lx.AbstractLinearSolver
    options: Mapping[str, Any] = eqx.field(default_factory=dict)

    def __call__(self, vector: PyTree[Array]) -> PyTree[Array]:
        """The rough solution."""
        options = dict(self.options)
        # `compute` rather than `linear_solve`: no exception for a tolerance that is not reached.
        return self.solver.compute(self.solver.init(self.operator, options), vector, options)[0]

    def transpose(self) -> "InnerSolve":
        """The solve with the transposed operator, for derivatives in reverse."""
        options = dict(self.options)
        state, turned = self.solver.transpose(self.solver.init(self.operator, options), options)
        del state
        return InnerSolve(self.operator.transpose(), self.solver, turned)

    def conj(self) -> "InnerSolve":
        """The solve with the conjugate operator."""
        options = dict(self.options)
        turned = self.solver.conj(self.solver.init(self.operator, options), options)[1]
        return InnerSolve(lx.conj(self.operator), self.solver, turned)
