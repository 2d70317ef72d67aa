"""Symplectic methods: order, energy, reversibility, derivatives, values between steps."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from sciml.solvers import SymplecticYoshida4, SymplecticYoshida6, SymplecticYoshida8, Verlet

METHODS = [Verlet, SymplecticYoshida4, SymplecticYoshida6, SymplecticYoshida8]
STEPS = {Verlet: 200, SymplecticYoshida4: 200, SymplecticYoshida6: 100, SymplecticYoshida8: 120}
START = (jnp.array([0.6, 0.0]), jnp.array([0.0, 2.0]))  # an orbit of eccentricity 0.4


def pull(t, q, args):
    """Gravity whose strength swings in time."""
    swing = 0.0 if args is None else args
    return -(1 + swing * jnp.sin(t)) * q / jnp.sum(q**2) ** 1.5


TERMS = diffrax.ODETerm(lambda t, p, args: p), diffrax.ODETerm(pull)


@pytest.fixture(scope="module", params=METHODS, ids=lambda method: method.__name__)
def method(request):
    return request.param


@pytest.fixture(scope="module")
def end(method):
    @jax.jit
    def run(y0, length, t0, t1, swing):
        solution = diffrax.diffeqsolve(TERMS, method(), t0, t1, length, y0, swing, max_steps=4096)
        return jax.tree.map(lambda leaf: leaf[-1], solution.ys)

    return run


@pytest.fixture(scope="module")
def truth():
    def rate(t, y):
        return np.concatenate([y[2:], np.asarray(pull(t, jnp.asarray(y[:2]), 0.3))])

    return solve_ivp(rate, (0, 2.0), np.concatenate(START), method="DOP853", rtol=1e-13, atol=1e-14).y[:, -1]


def test_order_with_a_force_that_depends_on_time(method, end, truth):
    errors = []
    for count in (STEPS[method], 2 * STEPS[method]):
        found = np.concatenate(end(START, 2.0 / count, 0.0, 2.0, 0.3))
        errors.append(np.abs(found - truth).max())
    assert abs(np.log2(errors[0] / errors[1]) - method().order(TERMS)) < 0.15, errors


def test_steps_run_backwards_return(method, end):
    forward = end(START, 0.05, 0.0, 5.0, 0.0)
    back = end(forward, -0.05, 5.0, 0.0, 0.0)
    for found, expected in zip(back, START):
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_energy_does_not_drift(method, end):
    def energy(y):
        return float(0.5 * jnp.sum(y[1] ** 2) - 1 / jnp.linalg.norm(y[0]))

    errors = [abs(energy(end(START, 0.02, 0.0, length, 0.0)) - energy(START)) for length in (7.0, 70.0)]
    assert errors[1] < 3 * errors[0] + 1e-12, errors


def test_values_between_steps_and_the_gradient():
    @jax.jit
    def inside(speed):
        y0 = (jnp.array(1.0), speed)
        terms = diffrax.ODETerm(lambda t, p, args: p), diffrax.ODETerm(lambda t, q, args: -q)
        saveat = diffrax.SaveAt(ts=jnp.array([0.33, 0.77]))
        return diffrax.diffeqsolve(terms, Verlet(), 0.0, 1.0, 0.01, y0, saveat=saveat, max_steps=101).ys[0]

    times = np.array([0.33, 0.77])
    np.testing.assert_allclose(inside(jnp.array(0.5)), np.cos(times) + 0.5 * np.sin(times), atol=2e-5)
    np.testing.assert_allclose(jax.jacrev(inside)(jnp.array(0.5)), np.sin(times), atol=2e-5)
