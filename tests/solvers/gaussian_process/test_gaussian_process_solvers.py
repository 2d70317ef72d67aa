"""Steady equations by Gaussian processes: marginal likelihood, Gauss-Newton, lattices, the joint density."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import sciml
from sciml.boundary import Dirichlet, Neumann, Robin, Sides
from sciml.kernels import RBF, Cosine, Matern52, StudentTMixture
from sciml.physics import Bratu, Poisson
from sciml.solvers.gaussian_process.collocation import solve_by_gp
from sciml.solvers.gaussian_process.joint_density import GridProcess, JointDensityLoss
from sciml.solvers.gaussian_process.lattice import solve_on_lattice

WAVES = 5


def wave_problem(nodes):
    """`u = sin(2 pi f x)`, `f` waves on the unit interval."""
    rate = 2 * np.pi * WAVES
    grid = sciml.Grid((nodes,), extent=(1.0,), boundary=Dirichlet(), nodes="vertex")
    return Poisson(lambda x: rate**2 * jnp.sin(rate * x)), grid


@pytest.fixture(scope="module")
def fitted():
    equation, grid = wave_problem(41)
    return solve_by_gp(equation, grid, StudentTMixture.spread(6, 8.0), evaluations=30)


def test_the_fit_finds_the_frequency_and_the_solution(fitted):
    x = jnp.linspace(0.0, 1.0, 57)
    mean, variance = fitted(x)
    assert jnp.linalg.norm(mean - jnp.sin(2 * jnp.pi * WAVES * x)) < 1e-4 * jnp.linalg.norm(mean)
    assert jnp.all(variance >= 0) and fitted.successful
    assert fitted.log_evidence[1] > fitted.log_evidence[0] + 50
    mixture = fitted.kernel.kernel
    assert float(mixture.frequencies[jnp.argmax(mixture.weights)]) == pytest.approx(WAVES, rel=1e-2)
    assert fitted.values.shape == (1, 41)


def test_a_solution_in_the_span_of_the_kernel_is_found_with_four_nodes_per_wave():
    equation, grid = wave_problem(4 * WAVES + 1)
    kernel = Cosine(float(WAVES)) * RBF(30.0)
    x = jnp.linspace(0.0, 1.0, 57)
    mean, _ = solve_by_gp(equation, grid, kernel, evaluations=0)(x)
    assert jnp.linalg.norm(mean - jnp.sin(2 * jnp.pi * WAVES * x)) < 1e-3 * jnp.linalg.norm(mean)


def test_walls_with_fluxes_and_combinations():
    # -u'' = 2, u'(0) = 1 (outward: -1), u(1) + u'(1) = 3: u = -x^2 + x + c with c = 4.
    grid = sciml.Grid((12,), extent=(1.0,), boundary=Sides(Neumann(-1.0), Robin(1.0, 1.0, 3.0)), nodes="vertex")
    solution = solve_by_gp(Poisson(2.0), grid, RBF(1.0), evaluations=0)
    assert solution.successful and float(solution.change) == 0.0
    x = jnp.linspace(0.0, 1.0, 7)
    np.testing.assert_allclose(solution(x)[0], -(x**2) + x + 4, atol=2e-3)


def test_newton_steps_reach_bratus_lower_branch():
    grid = sciml.Grid((24,), extent=(1.0,), boundary=Dirichlet(), nodes="vertex")
    solution = solve_by_gp(Bratu(1.0), grid, RBF(0.4), evaluations=0, jitter=1e-8)
    theta = 1.5171645990507543  # of theta = sqrt(2) cosh(theta / 4)
    x = jnp.linspace(0.0, 1.0, 7)
    exact = -2 * jnp.log(jnp.cosh((x - 0.5) * theta / 2) / jnp.cosh(theta / 4))
    assert solution.successful and int(solution.steps) > 1
    np.testing.assert_allclose(solution(x)[0], exact, atol=1e-4)


def test_a_rectangle_by_sylvester_equations():
    rate = 2 * np.pi * 3
    grid = sciml.Grid((33, 25), extent=(1.0, 1.0), boundary=Dirichlet(1.0), nodes="vertex")
    equation = Poisson(lambda x, y: 2 * rate**2 * jnp.sin(rate * x) * jnp.sin(rate * y))
    kernel = StudentTMixture.spread(5, 5.0)
    solution = solve_on_lattice(equation, grid, (kernel, kernel))
    x = jnp.linspace(0.0, 1.0, 19)
    exact = 1 + jnp.sin(rate * x)[:, None] * jnp.sin(rate * x)[None, :]
    assert jnp.linalg.norm(solution(x, x) - exact) < 2e-2 * jnp.linalg.norm(exact)
    with pytest.raises(ValueError, match="is not linear"):
        solve_on_lattice(Bratu(1.0), grid, (kernel, kernel))
    with pytest.raises(ValueError, match="given values"):
        solve_on_lattice(equation, sciml.Grid((8, 8), extent=(1.0, 1.0)), (kernel, kernel))


def test_the_joint_density_is_trained_like_any_loss():
    equation, grid = wave_problem(41)
    model = GridProcess.start(grid, (StudentTMixture.spread(6, 8.0),))
    loss = JointDensityLoss(equation, grid)
    key = jax.random.key(0)
    options = {"optimizer": optax.adam(1e-2), "steps": 300, "batch_size": 1, "progress": False, "key": key}
    result = sciml.fit(model, loss, jnp.zeros((1, 1)), **options)
    assert loss(result.model, None, key)[0] < loss(model, None, key)[0]
    corrected = result.model.with_correction((Matern52(0.1),))
    assert corrected.components[0].frozen and not corrected.components[1].frozen
    gradient = jax.jit(jax.grad(lambda m: loss(m, None, key)[0]))(corrected)
    assert jnp.all(gradient.components[0].values == 0) and jnp.any(gradient.components[1].values != 0)
    assert result.model(jnp.linspace(0.0, 1.0, 5)).shape == (5,)


def test_the_density_of_values_is_that_of_the_kronecker_product():
    grid = sciml.Grid((5, 4), extent=(1.0, 1.0), boundary=Dirichlet(), nodes="vertex")
    kernels = (RBF(0.4), Matern52(0.6))
    model = GridProcess.start(grid, kernels)
    values = jnp.asarray(np.random.default_rng(0).normal(size=(5, 4)))
    from sciml.solvers.gaussian_process.joint_density import _process

    part = model.components[0]
    part = type(part)(values, part.free, part.space)
    density, derivatives = _process(part, grid, [(0, 0), (1, 0), (0, 2)], 1e-6)
    x, y = (jnp.asarray(axis.coordinates()) for axis in grid.axes)
    grams = [kernel.gram(points) + 1e-6 * np.eye(points.size) for kernel, points in zip(kernels, (x, y))]
    whole = np.kron(*(np.asarray(gram) for gram in grams))
    flat = np.asarray(values).ravel()
    expected = -0.5 * np.linalg.slogdet(whole)[1] - 0.5 * flat @ np.linalg.solve(whole, flat)
    assert float(density) == pytest.approx(expected, rel=1e-9)
    np.testing.assert_allclose(derivatives[0, 0], values)


def test_what_cannot_be_solved_is_refused():
    grid = sciml.Grid((8,), extent=(1.0,), boundary=Dirichlet(), nodes="cell")
    with pytest.raises(ValueError, match="nodes='vertex' or 'chebyshev'"):
        solve_by_gp(Poisson(1.0), grid, RBF(0.3))
    with pytest.raises(ValueError, match="given values"):
        JointDensityLoss(Poisson(1.0), sciml.Grid((8,), extent=(1.0,)))
