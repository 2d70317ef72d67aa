"""Costs along the solution against closed forms, and random end times."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.solvers import (
    kinetic_jacobian_regulariser,
    solve_reversible,
    steer_end_time,
    taylor_regulariser,
    with_running_cost,
)
from sciml.solvers.taylor import solution_derivatives

MATRIX = jnp.asarray([[0.3, -1.2, 0.4], [1.1, 0.2, -0.7], [-0.5, 0.9, -0.1]])
Y = jnp.asarray([1.0, -0.5, 0.3])


def linear(t, y, matrix):
    return matrix @ y


def curved(t, y, matrix):
    return jnp.tanh(matrix @ y) + jnp.sin(2 * t) * y


@pytest.mark.parametrize("order", [1, 2, 3])
def test_derivatives_of_the_solution(order):
    # By derivatives along the flow, one after the other: exact, and independent of Taylor mode.
    def differentiated(of):
        return lambda t, y: jax.jvp(of, (t, y), (jnp.ones_like(t), curved(t, y, MATRIX)))[1]

    def known(t, y):
        return curved(t, y, MATRIX)

    for _ in range(order - 1):
        known = differentiated(known)
    t = jnp.asarray(0.4)
    found = jax.jit(lambda t, y: solution_derivatives(curved, order, t, y, MATRIX)[-1])(t, Y)
    np.testing.assert_allclose(found, known(t, Y), rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_integral_and_its_gradient(dtype):
    # y' = -r y from 1: the integral of |y''|^2 over [0, 1] is r^3 (1 - exp(-2 r)) / 2.
    def integral(rate):
        term = diffrax.ODETerm(lambda t, y, args: -rate * y)
        both = with_running_cost(term, taylor_regulariser(term.vector_field, order=2))
        start = (jnp.ones(2, dtype), jnp.zeros((), dtype))
        return solve_reversible(both, diffrax.ReversibleHeun(), 0.0, 1.0, start, steps=400).ys[1][-1]

    value, slope = jax.jit(jax.value_and_grad(integral))(jnp.asarray(1.5, dtype))
    decayed = np.exp(-3.0)
    assert value.dtype == slope.dtype == dtype
    np.testing.assert_allclose(value, 1.5**3 * (1 - decayed) / 2, rtol=1e-4)
    np.testing.assert_allclose(slope, 1.5 * 1.5**2 * (1 - decayed) + 1.5**3 * decayed, rtol=1e-4)


def test_jacobian_part_is_the_frobenius_norm_in_the_mean():
    def cost(key):
        return kinetic_jacobian_regulariser(linear, Y, kinetic=0.0, jacobian=1.0, key=key)(0.0, Y, MATRIX)

    values = np.asarray(jax.jit(jax.vmap(cost))(jax.random.split(jax.random.key(0), 4000)))
    known = float(jnp.sum(MATRIX**2)) / 3
    assert abs(values.mean() - known) < 3 * values.std() / np.sqrt(4000) < 0.05 * known


def test_kinetic_part():
    cost = kinetic_jacobian_regulariser(
        lambda t, y, m: {"a": m @ y["a"]}, {"a": Y}, kinetic=2.0, jacobian=0.0, key=jax.random.key(0)
    )
    np.testing.assert_allclose(cost(0.0, {"a": Y}, MATRIX), 2 * np.mean(np.asarray(MATRIX @ Y) ** 2), rtol=1e-12)


def test_end_times():
    times = np.asarray(
        jax.vmap(lambda key: steer_end_time(2.0, 0.5, key=key))(jax.random.split(jax.random.key(0), 4000))
    )
    assert 1.5 <= times.min() < 1.51 and 2.49 < times.max() < 2.5
    assert abs(times.mean() - 2) < 3 * 0.5 / np.sqrt(3 * 4000)
    assert steer_end_time(jnp.float32(1.0), 0.1, key=jax.random.key(0)).dtype == jnp.float32


def test_an_order_below_one_is_refused():
    with pytest.raises(ValueError, match="`order` must be at least one, got 0"):
        taylor_regulariser(linear, order=0)
