"""Inducing points and random features: identities, bounds, and the exact process in the limit."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.gp import GP, Dense, FeatureSpace, Functional, InducingPoints
from sciml.kernels import RBF, Linear, Matern32

X = (jnp.arange(60.0) + 0.5 * jax.random.uniform(jax.random.key(0), (60,))) / 60
Y = jnp.sin(6 * X) + 0.1 * jax.random.normal(jax.random.key(1), (60,))
NEW = jnp.array([0.21, 0.5, 1.2])
KERNEL = 1.3 * Matern32(0.3)


NOISE = 0.01 + 0.02 * X


@eqx.filter_jit
def everything(solver):
    """Density, determinant, solve, prediction, whitened samples, and the factorisation itself."""
    factorisation = solver.factorise(KERNEL, X, NOISE)
    answers = (
        factorisation.log_prob(Y),
        factorisation.log_determinant(),
        factorisation.solve(Y),
        factorisation.predict(Y, NEW),
    )
    return answers, factorisation


@eqx.filter_jit
def parts(factorisation):
    """What predictions are made of, and samples."""
    cross = factorisation.features.columns(NEW)
    draws = jax.vmap(lambda key: factorisation.sample(key=key))(jax.random.split(jax.random.key(3), 200))
    return cross, factorisation.features.unexplained(NEW, cross), draws


@pytest.fixture(scope="module")
def dense():
    return everything(Dense(jitter=0.0))[0]


@pytest.fixture(scope="module")
def variational():
    return everything(InducingPoints(X, jitter=1e-13))[0]


@pytest.mark.parametrize("method", ["variational", "fitc"])
def test_with_all_points_it_is_exact(dense, variational, method):
    mine = variational if method == "variational" else everything(InducingPoints(X, method="fitc", jitter=1e-13))[0]
    for value, expected in zip(jax.tree.leaves(mine), jax.tree.leaves(dense)):
        np.testing.assert_allclose(value, expected, atol=1e-8)


def test_the_bound_is_below_and_rises_with_points(dense, variational):
    (few, *_), _ = everything(InducingPoints(X[::9]))
    assert float(few) < float(variational[0]) - 0.1 and float(variational[0]) < float(dense[0]) + 1e-8


@pytest.mark.parametrize("solver", [InducingPoints(X[::9], method="fitc"), FeatureSpace(10, key=jax.random.key(2))])
def test_it_is_the_process_of_its_matrix(solver):
    """Everything follows from the matrix `V^T V + D`, formed here."""
    (density, determinant, solution, (mean, variance)), factorisation = everything(solver)
    rows, diagonal = np.asarray(factorisation.rows), np.asarray(factorisation.diagonal)
    matrix = rows.T @ rows + np.diag(diagonal)
    log_determinant = np.linalg.slogdet(matrix)[1]
    solved = np.linalg.solve(matrix, Y)
    np.testing.assert_allclose(determinant, log_determinant, rtol=1e-10)
    np.testing.assert_allclose(solution, solved, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(density, -0.5 * (Y @ solved + log_determinant + 60 * np.log(2 * np.pi)), rtol=1e-9)
    cross, unexplained, draws = (np.asarray(part) for part in parts(factorisation))
    np.testing.assert_allclose(mean, cross.T @ rows @ solved, atol=1e-9)
    explained = np.sum((rows.T @ cross) * np.linalg.solve(matrix, rows.T @ cross), 0)
    np.testing.assert_allclose(variance, np.sum(cross * cross, 0) + unexplained - explained, atol=1e-9)
    whitened = np.sum(draws.T * np.linalg.solve(matrix, draws.T), 0)
    # Sums of 60 squares: standard error of the mean of 200 of them sqrt(120 / 200) = 0.77.
    assert abs(whitened.mean() - 60) < 3.1


def test_inducing_points_can_be_learned():
    @eqx.filter_jit
    def value(solver):
        return GP(KERNEL, X, 0.01, solver=solver).log_prob(Y)

    solver = InducingPoints(jnp.linspace(0.0, 1.0, 6))
    gradient = eqx.filter_grad(value)(solver).points
    moved = [eqx.tree_at(lambda s: s.points, solver, solver.points.at[2].add(sign * 1e-5)) for sign in (1, -1)]
    np.testing.assert_allclose(gradient[2], (value(moved[0]) - value(moved[1])) / 2e-5, rtol=1e-5)


def test_random_features_approach_the_process(dense):
    mean = everything(FeatureSpace(512, key=jax.random.key(4)))[0][3][0]
    # Measured over eight keys: 0.006 to 0.032.
    assert np.abs(mean[:2] - dense[3][0][:2]).max() < 0.07


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
        InducingPoints(1e-9 * jnp.arange(5.0), jitter=0.0).factorise(RBF(10.0), X, 0.1)
