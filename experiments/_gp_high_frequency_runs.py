"""Cases and methods of the experiment `gp-high-frequency`."""

import dataclasses
import functools
import math
import time
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, PRNGKeyArray

import sciml
from sciml.boundary import Dirichlet, Sides
from sciml.equation import Steady
from sciml.fields import Field
from sciml.grid import Grid
from sciml.kernels import RBF, Kernel, Matern52, SpectralMixture, StudentTMixture
from sciml.kernels.spectral_mixture import Mixture
from sciml.models import MLP
from sciml.physics import Poisson
from sciml.physics.given import given_field
from sciml.solvers import solve_poisson
from sciml.solvers.gaussian_process.collocation import solve_by_gp
from sciml.solvers.gaussian_process.joint_density import GridProcess, JointDensityLoss
from sciml.solvers.gaussian_process.lattice import solve_on_lattice

KERNELS = ("StM", "GM", "SE", "Matern", "SE, short")
PROBES = 300
"""Points along each axis at which errors are measured."""


class SteadyAllenCahn(Steady):
    """`laplacian(u) + u (u^2 - 1) = f`, with the signs of the paper.

    Attributes:
        source: `f`, a function of the coordinate.
    """

    source: Callable[[Array], Array] = eqx.field(static=True)

    def residual(self, u: Field) -> Field:
        """`laplacian(u) + u^3 - u - f`."""
        return u.laplacian() + u**3 - u - given_field(u, self.source)


@dataclasses.dataclass
class Case:
    """A problem on an interval with a known solution."""

    exact: Callable[[Array], Array]
    interval: tuple[float, float]
    nodes: int
    highest: float
    """Of the mixtures' frequencies at the start, cycles per unit."""
    true: tuple[float, ...]
    """Frequencies of the solution, cycles per unit."""
    nonlinear: bool = False

    @property
    def grid(self) -> Grid:
        """The nodes, with the values at both ends."""
        lower, upper = (Dirichlet(float(self.exact(jnp.asarray(end)))) for end in self.interval)
        return Grid((self.nodes,), extent=(self.interval,), boundary=Sides(lower, upper), nodes="vertex")

    @functools.cached_property
    def equation(self) -> Steady:
        """The equation whose source belongs to the solution."""
        exact, curvature = jax.vmap(self.exact), jax.vmap(jax.grad(jax.grad(self.exact)))
        if self.nonlinear:
            return SteadyAllenCahn(lambda x: curvature(x) + exact(x) ** 3 - exact(x))
        return Poisson(lambda x: -curvature(x))

    def probes(self) -> tuple[Array, Array]:
        """Points between the nodes, and the solution there."""
        x = jnp.linspace(*self.interval, PROBES)
        return x, jax.vmap(self.exact)(x)

    def error(self, values: Array) -> float:
        """Relative 2-norm of the error at the probes."""
        return relative_error(values, self.probes()[1])


@dataclasses.dataclass(frozen=True)
class Solved:
    """One fit."""

    error: float
    start: float
    """Error before the fit of the kernel."""
    seconds: float
    deviation: float = 0.0
    """Mean standard deviation at the probes."""
    active: int = 0
    strongest: tuple[float, ...] = ()
    true: tuple[float, ...] = ()
    mean: np.ndarray | None = None

    @property
    def miss(self) -> float:
        """Largest relative distance of a true frequency from the nearest of the strongest."""
        return max(min(abs(found - f) for found in self.strongest) / f for f in self.true)


@dataclasses.dataclass(frozen=True)
class Trained:
    """A training with the paper's objective."""

    early: float
    """Error after 100 steps."""
    error: float
    seconds: float


def relative_error(values: Array, exact: Array) -> float:
    """Relative 2-norm of a difference."""
    return float(jnp.linalg.norm(values - exact) / jnp.linalg.norm(exact))


def make_cases(nodes: int, scales_nodes: int) -> dict[str, Case]:
    """The problems on intervals: table 5 of the paper's code, and one of two frequencies."""
    circle, cycles = (0.0, 2 * math.pi), 2 * math.pi
    fast = 100.0 * nodes / 400  # four nodes per wave at any size
    return {
        "P1": Case(lambda x: jnp.sin(fast * x), circle, nodes, fast / 5, (fast / cycles,)),
        "P2": Case(
            lambda x: jnp.sin(x) + 0.1 * jnp.sin(20 * x) + 0.05 * jnp.sin(100 * x),
            (0.0, 1.0),
            scales_nodes,
            30.0,
            (1 / cycles, 20 / cycles, 100 / cycles),
        ),
        "two frequencies": Case(
            lambda x: jnp.sin(0.2 * fast * x) + 0.5 * jnp.sin(0.6 * fast * x),
            circle,
            nodes,
            fast / 5,
            (0.2 * fast / cycles, 0.6 * fast / cycles),
        ),
        "Allen-Cahn": Case(lambda x: jnp.sin(fast * x), circle, nodes, fast / 5, (fast / cycles,), nonlinear=True),
    }


def make_kernel(name: str, components: int, highest: float) -> Kernel:
    """A mixture, or a kernel without waves that starts from the mixtures' lengthscale or from that of their highest frequency."""
    match name:
        case "StM":
            return StudentTMixture.spread(components, highest)
        case "GM":
            return SpectralMixture.spread(components, highest)
        case "SE":
            return RBF(jnp.asarray(0.5**0.5))
        case "SE, short":
            return RBF(jnp.asarray(2 / (2 * math.pi * highest)))
        case _:
            return Matern52()


