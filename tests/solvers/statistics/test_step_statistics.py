"""What one step tells: against equations whose error and eigenvalues are known."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.solvers import step_statistics
from sciml.solvers.statistics import measures_stiffness

DECAY = diffrax.ODETerm(lambda t, y, rate: -rate * y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_stiffness_of_a_decay_is_its_rate(dtype):
    y, rate = jnp.ones(2, dtype), jnp.asarray(3.0, dtype)
    found = jax.jit(lambda y, rate: step_statistics(DECAY, diffrax.Tsit5(), 0.0, 0.1 / 3, y, rate))(y, rate)
    assert found.stiffness.dtype == found.error.dtype == dtype
    np.testing.assert_allclose(found.stiffness, rate, rtol=1e-2)


@pytest.mark.parametrize(
    "solver", [diffrax.Tsit5(), diffrax.Dopri5(), diffrax.Dopri8()], ids=lambda s: type(s).__name__
)
def test_stiffness_is_the_largest_eigenvalue_of_a_stiff_matrix(solver):
    # Steps near the bound of stability turn the difference of the stages into the direction of the largest eigenvalue.
    matrix = jnp.asarray([[-40.0, 3.0], [1.0, -0.5]])
    largest = np.abs(np.linalg.eigvals(np.asarray(matrix))).max()
    term = diffrax.ODETerm(lambda t, y, a: a @ y)
    found = step_statistics(term, solver, 0.0, 0.05, jnp.asarray([1.0, 0.3]), matrix)
    np.testing.assert_allclose(found.stiffness, largest, rtol=1e-3)


def test_error_is_the_embedded_one_by_the_tolerances():
    # Heun of y' = -y: the embedded Euler step differs by h^2 / 2 y.
    y = jnp.asarray([2.0, 4.0])
    plain = step_statistics(DECAY, diffrax.Heun(), 0.0, 0.1, y, jnp.asarray(1.0))
    np.testing.assert_allclose(plain.error, 0.005 * np.sqrt(10.0), rtol=1e-12)
    scaled = step_statistics(DECAY, diffrax.Heun(), 0.0, 0.1, y, jnp.asarray(1.0), rtol=1e-3, atol=1e-2)
    parts = 0.005 * np.asarray(y) / (1e-2 + 1e-3 * np.asarray(y))
    np.testing.assert_allclose(scaled.error, np.sqrt(np.mean(parts**2)), rtol=1e-12)
    assert plain.stiffness is None and not measures_stiffness(diffrax.Heun())


def test_nothing_happens_at_a_fixed_point_and_the_gradient_is_zero():
    def of(rate):
        found = step_statistics(DECAY, diffrax.Tsit5(), 0.0, 0.1, jnp.zeros(2), rate, rtol=1e-3, atol=1e-3)
        return found.error + found.stiffness

    value, slope = jax.jit(jax.value_and_grad(of))(jnp.asarray(2.0))
    assert value == 0 and slope == 0


def test_a_solver_without_an_error_estimate_is_refused_by_name():
    with pytest.raises(ValueError, match=r"Euler makes no error estimate.*HalfSolver\(Euler\(\)\)"):
        step_statistics(DECAY, diffrax.Euler(), 0.0, 0.1, jnp.ones(2), jnp.asarray(1.0))
    with pytest.raises(ValueError, match="SemiImplicitEuler makes no error"):
        step_statistics(DECAY, diffrax.SemiImplicitEuler(), 0.0, 0.1, jnp.ones(2), jnp.asarray(1.0))
