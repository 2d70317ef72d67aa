"""Steady equations: the residual of exact solutions vanishes at points and on stencils."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.boundary import Dirichlet
from sciml.fields import StencilField
from sciml.physics import Bratu, Darcy, Helmholtz, NonlinearDiffusion, Poisson

PI = np.pi


def wave(x, y):
    return jnp.sin(PI * x) * jnp.sin(2 * PI * y)


def flux_divergence(coefficient):
    """`-div(coefficient(x, y, u) grad u)` of the wave, by automatic differentiation."""

    def along(axis):
        flux = lambda x, y: coefficient(x, y, wave(x, y)) * jax.grad(wave, axis)(x, y)  # noqa: E731
        return jax.grad(flux, axis)

    return jnp.vectorize(lambda x, y: -along(0)(x, y) - along(1)(x, y))


EQUATIONS = {
    "poisson": Poisson(lambda x, y: 5 * PI**2 * wave(x, y)),
    "darcy": Darcy(lambda x, y: 1 + x + y**2, flux_divergence(lambda x, y, u: 1 + x + y**2)),
    "helmholtz": Helmholtz(3.0, lambda x, y: (5 * PI**2 - 9) * wave(x, y)),
    "bratu": Bratu(2.0, lambda x, y: 5 * PI**2 * wave(x, y) - 2 * jnp.exp(wave(x, y))),
    "nonlinear diffusion": NonlinearDiffusion(1.0, 0.5, flux_divergence(lambda x, y, u: 1 + 0.5 * u**2)),
}


@pytest.mark.parametrize("name", EQUATIONS)
def test_residual_of_the_exact_solution_vanishes(name):
    points = jnp.asarray(np.random.default_rng(0).uniform(size=(6, 2)))
    rows = sciml.residual(EQUATIONS[name], lambda x: wave(x[0], x[1])[None], points)
    assert rows.shape == (1, 6)
    # Measured: 3e-14 or less.
    assert float(jnp.abs(rows).max()) < 1e-13
    errors = []
    for count in (17, 33):
        grid = sciml.Grid((count, count), extent=(1.0, 1.0), boundary=Dirichlet())
        state = StencilField.state(grid, wave(*grid.coordinates())[None])
        errors.append(float(jnp.abs(EQUATIONS[name].residual_like_state(state).values[0, 1:-1, 1:-1]).max()))
    assert 1.85 < np.log2(errors[0] / errors[1]) < 2.15


def test_functions_that_know_their_derivatives_serve_steady_equations_too():
    class Wave:
        """Gives derivatives by a rule of its own, and counts that it is asked."""

        def __call__(self, x):
            raise AssertionError("asked for values")

        def derivatives(self, points, needed):
            turn = lambda order, k, x: k**order * jnp.sin(k * x + order * PI / 2)  # noqa: E731
            x, y = points.T
            return {a: (turn(a[0], PI, x) * turn(a[1], 2 * PI, y))[None] for a in needed}

    points = jnp.asarray(np.random.default_rng(0).uniform(size=(6, 2)))
    assert float(jnp.abs(sciml.residual(EQUATIONS["helmholtz"], Wave(), points)).max()) < 2e-12


def test_bratu_in_one_dimension_has_its_closed_form():
    theta = 1.5171645990507543  # of theta = sqrt(2) cosh(theta / 4), for lambda = 1
    exact = lambda x: (-2 * jnp.log(jnp.cosh((x[0] - 0.5) * theta / 2) / jnp.cosh(theta / 4)))[None]  # noqa: E731
    points = jnp.linspace(0.1, 0.9, 5)[:, None]
    assert float(jnp.abs(sciml.residual(Bratu(1.0), exact, points)).max()) < 1e-12


def test_the_residual_must_be_a_field_of_the_state_s_shape():
    class Wrong(sciml.Steady):
        def residual(self, u):
            return u[0].grad()

    grid = sciml.Grid((5, 5), extent=(1.0, 1.0))
    with pytest.raises(ValueError, match=r"Wrong: the residual has component shape \(2,\), the state \(1,\)"):
        sciml.solvers.solve_steady(Wrong(), grid)