def solve_case(case: Case, kernel: str, components: int, evaluations: int) -> Solved:
    """Solve by the marginal likelihood, and before its fit."""
    x, _ = case.probes()
    equation, grid, first = case.equation, case.grid, make_kernel(kernel, components, case.highest)
    start = case.error(solve_by_gp(equation, grid, first, evaluations=0, rounds=0)(x)[0])
    begin = time.perf_counter()
    solution = solve_by_gp(equation, grid, first, evaluations=evaluations)
    mean, variance = solution(x)
    jax.block_until_ready(mean)
    seconds = time.perf_counter() - begin
    deviation = float(jnp.mean(jnp.sqrt(variance)))
    fitted = solution.kernel.kernel  # pyright: ignore[reportAttributeAccessIssue]
    strongest, active = _strongest(fitted, len(case.true)) if isinstance(fitted, Mixture) else ((), 0)
    return Solved(case.error(mean), start, seconds, deviation, active, strongest, case.true, np.asarray(mean))


def _strongest(kernel: Mixture, count: int) -> tuple[tuple[float, ...], int]:
    weights = np.asarray(kernel.weights)
    order = np.argsort(-weights)[:count]
    frequencies = np.sort(np.abs(np.asarray(kernel.frequencies)[order]))
    return tuple(float(f) for f in frequencies), int(np.sum(weights > 1e-3 * weights.max()))


def solve_plane(name: str, nodes: int, components: int, highest: float) -> Solved:
    """A product, or a sum of products, on a square by a Sylvester equation; no kernel is fitted."""
    end, fast = 2 * math.pi, 100.0 * nodes / 400

    def product(x: Array, y: Array) -> Array:
        return jnp.sin(fast * x) * jnp.sin(fast * y)

    def total(x: Array, y: Array) -> Array:
        return jnp.sin(6 * x) * jnp.cos(20 * x) + jnp.sin(6 * y) * jnp.cos(20 * y)

    exact = product if name == "product" else total

    def source(x: Array, y: Array) -> Array:
        points = jnp.stack([x.ravel(), y.ravel()], -1)
        curvature = jax.vmap(lambda p: jnp.trace(jax.hessian(lambda q: exact(q[0], q[1]))(p)))
        return -curvature(points).reshape(x.shape)

    along_x = Sides(*(Dirichlet(lambda t, y, at=at: exact(jnp.full_like(y, at), y)) for at in (0.0, end)))
    along_y = Sides(*(Dirichlet(lambda t, x, at=at: exact(x, jnp.full_like(x, at))) for at in (0.0, end)))
    grid = Grid((nodes, nodes), extent=((0.0, end),) * 2, boundary=(along_x, along_y), nodes="vertex")
    kernel = make_kernel("StM", components, highest)
    x = jnp.linspace(0.0, end, PROBES)
    begin = time.perf_counter()
    found = jax.block_until_ready(solve_on_lattice(Poisson(source), grid, (kernel, kernel))(x, x))
    seconds = time.perf_counter() - begin
    error = relative_error(found, exact(*jnp.meshgrid(x, x, indexing="ij")))
    return Solved(error, error, seconds)


def _adam(model: Any, loss: Any, rate: float, steps: int, key: PRNGKeyArray) -> Any:
    """Train on a loss that needs no data."""
    optimizer, nothing = optax.adam(rate), jnp.zeros((1, 1))
    return sciml.fit(
        model, loss, nothing, optimizer=optimizer, steps=steps, batch_size=1, progress=False, key=key
    ).model


def train_joint(case: Case, components: int, steps: int, key: PRNGKeyArray) -> Trained:
    """The paper's objective and optimiser: the error after 100 steps, and at the end."""
    x, _ = case.probes()
    model = GridProcess.start(case.grid, (make_kernel("StM", components, case.highest),))
    loss = JointDensityLoss(case.equation, case.grid)
    errors, begin = [], time.perf_counter()
    for count in (min(100, steps), steps):
        fitted = _adam(model, loss, 1e-2, count, key)
        errors.append(case.error(fitted(x)))
    return Trained(errors[0], errors[1], time.perf_counter() - begin)


def train_networks(case: Case, steps: int, seeds: int, key: PRNGKeyArray) -> list[float]:
    """Relative errors of physics-informed networks with four tanh layers of 64 units, single precision."""
    points = jnp.asarray(case.grid.points(), jnp.float32)
    ends = points[jnp.array([0, -1])]
    equation, values = case.equation, jax.vmap(case.exact)(ends[:, 0])

    def loss(model: MLP, batch: Array, key: PRNGKeyArray) -> tuple[Array, dict[str, Array]]:
        inside = jnp.mean(sciml.residual(equation, model, points) ** 2)
        outside = jnp.mean((jax.vmap(model)(ends)[:, 0] - values) ** 2)
        return inside + 200 * outside, {}

    errors = []
    for seed in range(seeds):
        model = MLP(1, 1, width=64, depth=4, key=jax.random.fold_in(key, seed))
        model = jax.tree.map(lambda leaf: leaf.astype(jnp.float32) if eqx.is_inexact_array(leaf) else leaf, model)
        fitted = _adam(model, loss, 1e-3, steps, key)
        x, _ = case.probes()
        errors.append(case.error(jax.vmap(fitted)(x.astype(jnp.float32)[:, None])[:, 0].astype(jnp.float64)))
    return errors


def solve_spectrally(case: Case) -> float:
    """Relative error at its own nodes of this library's direct solver, on as many Chebyshev nodes."""
    lower, upper = (Dirichlet(float(case.exact(jnp.asarray(end)))) for end in case.interval)
    grid = Grid((case.nodes,), extent=(case.interval,), boundary=Sides(lower, upper), nodes="chebyshev")
    x = jnp.asarray(grid.points()[:, 0])
    source = -jax.vmap(jax.grad(jax.grad(case.exact)))(x)
    return relative_error(solve_poisson(grid, source), jax.vmap(case.exact)(x))
