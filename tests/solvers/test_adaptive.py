"""The diffrax door: adaptive steps, gradients, foreign solvers, complex states, backward time."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import soliton, wavy

import sciml
from sciml import physics
from sciml.solvers import (
    ETDRK1,
    ETDRK2,
    ETDRK3,
    ETDRK4,
    IFRK4,
    DivergenceError,
    EvolutionTerm,
    ExponentialSolver,
    Result,
    SymbolRootFinder,
    split_terms,
)

BOX = sciml.Grid((32,), extent=(2 * np.pi,))
X = BOX.coordinates()[0]


@pytest.fixture(scope="module")
def wave_box():
    return sciml.Grid((128,), extent=(20.0,))


@pytest.mark.parametrize("method", [ETDRK2(), ETDRK3(), ETDRK4(), IFRK4()], ids=lambda m: type(m).__name__)
def test_error_follows_the_tolerance(method, wave_box):
    errors = []
    for rtol in (1e-3, 1e-5):
        solution = sciml.solve(
            physics.KortewegDeVries(),
            wave_box,
            soliton(wave_box, 0.0, speed=2.0),
            ts=[0.0, 0.2, 0.5],
            rtol=rtol,
            method=method,
        )
        assert solution.successful and int(solution.statistics["accepted"]) <= int(solution.statistics["steps"])
        errors.append(np.abs(solution.values[-1] - soliton(wave_box, 0.5, speed=2.0)).max())
    assert errors[1] < 3e-4 and errors[0] < 3e-2 and errors[1] < errors[0] / 10
    np.testing.assert_allclose(solution.times, [0.0, 0.2, 0.5])
    np.testing.assert_allclose(solution.values[1], soliton(wave_box, 0.2, speed=2.0), atol=3e-4)


def test_agrees_with_a_foreign_explicit_solver_through_the_same_term():
    term = EvolutionTerm.build(physics.Burgers(0.1), BOX, precision="float64")
    controller = diffrax.PIDController(rtol=1e-9, atol=1e-9)
    explicit = diffrax.diffeqsolve(
        term, diffrax.Tsit5(), 0.0, 0.5, None, term.pack(wavy(X)[None]), stepsize_controller=controller
    )
    ours = sciml.solve(physics.Burgers(0.1), BOX, wavy(X)[None], ts=[0.0, 0.5], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(explicit.ys[0], ours.values[-1], atol=1e-8)


def test_events_and_dense_output_of_diffrax_work_with_the_exponential_solver():
    term = EvolutionTerm.build(physics.Burgers(0.2), BOX, precision="float64")
    event = diffrax.Event(lambda t, y, args, **kwargs: jnp.max(y) < 0.8)
    solution = diffrax.diffeqsolve(
        term,
        ExponentialSolver(),
        0.0,
        5.0,
        0.01,
        term.pack(np.sin(X)[None]),
        saveat=diffrax.SaveAt(t1=True, dense=True),
        stepsize_controller=diffrax.PIDController(rtol=1e-6, atol=1e-8),
        event=event,
    )
    assert solution.event_mask and 0.1 < float(solution.ts[0]) < 5.0
    exact = sciml.solve(physics.Burgers(0.2), BOX, np.sin(X)[None], ts=[0.0, 0.0537], rtol=1e-9).values[-1]
    np.testing.assert_allclose(solution.evaluate(0.0537), exact, atol=1e-5)


def test_complex_states_pass_as_real_pairs_in_both_precisions():
    x = sciml.Grid((64,), extent=((-10.0, 10.0),)).coordinates()[0]
    grid = sciml.Grid((64,), extent=((-10.0, 10.0),))
    for dtype, tolerance in ((np.complex64, 2e-3), (np.complex128, 2e-3)):
        psi0 = (1 / np.cosh(x))[None].astype(dtype)
        solution = sciml.solve(physics.NonlinearSchroedinger(), grid, psi0, ts=[0.0, 1.0])
        assert solution.values.dtype == dtype
        np.testing.assert_allclose(solution.values[-1, 0], np.exp(0.5j) / np.cosh(x), atol=tolerance)


def test_steps_that_just_miss_a_saving_time_do_not_end_the_solve():
    """In single precision the remainder of a step can be one unit of the clock."""
    ts = np.linspace(0, np.pi / 2, 201)
    grid = sciml.Grid((64,), extent=((-5.0, 5.0),))
    psi0 = (2 / np.cosh(grid.coordinates()[0]))[None].astype(np.complex64)
    solution = sciml.solve(physics.NonlinearSchroedinger(), grid, psi0, ts=ts, rtol=1e-6)
    assert solution.successful, solution.message


def test_backward_in_time_returns_to_the_start():
    grid = sciml.Grid((64,), extent=(20.0,))
    u0 = soliton(grid, 0.0, speed=1.0)
    term = EvolutionTerm.build(physics.KortewegDeVries(), grid, precision="float64")
    options = dict(stepsize_controller=diffrax.PIDController(rtol=1e-8, atol=1e-10))
    there = diffrax.diffeqsolve(term, ExponentialSolver(), 0.0, 0.2, None, term.pack(u0), **options).ys[0]
    back = diffrax.diffeqsolve(term, ExponentialSolver(), 0.2, 0.0, None, there, **options).ys[0]
    np.testing.assert_allclose(back, term.pack(u0), atol=1e-7)


def test_gradient_through_adaptive_steps_agrees_with_finite_differences():
    @jax.jit
    def objective(viscosity):
        return jnp.sum(
            sciml.solve(physics.Burgers(viscosity), BOX, wavy(X)[None], ts=[0.0, 0.3], rtol=1e-8).values[-1] ** 2
        )

    h = 1e-4
    finite = (objective(jnp.asarray(0.1 + h)) - objective(jnp.asarray(0.1 - h))) / (2 * h)
    np.testing.assert_allclose(jax.grad(objective)(jnp.asarray(0.1)), finite, rtol=1e-5)


def test_failures_are_reported_with_what_was_reached():
    u0 = -np.ones((1, 32))
    with pytest.raises(DivergenceError, match=r"the last state saved is at t=0.5") as caught:
        sciml.solve(physics.FisherKPP(0.01, 1.0), BOX, u0, ts=[0.0, 0.5, 3.0])
    assert len(caught.value.solution.times) == 2 and np.isfinite(caught.value.solution.values).all()
    few = sciml.solve(physics.Burgers(0.1), BOX, wavy(X)[None], ts=[0.0, 5.0], rtol=1e-9, max_steps=4, throw=False)
    assert int(few.result) == Result.MAX_STEPS_REACHED and "max_steps" in few.message
    assert np.isnan(few.values[-1]).all()
    with pytest.raises(ValueError, match="must rise"):
        sciml.solve(physics.Burgers(), BOX, wavy(X)[None], ts=[0.0, 1.0, 0.5])
    with pytest.raises(ValueError, match="no error estimate"):
        sciml.solve(physics.Burgers(), BOX, wavy(X)[None], ts=[0.0, 1.0], method=ETDRK1())


# --- step levels ----------------------------------------------------------------------------------------------------------------


def test_levels_and_steps_of_any_length_agree_and_levels_land_on_the_times(wave_box):
    u0, ts = soliton(wave_box, 0.0, speed=2.0), np.linspace(0.0, 0.6, 4)
    runs = [
        sciml.solve(physics.KortewegDeVries(), wave_box, u0, ts=ts, rtol=1e-7, step_levels=levels)
        for levels in (0, 10, 3)
    ]
    for run in runs:
        assert run.successful
        for t, state in zip(ts, run.values):
            np.testing.assert_allclose(state, soliton(wave_box, t, speed=2.0), atol=2e-5)
    # Three lengths are all too long at first and are shifted down.
    assert int(runs[2].statistics["accepted"]) > 3 * 4


def test_levels_choose_the_step_that_the_tolerance_asks_for():
    taken = [
        int(sciml.solve(physics.Burgers(0.1), BOX, wavy(X)[None], ts=[0.0, 1.0], rtol=rtol).statistics["steps"])
        for rtol in (1e-4, 1e-8)
    ]
    # Order 4: four decades are a factor of ten in steps, to a factor of two for the levels.
    assert 4 < taken[1] / taken[0] < 25, taken


@pytest.mark.slow
def test_gradient_through_levels_agrees_with_finite_differences():
    @jax.jit
    def objective(viscosity):
        solution = sciml.solve(
            physics.Burgers(viscosity), BOX, wavy(X)[None], ts=np.asarray([0.0, 0.15, 0.3]), rtol=1e-6, step_levels=8
        )
        return jnp.sum(solution.values[-1] ** 2)

    h = 1e-4
    finite = (objective(jnp.asarray(0.1 + h)) - objective(jnp.asarray(0.1 - h))) / (2 * h)
    np.testing.assert_allclose(jax.grad(objective)(jnp.asarray(0.1)), finite, rtol=1e-6)


def test_levels_with_coupled_blocks_and_time_dependent_forcing():
    u0 = np.stack([np.sin(X), 0.3 * np.cos(2 * X)])
    levels, free = (sciml.solve(Exchange(), BOX, u0, ts=[0.0, 0.5, 1.0], rtol=1e-8, step_levels=n) for n in (10, 0))
    np.testing.assert_allclose(levels.values, free.values, atol=1e-7)


class Exchange(sciml.Evolution):
    """Two coupled waves with a force that changes in time."""

    components = ("a", "b")

    def rhs(self, u):
        a, b = u
        force = u.time.map(jnp.sin, dealiasing="none")
        return sciml.fields.stack([b.d(0) - (a * b).d(0) + 0.05 * a.laplacian(), a.d(0) + 0.05 * b.laplacian() + force])


def test_levels_refuse_what_they_cannot_meet():
    for options in (dict(ts=[0.0, 0.3, 1.0]), dict(ts=[0.0, 1.0], first_step=0.1), dict(ts=[0.0, 1.0])):
        levels = 25 if options == dict(ts=[0.0, 1.0]) else 8
        with pytest.raises(ValueError, match="step_levels"):
            sciml.solve(physics.Burgers(), BOX, wavy(X)[None], step_levels=levels, **options)


# --- implicit-explicit solvers of diffrax ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("solver", "order"), [(diffrax.KenCarp3, 3), (diffrax.KenCarp4, 4), (diffrax.Sil3, 2)])
def test_implicit_explicit_solvers_of_diffrax_keep_their_order_on_coupled_blocks(solver, order):
    u0 = np.stack([np.sin(X), 0.3 * np.cos(2 * X)])
    term = EvolutionTerm.build(Exchange(), BOX)
    exact = sciml.solve(Exchange(), BOX, u0, ts=[0.0, 1.0], rtol=1e-11).values[-1]
    method = solver(root_finder=SymbolRootFinder(term.basis))

    @jax.jit
    def run(dt):
        return diffrax.diffeqsolve(split_terms(term), method, 0.0, 1.0, dt, term.pack(u0), max_steps=1000).ys[-1]

    errors = [np.abs(term.unpack(run(jnp.asarray(1.0 / n))) - exact).max() for n in (80, 160)]
    assert abs(np.log2(errors[0] / errors[1]) - order) < 0.15, errors


def test_implicit_explicit_solvers_of_diffrax_choose_steps_on_a_complex_state():
    grid = sciml.Grid((63,), extent=((-10.0, 10.0),))
    psi0 = (1 / np.cosh(grid.coordinates()[0]))[None].astype(complex)
    term = EvolutionTerm.build(physics.NonlinearSchroedinger(), grid)
    solution = diffrax.diffeqsolve(
        split_terms(term),
        diffrax.KenCarp4(root_finder=SymbolRootFinder(term.basis)),
        0.0,
        1.0,
        None,
        term.pack(psi0),
        stepsize_controller=diffrax.PIDController(rtol=1e-7, atol=1e-9),
    )
    np.testing.assert_allclose(term.unpack(solution.ys)[0, 0], np.exp(0.5j) * psi0[0], atol=1e-3)


def test_dopri8_through_the_same_term():
    term = EvolutionTerm.build(physics.Burgers(0.1), BOX)
    controller = diffrax.PIDController(rtol=1e-10, atol=1e-10)
    explicit = diffrax.diffeqsolve(
        term, diffrax.Dopri8(), 0.0, 0.5, None, term.pack(wavy(X)[None]), stepsize_controller=controller
    )
    ours = sciml.solve(physics.Burgers(0.1), BOX, wavy(X)[None], ts=[0.0, 0.5], rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(explicit.ys[0], ours.values[-1], atol=1e-9)
