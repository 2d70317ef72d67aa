"""The Kronecker solver against the dense one, and its gradient where derivatives of eigenvectors fail."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.gp import Dense, Kronecker
from sciml.kernels import RBF, Linear, Matern32, Periodic, Separable

LATTICE = (jnp.linspace(0.0, 1.0, 5), jnp.linspace(0.0, 1.0, 6) ** 2, jnp.arange(4) / 4)
NEW = (jnp.array([0.1, 0.2]), jnp.array([0.3]), jnp.array([0.5, 0.6, 0.7]))
Y = jax.random.normal(jax.random.key(0), (5, 6, 4))


def all_points(lattice):
    return jnp.stack([grid.ravel() for grid in jnp.meshgrid(*lattice, indexing="ij")], -1)


@eqx.filter_jit
def everything(solver, kernel, noise, points, y, targets):
    """Value with gradients, solve, its gradient, determinant, and predictions."""

    def log_prob(parameters, y):
        return solver.factorise(parameters[0], points, parameters[1]).log_prob(y)

    def solved(parameters):
        return jnp.sum(solver.factorise(parameters[0], points, parameters[1]).solve(y) ** 3)

    value, by_parameters = eqx.filter_value_and_grad(log_prob)((kernel, noise), y)
    by_y = jax.grad(lambda y: log_prob((kernel, noise), y))(y)
    factorisation = solver.factorise(kernel, points, noise)
    predictions = [factorisation.predict(y, target) for target in targets]
    gradients = (by_parameters, by_y, eqx.filter_grad(solved)((kernel, noise)))
    exact = (value, factorisation.solve(y), factorisation.log_determinant(), predictions)
    return jax.tree.leaves(gradients), jax.tree.leaves(exact)


def test_it_agrees_with_the_dense_solver():
    kernel = 1.7 * Separable((RBF(0.4), Matern32(0.3), Periodic(1.0)))
    scattered = jax.random.uniform(jax.random.key(1), (7, 3))
    mine = everything(Kronecker(), kernel, jnp.array(0.1), LATTICE, Y, (NEW, scattered))
    dense = everything(Dense(), kernel, jnp.array(0.1), all_points(LATTICE), Y.ravel(), (all_points(NEW), scattered))
    for gradient, expected in zip(mine[0], dense[0]):
        np.testing.assert_allclose(gradient.ravel(), expected, rtol=1e-7, atol=1e-10)
    for value, expected in zip(mine[1], dense[1]):
        np.testing.assert_allclose(value.ravel(), expected, rtol=1e-9, atol=1e-10)
    assert mine[1][3].shape == (2, 1, 3)


def test_the_gradient_is_right_where_eigenvalues_coincide():
    """A ring has pairs of equal eigenvalues, points far apart have the identity: through `eigh` autodiff errs by 1 % or gives nan."""
    angle = jnp.arange(12) / 12
    far = jnp.arange(5.0) * 1e3
    y = jax.random.normal(jax.random.key(2), (12, 5))

    @eqx.filter_jit
    @eqx.filter_grad
    def gradient(kernel, solver, points, y):
        return solver.factorise(kernel, points, 0.3).log_prob(y)

    kernel = 1.3 * Separable((Periodic(1.0, 0.8), RBF(1.0)))
    mine = gradient(kernel, Kronecker(), (angle, far), y)
    dense = gradient(kernel, Dense(), all_points((angle, far)), y.ravel())
    for value, expected in zip(jax.tree.leaves(mine), jax.tree.leaves(dense)):
        assert np.isfinite(value) and abs(value - expected) < 1e-10 * max(1, abs(expected))


def test_second_derivatives_are_right_or_refused():
    lattice = (jnp.linspace(0.0, 1.0, 4), jnp.linspace(0.0, 1.0, 3))
    values = jnp.sin(jnp.arange(12.0)).reshape(4, 3)

    def by_noise(noise):
        return Kronecker().factorise(RBF(0.3), lattice, noise).log_prob(values)

    step = 1e-4
    difference = (jax.grad(by_noise)(0.1 + step) - jax.grad(by_noise)(0.1 - step)) / (2 * step)
    np.testing.assert_allclose(jax.jit(jax.hessian(by_noise))(0.1), difference, rtol=1e-5)
    with pytest.raises(NotImplementedError, match="second derivatives of the log-probability"):
        jax.hessian(lambda scale: Kronecker().factorise(RBF(scale), lattice, 0.1).log_prob(values))(0.3)


def test_samples_have_the_covariance():
    kernel = Separable((RBF(0.4), Matern32(0.3), Periodic(1.0)))

    @jax.jit
    def whitened(keys):
        factorisation = Kronecker().factorise(kernel, LATTICE, 0.1)
        draws = jax.vmap(lambda key: factorisation.sample(key=key))(keys)
        return jax.vmap(lambda draw: jnp.vdot(draw, factorisation.solve(draw)))(draws)

    # Sums of 120 squares of standard normal numbers: mean 120, standard error sqrt(240 / 200) = 1.1.
    assert abs(float(whitened(jax.random.split(jax.random.key(3), 200)).mean()) - 120) < 4.4


def test_float32_stays_float32():
    kernel = Separable((RBF(0.4), Matern32(0.3), Periodic(1.0)))

    @jax.jit
    def value(lattice, y):
        return Kronecker().factorise(kernel, lattice, 0.1).log_prob(y)

    small, large = value(tuple(x.astype(jnp.float32) for x in LATTICE), Y.astype(jnp.float32)), value(LATTICE, Y)
    assert small.dtype == jnp.float32 and abs(float(small) - float(large)) < 1e-4 * abs(float(large))


def test_what_it_cannot_do_is_refused_by_name():
    kernel = Separable((RBF(0.4), RBF(0.3)))
    lattice = (jnp.arange(3.0), jnp.arange(4.0))
    with pytest.raises(TypeError, match="must be a lattice"):
        Kronecker().factorise(kernel, jnp.zeros((3, 2)), 0.1)
    with pytest.raises(TypeError, match="Linear is no product"):
        Kronecker().factorise(Linear(), lattice, 0.1)
    with pytest.raises(ValueError, match="noise variance must be one number"):
        Kronecker().factorise(kernel, lattice, jnp.ones((3, 4)))
    with pytest.raises(ValueError, match=r"shape \(3, 4\), got \(4, 3\)"):
        eqx.filter_eval_shape(lambda: Kronecker().factorise(kernel, lattice, 0.1).log_prob(jnp.zeros((4, 3))))
    with pytest.raises(ValueError, match="got 1"):
        target = (jnp.zeros(2),)
        eqx.filter_eval_shape(lambda: Kronecker().factorise(kernel, lattice, 0.1).predict(jnp.zeros((3, 4)), target))
    with pytest.raises(RuntimeError, match="missing cells"):
        Kronecker().factorise(kernel, lattice, 0.1).log_prob(jnp.zeros((3, 4)).at[1, 2].set(jnp.nan))
