"""Observed order of every integrator, on real, complex and coupled symbols."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from problems import order_problems

import sciml
from sciml import physics, solvers
from sciml.solvers import ETDRK1, ETDRK2, ETDRK3, ETDRK4, IFRK4, Stepper

PROBLEMS = order_problems()
METHODS = [ETDRK1(), ETDRK2(), ETDRK3(), ETDRK4(), IFRK4()]


def solver(equation, grid, method, dealiasing="truncation"):
    """`(u0, end, steps) -> u(end)` with a traced number of steps: one program for all of them."""

    @jax.jit
    def run(u0, end, steps):
        dt = end / steps
        stepper = Stepper.build(equation, grid, dt=dt, method=method, dealiasing=dealiasing)
        start = stepper.start(stepper.basis.encode(u0))
        state = lax.fori_loop(0, steps, lambda i, state: stepper.advance(state, i * dt), start)
        return stepper.basis.decode(stepper.coefficients(state))

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


LINE = sciml.Grid((32,), extent=(2 * np.pi,))
TWO = np.stack([np.sin(LINE.coordinates()[0]), 0.3 * np.cos(2 * LINE.coordinates()[0])])
IMPLICIT_EXPLICIT = [
    "ARS111",
    "ARS222",
    "ARS232",
    "ARS343",
    "ARS443",
    "SIL3",
    "CNRK3",
    "CNRK4",
    "CNAB2",
    "SBDF2",
    "SBDF3",
]
SPLITTING = ["Lie", "Strang", "Yoshida4"]


@functools.cache
def coupled_reference():
    return solver(Coupled(), LINE, ETDRK4())(TWO, 1.0, 800)


def observed_coupled(method, first):
    run = solver(Coupled(), LINE, method)
    errors = [np.abs(run(TWO, 1.0, first * 2**i) - coupled_reference()).max() for i in (1, 2)]
    return np.log2(errors[0] / errors[1])


@pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
def test_order_with_coupled_blocks_and_forcing(method):
    first = {1: 80, 2: 20, 3: 20, 4: 40}[method.order]
    assert abs(observed_coupled(method, first) - method.order) < 0.15


@pytest.mark.parametrize("name", [*IMPLICIT_EXPLICIT, *SPLITTING])
def test_order_of_implicit_and_splitting_methods_with_coupled_blocks_and_forcing(name):
    method = getattr(solvers, name)()
    first = {1: 80, 2: 40, 3: 80, 4: 40}[method.order]
    assert abs(observed_coupled(method, first) - method.order) < 0.15


@pytest.mark.parametrize("name", IMPLICIT_EXPLICIT)
def test_order_of_implicit_explicit_methods_on_a_real_symbol(name):
    method = getattr(solvers, name)()
    equation, grid, u0, end, steps = PROBLEMS["burgers"]
    run, first = solver(equation, grid, method), 4 * steps[method.order]
    errors = [np.abs(run(u0, end, first * 2**i) - reference("burgers")).max() for i in (1, 2)]
    assert abs(np.log2(errors[0] / errors[1]) - method.order) < 0.15, errors


def schroedinger(count):
    """A soliton at rest beside its mean motion, on a complex symbol."""
    grid = sciml.Grid((count,), extent=((-10.0, 10.0),))
    x = grid.coordinates()[0]
    return physics.NonlinearSchroedinger(), grid, (1.2 / np.cosh(x) * np.exp(2j * np.pi / 20 * x))[None]


@functools.cache
def schroedinger_reference(count, dealiasing):
    equation, grid, psi0 = schroedinger(count)
    return solver(equation, grid, ETDRK4(), dealiasing)(psi0, 1.0, 1600)


@pytest.mark.parametrize(
    ("name", "dealiasing"),
    [*((n, "truncation") for n in IMPLICIT_EXPLICIT), *((n, d) for n in SPLITTING for d in ("truncation", "none"))],
)
def test_order_on_a_complex_symbol(name, dealiasing):
    """Splitting both with the exact nonlinear flow (no dealiasing) and with Runge-Kutta sub-steps."""
    method, count = getattr(solvers, name)(), 63
    equation, grid, psi0 = schroedinger(count)
    run, first = solver(equation, grid, method, dealiasing), {1: 80, 2: 40, 3: 80, 4: 80}[method.order]
    exact = schroedinger_reference(count, dealiasing)
    errors = [np.abs(run(psi0, 1.0, first * 2**i) - exact).max() for i in (0, 1)]
    assert abs(np.log2(errors[0] / errors[1]) - method.order) < 0.15, errors


@pytest.mark.parametrize("name", ["ARS111", "ARS222", "ARS232", "ARS343", "ARS443", "SIL3"])
def test_conditions_of_order(name):
    """Of additive Runge-Kutta methods, couplings between the two tableaus included."""
    method = getattr(solvers, name)()
    tableau = method.tableau()
    stages = len(tableau.nodes)
    matrices = [np.zeros((stages, stages)) for _ in range(2)]
    for matrix, rows in zip(matrices, (tableau.explicit, tableau.implicit)):
        for i, row in enumerate(rows, start=1):
            matrix[i, : len(row)] = row
    c = np.asarray(tableau.nodes)
    np.testing.assert_allclose(matrices[1].sum(axis=1), c, atol=1e-14)
    for weights in (np.asarray(tableau.explicit_weights), np.asarray(tableau.implicit_weights)):
        conditions = [weights.sum() - 1]
        conditions += [weights @ c - 1 / 2] if method.order > 1 else []
        conditions += [weights @ c**2 - 1 / 3, *(weights @ a @ c - 1 / 6 for a in matrices)] if method.order > 2 else []
        np.testing.assert_allclose(conditions, 0, atol=1e-14)
