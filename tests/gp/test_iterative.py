"""Toeplitz and matrix-free solvers: solves to the tolerance, determinants and gradients within their standard errors, memory."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.gp import Dense, Iterative, Toeplitz
from sciml.gp.lanczos import lanczos
from sciml.kernels import RBF, Linear, Matern32

N = 200
KEYS = jax.random.split(jax.random.key(0), 8)
LINE = jnp.linspace(0.0, 1.0, N)
PLANE = jax.random.uniform(jax.random.key(1), (N, 2))
KERNEL = 1.3 * Matern32(0.2)
NEW = 3


@eqx.filter_jit
def everything(solver, kernel, noise, points, y):
    def log_prob(parameters):
        return solver.factorise(parameters[0], points, parameters[1]).log_prob(y)

    value, gradient = eqx.filter_value_and_grad(log_prob)((kernel, noise))
    factorisation = solver.factorise(kernel, points, noise)
    errors = () if isinstance(solver, Dense) else factorisation.log_determinant_error()
    return (
        value,
        jnp.stack(jax.tree.leaves(gradient)),
        factorisation.solve(y),
        factorisation.predict(y, points[:NEW] + 0.01),
        errors,
    )


def observed(points):
    first = points if points.ndim == 1 else points[:, 0]
    return jnp.sin(6 * first) + 0.1 * jax.random.normal(jax.random.key(2), (N,))


@pytest.mark.parametrize(("solver", "points"), [(Toeplitz, LINE), (Iterative, PLANE)], ids=["toeplitz", "iterative"])
def test_within_the_stated_errors_of_the_dense_solver(solver, points):
    y, noise = observed(points), jnp.array(0.01)
    options = {} if solver is Toeplitz else {"rank": 30, "block": 64}
    exact = everything(Dense(), KERNEL, noise, points, y)
    found = [everything(solver(key, **options), KERNEL, noise, points, y) for key in KEYS]
    for _, _, solved, (mean, variance), _ in found[:1]:
        # Solves to a relative residual of 1e-9; measured 1e-10 to 4e-9 in these.
        np.testing.assert_allclose(solved, exact[2], atol=1e-8 * np.abs(exact[2]).max())
        np.testing.assert_allclose(mean, exact[3][0], atol=1e-8)
        np.testing.assert_allclose(variance, exact[3][1], atol=1e-8)
    errors = np.array([float(f[0] - exact[0]) for f in found])
    stated = np.array([float(f[4][0]) / 2 for f in found])
    assert np.all(np.abs(errors) < 4 * stated) and np.abs(errors.mean()) < 4 * stated.mean() / np.sqrt(len(KEYS))
    assert 0.3 < errors.std(ddof=1) / stated.mean() < 3  # the stated error is the true one
    assert all(abs(float(f[4][1])) < 0.1 for f in found)  # and Lanczos has converged
    gradients = np.stack([f[1] for f in found])
    spread = gradients.std(0, ddof=1) / np.sqrt(len(KEYS))
    assert np.all(np.abs(gradients.mean(0) - exact[1]) < 5 * spread + 1e-7 * np.abs(exact[1]))
    assert np.all(spread < 0.1 * np.linalg.norm(exact[1]))


def test_too_few_lanczos_steps_are_told():
    """With little noise and a weak preconditioner the bias is large, and no larger than stated."""
    y, noise = observed(PLANE), 1e-4
    exact = float(Dense().factorise(KERNEL, PLANE, noise).log_determinant())
    factorisation = Iterative(KEYS[0], rank=5, lanczos_steps=10).factorise(KERNEL, PLANE, noise)
    estimates, excess = factorisation.system.log_determinants(factorisation.probes)
    standard_error, bound = factorisation.log_determinant_error()
    above = float(estimates.mean()) - exact
    assert float(bound) > 20 and -4 * float(standard_error) < above < float(bound) + 4 * float(standard_error)
    assert bool(jnp.all(excess > -1e-6)) and y.shape == (N,)


def test_samples_have_the_covariance():
    factorisation = Toeplitz(KEYS[0]).factorise(KERNEL, LINE, 0.01)
    normals = jax.random.normal(jax.random.key(5), (N, 100))
    draws = jax.jit(lambda normals: factorisation.system.root(normals))(normals)
    root = jnp.linalg.cholesky(KERNEL.gram(LINE) + (0.01 + 1.3e-10) * jnp.eye(N))
    white = jax.scipy.linalg.solve_triangular(root, draws, lower=True)
    # Any root times standard normal numbers is a rotation of them once whitened.
    np.testing.assert_allclose(jnp.sum(white**2, 0), jnp.sum(normals**2, 0), rtol=1e-4)
    assert factorisation.sample(key=KEYS[1]).shape == (N,)


def test_lanczos_gives_functions_of_a_matrix():
    matrix = jax.random.normal(jax.random.key(6), (30, 30))
    matrix = matrix @ matrix.T / 30 + jnp.eye(30)
    values, vectors = np.linalg.eigh(matrix)
    start = jax.random.normal(jax.random.key(7), (30, 3)).at[:, 2].set(vectors[:, 4])  # one space is exhausted at once
    krylov = lanczos(lambda x: matrix @ x, start, 30)
    logarithm = (vectors * np.log(values)) @ vectors.T
    np.testing.assert_allclose(krylov.quadratic_form(jnp.log), np.sum(start * (logarithm @ start), 0), rtol=1e-10)
    np.testing.assert_allclose(krylov.apply(jnp.log), logarithm @ start, atol=1e-10)
    few = lanczos(lambda x: matrix @ x, start[:, :2], 5)
    exact = np.sum(start * (logarithm @ start), 0)[:2]
    assert np.all(few.quadratic_form(jnp.log) > exact) and np.all(few.quadratic_form(jnp.log, jnp.array(1.0)) < exact)


def test_the_gradient_of_the_matrix_free_solver_stores_no_matrix():
    n, block = 4000, 64
    points = jax.ShapeDtypeStruct((n, 2), jnp.float64)
    solver = Iterative(KEYS[0], probes=4, rank=20, block=block, lanczos_steps=10)

    def value(lengthscale, points, y):
        return solver.factorise(RBF(lengthscale), points, 0.1).log_prob(y)

    scalar, vector = jax.ShapeDtypeStruct((), jnp.float64), jax.ShapeDtypeStruct((n,), jnp.float64)
    compiled = jax.jit(jax.value_and_grad(value)).lower(scalar, points, vector).compile()
    memory = compiled.memory_analysis().temp_size_in_bytes
    # The matrix has 128 MB; a block of rows 2 MB. Measured: 20 MB.
    assert memory < 45e6, memory


def test_float32_is_right_or_refused():
    x, y = LINE.astype(jnp.float32), observed(LINE).astype(jnp.float32)
    exact = float(Dense().factorise(KERNEL, LINE, 0.01).log_prob(observed(LINE)))
    factorisation = Toeplitz(KEYS[0]).factorise(KERNEL, x, 0.01)
    value, error = factorisation.log_prob(y), float(factorisation.log_determinant_error()[0]) / 2
    assert value.dtype == jnp.float32 and abs(float(value) - exact) < 4 * error + 0.1
    with pytest.raises(RuntimeError, match=r"float64"):
        Toeplitz(KEYS[0]).factorise(KERNEL, x, 1e-7).solve(y)
    silent = Toeplitz(KEYS[0], throw=False).factorise(KERNEL, x, 1e-7).solve(y)
    assert bool(jnp.isnan(silent).all())


def test_what_they_cannot_do_is_refused_by_name():
    with pytest.raises(ValueError, match="equally spaced"):
        Toeplitz(KEYS[0]).factorise(KERNEL, LINE**2, 0.1)
    with pytest.raises(ValueError, match=r"shape \(n,\)"):
        Toeplitz(KEYS[0]).factorise(KERNEL, PLANE, 0.1)
    with pytest.raises(TypeError, match="Linear is not a stationary"):
        Toeplitz(KEYS[0]).factorise(Linear(), LINE, 0.1)
    with pytest.raises(ValueError, match="one number"):
        Toeplitz(KEYS[0]).factorise(KERNEL, LINE, jnp.ones(N))
    with pytest.raises(ValueError, match=r"got \(3,\)"):
        Iterative(KEYS[0]).factorise(KERNEL, PLANE, 0.1).log_prob(jnp.zeros(3))
