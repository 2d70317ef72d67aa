"""Darcy flow by differentiable multigrid: a handful of iterations whatever the grid and the contrast, and cheap gradients.

`-div(K grad u) = 1` on the unit square, `u = 0` on its boundary, `K` from Gaussian random fields: the two values 12 and 3 of the
Fourier-neural-operator benchmark, lognormal fields, contrasts of 1e4. Conjugate gradients with one multigrid cycle as preconditioner
beside conjugate gradients with the diagonal. Iterations are counted, and for the cost of a cycle the applications of the operator on
the finest grid, those inside the smoother too. Times are those of this machine, compilation not included.

Beside them iterations of Ruge-Stueben algebraic multigrid, measured once with pyamg on other, rougher fields of the same kinds: a
neighbour, not a race. On the same matrices the two are compared in the tests and by `make bench`.
"""

import dataclasses
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

import sciml
from sciml.boundary import Dirichlet, Neumann
from sciml.experiment import Cell, Claim, Report, Table
from sciml.experiments._darcy_multigrid_figure import Pictures, draw_figure
from sciml.random import GaussianRandomField
from sciml.solvers import ConjugateGradients, EllipticSolver, solve_elliptic
from sciml.solvers.multigrid import Multigrid, finite_volumes

RUGE_STUEBEN = {"constant": 6, "lognormal": 10, "12/3": 11, "lognormal, s=3": 20, "contrast 1e4": 13}
"""Iterations of conjugate gradients with pyamg's Ruge-Stueben cycle to 1e-8 at 128 x 128, on rougher fields of these kinds."""

FINE_PRODUCTS = 5
"""Applications of the finest operator per iteration: one of conjugate gradients, one before the residual, the residual, two after."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes; the defaults run in about a minute on two cores."""

    cells: int = 128
    """Cells per side of the finest grid."""
    fields: int = 8
    """Random fields per kind."""
    batch: int = 64
    """Fields solved at once."""
    seeds: int = 3
    """Draws of everything."""


SCALES = {"full": Config(cells=1024, fields=4, batch=64)}


class Counts(NamedTuple):
    """Iterations for all fields of one kind, by preconditioner."""

    operator: np.ndarray
    linear: np.ndarray
    jacobi: np.ndarray


