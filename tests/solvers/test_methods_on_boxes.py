"""Every integrator between walls: its order on Burgers' equation, and its error where boundary data change in time."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import sciml
from sciml import physics, solvers
from sciml.boundary import Dirichlet, Neumann, Sides
from sciml.fields.discretisation import decode, encode
from sciml.solvers import ETDRK4, Stepper

# Error in heat conduction with boundary data that change in time, 20 steps, measured, times three. Stage values of integrating factors
# and of splitting do not satisfy the data: these methods lose order there.
HEATED = {
    "ETDRK1": 7e-3, "ETDRK2": 2.2e-5, "ETDRK3": 4e-10, "ETDRK4": 4e-10, "IFRK4": 3e-3, "ARS111": 6e-3, "ARS222": 5e-5, "ARS232": 3e-5,
    "ARS343": 4e-5, "ARS443": 1.3e-5, "SIL3": 1.7e-5, "CNRK3": 8e-6, "CNRK4": 1e-5, "CNAB2": 9e-5, "SBDF2": 1e-4, "SBDF3": 2.7e-6,
    "Lie": 2.6e-2, "Strang": 2.4e-3, "Yoshida4": 8e-4,
}  # fmt: skip
# Steps from which on the order shows.
FIRST = {"CNRK3": 320, "Yoshida4": 80}
# One of each kind always, the others when there is time.
QUICK = ("ETDRK4", "IFRK4", "ARS222", "SBDF3", "Strang")
METHODS = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in HEATED]

BURGERS, LINE = physics.Burgers(0.1), sciml.Grid((33,), extent=((-1.0, 1.0),), boundary=Dirichlet())
U0 = -np.sin(np.pi * LINE.coordinates()[0])[None]


def solver(equation, grid, method):
    """`(u0, end, steps) -> u(end)` with a traced number of steps: one program for all of them."""

    @jax.jit
    def run(u0, end, steps):
        dt = end / steps
        stepper = Stepper.build(equation, grid, dt=dt, method=method)
        start = stepper.start(encode(stepper.basis, u0, jnp.zeros(())))
        state = lax.fori_loop(0, steps, lambda i, state: stepper.advance(state, i * dt), start)
        return decode(stepper.basis, stepper.coefficients(state), end)

    return lambda u0, end, steps: np.asarray(run(jnp.asarray(u0), jnp.asarray(end), jnp.asarray(steps)))


@functools.cache
def reference():
    return solver(BURGERS, LINE, ETDRK4())(U0, 0.4, 3200)


def test_the_list_is_whole():
    known = {name for name in solvers.__all__ if isinstance(getattr(solvers, name), type)}
    methods = {name for name in known if issubclass(getattr(solvers, name), solvers.Method)}
    assert set(HEATED) == methods - {"Method", "ExponentialMethod"}


@pytest.mark.parametrize("name", METHODS)
def test_the_order_between_walls(name):
    method = getattr(solvers, name)()
    run, first = solver(BURGERS, LINE, method), FIRST.get(name, 40)
    errors = [np.abs(run(U0, 0.4, first * 2**i) - reference()).max() for i in (1, 2)]
    observed = np.log2(errors[0] / errors[1])
    assert abs(observed - method.order) < 0.15, (observed, errors)


@pytest.mark.parametrize("name", METHODS)
def test_boundary_data_that_change_in_time(name):
    """`exp(-0.4 t) sin(2 x + 1)` solves the heat equation; the data of both walls are taken from it."""
    lower = Dirichlet(lambda t: jnp.exp(-0.4 * t) * jnp.sin(1.0))
    upper = Neumann(lambda t: 2 * jnp.exp(-0.4 * t) * jnp.cos(3.0))
    grid = sciml.Grid((16,), extent=(1.0,), boundary=Sides(lower, upper), nodes="chebyshev")
    wave = np.sin(2 * grid.coordinates()[0] + 1)[None]
    found = solver(physics.Diffusion(0.1), grid, getattr(solvers, name)())(wave, 1.0, 20)
    assert np.abs(found - np.exp(-0.4) * wave).max() < HEATED[name]


def test_adaptive_steps_between_walls():
    found = sciml.solve(BURGERS, LINE, U0, ts=[0.0, 0.2, 0.4], rtol=1e-8)
    any_length = sciml.solve(BURGERS, LINE, U0, ts=[0.0, 0.2, 0.4], rtol=1e-8, step_levels=0)
    for solution in (found, any_length):
        assert np.abs(solution.values[-1] - reference()).max() < 1.2e-8
