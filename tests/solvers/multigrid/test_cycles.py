"""Convergence of cycles: known factors, full multigrid, symmetry, robustness."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.boundary import Dirichlet, Neumann, Periodic
from sciml.solvers.multigrid import (
    Chebyshev,
    ColouredGaussSeidel,
    Jacobi,
    LineJacobi,
    Multigrid,
    MultigridPreconditioner,
    coarsening_plan,
    finite_volumes,
)


@functools.cache
def poisson(count=65, dimension=2):
    grid = sciml.Grid((count,) * dimension, extent=(1.0,) * dimension, boundary=Dirichlet())
    return grid, finite_volumes(grid, jnp.ones(grid.shape))


def convergence_factor(multigrid, operator, cycles=30):
    """Reduction of the error per cycle, in the limit."""
    hierarchy = multigrid.set_up(operator)
    active = operator.centre != 0

    @jax.jit
    def run(u):
        def body(u, _):
            u = multigrid.run(hierarchy, jnp.zeros_like(u), u)
            size = jnp.linalg.norm(u)
            return u / size, size

        return jax.lax.scan(body, u, None, length=cycles)[1]

    u = jnp.where(active, jax.random.normal(jax.random.key(0), operator.shape), 0.0)
    return float(jnp.exp(jnp.mean(jnp.log(run(u)[-8:]))))


# Measured factors of bilinear transfers on 63^2 interior nodes; Galerkin coarse operators do a little better than re-discretised ones.
# "linear" and "operator" are the same here.
FACTORS = [
    (Multigrid(smoother=Jacobi((0.8,)), interpolation="linear"), 0.346),
    (Multigrid(smoother=Jacobi((0.8,)), before=2, interpolation="linear"), 0.223),
    (Multigrid(smoother=Chebyshev(2), interpolation="linear"), 0.148),
    (Multigrid(smoother=Chebyshev(3), interpolation="linear"), 0.101),
    (Multigrid(smoother=Chebyshev(2), cycle="W", interpolation="linear"), 0.113),
    (Multigrid(smoother=Chebyshev(2), cycle="F", interpolation="linear"), 0.148),
    (Multigrid(smoother=Chebyshev(2)), 0.148),
    (Multigrid(smoother=ColouredGaussSeidel(), interpolation="linear"), 0.108),
    (Multigrid(smoother=ColouredGaussSeidel(symmetric=True), interpolation="linear"), 0.257),
]


@pytest.mark.parametrize(("multigrid", "known"), FACTORS)
def test_convergence_factors(multigrid, known):
    deep = dataclasses.replace(multigrid, coarsest=30)
    assert convergence_factor(deep, poisson()[1].operator) < known + 0.02


def test_full_multigrid_reaches_the_discretisation_error_in_one_cycle():
    grid, _ = poisson()
    x, y = map(jnp.asarray, grid.coordinates())
    exact = jnp.sin(jnp.pi * x) * jnp.sin(jnp.pi * y)
    volumes = finite_volumes(grid, 1 + x + y**2)
    f = (2 * jnp.pi**2) * (1 + x + y**2) * exact - (
        jnp.pi * jnp.cos(jnp.pi * x) * jnp.sin(jnp.pi * y) + 2 * y * jnp.pi * jnp.sin(jnp.pi * x) * jnp.cos(jnp.pi * y)
    )
    multigrid = Multigrid(before=2, interpolation="linear", coarsest=30)
    hierarchy = multigrid.set_up(volumes.operator)
    load = volumes.load(f)
    u, best = multigrid.full(hierarchy, load), sciml.solvers.solve_elliptic(grid, f, 1 + x + y**2).values
    assert float(jnp.abs(u - exact).max()) < 1.5 * float(jnp.abs(best - exact).max())


def test_the_preconditioner_is_symmetric_and_positive():
    operator = poisson(9)[1].operator
    cycle = MultigridPreconditioner(*(lambda m: (m, m.set_up(operator)))(Multigrid(coarsest=10)))
    matrix = np.asarray(cycle.as_matrix())
    inside = np.asarray(operator.centre).ravel() != 0
    matrix = matrix[np.ix_(inside, inside)]
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-13)
    assert np.linalg.eigvalsh(matrix).min() > 0


def iterations(grid, coefficient, **options):
    solution = sciml.solvers.solve_elliptic(grid, jnp.ones(grid.shape), coefficient, **options)
    assert float(solution.residual) <= 1e-8
    return int(solution.iterations)


@pytest.mark.slow
def test_iterations_do_not_depend_on_the_grid():
    counts = [iterations(poisson(count)[0], 1.0) for count in (65, 257)]
    assert max(counts) <= min(counts) + 2
    assert max(counts) <= 8


@pytest.mark.parametrize("ratio", [1e-3, 1e3])
def test_semi_coarsening_copes_with_anisotropy(ratio):
    grid = poisson()[0]
    tensor = jnp.stack([jnp.ones(grid.shape), jnp.full(grid.shape, ratio)])
    assert iterations(grid, tensor) <= 10
    if ratio < 1:
        assert iterations(grid, tensor, multigrid=Multigrid(), max_steps=400) > 25


def test_line_smoothing_copes_with_anisotropy():
    grid = poisson()[0]
    tensor = jnp.stack([jnp.ones(grid.shape), jnp.full(grid.shape, 1e-3)])
    assert iterations(grid, tensor, multigrid=Multigrid(smoother=LineJacobi((0,)))) <= 10
    variable = jnp.stack(
        [jnp.where(grid.coordinates()[0] > 0.5, 1.0, 1e-3), jnp.where(grid.coordinates()[0] > 0.5, 1e-3, 1.0)]
    )
    assert iterations(grid, variable, multigrid=Multigrid(smoother=LineJacobi((0, 1)))) <= 15


def test_the_coarsening_plan_halves_strong_axes_until_all_are_alike():
    assert coarsening_plan([1.0, 1.0], (65, 65)) == ()
    assert coarsening_plan([16.0, 1.0], (65, 65)) == ((0,), (0,))
    assert coarsening_plan([1.0, 1e-3, 1.0], (33, 33, 33))[0] == (0, 2)


@pytest.mark.parametrize("boundary", [Neumann(), Periodic(), (Periodic(), Neumann())], ids=str)
def test_problems_fixed_up_to_a_constant(boundary):
    periodic = isinstance(boundary, Periodic)
    shape = (64, 64) if periodic else (64, 65) if isinstance(boundary, tuple) else (65, 65)
    grid = sciml.Grid(shape, extent=(1.0, 1.0), boundary=boundary)
    x, y = map(jnp.asarray, grid.coordinates())
    f = jnp.cos(2 * jnp.pi * x) * jnp.cos(2 * jnp.pi * y) + 3.0  # the mean is dropped
    solution = sciml.solvers.solve_elliptic(grid, f)
    expected = (f - 3.0) / (2 * (2 - 2 * jnp.cos(2 * jnp.pi / 64)) * 64**2)
    np.testing.assert_allclose(np.asarray(solution.values), np.asarray(expected), atol=1e-9)
    assert int(solution.iterations) <= 7


def test_what_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="sweeps"):
        Multigrid(before=0, after=0)
