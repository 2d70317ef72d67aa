"""Jacobians of stiff solvers: dense, coloured and banded ones give the same steps."""

from functools import partial

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.physics.stiff import Brusselator
from sciml.solvers import BandedJacobian, ColouredJacobian, DenseJacobian, Rodas4, sparsity_pattern
from sciml.solvers.small_inverse import small_inverse


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_written_out_inverses(size):
    random = np.random.default_rng(size)
    matrices = random.standard_normal((20, size, size)) + 2 * np.eye(size)
    matrices *= 10.0 ** random.uniform(-8, 8, (20, size, 1))  # rows of kinetics differ by many orders of magnitude
    inverses = jax.vmap(small_inverse)(jnp.asarray(matrices))
    for matrix, inverse in zip(matrices, inverses):
        error = np.abs(np.asarray(inverse) @ matrix - np.eye(size)).max()
        assert error < 1e-13 * np.linalg.cond(matrix / np.abs(matrix).max(axis=1, keepdims=True))


def test_written_out_inverse_of_a_complex_matrix():
    matrix = jnp.array([[1.0 + 2.0j, 3.0], [-1.0j, 0.5]])
    np.testing.assert_allclose(small_inverse(matrix) @ matrix, np.eye(2), atol=1e-15)


def test_larger_matrices_are_refused_by_the_written_out_inverse():
    with pytest.raises(ValueError, match="at most 4 rows, got 5"):
        small_inverse(jnp.eye(5))


@pytest.fixture(scope="module")
def system():
    return Brusselator(nodes=13)  # 26 unknowns


@pytest.mark.parametrize("width", [2, 4], ids=lambda width: f"half-bandwidth {width}")
def test_banded_factors_solve_what_dense_ones_do(system, width):
    y, load, mass = jnp.asarray(system.initial), jnp.cos(jnp.arange(26.0)), jnp.linspace(0.5, 1.5, 26)

    @partial(jax.jit, static_argnums=0)
    def solve(jacobian):
        _, entries = jacobian.linearise(lambda y: system(0.0, y), y)
        return [jacobian.factorise(entries, jnp.array(10.0), diagonal)(load) for diagonal in (None, mass)]

    for found, expected in zip(solve(BandedJacobian(width)), solve(DenseJacobian())):
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)


def test_sparse_jacobians_equal_the_dense_one_and_take_few_columns(system):
    y = jnp.asarray(system.initial)
    pattern = sparsity_pattern(lambda y: system(0.0, y), y)
    assert pattern.sum() == 26 + 2 * 24 + 26  # itself, both neighbours of its kind, the other species here
    coloured = ColouredJacobian.of(pattern)
    assert coloured.colours <= 5
    value, dense = DenseJacobian().linearise(lambda y: system(0.0, y), y)
    again, entries = coloured.linearise(lambda y: system(0.0, y), y)
    np.testing.assert_array_equal(value, again)
    np.testing.assert_allclose(entries, dense, rtol=1e-14)


def test_steps_do_not_depend_on_how_the_jacobian_is_stored(system):
    def run(jacobian):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(system), Rodas4(jacobian), 0.0, 1.0, 1e-3, jnp.asarray(system.initial),
            stepsize_controller=diffrax.PIDController(rtol=1e-5, atol=1e-7),
        )  # fmt: skip

    dense, banded = run(DenseJacobian()), run(BandedJacobian(2))
    assert int(dense.stats["num_steps"]) == int(banded.stats["num_steps"])
    np.testing.assert_allclose(banded.ys, dense.ys, rtol=1e-9)


def test_misuse_is_refused_by_name():
    with pytest.raises(ValueError, match="`width` must be at least 1"):
        BandedJacobian(0)
    with pytest.raises(ValueError, match="square matrix"):
        ColouredJacobian.of(np.ones((2, 3), bool))
    with pytest.raises(ValueError, match="6 columns, the state has 4"):
        ColouredJacobian.of(np.eye(6, dtype=bool)).linearise(lambda y: y, jnp.ones(4))
    with pytest.raises(ValueError, match="diagonal"):
        BandedJacobian(1).factorise(jnp.ones((3, 4)), jnp.array(1.0), jnp.eye(4))
