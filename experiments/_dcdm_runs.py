"""Methods and measurements of the experiment `dcdm`; all of it runs with 64-bit JAX, the network in single precision."""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
from jaxtyping import Array, Bool, Float, Float64, PRNGKeyArray

from sciml.experiments import _dcdm_systems as systems
from sciml.solvers import (
    ConjugateGradients,
    DeepConjugateDirections,
    DeflatedConjugateGradients,
    LowPrecision,
    Multigrid,
    MultigridPreconditioner,
    RecycleState,
    StencilOperator,
    ritz_pairs,
)

METHODS = {
    "dcdm": "deep conjugate directions",
    "cg": "CG",
    "deflated": "deflated CG",
    "ic": "incomplete Cholesky CG",
    "multigrid": "multigrid CG",
}

LEVELS = tuple(10.0**-k for k in range(1, 9))
"""Tolerances of the convergence curves."""

MOST_STEPS = 2000
MOST_DIRECTIONS = 300


@dataclasses.dataclass(frozen=True)
class System:
    """One operator with its right-hand sides, and what belongs to it.

    Attributes:
        geometry: key of `GEOMETRIES`.
        operator: in double precision.
        free: true at the unknowns.
        loads: by kind of right-hand side.
    """

    geometry: str
    operator: StencilOperator
    free: Bool[np.ndarray, "*grid"]
    loads: Float[Array, "kinds count *grid"]


@dataclasses.dataclass(frozen=True)
class Measured:
    """One method on one system.

    Attributes:
        steps: iterations to the tolerance, by kind of right-hand side.
        seconds: of single solves, compilation and set-up left out; none where it was not timed.
        set_up: seconds of set-up after compilation.
        residual: largest 2-norm of a residual relative to its right-hand side.
    """

    steps: np.ndarray
    seconds: np.ndarray
    set_up: float
    residual: float


def make_system(
    geometry: str, shape: tuple[int, ...], obstacles: systems.Obstacles | None, count: int, key: PRNGKeyArray
) -> System:
    """One system; obstacles and key say which."""
    free = systems.unknowns(shape, obstacles)
    operator = systems.second_difference(free, walls=geometry == "walls")
    return System(geometry, operator, free, systems.right_sides(free, count, key))


# --- methods in JAX: (what set-up gave, operator, b, tolerance) -> (x, steps) ------------------------------------------


def _solve(solver: Any, operator: StencilOperator, b: Array, tolerance: Any, options: dict[str, Any]) -> Any:
    # The tolerance is data of the program, so that one serves a whole curve.
    solver = eqx.tree_at(lambda s: s.rtol, solver, tolerance)
    found = lx.linear_solve(operator.as_lineax(), b, solver, options=options, throw=False)
    return found.value, found.stats["num_steps"]


@dataclasses.dataclass(frozen=True)
class Method:
    """Set-up for an operator, and one solve with what it gave."""

    set_up: Callable[[System], Any]
    solve: Callable[[Any, StencilOperator, Array, Any], Any]


def _deep(model: Any) -> Method:
    def solve(prepared: Any, operator: StencilOperator, b: Array, tolerance: Any) -> Any:
        network, free = prepared
        solver = DeepConjugateDirections(network, max_steps=MOST_DIRECTIONS)
        return _solve(solver, operator, b, tolerance, {"project": free})

    return Method(lambda system: (model, jnp.asarray(system.free)), solve)


def _plain() -> Method:
    solver = ConjugateGradients(max_steps=MOST_STEPS)
    return Method(lambda system: None, lambda _, operator, b, tolerance: _solve(solver, operator, b, tolerance, {}))


def _deflated(keep: int) -> Method:
    solver = DeflatedConjugateGradients(max_steps=MOST_STEPS, keep=keep, window=0)

    def set_up(system: System) -> RecycleState:
        noise = jax.random.normal(jax.random.key(0), system.free.shape, jnp.float64)
        start = noise * jnp.asarray(system.free, jnp.float64)
        pairs = ritz_pairs(system.operator.as_lineax(), start, min(6 * keep, int(system.free.sum())))
        rows = pairs.vectors[:keep].reshape(keep, -1)
        return RecycleState(rows, rows, jnp.asarray(True))

    return Method(
        set_up, lambda space, operator, b, tolerance: _solve(solver, operator, b, tolerance, {"recycle": space})
    )


def _multigrid() -> Method:
    how, solver = Multigrid(), ConjugateGradients(max_steps=MOST_STEPS)
    build = eqx.filter_jit(lambda operator: how.set_up(operator.astype(jnp.float32)))

    def solve(hierarchy: Any, operator: StencilOperator, b: Array, tolerance: Any) -> Any:
        cycle = LowPrecision(MultigridPreconditioner(how, hierarchy), jnp.float32)
        return _solve(solver, operator, b, tolerance, {"preconditioner": cycle})

    return Method(lambda system: build(system.operator), solve)


