"""Linear equations with separable operators on rectangles: a hundred and sixty thousand unknowns by matrices of four hundred rows."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_factor, cho_solve, solve_sylvester
from jaxtyping import Array, Float

from sciml.equation import Steady
from sciml.fields.derivatives import MultiIndex
from sciml.gp.functional import Functional
from sciml.grid import Grid
from sciml.kernels.derivatives import Pairs
from sciml.kernels.kernel import Kernel
from sciml.solvers.gaussian_process.conditions import boundary_nodes

_FAILED = (
    "solve_on_lattice: a kernel's matrix could not be factorised, or the operator on the nodes is singular. Work in float64; "
    "take a shorter lengthscale or a rougher kernel; change `jitter`."
)


class LatticeSolution(eqx.Module):
    """A solution at the nodes of a rectangle, and between them.

    Attributes:
        values: at the nodes, `(1, *grid.shape)`.
        kernels: of the two coordinates.
        jitter: relative to the kernels' variances.
        grid: the nodes.
    """

    values: Float[Array, "1 nx ny"]
    kernels: tuple[Kernel, Kernel]
    jitter: float = eqx.field(static=True)
    grid: Grid = eqx.field(static=True)

    def __call__(self, x: Float[Array, " n"], y: Float[Array, " m"]) -> Float[Array, "n m"]:
        """The interpolant at another lattice."""
        values = self.values[0]
        for axis, (kernel, points) in enumerate(zip(self.kernels, (x, y))):
            nodes = jnp.asarray(self.grid.axes[axis].coordinates())
            weights = _solve_gram(kernel, nodes, jnp.moveaxis(values, axis, 0), self.jitter)
            values = jnp.moveaxis(kernel.gram(points.astype(nodes.dtype), nodes) @ weights, 0, axis)
        return values


def solve_on_lattice(
    equation: Steady,
    grid: Grid,
    kernels: tuple[Kernel, Kernel],
    *,
    jitter: float = 1e-10,
) -> LatticeSolution:
    """Solve a linear equation with constant coefficients on a rectangle with given values on its sides.

    With a product of kernels, derivatives of the conditional mean are matrices `K_j^(n) K_j^-1` along each axis, so that an operator
    without mixed derivatives gives a Sylvester equation for the inner values: time `n^3`, memory `n^2` for `n^2` nodes. No parameter
    is learned: a mixture whose frequencies cover those of the solution will do. Frequencies beyond half a cycle per spacing do harm.

    Args:
        equation: of one component, linear, without mixed derivatives.
        grid: two axes with Dirichlet conditions on vertices.
        kernels: one for each coordinate.
        jitter: added to the kernels' matrices, relative to their variances.

    Raises:
        ValueError: the equation or the grid is of another kind; the message says which.

    Example:
        >>> import jax.numpy as jnp
        >>> import sciml
        >>> from sciml.kernels import RBF
        >>> from sciml.solvers import solve_on_lattice
        >>> grid = sciml.Grid((17, 17), extent=(1.0, 1.0), boundary=sciml.boundary.Dirichlet(), nodes="vertex")
        >>> solution = solve_on_lattice(sciml.physics.Poisson(1.0), grid, (RBF(0.15), RBF(0.15)), jitter=1e-8)
        >>> bool(abs(solution.values.max() - 0.07367) < 2e-3)
        True
    """
    edges = _boundary_values(grid)
    terms, right_side = _separated(equation, grid)
    x, y = (jnp.asarray(axis.coordinates()) for axis in grid.axes)
    values = _solve(kernels, (x, y), terms, right_side, edges, jitter)
    values = eqx.error_if(values, ~jnp.all(jnp.isfinite(values)), _FAILED)
    return LatticeSolution(values[None], kernels, jitter, grid)


def _separated(equation: Steady, grid: Grid) -> tuple[tuple[dict[int, Array], dict[int, Array]], Array]:
    """Constant coefficients of the derivatives along each axis (the value counts as the first's), and the right side at the nodes."""
    inside = Functional(equation, grid.points())
    coefficients, rest = inside.linearised()
    far = inside.at_state({alpha: jnp.ones_like(c) for alpha, c in coefficients.items()}).linearised()[0]
    terms: tuple[dict[int, Array], dict[int, Array]] = ({}, {})
    for alpha, values in coefficients.items():
        _check_term(alpha, values, far[alpha])
        axis = 1 if alpha[1] else 0
        terms[axis][alpha[axis]] = values[0]
    return terms, -rest.reshape(grid.shape)


def _check_term(alpha: MultiIndex, values: Array, elsewhere: Array) -> None:
    if alpha[0] and alpha[1]:
        raise ValueError(f"solve_on_lattice: the operator has the mixed derivative {alpha}; use `solve_by_gp`.")
    scale = jnp.max(jnp.abs(values))
    if jnp.max(jnp.abs(values - values[0])) > 1e-6 * scale:
        raise ValueError(f"solve_on_lattice: the coefficient of derivative {alpha} varies in space; use `solve_by_gp`.")
    if jnp.max(jnp.abs(values - elsewhere)) > 1e-6 * scale:
        raise ValueError("solve_on_lattice: the equation is not linear; use `solve_by_gp`.")


def _boundary_values(grid: Grid) -> Array:
    if grid.dimension != 2:
        raise ValueError(f"solve_on_lattice: needs two axes, got {grid.dimension}; use `solve_by_gp`.")
    places, data = boundary_nodes(grid)
    return jnp.zeros(grid.shape, data.dtype).at[places].set(data)


@eqx.filter_jit
def _solve(
    kernels: tuple[Kernel, Kernel],
    nodes: tuple[Array, Array],
    terms: tuple[dict[int, Array], dict[int, Array]],
    right_side: Array,
    values: Array,
    jitter: float,
) -> Array:
    """Values at all nodes, given those at the sides."""
    first, second = (_operator(*parts, jitter) for parts in zip(kernels, nodes, terms))
    inner = slice(1, -1)
    edges = values.at[inner, inner].set(0)
    known = first[inner] @ edges[:, inner] + edges[inner] @ second[inner].T
    # Schur's form is more accurate and exists on CPUs alone.
    method = "schur" if jax.default_backend() == "cpu" else "eigen"
    found = solve_sylvester(
        first[inner, inner], second[inner, inner].T, right_side[inner, inner] - known, method=method
    )
    return edges.at[inner, inner].set(found)


def _operator(kernel: Kernel, nodes: Array, terms: dict[int, Array], jitter: float) -> Array:
    """The operator of one axis as a matrix on values at its nodes."""
    pairs = Pairs.of(nodes[:, None], nodes[:, None])
    total = jnp.zeros((nodes.size, nodes.size), nodes.dtype)
    for order, coefficient in terms.items():
        total = total + coefficient * kernel.derivatives(pairs, (order,), (0,))
    return _solve_gram(kernel, nodes, total.T, jitter).T


def _solve_gram(kernel: Kernel, nodes: Array, right_side: Array, jitter: float) -> Array:
    gram = kernel.gram(nodes)
    ridge = jitter * jnp.mean(jnp.diag(gram)) * jnp.eye(nodes.size, dtype=nodes.dtype)
    factor = cho_factor(gram + ridge)
    return cho_solve(factor, right_side)
