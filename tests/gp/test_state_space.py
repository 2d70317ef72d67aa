"""The solver with a state: equal to dense algebra by every method, and fast by the structure of its program."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.gp import StateSpaceSolver
from sciml.kernels import RBF, SHO, DampedRandomWalk, Matern32
from sciml.kernels.kernel import Kernel
from sciml.kernels.many_matrices import inverse_of
from sciml.kernels.state_space import StateSpace

COUNT = 45


@pytest.fixture(scope="module")
def data():
    """Times in disorder, two of them equal; observations; noise of each."""
    random = np.random.default_rng(0)
    times = np.cumsum(random.lognormal(-2, 0.5, COUNT))
    times[10] = times[9]
    order = random.permutation(COUNT)
    return tuple(
        jnp.asarray(part) for part in (times[order], random.normal(size=COUNT), random.uniform(0.05, 0.2, COUNT))
    )


def dense_log_prob(kernel, times, y, noise):
    root = jnp.linalg.cholesky(kernel.gram(times) + jnp.diag(noise))
    white = jax.scipy.linalg.solve_triangular(root, y, lower=True)
    return -0.5 * white @ white - jnp.log(jnp.diag(root)).sum() - 0.5 * y.size * float(np.log(2 * np.pi))


SMOOTH = SHO(2.0, 0.3, 1.7) + Matern32(0.7)
"""A state of four numbers, with a derivative at equal times."""


@pytest.fixture(scope="module")
def dense():
    """Value and gradient by Cholesky factorisation."""
    return eqx.filter_jit(eqx.filter_value_and_grad(lambda given: dense_log_prob(*given)))


@pytest.mark.parametrize(
    ("method", "kernel"), [("sequential", SMOOTH.first), ("blocked", SMOOTH), ("associative", SMOOTH.first)]
)
def test_log_prob_and_gradients_are_those_of_dense_algebra(method, kernel, data, dense):
    if method == "associative":  # whose program grows with the length
        data = tuple(part[:18] for part in data)
    solver, expected = StateSpaceSolver(method), dense((kernel, *data))

    @eqx.filter_jit
    @eqx.filter_value_and_grad
    def log_prob(given):
        kernel, times, y, noise = given
        return solver.factorise(kernel, times, noise).log_prob(y)

    value, gradient = log_prob((kernel, *data))
    np.testing.assert_allclose(value, expected[0], atol=1e-9)
    for found, exact in zip(jax.tree.leaves(gradient), jax.tree.leaves(expected[1]), strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_inverses_of_small_matrices(size):
    matrices = np.random.default_rng(size).normal(size=(6, size, size))
    matrices[0] = np.roll(np.eye(size), 1, axis=0)  # needs other pivots than the diagonal
    np.testing.assert_allclose(inverse_of(jnp.asarray(matrices)), np.linalg.inv(matrices), rtol=1e-9, atol=1e-11)


def test_solve_determinant_sample_and_predictions(data):
    times, y, noise = data
    kernel = Matern32(0.7)
    new = jnp.asarray([-3.0, 0.01, 2.2, 1.1, float(times[3]), 30.0])
    key = jax.random.key(1)

    @eqx.filter_jit
    def everything(kernel, times, y, noise):
        covariance = StateSpaceSolver("sequential").factorise(kernel, times, noise)
        blocked = StateSpaceSolver("blocked").factorise(kernel, times, noise)
        return (
            covariance.solve(y), covariance.log_determinant(), covariance.sample(key=key), covariance.whiten(y),
            covariance.predict(y, new), blocked.predict(y, new),
        )  # fmt: skip

    solution, determinant, sample, white, *predictions = everything(kernel, times, y, noise)
    matrix, cross = kernel.gram(times) + jnp.diag(noise), kernel.gram(times, new)
    np.testing.assert_allclose(solution, np.linalg.solve(matrix, y), atol=1e-10)
    np.testing.assert_allclose(determinant, np.linalg.slogdet(matrix)[1], atol=1e-10)
    variance = kernel.diagonal(new) - np.sum(cross * np.linalg.solve(matrix, cross), axis=0)
    for mean, spread in predictions:
        np.testing.assert_allclose(mean, cross.T @ np.linalg.solve(matrix, y), atol=1e-10)
        np.testing.assert_allclose(spread, variance, atol=1e-10)
    order = np.argsort(times, kind="stable")
    root = np.linalg.cholesky(np.asarray(matrix)[order][:, order])
    np.testing.assert_allclose(sample[order], root @ jax.random.normal(key, (COUNT,), y.dtype), atol=1e-9)
    np.testing.assert_allclose(white, np.linalg.solve(root, np.asarray(y)[order]), atol=1e-9)


class Turned(Kernel):
    """A kernel whose observation is an array that has a gradient."""

    oscillator: SHO
    observation: jax.Array

    def evaluate(self, x, y):
        return self.state_space().covariance(jnp.abs(x - y))

    def state_space(self):
        space = self.oscillator.state_space()
        return StateSpace(space.transition, space.stationary, self.observation)


@pytest.mark.parametrize("method", ["sequential"])
def test_gradients_reach_an_observation_that_is_not_known_beforehand(method, data):
    """A mixture of value and velocity is not stationary in the sense of one kernel; its covariance is that of the state."""
    times, y, noise = jnp.sort(data[0]), data[1], data[2]
    kernel = Turned(SHO(2.0, 2.3, 1.7), jnp.asarray([0.8, 0.3]))

    def dense(observation):
        space = kernel.oscillator.state_space()
        steps = jax.vmap(jax.vmap(space.transition))(jnp.abs(times[:, None] - times[None]))
        one_way = jnp.einsum("i,abij,jk,k->ab", observation, steps, space.stationary, observation)
        matrix = jnp.tril(one_way) + jnp.tril(one_way, -1).T
        root = jnp.linalg.cholesky(matrix + jnp.diag(noise))
        white = jax.scipy.linalg.solve_triangular(root, y, lower=True)
        return -0.5 * white @ white - jnp.log(jnp.diag(root)).sum()

    def ours(kernel):
        return StateSpaceSolver(method).factorise(kernel, times, noise).log_prob(y)

    np.testing.assert_allclose(
        eqx.filter_jit(eqx.filter_grad(ours))(kernel).observation,
        jax.jit(jax.grad(dense))(kernel.observation), rtol=1e-9,
    )  # fmt: skip


def test_hessian_and_batches(data):
    """Laplace's approximation needs second derivatives, restarts a batch axis."""
    times, y, noise = jnp.sort(data[0]), data[1], data[2]

    def ours(logarithms):
        kernel = DampedRandomWalk(*jnp.exp(logarithms))
        return StateSpaceSolver("sequential").factorise(kernel, times, noise).log_prob(y)

    def dense(logarithms):
        return dense_log_prob(DampedRandomWalk(*jnp.exp(logarithms)), times, y, noise)

    starts = jnp.asarray([[0.7, -1.2], [-0.5, 0.5]])
    found, exact = jax.jit(jax.vmap(jax.hessian(ours)))(starts), jax.jit(jax.hessian(dense))
    np.testing.assert_allclose(found, jnp.stack([exact(start) for start in starts]), rtol=1e-8, atol=1e-8)


