"""Observed order of every integrator, on real, complex and coupled symbols."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from problems import order_problems

import sciml
from sciml.solvers import ETDRK1, ETDRK2, ETDRK3, ETDRK4, IFRK4, Stepper

PROBLEMS = order_problems()
METHODS = [ETDRK1(), ETDRK2(), ETDRK3(), ETDRK4(), IFRK4()]


def solver(equation, grid, method):
    """`(u0, end, steps) -> u(end)` with a traced number of steps: one program for all of them."""

    @jax.jit
    def run(u0, end, steps):
        dt = end / steps
        stepper = Stepper.build(equation, grid, dt=dt, method=method, precision="float64")
        c = lax.fori_loop(0, steps, lambda i, c: stepper.step(c, i * dt), stepper.basis.encode(u0))
        return stepper.basis.decode(c)

    return lambda u0, end, steps: np.asarray(run(jnp.asarray(u0), jnp.asarray(end), jnp.asarray(steps)))


@functools.cache
def reference(name):
    equation, grid, u0, end, steps = PROBLEMS[name]
    return solver(equation, grid, ETDRK4())(u0, end, 20 * steps[4])


@pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("name", PROBLEMS)
def test_observed_order(name, method):
    equation, grid, u0, end, steps = PROBLEMS[name]
    run, first = solver(equation, grid, method), steps[method.order]
    errors = [np.abs(run(u0, end, first * 2**i) - reference(name)).max() for i in range(3)]
    observed = np.log2(errors[1] / errors[2])
    assert abs(observed - method.order) < 0.15, (observed, errors)


class Coupled(sciml.Evolution):
    """Two waves that exchange momentum nonlinearly: a complex symbol of 2 x 2 blocks and time-dependent forcing."""

    components = ("a", "b")

    def rhs(self, u):
        a, b = u
        forcing = u.time.map(jnp.sin, dealiasing="none")
        return sciml.fields.stack(
            [b.d(0) - 0.1 * a.d(0, 3) - (a * b).d(0), a.d(0) + 0.02 * b.laplacian() - a * a + forcing]
        )


@pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
def test_order_with_coupled_blocks_and_forcing(method):
    grid = sciml.Grid((32,), extent=(2 * np.pi,))
    x = grid.coordinates()[0]
    u0 = np.stack([np.sin(x), 0.3 * np.cos(2 * x)])
    exact = solver(Coupled(), grid, ETDRK4())(u0, 1.0, 800)
    first = {1: 80, 2: 20, 3: 20, 4: 40}[method.order]
    errors = [np.abs(solver(Coupled(), grid, method)(u0, 1.0, first * 2**i) - exact).max() for i in range(3)]
    assert abs(np.log2(errors[1] / errors[2]) - method.order) < 0.15, errors
