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
    """Value, gradient and what else this solver has to show."""

    def log_prob(parameters):
        return solver.factorise(parameters[0], points, parameters[1]).log_prob(y)

    value, gradient = eqx.filter_value_and_grad(log_prob)((kernel, noise))
    factorisation = solver.factorise(kernel, points, noise)
    errors = factorisation.log_determinant_error() if isinstance(solver, Toeplitz) else ()
    predicted = factorisation.predict(y, points[:NEW] + 0.01) if isinstance(solver, Dense | Iterative) else ()
    return value, jnp.stack(jax.tree.leaves(gradient)), predicted, errors


def observed(points):
    first = points if points.ndim == 1 else points[:, 0]
    return jnp.sin(6 * first) + 0.1 * jax.random.normal(jax.random.key(2), (N,))


@pytest.fixture(scope="module", params=[Toeplitz, Iterative])
def compared(request):
    """The same problem by the dense solver, and with eight sets of probes."""
    points, options = (LINE, {}) if request.param is Toeplitz else (PLANE, {"rank": 30, "block": 64})
    problem = (KERNEL, jnp.array(0.01), points, observed(points))
    return everything(Dense(), *problem), [everything(request.param(key, **options), *problem) for key in KEYS]


def test_values_are_within_their_errors_of_the_dense_solver(compared):
    exact, found = compared
    errors = np.array([float(f[0] - exact[0]) for f in found])
    assert np.abs(errors.mean()) < 4 * errors.std(ddof=1) / np.sqrt(len(KEYS))
    # Measured spread: 0.8 (Toeplitz) and 2.4.
    assert errors.std(ddof=1) < 6
    if found[0][3]:
        stated = np.array([float(f[3][0]) / 2 for f in found])
        assert np.all(np.abs(errors) < 4 * stated) and 0.3 < errors.std(ddof=1) / stated.mean() < 3
        assert all(abs(float(f[3][1])) < 0.1 for f in found)  # Lanczos has converged


def test_gradients_are_within_their_errors_of_the_dense_solver(compared):
    exact, found = compared
    gradients = np.stack([f[1] for f in found])
    spread = gradients.std(0, ddof=1) / np.sqrt(len(KEYS))
    assert np.all(np.abs(gradients.mean(0) - exact[1]) < 5 * spread + 1e-7 * np.abs(exact[1]))
    scales = np.array([0.2, 1.3, 0.01])  # of the parameters: a change by a factor changes the value by this much
    # Measured: 1.5 or less, of a log-likelihood of 200 observations.
    assert np.all(spread * scales < 4)


def test_predictions_are_exact_to_the_tolerance(compared):
    exact, found = compared
    for mine, expected in zip(found[0][2], exact[2]):
        np.testing.assert_allclose(mine, expected, atol=1e-8)  # measured: 1e-9


@pytest.fixture(scope="module")
def matrix():
    square = jax.random.normal(jax.random.key(6), (30, 30))
    return square @ square.T / 30 + jnp.eye(30)


def test_lanczos_gives_functions_of_a_matrix(matrix):
    values, vectors = np.linalg.eigh(matrix)
    logarithm = (vectors * np.log(values)) @ vectors.T
    start = jax.random.normal(jax.random.key(7), (30, 3)).at[:, 2].set(vectors[:, 4])  # one space is exhausted at once
    exact = np.sum(start * (logarithm @ start), 0)

    @jax.jit
    def evaluated(start):
        full, few = (lanczos(lambda x: matrix @ x, start, steps) for steps in (30, 5))
        brackets = few.quadratic_form(jnp.log), few.quadratic_form_with_node(jnp.log, jnp.array(1.0))
        return full.quadratic_form(jnp.log), full.apply(jnp.log), brackets

    form, applied, (above, below) = evaluated(start)
    np.testing.assert_allclose(form, exact, rtol=1e-10)
    np.testing.assert_allclose(applied, logarithm @ start, atol=1e-10)
    # Too few steps: Gauss is too large, Gauss-Radau too small, by something to be seen.
    assert np.all((above > exact)[:2]) and np.all((below < exact)[:2]) and np.all((above - below)[:2] > 1e-3)
    np.testing.assert_allclose(above[2], exact[2], rtol=1e-10)


def test_the_gradient_of_the_matrix_free_solver_stores_no_matrix():
    n, block = 4000, 64
    points = jax.ShapeDtypeStruct((n, 2), jnp.float64)
    solver = Iterative(KEYS[0], probes=4, rank=20, block=block, lanczos_steps=10)

    def value(lengthscale, points, y):
        return solver.factorise(RBF(lengthscale), points, 0.1).log_prob(y)

    scalar, vector = jax.ShapeDtypeStruct((), jnp.float64), jax.ShapeDtypeStruct((n,), jnp.float64)
    compiled = jax.jit(jax.value_and_grad(value)).lower(scalar, points, vector).compile()
    memory = compiled.memory_analysis().temp_size_in_bytes
    # The matrix has 128 MB; a block of rows 2 MB. Measured: 15 MB.
    assert memory < 40e6, memory


def test_float32_is_right_or_not_a_number():
    x, y = LINE.astype(jnp.float32), observed(LINE).astype(jnp.float32)

    @jax.jit
    def value(noise):
        factorisation = Toeplitz(KEYS[0], throw=False).factorise(KERNEL, x, noise)
        return factorisation.log_prob(y)

    exact = float(Dense().factorise(KERNEL, LINE, 0.01).log_prob(observed(LINE)))
    found = value(jnp.array(0.01))
    # The standard error with these options is about 0.8 (see above).
    assert found.dtype == jnp.float32 and abs(float(found) - exact) < 4
    assert np.isnan(value(jnp.array(0.0)))


def test_what_they_cannot_do_is_refused_by_name():
    with pytest.raises(ValueError, match="equally spaced"):
        Toeplitz(KEYS[0]).factorise(KERNEL, LINE**2, 0.1)
    with pytest.raises(ValueError, match=r"shape \(n,\)"):
        Toeplitz(KEYS[0]).factorise(KERNEL, PLANE, 0.1)
    with pytest.raises(TypeError, match="Linear has no `profile"):
        Toeplitz(KEYS[0]).factorise(Linear(), LINE, 0.1)
    with pytest.raises(ValueError, match="one number"):
        Toeplitz(KEYS[0]).factorise(KERNEL, LINE, jnp.ones(N))
    with pytest.raises(ValueError, match=r"got \(3,\)"):
        eqx.filter_eval_shape(lambda: Iterative(KEYS[0]).factorise(KERNEL, PLANE, 0.1).log_prob(jnp.zeros(3)))
    with pytest.raises(RuntimeError, match="conjugate gradients did not reach the tolerance"):
        eqx.filter_jit(lambda: Toeplitz(KEYS[0], max_steps=2).factorise(KERNEL, LINE, 0.01).solve(LINE))()
