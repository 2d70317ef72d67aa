"""Linear systems of steady equations: Krylov methods with a multigrid cycle of the probed stencil as preconditioner."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
from jaxtyping import Array, ArrayLike, Inexact

from sciml.fields.stencil_structure import Coupling, Structure
from sciml.grid import Grid
from sciml.solvers.krylov import ConjugateGradients, FlexibleGMRES, KrylovSolver, MinimalResidual
from sciml.solvers.multigrid.cycles import Multigrid
from sciml.solvers.multigrid.hierarchy import Hierarchy, coarsening_plan
from sciml.solvers.multigrid.probing import probe_stencil
from sciml.solvers.multigrid.stencil import StencilOperator

Linear = Callable[[Array], Array]


class CyclePreconditioner(eqx.Module):
    """One multigrid cycle per component, in the precision of the hierarchy; symmetric and positive definite.

    Attributes:
        hierarchies: of each component, along a leading axis.
        sign: plus or minus one.
        multigrid: how the cycle is done.
    """

    hierarchies: Hierarchy
    sign: Array
    multigrid: Multigrid = eqx.field(static=True)

    def __call__(self, vector: Inexact[Array, "components *grid"]) -> Inexact[Array, "components *grid"]:
        """The cycles."""
        if jnp.issubdtype(vector.dtype, jnp.complexfloating):
            return jax.lax.complex(self._real(vector.real), self._real(vector.imag))
        return self._real(vector)

    def _real(self, vector: Array) -> Array:
        inside = vector.astype(self.hierarchies.coarsest.dtype)
        if vector.shape[0] == 1:
            first = jax.tree.map(lambda leaf: leaf[0], self.hierarchies)
            return self.multigrid.run(first, inside[0])[None].astype(vector.dtype)
        return jax.vmap(self.multigrid.run)(self.hierarchies, inside).astype(vector.dtype)

    def transpose(self) -> "CyclePreconditioner":
        """Itself: it is symmetric."""
        return self

    def conj(self) -> "CyclePreconditioner":
        """Itself: it is real."""
        return self


class LinearSolver(eqx.Module):
    """How the linear systems of a steady equation are solved; static.

    Attributes:
        grid: where.
        structure: of the residual.
        singular: whether constants belong to the null space.
        multigrid: how cycles are done.
        precision: of hierarchies.
        method: a Krylov solver in place of the one that suits the structure.
        definite: take conjugate gradients for symmetric operators; MINRES otherwise.
    """

    grid: Grid = eqx.field(static=True)
    structure: Structure = eqx.field(static=True)
    singular: bool = eqx.field(static=True)
    multigrid: Multigrid = eqx.field(static=True)
    precision: Any = eqx.field(static=True)
    method: KrylovSolver | None
    definite: bool = eqx.field(static=True)

    def prepare(self, apply: Linear, example: Inexact[Array, "components *grid"]) -> CyclePreconditioner:
        """Probe a linear operator and set up the cycle; without derivatives."""
        real = jnp.finfo(example.dtype).dtype
        operators = [self._probed(apply, example, component) for component in range(example.shape[0])]
        total = sum(jnp.sum(operator.centre) for operator in operators)
        sign = jnp.where(jnp.asarray(total) < 0, -1, 1).astype(real)
        inside = _lower(self.precision, real)
        made = [
            self.multigrid.set_up(_definite(jax.tree.map(lambda leaf: sign * leaf, o)).astype(inside))
            for o in operators
        ]
        hierarchies = jax.tree.map(lambda *leaves: jnp.stack(leaves), *made)
        return jax.lax.stop_gradient(CyclePreconditioner(hierarchies, sign, self.multigrid))

    def _probed(self, apply: Linear, example: Array, component: int) -> StencilOperator:
        real = jnp.finfo(example.dtype).dtype

        def block(values: Array) -> Array:
            whole = jnp.zeros_like(example).at[component].set(values.astype(example.dtype))
            return apply(whole)[component].real.astype(real)

        return probe_stencil(
            block,
            self.grid,
            real,
            star=self.structure.coupling <= Coupling.STAR,
            symmetric=self.structure.coupling <= Coupling.SYMMETRIC,
            singular=self.singular,
        )

    def symmetric(self, example: Inexact[Array, "components *grid"]) -> bool:
        """Whether the operator is known to be symmetric."""
        real = not jnp.issubdtype(example.dtype, jnp.complexfloating)
        return real and example.shape[0] == 1 and self.structure.coupling <= Coupling.SYMMETRIC

    def system(
        self, apply: Linear, cycle: CyclePreconditioner, b: Inexact[Array, "components *grid"], *, definite: bool
    ) -> "LinearSystem":
        """The system `apply(x) = b`, of the sign that makes it positive, and a method for it."""
        symmetric = self.symmetric(b)
        tags = ([lx.positive_semidefinite_tag] if definite else [lx.symmetric_tag]) if symmetric else []
        operator = lx.FunctionLinearOperator(
            lambda x: cycle.sign.astype(b.dtype) * apply(x), jax.ShapeDtypeStruct(b.shape, b.dtype), tags=tags
        )
        method = self.method
        if method is None and symmetric:
            # In single precision rounding u alone leaves a residual that a check would never accept.
            exact = jnp.finfo(b.dtype).bits >= 64
            method = ConjugateGradients(max_steps=200, verify=exact) if definite else MinimalResidual(max_steps=400)
        return LinearSystem(operator, cycle.sign.astype(b.dtype) * b, method or FlexibleGMRES(max_steps=400), cycle)


class LinearSystem(NamedTuple):
    """Operator, right-hand side, method and preconditioner."""

    operator: lx.AbstractLinearOperator
    b: Array
    method: Any
    cycle: CyclePreconditioner

    def run(self, rtol: Any, atol: Any) -> tuple[Array, Any, dict[str, Any]]:
        """Solution, lineax result and statistics, without derivatives and without exceptions; tolerances may be tracers."""
        method = eqx.tree_at(lambda m: (m.rtol, m.atol), self.method, (rtol, atol))
        options = {"preconditioner": self.cycle}
        return method.compute(method.init(self.operator, options), self.b, options)

    def solve(self, rtol: ArrayLike, *, throw: bool, max_steps: int | None = None) -> Array:
        """The solution, with derivatives."""
        method = eqx.tree_at(lambda m: m.rtol, self.method, rtol)
        if max_steps is not None:
            method = eqx.tree_at(lambda m: m.max_steps, method, max_steps, is_leaf=lambda leaf: leaf is None)
        options = {"preconditioner": self.cycle}
        return lx.linear_solve(self.operator, self.b, method, options=options, throw=throw).value


def default_multigrid(grid: Grid) -> Multigrid:
    """V(1,1) cycles, semi-coarsened for unequal spacings."""
    strengths = (1 / np.square([axis.spacing for axis in grid.axes])).tolist()
    return Multigrid(axes=coarsening_plan(strengths, grid.shape) or None)


def _definite(operator: StencilOperator) -> StencilOperator:
    """Negative row sums change their sign: a positive definite neighbour of an indefinite operator."""
    surplus = operator.mv(jnp.ones_like(operator.centre))
    centre = operator.centre + 2 * jnp.maximum(-surplus, jnp.zeros_like(surplus))
    return eqx.tree_at(lambda o: o.centre, operator, centre)


def _lower(precision: Any, outside: Any) -> Any:
    inside = jnp.promote_types(precision, jnp.float32)
    return inside if jnp.finfo(inside).bits < jnp.finfo(outside).bits else outside
