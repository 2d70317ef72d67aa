"""Indefinite Helmholtz problems: equal to dense solves, outgoing waves leave, derivatives, growth with the wavenumber."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.boundary import Dirichlet, Robin
from sciml.solvers import solve_indefinite_helmholtz
from sciml.solvers.multigrid import finite_volumes


def source(grid):
    x, y = grid.coordinates()
    return np.exp(-100 * ((x - 0.5) ** 2 + (y - 0.4) ** 2))


@pytest.mark.parametrize("outgoing", [False, True])
def test_the_solution_is_that_of_a_dense_solve(outgoing):
    k = 9.0
    boundary = Robin(-1j * k, 1.0) if outgoing else Dirichlet()
    grid = sciml.Grid((21, 21), extent=(1.0, 1.0), boundary=boundary)
    solution = solve_indefinite_helmholtz(grid, source(grid), k, rtol=1e-10)
    volumes = finite_volumes(grid, 1.0, -(k**2) + 0j, dtype=jnp.complex128)
    matrix = np.asarray(volumes.operator.as_matrix())
    unknown = np.flatnonzero(np.diagonal(matrix))
    load = np.asarray(volumes.load(jnp.asarray(source(grid), jnp.complex128))).ravel()
    expected = np.zeros(grid.size, complex)
    expected[unknown] = np.linalg.solve(matrix[np.ix_(unknown, unknown)], load[unknown])
    assert np.linalg.eigvalsh(matrix[np.ix_(unknown, unknown)].real).min() < 0
    np.testing.assert_allclose(np.asarray(solution.values).ravel(), expected, atol=1e-8 * np.abs(expected).max())
    assert (np.abs(np.asarray(solution.values).imag).max() > 1e-3) == outgoing


def test_a_plane_wave_goes_through_a_line_without_reflection():
    k = 20.0
    grid = sciml.Grid((401,), extent=(1.0,), boundary=Robin(-1j * k, 1.0))
    x = grid.coordinates()[0]
    f = np.exp(-4000 * (x - 0.3) ** 2)
    u = np.asarray(solve_indefinite_helmholtz(grid, f, k, rtol=1e-9).values)
    right = u[200:]  # to the right of the source nothing but a wave that goes right: |u| is constant
    assert np.ptp(np.abs(right)) < 1e-3 * np.abs(right).mean()
    # Its amplitude is that of the free-space Green function i / (2k), spread over the source.
    expected = np.abs(np.sum(f * np.exp(-1j * k * x)) / 400 / (2 * k))
    assert abs(np.abs(right).mean() / expected - 1) < 1e-2


def test_derivative_in_the_wavenumber():
    grid = sciml.Grid((17, 17), extent=(1.0, 1.0), boundary=Dirichlet())
    f = jnp.asarray(source(grid))

    @jax.jit
    def energy(k):
        return jnp.sum(jnp.abs(solve_indefinite_helmholtz(grid, f, k, rtol=1e-12).values) ** 2)

    k = jnp.asarray(8.0)
    difference = (energy(k + 1e-4) - energy(k - 1e-4)) / 2e-4
    np.testing.assert_allclose(float(jax.grad(energy)(k)), float(difference), rtol=1e-6)


@pytest.mark.slow
def test_steps_grow_slower_than_the_square_of_the_wavenumber():
    steps = []
    for k, count in ((10.0, 65), (20.0, 129)):
        grid = sciml.Grid((count, count), extent=(1.0, 1.0), boundary=Robin(-1j * k, 1.0))
        solution = solve_indefinite_helmholtz(grid, source(grid), k)
        assert float(solution.residual) < 1e-6
        steps.append(int(solution.iterations))
    assert steps[0] < 25  # 18 measured
    assert steps[1] < 3 * steps[0]  # 38 measured


def test_misuse_is_named():
    grid = sciml.Grid((9, 9), extent=(1.0, 1.0), boundary=Dirichlet())
    with pytest.raises(ValueError, match="must have the grid's shape"):
        solve_indefinite_helmholtz(grid, jnp.ones((9, 8)), 3.0)
    with pytest.raises(TypeError, match="floating-point"):
        solve_indefinite_helmholtz(grid, np.ones((9, 9), np.int32), 3.0)
    with pytest.raises(ValueError, match="no sines or cosines"):
        sciml.solvers.solve_helmholtz(sciml.Grid((9,), extent=(1.0,), boundary=Robin(-1j, 1.0)), jnp.ones(9), 0.0)
