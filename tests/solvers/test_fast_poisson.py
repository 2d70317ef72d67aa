"""Direct Poisson and Helmholtz solves on every kind of box."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.boundary import Dirichlet, Neumann, Periodic, Robin, Sides
from sciml.solvers import solve_helmholtz, solve_poisson


@pytest.mark.parametrize("nodes", ["vertex", "cell", "chebyshev"])
def test_a_sine_is_solved_exactly(nodes):
    grid = sciml.Grid((24,), extent=(1.0,), boundary=Dirichlet(), nodes=nodes)
    f = np.sin(np.pi * grid.coordinates()[0])
    assert jnp.max(jnp.abs(solve_poisson(grid, f) - f / np.pi**2)) < 1e-15


@pytest.mark.parametrize("c", [0.0, 2.5])
def test_three_kinds_of_axes_with_data_that_vary(c):
    ends = Sides(
        Dirichlet(lambda t, x, y: jnp.cos(x) * jnp.sin(jnp.pi * y)),
        Robin(1.0, 2.0, lambda t, x, y: 3 * jnp.e * jnp.cos(x) * jnp.sin(jnp.pi * y)),
    )
    grid = sciml.Grid(
        (12, 17, 16),
        extent=(2 * np.pi, 1.0, 1.0),
        boundary=(Periodic(), Dirichlet(), ends),
        nodes=("vertex", "cell", "chebyshev"),
    )
    x, y, z = grid.coordinates()
    u = np.cos(x) * np.sin(np.pi * y) * np.exp(z)
    assert jnp.max(jnp.abs(solve_helmholtz(grid, (np.pi**2 + c) * u, c) - u)) < 1e-13


def test_data_on_all_four_walls():
    exact = lambda x, y: np.exp(x) * np.cos(y) + x * y  # noqa: E731
    left, right = Dirichlet(lambda t, y: jnp.cos(y)), Neumann(lambda t, y: jnp.e * jnp.cos(y) + y)
    lower, upper = (
        Robin(1.0, 1.0, lambda t, x: jnp.exp(x) - x),
        Dirichlet(lambda t, x: jnp.exp(x) * np.cos(2.0) + 2 * x),
    )
    errors = []
    for n in (6, 9, 18):
        grid = sciml.Grid(
            (n, n), extent=(1.0, 2.0), nodes="chebyshev", boundary=(Sides(left, right), Sides(lower, upper))
        )
        x, y = grid.coordinates()
        errors.append(float(jnp.max(jnp.abs(solve_poisson(grid, np.zeros(grid.shape)) - exact(x, y)))))
    assert errors[1] < 1e-2 * errors[0] and errors[2] < 1e-12


@pytest.mark.parametrize("nodes", ["cell", "chebyshev"])
def test_the_mean_is_fixed_and_imbalance_is_named(nodes):
    grid = sciml.Grid((20, 20), extent=(1.0, 1.0), boundary=Neumann(), nodes=nodes)
    x, y = grid.coordinates()
    f = np.cos(np.pi * x) * np.cos(2 * np.pi * y)
    assert jnp.max(jnp.abs(solve_poisson(grid, f) - f / (5 * np.pi**2))) < 1e-15
    with pytest.raises(ValueError, match="Subtract the mean"):
        solve_poisson(grid, f + 1)
    dropped = solve_helmholtz(grid, f + 1, 0.0, throw=False)
    assert jnp.max(jnp.abs(dropped - f / (5 * np.pi**2))) < 1e-15


def test_fluxes_that_balance():
    grid = sciml.Grid((12,), extent=(1.0,), nodes="chebyshev", boundary=Sides(Neumann(-1.0), Neumann(3.0)))
    x = grid.coordinates()[0]
    u = solve_poisson(grid, np.full(12, -2.0))
    assert jnp.max(jnp.abs(jnp.diff(u - (x**2 + x)))) < 1e-14


def test_contradicting_walls_are_refused():
    grid = sciml.Grid((9, 9), extent=(1.0, 1.0), nodes="chebyshev", boundary=(Dirichlet(1.0), Dirichlet()))
    with pytest.raises(ValueError, match="contradict"):
        solve_poisson(grid, np.zeros((9, 9)))


def test_derivatives_with_respect_to_source_coefficient_and_data():
    f = np.linspace(0.0, 1.0, 12)

    def mean(f, c, g):
        sides = Sides(Dirichlet(lambda t: g), Neumann(2.0))
        return jnp.mean(solve_helmholtz(sciml.Grid((12,), extent=(1.0,), nodes="chebyshev", boundary=sides), f, c) ** 2)

    point = (jnp.asarray(f), jnp.asarray(1.3), jnp.asarray(0.7))
    found = jax.grad(mean, argnums=(0, 1, 2))(*point)
    step = 1e-5
    for index, direction in ((0, jnp.cos(3 * point[0])), (1, jnp.asarray(1.0)), (2, jnp.asarray(1.0))):
        moved = [[p + s * step * direction if i == index else p for i, p in enumerate(point)] for s in (1, -1)]
        difference = (mean(*moved[0]) - mean(*moved[1])) / (2 * step)
        assert np.isclose(difference, jnp.vdot(found[index], direction), rtol=1e-7)


def test_batches_and_single_precision():
    grid = sciml.Grid((16, 17), extent=(1.0, 1.0), boundary=(Periodic(), Neumann()), nodes=("vertex", "vertex"))
    x, y = grid.coordinates()
    modes = [np.cos(2 * np.pi * x) * np.cos(k * np.pi * y) for k in (1, 2)]
    batch = jnp.asarray(np.stack(modes), jnp.float32)
    found = jax.jit(jax.vmap(lambda f: solve_helmholtz(grid, f, 1.0)))(batch)
    assert found.dtype == jnp.float32
    for k, u in zip((1, 2), found):
        exact = modes[k - 1] / (1 + 4 * np.pi**2 + (k * np.pi) ** 2)
        assert jnp.max(jnp.abs(u - exact.astype(np.float32))) < 1e-7