def test_single_precision_and_long_gaps():
    times = np.sort(np.random.default_rng(1).uniform(0, 40, 200)).astype(np.float32)
    times[100:] += 90
    y = np.sin(times)

    @eqx.filter_jit
    @eqx.filter_value_and_grad
    def log_prob(kernel, times, y):
        return StateSpaceSolver().factorise(kernel, times, 0.01).log_prob(y)

    for quality in (0.05, 0.5, 5.0):
        value, gradient = log_prob(SHO(1.0, quality), jnp.asarray(times), jnp.asarray(y))
        matrix = np.asarray(SHO(1.0, quality).gram(jnp.asarray(times, float))) + 0.01 * np.eye(200)
        exact = -0.5 * (y @ np.linalg.solve(matrix, y) + np.linalg.slogdet(2 * np.pi * matrix)[1])
        assert value.dtype == jnp.float32
        assert all(bool(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))
        np.testing.assert_allclose(value, exact, rtol=2e-5)


def test_both_loops_are_compiled_as_a_whole():
    """XLA makes one native function of a loop of few scalars; beyond a size each of its operations is dispatched by itself."""

    def log_prob(kernel, times, y):
        return StateSpaceSolver("sequential").factorise(kernel, times, 0.1).log_prob(y)

    given = jax.ShapeDtypeStruct((1000,), jnp.float64)
    program = jax.jit(jax.value_and_grad(log_prob)).lower(SHO(1.0, 0.4), given, given).compile().as_text()
    loops = program.count(" while(")
    assert loops == 2
    assert program.count('xla_cpu_small_call="true"') >= loops


def test_misuse_is_named():
    solver, times = StateSpaceSolver(), jnp.arange(3.0)
    with pytest.raises(TypeError, match="no state-space form: RBF"):
        solver.factorise(RBF(1.0), times, 0.1)
    with pytest.raises(ValueError, match=r"times of shape \(n,\) or \(n, 1\), got \(3, 2\)"):
        solver.factorise(SHO(1.0, 1.0), jnp.zeros((3, 2)), 0.1)
    with pytest.raises(ValueError, match=r"`noise_variance` must be a number or of shape \(3,\), got \(2,\)"):
        solver.factorise(SHO(1.0, 1.0), times, jnp.ones(2))
    with pytest.raises(ValueError, match=r"shape of the times, \(3,\), got \(4,\)"):
        solver.factorise(SHO(1.0, 1.0), times, 0.1).log_prob(jnp.zeros(4))
