"""Steady equations solved by conditioning a Gaussian process on residuals and boundary conditions."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from sciml.equation import Steady
from sciml.fields.derivatives import MultiIndex
from sciml.gp.dense import Dense
from sciml.gp.design import prior_mean
from sciml.gp.functional import Functional, Functionals, operated
from sciml.gp.process import GP, Posterior
from sciml.grid import Grid
from sciml.kernels.algebra import Scaled
from sciml.kernels.kernel import Kernel
from sciml.parameters import maximise
from sciml.parameters.rules import Rule
from sciml.solvers.gaussian_process.conditions import boundary_observations
from sciml.solvers.gaussian_process.evidence import SOLVER, enough_noise, log_evidence, prior_noise, solution_noise


class GPSolution(eqx.Module):
    """A solution with its uncertainty.

    Attributes:
        posterior: the process given the equation and the boundary conditions; call it with points for mean and variance, or with a
            `Functional` for derivatives, fluxes, residuals.
        kernel: with the parameters found, and the variance of the solution.
        log_evidence: logarithm of the marginal likelihood before the first fit and after each.
        change: relative change of the derivatives in the last Newton step; zero for linear equations.
        successful: whether the Newton iteration converged.
        steps: Newton steps in all.
        grid: the nodes.
    """

    posterior: Posterior
    kernel: Kernel
    log_evidence: Float[Array, " fits"]
    change: Float[Array, ""]
    successful: Bool[Array, ""]
    steps: Int[Array, ""]
    grid: Grid = eqx.field(static=True)

    def __call__(self, points: Any) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
        """Mean and variance of the solution at points `(m,)` or `(m, dimension)`, or of a functional of it."""
        return self.posterior(points)

    @property
    def values(self) -> Float[Array, "1 *grid"]:
        """Mean at the nodes of the grid, in the shape of a state."""
        points = jnp.asarray(self.grid.points())
        return self(points[:, 0] if self.grid.dimension == 1 else points)[0].reshape(1, *self.grid.shape)


def solve_by_gp(
    equation: Steady,
    grid: Grid,
    kernel: Kernel,
    *,
    evaluations: int = 60,
    rounds: int | None = None,
    rules: Mapping[str, Rule] | None = None,
    jitter: float = 1e-10,
    newton_steps: int = 20,
    tolerance: float = 1e-6,
) -> GPSolution:
    """Solve a steady equation of one component by a Gaussian process.

    The residual at all nodes and the conditions on the faces are observations with next to no noise. The unknown is integrated out:
    the kernel's parameters and its variance maximise the exact marginal likelihood, and the solution is the conditional mean. A
    nonlinear equation is linearised at the present mean until that no longer moves (Gauss-Newton; Y. Chen et al., J. Comput. Phys. 447,
    2021), between fits of the kernel. Where coefficients are to be learned, or noisy data are given, put the observations together by
    `Functionals` and fit `log_prob_given`.

    Args:
        equation: one component; its residual is evaluated by automatic differentiation where it is nonlinear.
        grid: nodes at which it holds, with their boundary conditions, four or more per wavelength. The matrix has one row per node
            and condition: at most some thousands. For large rectangles see `solve_on_lattice`.
        kernel: with starting values of its parameters and twice as many derivatives as the equation; its variance starts from the
            value that suits the data.
        evaluations: of the marginal likelihood in each fit; 0 keeps the kernel's parameters.
        rounds: how often the kernel is fitted; by default once for a linear equation, twice for a nonlinear one.
        rules: constraints and priors of the kernel's parameters by name (`"kernel.lengthscales"`, ...), see `ParameterSpace`.
        jitter: variance of the error that is allowed to each observation, relative to the terms of which it is the sum.
        newton_steps: at most, after each fit.
        tolerance: relative change of the state's derivatives at which Newton's iteration ends.

    Returns:
        The solution; look at `successful` for nonlinear equations.

    Example:
        >>> import jax.numpy as jnp
        >>> import sciml
        >>> from sciml.kernels import RBF
        >>> grid = sciml.Grid((16,), extent=(1.0,), boundary=sciml.boundary.Dirichlet(), nodes="vertex")
        >>> solution = solve_by_gp(sciml.physics.Poisson(source=1.0), grid, RBF(0.5), evaluations=0, jitter=1e-5)
        >>> mean, variance = solution(jnp.array([0.5]))
        >>> bool(abs(mean[0] - 0.125) < 1e-3)
        True
    """
    if len(equation.component_names(grid.dimension)) != 1 or equation.is_complex:
        raise ValueError("solve_by_gp: the equation must have one real component.")
    conditions, data = boundary_observations(grid)
    inside = Functional(equation, grid.points())
    observed = Functionals(*conditions, inside)
    values = jnp.concatenate([data.astype(inside.points.dtype), jnp.zeros(inside.size, inside.points.dtype)])
    linear = bool(_is_affine(inside))
    rounds = rounds if rounds is not None else 1 if linear else 2
    kernel = Scaled(kernel, jnp.ones((), inside.points.dtype))
    # The first noise is relative to the prior, all others to the solution, so that no prior can drown the conditions.
    noise = enough_noise(kernel, observed, values, jitter * prior_noise(kernel, observed))
    before, state, change, steps, history = kernel, _zeros(observed), jnp.zeros(()), 0, []
    for attempt in range(rounds + 1):
        found = _newton(observed, state, kernel, values, noise, 1 if linear else newton_steps, tolerance)
        if attempt and not jnp.isfinite(found[2]):
            kernel = before  # the fit went to where another linearisation cannot be factorised
            break
        (observed, state, change, taken), before = found, kernel
        steps += taken
        if attempt == 0:
            kernel = Scaled(kernel.kernel, _variance(kernel, observed, values, noise))
        noise = solution_noise(observed, state, jitter)
        noise = enough_noise(kernel, observed, values, noise)
        history.append(log_evidence(kernel, observed, values, noise))
        if attempt < rounds and evaluations > 0:
            kernel = maximise(
                log_evidence, kernel, args=(observed, values, noise), rules=rules, steps=evaluations
            ).model
    gp = GP(kernel, observed, noise, solver=Dense(jitter=0.0))
    change = jnp.zeros_like(change) if linear else change
    done = change <= tolerance
    return GPSolution(gp.condition(values), kernel, jnp.stack(history), change, done, jnp.asarray(steps), grid)


def _newton(
    observed: Functionals,
    state: dict[MultiIndex, Array],
    kernel: Kernel,
    values: Array,
    noise: Array,
    steps: int,
    tolerance: float,
) -> tuple[Functionals, dict[MultiIndex, Array], Array, int]:
    """Linearise at the conditional mean until its derivatives no longer move; one step suffices for a linear equation."""
    *conditions, inside = observed.parts
    change, taken = jnp.asarray(jnp.inf), 0
    while taken < steps and change > tolerance:
        observed = observed.replaced(*conditions, inside.at_state(state))
        state, change = _next_state(observed, state, kernel, values, noise)
        taken += 1
    return observed.replaced(*conditions, inside.at_state(state)), state, change, taken


@eqx.filter_jit
def _next_state(
    observed: Functionals, state: dict[MultiIndex, Array], kernel: Kernel, values: Array, noise: Array
) -> tuple[dict[MultiIndex, Array], Array]:
    """Derivatives of the conditional mean at the collocation points."""
    factorisation = SOLVER.factorise(kernel, observed, noise)
    weights = factorisation.solve(values - prior_mean(0.0, observed))
    inside, number = observed.parts[-1], len(observed.parts)
    one, moved = jnp.ones(inside.size, inside.points.dtype), {}
    for alpha in state:
        blocks = [
            operated(kernel, observed.pairs[i][number - 1 - i].turned(), {alpha: one}, coefficients)
            for i, (coefficients, _) in enumerate(observed.linearised())
        ]
        moved[alpha] = jnp.concatenate(blocks, axis=1) @ weights
    sizes = {alpha: jnp.sum(moved[alpha] ** 2) for alpha in state}
    gaps = [jnp.sum((moved[alpha] - state[alpha]) ** 2) / jnp.where(size > 0, size, 1) for alpha, size in sizes.items()]
    return moved, jnp.sqrt(jnp.max(jnp.stack(gaps)))


@eqx.filter_jit
def _variance(kernel: Scaled, observed: Functionals, values: Array, noise: Array) -> Array:
    """The variance of the process that maximises the marginal likelihood, its noise being relative to it."""
    residual = values - prior_mean(0.0, observed)
    quadratic = jnp.vdot(residual, SOLVER.factorise(kernel, observed, noise).solve(residual))
    return kernel.variance * quadratic / values.shape[0]


def _zeros(observed: Functionals) -> dict[MultiIndex, Array]:
    """Derivatives that any part reads, at the points of the last one."""
    inside = observed.parts[-1]
    needed = sorted({alpha for part in observed.parts for alpha in part.needed})
    return {alpha: jnp.zeros(inside.size, inside.points.dtype) for alpha in needed}


@eqx.filter_jit
def _is_affine(functional: Functional) -> Bool[Array, ""]:
    """Whether the linearisation is the same at zero and at a state far from it."""
    keys = jax.random.split(jax.random.key(0), len(functional.needed))
    dtype = functional.points.dtype
    state = {a: 1 + jax.random.normal(key, (functional.size,), dtype) for a, key in zip(functional.needed, keys)}
    here, there = functional.linearised()[0], functional.at_state(state).linearised()[0]
    same = [jnp.all(jnp.abs(here[a] - there[a]) <= 1e-6 * (1 + jnp.abs(here[a]))) for a in functional.needed]
    return jnp.all(jnp.stack(same))
