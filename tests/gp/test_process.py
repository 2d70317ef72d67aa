"""Gaussian and Student-t processes with the dense solver; functionals; draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from sciml import kernels
from sciml.gp import GP, Dense, Functional, Functionals, StudentTProcess, log_prob_given
from sciml.gp.inverse import inverse_from_root
from sciml.physics import Diffusion, Poisson

X = np.sort(np.random.default_rng(0).uniform(0, 3, 15))
Y = np.sin(3 * X)


def process(**options):
    return GP(2.0 * kernels.Matern52(0.4) + kernels.RBF(1.0), jnp.asarray(X), 0.1, **options)


def test_the_log_probability_is_that_of_the_normal_law_and_so_is_its_gradient():
    gp = process(mean=0.3)
    law = scipy.stats.multivariate_normal(np.full(15, 0.3), gp.kernel.gram(gp.points) + 0.1 * np.eye(15))
    assert float(gp.log_prob(jnp.asarray(Y))) == pytest.approx(law.logpdf(Y), rel=1e-8)

    @jax.jit
    def along(step):
        kernel = 2.0 * kernels.Matern52(0.4 + step) + kernels.RBF(1.0 - 0.5 * step)
        moved = GP(kernel, jnp.asarray(X), 0.1 + 0.2 * step, mean=0.3 + step)
        return moved.log_prob(jnp.asarray(Y) * (1 + step))

    step = 1e-5
    difference = (along(step) - along(-step)) / (2 * step)
    assert float(jax.grad(along)(0.0)) == pytest.approx(float(difference), rel=1e-7)


def test_second_derivatives_are_those_of_the_formula():
    x, y = jnp.asarray(X[:6]), jnp.asarray(Y[:6])

    def value(p, y):
        return GP(p[1] * kernels.RBF(p[0]), x, p[2], solver=Dense(jitter=0.0)).log_prob(y)

    def formula(p, y):
        matrix = p[1] * jnp.exp(-0.5 * ((x[:, None] - x[None]) / p[0]) ** 2) + p[2] * jnp.eye(6)
        return -0.5 * (y @ jnp.linalg.solve(matrix, y) + jnp.linalg.slogdet(matrix)[1])

    at = jnp.array([0.3, 1.2, 0.1]), y
    for transform in (jax.hessian, lambda f: jax.jacrev(jax.grad(f)), lambda f: jax.jacfwd(jax.grad(f, 1), 0)):
        np.testing.assert_allclose(transform(value)(*at), transform(formula)(*at), rtol=1e-9, atol=1e-9)


def test_draws_that_have_no_dense_matrix_and_whole_numbers_as_points():
    lattice = (jnp.linspace(0.0, 1.0, 4), jnp.linspace(0.0, 1.0, 3))
    posterior = GP(kernels.RBF(), lattice, 0.1).condition(jnp.ones((4, 3)))
    with pytest.raises(TypeError, match="joint draws given values on a lattice"):
        posterior.sample(jnp.ones((2, 2)), key=jax.random.key(0))
    path = GP(kernels.RBF(), jnp.arange(4), 0.1).condition(jnp.ones(4)).path(8, key=jax.random.key(0))
    assert path(jnp.array([0.5])).dtype == jnp.float64


def test_the_inverse_by_blocks_is_the_inverse():
    rng = np.random.default_rng(3)
    square = rng.normal(size=(13, 13))
    matrix = square @ square.T + np.eye(13)
    root = np.linalg.cholesky(matrix)
    # The same at any depth; sizes that cannot be halved evenly.
    found = [inverse_from_root(jnp.asarray(root), levels=levels, smallest=3) for levels in (0, 1, 3)]
    for inverse in found:
        np.testing.assert_allclose(inverse, np.linalg.inv(matrix), atol=1e-12)


def test_predictions_are_those_of_the_joint_normal_law():
    gp, new = process(), jnp.array([0.5, 1.7])
    mean, variance = gp.condition(jnp.asarray(Y))(new)
    joint = np.asarray(gp.kernel.gram(jnp.concatenate([gp.points, new])))
    inner = np.linalg.inv(joint[:15, :15] + 0.1 * np.eye(15))
    np.testing.assert_allclose(mean, joint[15:, :15] @ inner @ Y, rtol=1e-7)
    covariance = joint[15:, 15:] - joint[15:, :15] @ inner @ joint[:15, 15:]
    np.testing.assert_allclose(variance, np.diag(covariance), rtol=1e-7)
    draws = gp.condition(jnp.asarray(Y)).sample(new, 20_000, key=jax.random.key(0))
    np.testing.assert_allclose(np.cov(draws.T), covariance, atol=4 * covariance.max() * (2 / 20_000) ** 0.5)


def test_paths_have_the_law_of_the_posterior():
    posterior, new = process().condition(jnp.asarray(Y)), jnp.array([0.5, 1.7])
    keys = jax.random.split(jax.random.key(1), 2000)
    values = jax.jit(lambda ks: jax.lax.map(lambda key: posterior.path(512, key=key)(new), ks))(keys)
    mean, variance = posterior(new)
    # Wide enough for 512 features beside the noise of 2000 draws.
    np.testing.assert_allclose(jnp.mean(values, 0), mean, atol=4 * float(jnp.max(variance / 2000) ** 0.5))
    np.testing.assert_allclose(jnp.var(values, 0), variance, rtol=0.2)


def test_float32_factorises_smooth_kernels_without_being_asked():
    x = jnp.linspace(0, 1, 60, dtype=jnp.float32)
    gp = GP(kernels.RBF(0.3), x, 1e-4)
    mean, variance = gp.condition(jnp.sin(6 * x))(x)
    assert mean.dtype == variance.dtype == jnp.float32
    assert jnp.max(jnp.abs(mean - jnp.sin(6 * x))) < 2e-2


def test_a_failed_factorisation_says_what_to_do_or_gives_nan():
    x = jnp.array([0.0, 0.0, 1.0])
    with pytest.raises(Exception, match=r"not positive definite in this precision\. Raise `noise_variance`"):
        GP(kernels.RBF(), x, 0.0, solver=Dense(jitter=0.0)).log_prob(jnp.zeros(3))
    quiet = GP(kernels.RBF(), x, 0.0, solver=Dense(jitter=0.0, throw=False))
    assert jnp.isnan(quiet.log_prob(jnp.zeros(3)))


def test_shapes_are_checked_in_words():
    with pytest.raises(ValueError, match=r"have the shape of the points, \(15,\), got \(14,\)"):
        process().log_prob(jnp.zeros(14))
    with pytest.raises(ValueError, match="too many for a dense covariance matrix"):
        GP(kernels.RBF(), jnp.zeros(6000), 0.1)
    with pytest.raises(TypeError, match="a lattice, which `Kronecker` takes"):
        GP(kernels.RBF(), (jnp.zeros(3), jnp.zeros(4)), 0.1, solver=Dense()).log_prob(jnp.zeros((3, 4)))


def test_the_solver_follows_the_structure():
    times = jnp.linspace(0, 1, 300)
    chosen = {
        "StateSpaceSolver": GP(kernels.Matern32() + 2.0 * kernels.Matern12(), times, 0.1),
        "Dense": GP(kernels.RBF(), times, 0.1),
        "Kronecker": GP(kernels.RBF(), (times, times), 0.1),
    }
    assert {name: type(gp.solver).__name__ for name, gp in chosen.items()} == {name: name for name in chosen}


def test_functionals_have_the_covariances_of_nested_differentiation():
    kernel = kernels.RBF(0.5)
    x = jnp.linspace(0.0, 1.0, 4)
    observed = Functionals(
        Functional.value(x[:2]), Functional(lambda u: u.laplacian() + 2.0 * u.coordinate(0) * u.d(0), x)
    )

    def value(a, b):
        return kernel.evaluate(a, b)

    def operated(f, argument):
        first = jax.grad(f, argument)
        second = jax.grad(first, argument)
        return lambda a, b: second(a, b) + 2 * (a, b)[argument] * first(a, b)

    def matrix(f, p, q):
        return jax.jit(jax.vmap(lambda a: jax.vmap(lambda b: f(a, b))(q)))(p)

    mixed = matrix(operated(value, 1), x[:2], x)
    both = matrix(operated(operated(value, 0), 1), x, x)
    expected = jnp.block([[kernel.gram(x[:2]), mixed], [mixed.T, both]])
    np.testing.assert_allclose(observed.covariance(kernel), expected, rtol=1e-9, atol=1e-9)


def test_an_equation_object_and_its_boundary_values_determine_the_solution():
    x = jnp.linspace(0.0, 1.0, 25)
    equation = Poisson(source=lambda *c: jnp.pi**2 * jnp.sin(jnp.pi * c[0]))
    observed = Functionals(Functional.value(jnp.array([0.0, 1.0])), Functional(equation, x))
    posterior = GP(kernels.RBF(0.3), observed, 1e-10).condition(jnp.zeros(27))
    new = jnp.linspace(0.0, 1.0, 11)
    mean, variance = posterior(new)
    np.testing.assert_allclose(mean, jnp.sin(jnp.pi * new), atol=1e-5)
    assert jnp.max(variance) < 1e-6
    # Any functional of the solution can be asked for: its slope at the left end is pi.
    slope, _ = posterior(Functional(lambda u: u.d(0), jnp.array([0.0])))
    assert float(slope[0]) == pytest.approx(float(jnp.pi), abs=1e-3)


def test_a_coefficient_is_found_given_the_equation_and_underestimated_by_the_joint_density():
    # u_t = nu u_xx with nu = 0.7 and noisy values; each draw of three.
    keys, grid = jax.random.split(jax.random.key(0), 3), jnp.linspace(0.3, 1.1, 17)
    points = jnp.asarray(np.random.default_rng(0).uniform(0, 1, (16, 2)) * np.array([3.0, 1.0]))
    truth = jnp.exp(-0.7 * points[:, 1]) * jnp.sin(points[:, 0])
    observed = Functionals(Functional.value(points), Functional(Diffusion(jnp.asarray(0.7)), points))
    noise = jnp.concatenate([jnp.full(16, 1e-4), jnp.full(16, 1e-6)])

    def densities(nu, data):
        moved = observed.replaced(observed.parts[0], Functional(Diffusion(nu), points))
        gp = GP(kernels.RBF(jnp.array([1.5, 1.5])), moved, noise, solver=Dense())
        values = jnp.concatenate([data, jnp.zeros(16)])
        return gp.log_prob(values), log_prob_given(gp, values, given=[1])

    data = jax.vmap(lambda key: truth + 1e-2 * jax.random.normal(key, truth.shape))(keys)
    along = jax.jit(lambda d: jax.lax.map(lambda nu: densities(nu, d), grid))
    joint, given = (grid[jnp.argmax(jnp.stack(part), axis=1)] for part in zip(*(along(d) for d in data)))
    assert jnp.all(jnp.abs(given - 0.7) < 0.1)
    assert jnp.all(joint <= given)
    value = jax.jit(lambda nu: densities(nu, data[0])[1])
    difference = (value(0.5 + 1e-5) - value(0.5 - 1e-5)) / 2e-5
    assert float(jax.jit(jax.grad(value))(0.5)) == pytest.approx(float(difference), rel=1e-6)


def test_the_student_t_process_is_the_multivariate_t_law_and_becomes_gaussian():
    x, y = jnp.asarray(X), jnp.asarray(Y)
    nu = 4.5
    student = StudentTProcess(kernels.Matern32(0.5), x, 0.1, degrees_of_freedom=nu)
    covariance = kernels.Matern32(0.5).gram(x) + 0.1 * np.eye(15)
    law = scipy.stats.multivariate_t(np.zeros(15), covariance * (nu - 2) / nu, df=nu)
    assert float(student.log_prob(y)) == pytest.approx(law.logpdf(Y), rel=1e-8)
    gaussian = student.gaussian.condition(y)
    wide = StudentTProcess(kernels.Matern32(0.5), x, 0.1, degrees_of_freedom=1e9)
    assert float(wide.log_prob(y)) == pytest.approx(float(student.gaussian.log_prob(y)), rel=1e-7)
    # An outlier widens all predictions, which no Gaussian process does.
    surprised = student.condition(y.at[3].set(9.0))(jnp.array([0.5]))[1]
    assert surprised[0] > 2 * gaussian(jnp.array([0.5]))[1][0]