class Bench:
    """Measures all methods on one system after another; a program is compiled once per size of grid."""

    def __init__(self, model: Any, keep: int, tolerance: float) -> None:
        # Arrays: a number would be a constant of the program, and another tolerance another program.
        self.tolerance = jnp.asarray(tolerance, jnp.float64)
        self.methods = {
            "dcdm": _deep(model), "cg": _plain(), "deflated": _deflated(keep), "multigrid": _multigrid(),
        }  # fmt: skip
        self._single = {name: eqx.filter_jit(method.solve) for name, method in self.methods.items()}
        self._many = {
            name: eqx.filter_jit(
                lambda prepared, operator, loads, tolerance, solve=method.solve: jax.vmap(
                    lambda b: _counted(solve(prepared, operator, b, tolerance), operator, b)
                )(loads)
            )
            for name, method in self.methods.items()
        }

    def measure(self, system: System, *, timed: bool) -> dict[str, Measured]:
        """Iterations of all methods, and times where asked for: single solves, methods in turn."""
        kinds, count = system.loads.shape[:2]
        loads = system.loads.reshape(kinds * count, *system.free.shape)
        prepared, found = {}, {}
        for name, method in self.methods.items():
            jax.block_until_ready(method.set_up(system))
            begin = time.perf_counter()
            prepared[name] = jax.block_until_ready(method.set_up(system))
            set_up = time.perf_counter() - begin
            steps, residuals = self._many[name](prepared[name], system.operator, loads, self.tolerance)
            found[name] = (np.asarray(steps).reshape(kinds, count), set_up, float(np.max(residuals)))
        on_host = _HostSolver(system, float(self.tolerance))
        steps, residual = on_host.counted(np.asarray(loads))
        found["ic"] = (steps.reshape(kinds, count), on_host.set_up, residual)
        seconds = self._timed(system, prepared, on_host, loads) if timed else {}
        return {
            name: Measured(steps, seconds.get(name, np.zeros(0)), set_up, residual)
            for name, (steps, set_up, residual) in found.items()
        }

    def _timed(
        self, system: System, prepared: dict[str, Any], on_host: "_HostSolver", loads: Array
    ) -> dict[str, np.ndarray]:
        times: dict[str, list[float]] = {name: [] for name in METHODS}
        for number, b in enumerate([loads[0], *loads]):
            for name in METHODS:
                begin = time.perf_counter()
                if name == "ic":
                    on_host.solve(np.asarray(b))
                else:
                    jax.block_until_ready(self._single[name](prepared[name], system.operator, b, self.tolerance))
                if number > 0:
                    times[name].append(time.perf_counter() - begin)
        return {name: np.asarray(values) for name, values in times.items()}

    def curve(self, system: System) -> dict[str, Float64[np.ndarray, "levels"]]:
        """Median iterations over all right-hand sides to each of `LEVELS`."""
        loads = system.loads.reshape(-1, *system.free.shape)
        curves = {}
        for name, method in self.methods.items():
            prepared = method.set_up(system)
            steps = [self._many[name](prepared, system.operator, loads, jnp.asarray(level))[0] for level in LEVELS]
            curves[name] = np.asarray([np.median(one) for one in steps])
        curves["ic"] = np.asarray(
            [np.median(_HostSolver(system, level).counted(np.asarray(loads))[0]) for level in LEVELS]
        )
        return curves


def _counted(found: Any, operator: StencilOperator, b: Array) -> tuple[Array, Array]:
    x, steps = found
    return steps, jnp.linalg.norm((b - operator.mv(x)).ravel()) / jnp.linalg.norm(b.ravel())


class _HostSolver:
    """Conjugate gradients with the incomplete Cholesky factor, on the host: its triangular solves are sequential."""

    def __init__(self, system: System, tolerance: float) -> None:
        self.matrix = systems.sparse_matrix(system.operator)
        begin = time.perf_counter()
        self.inverse = systems.incomplete_cholesky(self.matrix)
        self.set_up = time.perf_counter() - begin
        self.tolerance = tolerance

    def solve(self, b: np.ndarray) -> tuple[np.ndarray, int]:
        """One solve: the solution and the count of steps. SciPy's own method spends its time on starting BLAS threads here."""
        r, x, steps = b.ravel().copy(), np.zeros(b.size), 0
        direction, rho, target = np.zeros(b.size), 1.0, self.tolerance * np.sqrt(_dot(r, r))
        while np.sqrt(_dot(r, r)) > target and steps < MOST_STEPS:
            z = self.inverse.matvec(r)
            rho, before = _dot(r, z), rho
            direction = z + (rho / before) * direction
            image = self.matrix @ direction
            alpha = rho / _dot(direction, image)
            x += alpha * direction
            r -= alpha * image
            steps += 1
        return x, steps

    def counted(self, loads: np.ndarray) -> tuple[np.ndarray, float]:
        """Steps of all right-hand sides, and the largest relative residual."""
        solved = [(b.ravel(), *self.solve(b)) for b in loads]
        residuals = [np.linalg.norm(b - self.matrix @ x) / np.linalg.norm(b) for b, x, _ in solved]
        return np.asarray([steps for *_, steps in solved]), float(np.max(residuals))


def _dot(left: np.ndarray, right: np.ndarray) -> float:
    return float(np.einsum("i,i->", left, right))
