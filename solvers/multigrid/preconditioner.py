"""A multigrid cycle as a lineax operator."""

from typing import Any

import equinox as eqx
import jax
import lineax as lx
from jaxtyping import Array, Inexact

from sciml.solvers.multigrid.cycles import Multigrid
from sciml.solvers.multigrid.hierarchy import Hierarchy


class MultigridPreconditioner(lx.AbstractLinearOperator):
    """One cycle from zero, an approximate inverse: `options={"preconditioner": ...}` of lineax and of our Krylov solvers.

    Symmetric and positive definite if the smoother is symmetric and runs as often before as after the correction; that is what the
    lineax tag says, and what the default is. Derivatives do not pass: a preconditioner does not change the solution.

    Attributes:
        multigrid: how the cycle is done.
        hierarchy: of the operator to be solved.
    """

    multigrid: Multigrid = eqx.field(static=True)
    hierarchy: Hierarchy

    def __init__(self, multigrid: Multigrid, hierarchy: Hierarchy) -> None:
        """Make one of a hierarchy that `multigrid.set_up` returned."""
        self.multigrid = multigrid
        self.hierarchy = jax.lax.stop_gradient(hierarchy)

    def mv(self, vector: Inexact[Array, "..."]) -> Inexact[Array, "..."]:
        """One cycle."""
        return self.multigrid.run(self.hierarchy, vector)

    def as_matrix(self) -> Inexact[Array, "size size"]:
        """The dense matrix, for small problems."""
        finest = self.in_structure()
        unit = jax.numpy.eye(finest.size, dtype=finest.dtype).reshape(finest.size, *finest.shape)
        return jax.vmap(self.mv)(unit).reshape(finest.size, finest.size).T

    def transpose(self) -> "MultigridPreconditioner":
        """Itself: it is symmetric."""
        return self

    def in_structure(self) -> Any:
        """Shape and dtype of the unknowns."""
        levels = self.hierarchy.levels
        shape = levels[0].operator.shape if levels else self.hierarchy.shape
        return jax.ShapeDtypeStruct(shape, self.hierarchy.coarsest.dtype)

    def out_structure(self) -> Any:
        """Shape and dtype of the unknowns."""
        return self.in_structure()


@lx.linearise.register(MultigridPreconditioner)
@lx.materialise.register(MultigridPreconditioner)
def _itself(operator: MultigridPreconditioner) -> MultigridPreconditioner:
    return operator


@lx.conj.register(MultigridPreconditioner)
def _conj(operator: MultigridPreconditioner) -> MultigridPreconditioner:
    return MultigridPreconditioner(operator.multigrid, jax.tree.map(jax.numpy.conj, operator.hierarchy))


def _answer(question: Any, value: bool) -> None:
    question.register(MultigridPreconditioner)(lambda operator: value)


for _question in (lx.is_symmetric, lx.is_positive_semidefinite):
    _answer(_question, True)
for _question in (
    lx.is_diagonal, lx.is_tridiagonal, lx.has_unit_diagonal, lx.is_lower_triangular, lx.is_upper_triangular,
    lx.is_negative_semidefinite,
):  # fmt: skip
    _answer(_question, False)
