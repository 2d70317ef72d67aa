"""Linear equations with separable operators on rectangles: a hundred and sixty thousand unknowns by matrices of four hundred rows."""

from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_factor, cho_solve, solve_sylvester
from jaxtyping import Array, Float

from sciml.boundary import Dirichlet, ends
from sciml.equation import Steady
from sciml.fields.derivatives import MultiIndex
from sciml.gp.functional import Functional
from sciml.gp.kronecker import Kronecker
from sciml.gp.process import GP
from sciml.grid import Grid
from sciml.kernels.algebra import Scaled
from sciml.kernels.derivatives import Pairs
from sciml.kernels.kernel import Kernel
from sciml.kernels.separable import Separable
from sciml.parameters import maximise
from sciml.parameters.rules import Rule
from sciml.solvers.gaussian_process.conditions import boundary_observations


class LatticeSolution(eqx.Module):
    """A solution at the nodes of a rectangle, and between them.

    Attributes:
        values: at the nodes, `(1, *grid.shape)`.
        kernels: of the two coordinates, with the parameters found.
        variance: of the process.
        log_evidence: of the values under the kernels before each fit and at the end.
        grid: the nodes.
    """

    values: Float[Array, "1 nx ny"]
    kernels: tuple[Kernel, Kernel]
    variance: Float[Array, ""]
    log_evidence: Float[Array, " fits"]
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
    evaluations: int = 10,
    rounds: int = 1,
    rules: Mapping[str, Rule] | None = None,
    jitter: float = 1e-10,
) -> LatticeSolution:
    """Solve a linear equation with constant coefficients on a rectangle with given values on its sides.

    With a product of kernels, derivatives of the conditional mean are matrices `K_j^(n) K_j^-1` along each axis, so that an operator
    without mixed derivatives gives a Sylvester equation for the inner values: time `n^3`, memory `n^2` for `n^2` nodes. The kernels'
    parameters are fitted to the solution by the Kronecker likelihood, then the equation is solved again (S. Fang et al., ICLR 2024,
    maximise the same density together with penalties for the equation).

    Args:
        equation: of one component, linear, without mixed derivatives.
        grid: two axes with Dirichlet conditions on vertices.
        kernels: one for each coordinate.
        evaluations: of the likelihood in each fit.
        rounds: how often the kernels are fitted; 0 keeps them.
        rules: constraints and priors of the kernels' parameters, see `ParameterSpace`.
        jitter: relative to the kernels' variances.

    Example:
        >>> import jax.numpy as jnp
        >>> import sciml
        >>> from sciml.kernels import RBF
        >>> grid = sciml.Grid((17, 17), extent=(1.0, 1.0), boundary=sciml.boundary.Dirichlet(), nodes="vertex")
        >>> solution = solve_on_lattice(sciml.physics.Poisson(1.0), grid, (RBF(0.3), RBF(0.3)), rounds=0, jitter=1e-6)
        >>> bool(abs(solution.values.max() - 0.07367) < 2e-3)
        True
    """
    terms, right_side = _separated(equation, grid)
    values = _boundary_values(grid)
    nodes = tuple(jnp.asarray(axis.coordinates()) for axis in grid.axes)
    history = []
    for attempt in range(rounds + 1):
        values = _solve(kernels, nodes, terms, right_side, values, jitter)
        kernel = Scaled(Separable(kernels), _variance(kernels, nodes, values, jitter))
        history.append(_log_evidence(kernel, nodes, values, jitter))
        if attempt < rounds:
            kernel = maximise(_log_evidence, kernel, args=(nodes, values, jitter), rules=rules, steps=evaluations).model
            first, second = kernel.kernel.kernels  # pyright: ignore[reportAttributeAccessIssue]
            kernels = (first, second)
    return LatticeSolution(values[None], kernels, kernel.variance, jnp.stack(history), jitter, grid)


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
    sides = [side for axis in grid.axes if not axis.periodic for side in ends(axis.boundary)]
    if grid.dimension != 2 or len(sides) != 4 or not all(isinstance(side, Dirichlet) for side in sides):
        raise ValueError("solve_on_lattice: needs two axes with Dirichlet conditions at all ends; use `solve_by_gp`.")
    functionals, data = boundary_observations(grid)
    points = jnp.concatenate([functional.points for functional in functionals])
    places = []
    for i, axis in enumerate(grid.axes):
        nodes = jnp.asarray(axis.coordinates())
        places.append(jnp.argmin(jnp.abs(points[:, i, None] - nodes[None]), axis=1))
    return jnp.zeros(grid.shape, data.dtype).at[places[0], places[1]].set(data)


@eqx.filter_jit
def _solve(
    kernels: tuple[Kernel, Kernel],
    nodes: tuple[Array, Array],
    terms: tuple[dict[int, Array], dict[int, Array]],
    right_side: Array,
    values: Array,
    jitter: float,
) -> Array:
    """Values at inner nodes, given those at the sides."""
    first, second = (_operator(*parts, jitter) for parts in zip(kernels, nodes, terms))
    inner = slice(1, -1)
    edges = values.at[inner, inner].set(0)
    known = first[inner] @ edges[:, inner] + edges[inner] @ second[inner].T
    found = solve_sylvester(first[inner, inner], second[inner, inner].T, right_side[inner, inner] - known)
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


@eqx.filter_jit
def _variance(kernels: tuple[Kernel, Kernel], nodes: tuple[Array, Array], values: Array, jitter: float) -> Array:
    weights = values
    for axis in range(2):
        solved = _solve_gram(kernels[axis], nodes[axis], jnp.moveaxis(weights, axis, 0), jitter)
        weights = jnp.moveaxis(solved, 0, axis)
    return jnp.vdot(values, weights) / values.size


@eqx.filter_jit
def _log_evidence(kernel: Scaled, nodes: tuple[Array, Array], values: Array, jitter: float) -> Array:
    noise = jitter * jnp.mean(values * values)
    return GP(kernel, nodes, noise, solver=Kronecker()).log_prob(values)
