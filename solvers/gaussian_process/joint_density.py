"""Values at the nodes of a grid and a kernel learned together, from the joint density of process, conditions and equation."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import cho_factor, cho_solve
from jaxtyping import Array, Float, PRNGKeyArray

from sciml.equation import Steady
from sciml.fields.derivatives import MultiIndex
from sciml.gp.functional import Functional
from sciml.grid import Axis, Grid
from sciml.kernels.derivatives import Pairs
from sciml.kernels.kernel import Kernel
from sciml.parameters.space import ParameterSpace
from sciml.solvers.gaussian_process.conditions import boundary_nodes


class Component(eqx.Module):
    """One process on a grid: its values, and a kernel for each axis by its free parameters.

    Attributes:
        values: at the nodes, `grid.shape`.
        free: free parameters of the kernels.
        space: their constraints.
        frozen: whether training leaves it alone.
    """

    values: Float[Array, "*grid"]
    free: Float[Array, " parameters"]
    space: ParameterSpace
    frozen: bool = eqx.field(static=True, default=False)

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """The kernels of the axes."""
        return self.space.model(self.free)


class GridProcess(eqx.Module):
    """A sum of processes on a grid with product kernels; a model to be trained by `sciml.fit` with `JointDensityLoss`.

    Attributes:
        components: the processes; later ones correct the earlier.
        log_boundary_precision: logarithm of the precision of the conditions.
        log_equation_precision: logarithm of that of the residual.
        grid: the nodes.
    """

    components: tuple[Component, ...]
    log_boundary_precision: Float[Array, ""]
    log_equation_precision: Float[Array, ""]
    grid: Grid = eqx.field(static=True)

    @classmethod
    def start(cls, grid: Grid, kernels: Sequence[Kernel]) -> "GridProcess":
        """Values zero, precisions one.

        Args:
            grid: at most some hundred nodes along each axis.
            kernels: one for each axis.
        """
        if len(kernels) != grid.dimension:
            raise ValueError(f"GridProcess: {grid.dimension} axes need as many kernels, got {len(kernels)}.")
        return cls((_component(grid, kernels),), jnp.zeros(()), jnp.zeros(()), grid)

    def with_correction(self, kernels: Sequence[Kernel]) -> "GridProcess":
        """What was learned is frozen, and one more process starts from zero: for solutions of two scales (Fang et al., appendix)."""
        frozen = tuple(Component(part.values, part.free, part.space, True) for part in self.components)
        return GridProcess(
            (*frozen, _component(self.grid, kernels)),
            self.log_boundary_precision,
            self.log_equation_precision,
            self.grid,
        )

    @property
    def values(self) -> Float[Array, "*grid"]:
        """Values of the sum at the nodes."""
        return sum((part.values for part in self.components[1:]), start=self.components[0].values)

    def __call__(self, *axes: Float[Array, " n"], jitter: float = 1e-6) -> Float[Array, "*lattice"]:
        """Interpolate to another lattice, one vector of coordinates per axis."""
        total = None
        for part in self.components:
            values = part.values
            for i, (kernel, points) in enumerate(zip(part.kernels, axes)):
                matrices = _AxisMatrices(kernel, self.grid.axes[i], values.dtype, jitter)
                between = kernel.gram(points, matrices.pairs.x[:, 0])
                values = _along(lambda rows, k=between, m=matrices: k @ m.solve(rows), values, i)
            total = values if total is None else total + values
        return total  # pyright: ignore[reportReturnType]


class JointDensityLoss(eqx.Module):
    """Minus the logarithm of the joint density of values, conditions and residuals (S. Fang et al., ICLR 2024, eq. 8-10).

    `log N(U | 0, K_1 x K_2) + weight (N_b / 2 log t - t / 2 |u_b - g|^2) + N / 2 log v - v / 2 |residual|^2`, the residual taken from
    derivatives `K_j^(n) K_j^-1 U` along each axis. Algebra of Kronecker products: time `n^3` for `n^d` nodes.

    Attributes:
        equation: one component; any nonlinearity.
        weight: of the conditions.
        jitter: added to each kernel matrix.
    """

    equation: Steady
    grid: Grid = eqx.field(static=True)
    weight: float = eqx.field(static=True, default=200.0)
    jitter: float = eqx.field(static=True, default=1e-6)

    def __check_init__(self) -> None:
        boundary_nodes(self.grid)

    def __call__(self, model: GridProcess, batch: Any, key: PRNGKeyArray) -> tuple[Array, dict[str, Array]]:
        """Loss of a model; `batch` and `key` are not used, since every node is."""
        parts = [jax.tree.map(lax.stop_gradient, part) if part.frozen else part for part in model.components]
        values = sum((part.values for part in parts[1:]), start=parts[0].values)
        dtype = values.dtype
        inside = Functional(self.equation, jnp.asarray(self.grid.points()).astype(dtype))
        table = {alpha: jnp.zeros(inside.size, dtype) for alpha in inside.needed}
        prior = jnp.zeros((), dtype)
        for part in parts:
            density, derivatives = _process(part, self.grid, inside.needed, self.jitter)
            prior = prior + density
            table = {alpha: table[alpha] + derivatives[alpha].ravel() for alpha in table}
        residual = inside.at(table)
        gap = _trace_gap(self.grid, values)
        t, v = model.log_boundary_precision, model.log_equation_precision
        boundary = 0.5 * (gap.size * t - jnp.exp(t) * jnp.sum(gap**2))
        equation = 0.5 * (residual.size * v - jnp.exp(v) * jnp.sum(residual**2))
        mean_square = jnp.mean(residual**2)
        return -(prior + self.weight * boundary + equation), {"residual": jnp.sqrt(mean_square)}


def _process(
    part: Component, grid: Grid, needed: Sequence[MultiIndex], jitter: float
) -> tuple[Array, dict[MultiIndex, Array]]:
    """Log-density of the values (without constants), and their derivatives at the nodes."""
    axes = [_AxisMatrices(kernel, axis, part.values.dtype, jitter) for kernel, axis in zip(part.kernels, grid.axes)]
    weights, half_logarithms = part.values, jnp.zeros((), part.values.dtype)
    for i, matrices in enumerate(axes):
        weights = _along(matrices.solve, weights, i)
        others = math.prod(grid.shape) // grid.shape[i]
        half_logarithms = half_logarithms + others * jnp.sum(jnp.log(jnp.diag(matrices.factor[0])))
    derivatives = {}
    for alpha in needed:
        field = part.values
        for i, order in enumerate(alpha):
            if order:
                field = _along(partial(axes[i].differentiate, order), field, i)
        derivatives[alpha] = field
    return -half_logarithms - 0.5 * jnp.vdot(part.values, weights), derivatives


class _AxisMatrices:
    """The kernel matrix of one axis, factorised, with the distances between nodes evaluated once each."""

    def __init__(self, kernel: Kernel, axis: Axis, dtype: Any, jitter: float):
        nodes = axis.coordinates().astype(dtype)[:, None]
        self.kernel, self.pairs = kernel, Pairs.of(nodes, nodes)
        gram = kernel.derivatives(self.pairs, (0,), (0,))
        factor, _ = cho_factor(gram + jitter * jnp.eye(axis.count, dtype=dtype))
        self.factor = (factor, False)

    def solve(self, rows: Array) -> Array:
        """Weights of kernels centred at the nodes."""
        return cho_solve(self.factor, rows)

    def differentiate(self, order: int, rows: Array) -> Array:
        """Derivatives of the interpolant at the nodes."""
        return self.kernel.derivatives(self.pairs, (order,), (0,)) @ self.solve(rows)


def _trace_gap(grid: Grid, values: Array) -> Array:
    """Values at the sides less the data there."""
    places, data = boundary_nodes(grid)
    return values[places] - data.astype(values.dtype)


def _component(grid: Grid, kernels: Sequence[Kernel]) -> Component:
    space = ParameterSpace(tuple(kernels))
    return Component(jnp.zeros(grid.shape), space.free(tuple(kernels)), space)


def _along(function: Callable[[Array], Array], values: Array, axis: int) -> Array:
    """Apply a function of columns along one axis of an array."""
    moved = jnp.moveaxis(values, axis, 0)
    rows = function(moved.reshape(moved.shape[0], -1))
    return jnp.moveaxis(rows.reshape(rows.shape[0], *moved.shape[1:]), 0, axis)