def run(config: Config, key: PRNGKeyArray) -> Report:
    """Count iterations for all kinds of fields and grids, time gradients and batches.

    Args:
        config: sizes.
        key: random key of the fields.

    Raises:
        ValueError: sizes that do not fit.
    """
    if config.cells < 32 or min(config.fields, config.batch, config.seeds) < 1:
        raise ValueError(f"darcy-multigrid: needs at least 32 cells and one of everything else, got {config}.")
    with jax.enable_x64(True):
        grid = grid_of(config.cells)
        draws = [draw(grid, config.fields, jax.random.fold_in(key, seed)) for seed in range(config.seeds)]
        kinds = {name: jnp.concatenate([one[name] for one in draws]) for name in RUGE_STUEBEN}
        counts = {name: count(grid, fields) for name, fields in kinds.items()}
        sizes = sorted({32, max(32, config.cells // 2), config.cells})
        growth = {cells: growth_at(cells, jax.random.fold_in(key, 0)) for cells in sizes}
        found = measure(grid, kinds["12/3"][0], draw(grid, config.batch, key)["12/3"])
    return Report(
        metrics=found | {f"iterations_{name}": float(one.operator.mean()) for name, one in counts.items()},
        tables=[_iterations_table(counts), _growth_table(growth), _times_table(found)],
        claims=_claims(counts, growth, found),
        figures={"darcy-multigrid": partial(draw_figure, pictures(grid, kinds), growth)},
    )


def grid_of(cells: int) -> sciml.Grid:
    """The unit square with zero values on its boundary, values in the cells."""
    return sciml.Grid((cells, cells), extent=(1.0, 1.0), boundary=Dirichlet(), nodes="cell")


def draw(grid: sciml.Grid, count: int, key: PRNGKeyArray) -> dict[str, Float[Array, "count n n"]]:
    """Fields of each kind, all from the same Gaussian ones of covariance `(-laplacian + 9)^-2` and unit variance."""
    closed = sciml.Grid(grid.shape, extent=grid.lengths, boundary=Neumann(), nodes="cell")
    field = GaussianRandomField(closed, tau=3.0, alpha=2.0, dtype=np.float64)
    samples = jax.vmap(lambda k: field.sample(k)[0])(jax.random.split(key, count)) / jnp.sqrt(field.variance())
    return {
        "constant": jnp.ones_like(samples),
        "lognormal": jnp.exp(samples),
        "12/3": jnp.where(samples >= 0, 12.0, 3.0),
        "lognormal, s=3": jnp.exp(3 * samples),
        "contrast 1e4": jnp.where(samples >= 0, 1e4, 1.0),
    }


def count(grid: sciml.Grid, fields: Float[Array, "count n n"]) -> Counts:
    """Iterations to a relative residual of 1e-8; with the diagonal, which takes a hundred times as many, for the first fields only."""

    def by(solve: Callable[[Array], Array], some: Array = fields) -> np.ndarray:
        return np.asarray(jax.jit(partial(jax.lax.map, solve))(some))

    f = jnp.ones(grid.shape)
    linear = Multigrid(interpolation="linear")
    return Counts(
        by(lambda k: solve_elliptic(grid, f, k).iterations),
        by(lambda k: solve_elliptic(grid, f, k, multigrid=linear, throw=False).iterations),
        by(lambda k: solve_by_diagonal(grid, f, k)[1], fields[:4]),
    )


def solve_by_diagonal(grid: sciml.Grid, f: Array, coefficient: Array) -> tuple[Array, Array]:
    """Solution and iterations of conjugate gradients with the inverse diagonal as preconditioner."""
    volumes = finite_volumes(grid, coefficient)
    operator = volumes.operator.as_lineax()
    diagonal = lx.FunctionLinearOperator(
        lambda r: r / volumes.operator.centre, operator.in_structure(), lx.positive_semidefinite_tag
    )
    method = ConjugateGradients(rtol=1e-8, max_steps=20_000, verify=False)
    found = lx.linear_solve(operator, volumes.load(f), method, options={"preconditioner": diagonal})
    return found.value, found.stats["num_steps"]


def growth_at(cells: int, key: PRNGKeyArray) -> tuple[int, int]:
    """Iterations of multigrid and of the diagonal on one 12/3 field: the same function on all grids, as nearly as they show it."""
    grid = grid_of(cells)
    one = count(grid, draw(grid, 1, key)["12/3"])
    return int(one.operator[0]), int(one.jacobi[0])


def measure(grid: sciml.Grid, field: Array, batch: Array) -> dict[str, float]:
    """Times of a solve, of a gradient, of a batch; and whether the gradient is right."""
    f = jnp.ones(grid.shape)

    def energy(k: Array) -> Array:
        return jnp.sum(solve_elliptic(grid, f, k).values) / grid.size

    solve = jax.jit(lambda k: solve_elliptic(grid, f, k).values)
    gradient = jax.jit(jax.value_and_grad(energy))
    together = jax.jit(jax.vmap(lambda k: solve_elliptic(grid, f, k).values))
    diagonal = jax.jit(lambda k: solve_by_diagonal(grid, f, k)[0])
    times = {
        "solve": seconds(solve, field), "gradient": seconds(gradient, field), "batch": seconds(together, batch, 1),
        "diagonal": seconds(diagonal, field, 1),
    }  # fmt: skip
    # A direction in which the coefficient grows everywhere by a smooth share.
    direction = field * (1 + jnp.asarray(np.sin(3 * grid.coordinates()[0])))
    step = 1e-4
    difference = (energy(field + step * direction) - energy(field - step * direction)) / (2 * step)
    slope = jnp.sum(gradient(field)[1] * direction)
    exact = EllipticSolver.set_up(grid, field).solve(f, rtol=1e-13).values
    return {
        "solve_seconds": times["solve"],
        "gradient_over_solve": times["gradient"] / times["solve"],
        "diagonal_over_multigrid": times["diagonal"] / times["solve"],
        "batch_seconds_per_field": times["batch"] / len(batch),
        "gradient_error": float(jnp.abs(slope / difference - 1)),
        "error": float(jnp.abs(solve(field) - exact).max() / jnp.abs(exact).max()),
    }


def seconds(function: Callable[[Array], Any], argument: Array, repeats: int = 7) -> float:
    """Median wall time, without the first call."""
    jax.block_until_ready(function(argument))
    clocked = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(function(argument))
        clocked.append(time.perf_counter() - start)
    return float(np.median(clocked))


def pictures(grid: sciml.Grid, kinds: dict[str, Array]) -> Pictures:
    """A coefficient, its solution, and the derivative of the mean of the solution in the coefficient."""
    f, field = jnp.ones(grid.shape), kinds["12/3"][0]
    with jax.enable_x64(True):
        u, back = jax.vjp(lambda k: solve_elliptic(grid, f, k).values, field)
        (slope,) = back(jnp.ones_like(u) / grid.size)
    return Pictures(np.asarray(field), np.asarray(u), np.asarray(slope))


# --- report -----------------------------------------------------------------------------------------------------------


def _claims(counts: dict[str, Counts], growth: dict[int, tuple[int, int]], found: dict[str, float]) -> list[Claim]:
    two = counts["12/3"]
    fewer = float(two.jacobi.min() / (FINE_PRODUCTS * two.operator.max() + 1))
    beyond = max(float(counts[name].operator.max()) - known for name, known in RUGE_STUEBEN.items())
    steps = [multigrid for multigrid, _ in growth.values()]
    return [
        Claim("12/3: iterations of multigrid-preconditioned CG, worst field", float(two.operator.max()), 8.0),
        Claim("12/3: iterations of diagonally preconditioned CG, best field", float(two.jacobi.min()), 500.0, ">="),
        Claim("12/3: fine-grid products of diagonal CG divided by multigrid's, smoothing included, worst field", fewer, 20.0, ">="),
        Claim("iterations beyond those known of Ruge-Stueben AMG on rougher fields, worst field of all kinds", beyond, 2.0),
        Claim("growth of iterations from the coarsest to the finest grid", float(max(steps) - min(steps)), 2.0),
        Claim("time of value and gradient divided by that of a solve", found["gradient_over_solve"], 2.2),
        Claim("relative difference of the gradient from central differences", found["gradient_error"], 1e-6),
        Claim("relative error of the solution against one solved to round-off", found["error"], 1e-7),
    ]  # fmt: skip


def _iterations_table(counts: dict[str, Counts]) -> Table:
    def span(values: np.ndarray) -> Cell:
        return f"{values.min()}" if values.min() == values.max() else f"{values.min()}-{values.max()}"

    rows = tuple(
        (name, RUGE_STUEBEN[name], span(one.operator), span(one.linear), span(one.jacobi))
        for name, one in counts.items()
    )
    columns = ("coefficient", "Ruge-Stueben (pyamg, rougher fields)", "ours", "ours, linear interpolation", "diagonal")
    return Table("Iterations of conjugate gradients to 1e-8 by preconditioner", columns, rows)


def _growth_table(growth: dict[int, tuple[int, int]]) -> Table:
    rows = tuple((f"{cells} x {cells}", *steps) for cells, steps in growth.items())
    return Table("Iterations on finer grids, 12/3", ("grid", "multigrid", "diagonal"), rows)


def _times_table(found: dict[str, float]) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = (
        ("one solve, milliseconds", 1e3 * found["solve_seconds"]),
        ("value and gradient, divided by a solve", found["gradient_over_solve"]),
        ("diagonal CG, divided by a solve", found["diagonal_over_multigrid"]),
        ("a field of a batch in one program, milliseconds", 1e3 * found["batch_seconds_per_field"]),
    )
    return Table("Times on this machine", ("what", "measured"), rows)
