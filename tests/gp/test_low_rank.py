"""Inducing points and random features: identities, bounds, and the exact process in the limit."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.gp import GP, Dense, FeatureSpace, Functional, InducingPoints
from sciml.kernels import RBF, Linear, Matern32

X = jnp.sort(jax.random.uniform(jax.random.key(0), (60,)))
Y = jnp.sin(6 * X) + 0.1 * jax.random.normal(jax.random.key(1), (60,))
NEW = jnp.array([0.21, 0.5, 1.2])
KERNEL = 1.3 * Matern32(0.3)


@pytest.fixture(scope="module")
def dense():
    return Dense(jitter=0.0).factorise(KERNEL, X, 0.01)


@pytest.mark.parametrize("method", ["variational", "fitc"])
def test_with_all_points_it_is_exact(dense, method):
    all_points = InducingPoints(X, method=method, jitter=1e-13).factorise(KERNEL, X, 0.01)
    assert abs(float(all_points.log_prob(Y) - dense.log_prob(Y))) < 1e-8
    np.testing.assert_allclose(all_points.solve(Y), dense.solve(Y), atol=1e-8)
    assert abs(float(all_points.log_determinant() - dense.log_determinant())) < 1e-8
    for mine, expected in zip(all_points.predict(Y, NEW), dense.predict(Y, NEW)):
        np.testing.assert_allclose(mine, expected, atol=1e-9)


def test_the_bound_is_below_and_rises_with_points(dense):
    exact = float(dense.log_prob(Y))
    nested = [InducingPoints(X[::step]).factorise(KERNEL, X, 0.01).log_prob(Y) for step in (20, 10, 5, 1)]
    assert all(a < b for a, b in itertools.pairwise(nested)) and nested[-1] < exact + 1e-6
    assert exact - nested[-1] < 1e-4


@pytest.mark.parametrize("solver", [InducingPoints(X[::9], method="fitc"), FeatureSpace(10, key=jax.random.key(2))])
def test_it_is_the_process_of_its_matrix(solver):
    """Everything follows from the matrix `V^T V + D`, formed here."""
    noise = 0.01 + 0.02 * X
    factorisation = solver.factorise(KERNEL, X, noise)
    rows, diagonal = factorisation.rows, factorisation.diagonal
    matrix = rows.T @ rows + jnp.diag(diagonal)
    sign, log_determinant = np.linalg.slogdet(matrix)
    solved = np.linalg.solve(matrix, Y)
    assert sign > 0
    np.testing.assert_allclose(factorisation.log_determinant(), log_determinant, rtol=1e-10)
    np.testing.assert_allclose(factorisation.solve(Y), solved, rtol=1e-7, atol=1e-9)
    expected = -0.5 * (Y @ solved + log_determinant + 60 * np.log(2 * np.pi))
    np.testing.assert_allclose(factorisation.log_prob(Y), expected, rtol=1e-9)
    cross = factorisation.features.columns(NEW)
    mean, variance = factorisation.predict(Y, NEW)
    np.testing.assert_allclose(mean, cross.T @ rows @ solved, atol=1e-9)
    prior = jnp.sum(cross * cross, 0) + factorisation.features.unexplained(NEW, cross)
    explained = jnp.sum((rows.T @ cross) * np.linalg.solve(matrix, rows.T @ cross), 0)
    np.testing.assert_allclose(variance, prior - explained, atol=1e-9)
    whitened = jax.vmap(lambda key: jnp.vdot(draw := factorisation.sample(key=key), factorisation.solve(draw)))
    # Sums of 60 squares: standard error of the mean of 200 of them sqrt(120 / 200) = 0.77.
    assert abs(float(whitened(jax.random.split(jax.random.key(3), 200)).mean()) - 60) < 3.1


def test_inducing_points_can_be_learned():
    @eqx.filter_jit
    def value(solver):
        return GP(KERNEL, X, 0.01, solver=solver).log_prob(Y)

    solver = InducingPoints(jnp.linspace(0.0, 1.0, 6))
    gradient = eqx.filter_grad(value)(solver).points
    moved = [eqx.tree_at(lambda s: s.points, solver, solver.points.at[2].add(sign * 1e-5)) for sign in (1, -1)]
    np.testing.assert_allclose(gradient[2], (value(moved[0]) - value(moved[1])) / 2e-5, rtol=1e-5)


def test_random_features_approach_the_process(dense):
    exact = dense.predict(Y, NEW[:2])[0]
    errors = [
        np.abs(
            FeatureSpace(count, key=jax.random.key(4)).factorise(KERNEL, X, 0.01).predict(Y, NEW[:2])[0] - exact
        ).max()
        for count in (8, 1024)
    ]
    # Measured: 0.33 and 0.004.
    assert errors[1] < 0.02 < errors[0]


def test_what_they_cannot_do_is_refused_by_name():
    with pytest.raises((ValueError, TypeError), match="variational"):
        InducingPoints(X, method="vfe")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="inducing points have shape"):
        InducingPoints(jnp.zeros((3, 2))).factorise(KERNEL, X, 0.1)
    with pytest.raises(TypeError, match="take `Dense`"):
        InducingPoints(X).factorise(KERNEL, Functional(lambda u: u.d(0), X), 0.1)
    with pytest.raises(TypeError, match="Linear"):
        FeatureSpace(8, key=jax.random.key(0)).factorise(Linear(), X, 0.1)
    with pytest.raises(RuntimeError, match="inducing points is not positive definite"):
        InducingPoints(jnp.zeros(5) + 1e-9 * jnp.arange(5), jitter=0.0).factorise(RBF(10.0), X, 0.1)
