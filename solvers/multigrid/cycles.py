"""Multigrid cycles."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Inexact

from sciml.solvers.multigrid.coarsening import Interpolation
from sciml.solvers.multigrid.hierarchy import Axes, Hierarchy, set_up
from sciml.solvers.multigrid.smoothers import Chebyshev, Smoother
from sciml.solvers.multigrid.stencil import StencilOperator, interior

Cycle: TypeAlias = Literal["V", "W", "F"]


@dataclass(frozen=True)
class Multigrid:
    """How multigrid is done: static and hashable.

    Attributes:
        smoother: what runs on each level before and after the coarse correction.
        cycle: `"V"` visits the next level once, `"W"` twice, `"F"` once by F and once by V.
        before: runs of the smoother before the correction.
        after: runs after it.
        interpolation: `"operator"`, weights that follow the coefficients, or `"linear"`.
        coarsest: most unknowns on the coarsest level, which is solved by its dense inverse. By default 300, and 130 below 10,000
            unknowns, where that inverse would be the largest part of the set-up; high contrasts then take a few iterations more.
        axes: per level the axes to halve, see `coarsening_plan`.

    Example:
        >>> import jax.numpy as jnp
        >>> import sciml
        >>> from sciml.solvers.multigrid import Multigrid, finite_volumes
        >>> grid = sciml.Grid((65, 65), extent=(1.0, 1.0), boundary=sciml.boundary.Dirichlet())
        >>> volumes = finite_volumes(grid, jnp.ones(grid.shape))
        >>> multigrid = Multigrid()
        >>> hierarchy = multigrid.set_up(volumes.operator)
        >>> f = volumes.load(jnp.ones(grid.shape))
        >>> u = multigrid.run(hierarchy, f)  # one cycle from zero
        >>> bool(jnp.linalg.norm(f - volumes.operator.mv(u)) < 0.3 * jnp.linalg.norm(f))
        True
    """

    smoother: Smoother = field(default_factory=Chebyshev)
    cycle: Cycle = "V"
    before: int = 1
    after: int = 1
    interpolation: Interpolation = "operator"
    coarsest: int | None = None
    axes: tuple[Axes, ...] | None = None

    def __post_init__(self) -> None:
        if self.cycle not in ("V", "W", "F"):
            raise ValueError(f"Multigrid: `cycle` must be 'V', 'W' or 'F', got {self.cycle!r}.")
        if self.before < 0 or self.after < 0 or self.before + self.after == 0:
            raise ValueError(f"Multigrid: needs sweeps, got before={self.before}, after={self.after}.")

    @property
    def is_symmetric(self) -> bool:
        """Whether one cycle from zero is a symmetric operator."""
        return self.smoother.is_symmetric and self.before == self.after and self.cycle != "F"

    def set_up(self, operator: StencilOperator) -> Hierarchy:
        """The hierarchy of an operator."""
        return set_up(operator, self.smoother, interpolation=self.interpolation, coarsest=self.coarsest, axes=self.axes)

    def run(
        self, hierarchy: Hierarchy, f: Inexact[Array, "..."], u: Inexact[Array, "..."] | None = None
    ) -> Inexact[Array, "..."]:
        """One cycle for `A u = f`, from `u` or from zero: linear in both, symmetric in `f` if the smoother is and `before == after`."""
        return _run(self, hierarchy, f, u)

    def full(self, hierarchy: Hierarchy, f: Inexact[Array, "..."], cycles: int = 1) -> Inexact[Array, "..."]:
        """Full multigrid: the solution of each level, improved by some cycles, starts the next finer one.

        One V(2,1) cycle per level reaches the discretisation error of a second-order scheme.
        """
        return _full(self, hierarchy, f, cycles)

    def visit(self, hierarchy: Hierarchy, depth: int, f: Array, u: Array | None, cycle: Cycle) -> Array:
        """One cycle from some level downwards."""
        if depth == len(hierarchy.levels):
            return hierarchy.solve_coarsest(f)
        level = hierarchy.levels[depth]
        operator = level.operator
        padded = None if u is None else operator.with_halo(u)
        for _ in range(self.before):
            padded = operator.with_halo(self.smoother.smooth(operator, level.prepared, f, padded, after=False))
        residual = f if padded is None else f - operator.apply(padded)
        correction = self._below(hierarchy, depth + 1, level.restrict(jax.lax.optimization_barrier(residual)), cycle)
        values = level.prolong(correction)
        if padded is not None:
            values = values + interior(padded)
        for _ in range(self.after):
            padded = operator.with_halo(values)
            values = self.smoother.smooth(operator, level.prepared, f, padded, after=True)
        return values

    def _below(self, hierarchy: Hierarchy, depth: int, f: Array, cycle: Cycle) -> Array:
        if cycle == "V" or depth == len(hierarchy.levels):
            return self.visit(hierarchy, depth, f, None, cycle)
        if cycle == "F":
            first = self.visit(hierarchy, depth, f, None, "F")
            return self.visit(hierarchy, depth, f, first, "V")
        # A loop, so that each level occurs once in the program and not 2^depth times.
        return jax.lax.fori_loop(0, 2, lambda _, u: self.visit(hierarchy, depth, f, u, "W"), jnp.zeros_like(f))


@eqx.filter_jit
def _run(multigrid: Multigrid, hierarchy: Hierarchy, f: Array, u: Array | None) -> Array:
    return multigrid.visit(hierarchy, 0, f, u, multigrid.cycle)


@eqx.filter_jit
def _full(multigrid: Multigrid, hierarchy: Hierarchy, f: Array, cycles: int) -> Array:
    loads = [f]
    for level in hierarchy.levels:
        loads.append(level.restrict(loads[-1]))
    u = hierarchy.solve_coarsest(loads[-1])
    for depth in reversed(range(len(hierarchy.levels))):
        u = hierarchy.levels[depth].prolong(u)
        for _ in range(cycles):
            u = multigrid.visit(hierarchy, depth, loads[depth], u, multigrid.cycle)
    return u
