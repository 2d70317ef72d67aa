"""The full approximation scheme: rates, agreement with Newton's method, full multigrid."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.boundary import Dirichlet, Neumann, Periodic, Sides
from sciml.fields.nested_grids import coarsened, halved
from sciml.physics import Bratu, Darcy, NonlinearDiffusion
from sciml.solvers import solve_steady
from sciml.solvers.multigrid.fas import cubic_interpolation

GRID = sciml.Grid((33, 33), extent=(1.0, 1.0), boundary=Dirichlet())


@pytest.mark.slow
@pytest.mark.parametrize("equation", [Bratu(6.5), NonlinearDiffusion(source=20.0)], ids=["bratu", "diffusion"])
def test_cycles_converge_fast_to_newton_s_solution(equation):
    fas = solve_steady(equation, GRID, method="fas", rtol=1e-8)
    newton = solve_steady(equation, GRID, rtol=1e-10)
    # Measured: 8 and 10 cycles, 0.1 and 0.16 per cycle.
    assert fas.successful and fas.statistics["steps"] <= 12
    np.testing.assert_allclose(fas.values, newton.values, atol=1e-8 * float(newton.values.max()))


@pytest.mark.slow
def test_full_multigrid_reaches_the_error_of_the_discretisation():
    wave = lambda x, y: jnp.sin(np.pi * x) * jnp.sin(2 * np.pi * y)  # noqa: E731
    transformed = lambda x, y: wave(x, y) + wave(x, y) ** 3 / 3  # noqa: E731

    def source(x, y):
        second = [jax.grad(jax.grad(transformed, axis), axis) for axis in (0, 1)]
        return -jnp.vectorize(lambda x, y: second[0](x, y) + second[1](x, y))(x, y)

    x, y = GRID.coordinates()
    equation = NonlinearDiffusion(source=np.asarray(source(x, y)))
    errors = []
    for cycles in (0, 1, 30):
        solution = solve_steady(equation, GRID, method="fmg", max_steps=cycles, throw=False)
        errors.append(np.abs(solution.values[0] - wave(x, y)).max())
    # Measured: 1.32 and 1.02 times the error of the discretisation.
    assert errors[0] < 1.6 * errors[2]
    assert errors[1] < 1.1 * errors[2]


def test_mixed_walls_a_given_coefficient_and_the_gradient():
    grid = sciml.Grid((16, 17), extent=(1.0, 1.0), boundary=[Periodic(), Sides(Dirichlet(1.0), Neumann(0.5))])
    permeability = jnp.asarray(np.exp(0.5 * np.sin(2 * np.pi * grid.coordinates()[0])))
    solution = solve_steady(Darcy(permeability), grid, method="fas", rtol=1e-9)
    other = solve_steady(Darcy(permeability), grid, rtol=1e-10)
    assert solution.statistics["steps"] <= 12
    np.testing.assert_allclose(solution.values, other.values, atol=1e-8)


@pytest.mark.slow
def test_derivatives_do_not_depend_on_the_method():
    grid = sciml.Grid((17,), extent=(1.0,), boundary=Dirichlet())

    def peak(strength, method):
        return solve_steady(Bratu(strength), grid, method=method, rtol=1e-11).values.max()

    slopes = [jax.jit(jax.grad(peak), static_argnums=1)(1.0, method) for method in ("fas", "newton")]
    np.testing.assert_allclose(slopes[0], slopes[1], rtol=1e-8)


def test_nested_grids():
    grid = sciml.Grid((9, 8), extent=(1.0, 1.0), boundary=[Dirichlet(), Periodic()])
    coarse = halved(grid)
    assert coarse.shape == (5, 4)
    x = grid.coordinates()[0]
    np.testing.assert_allclose(coarsened(jnp.asarray(x), grid, coarse), coarse.coordinates()[0], atol=1e-15)
    cubic = jnp.asarray(coarse.coordinates()[0] ** 2)[None]
    np.testing.assert_allclose(cubic_interpolation(cubic, coarse)[0], x**2, atol=1e-15)
    for bad in (sciml.Grid((8,), extent=(1.0,), boundary=Dirichlet()), sciml.Grid((8,), extent=(1.0,), nodes="cell")):
        with pytest.raises(ValueError, match="nested grids need nodes='vertex'"):
            halved(bad)
