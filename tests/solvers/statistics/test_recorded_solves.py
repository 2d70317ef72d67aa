"""Solves that record: the same states as without, sums over accepted steps, gradients."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.solvers import (
    RecordStatistics,
    recording_controller,
    recording_terms,
    solve_with_statistics,
    step_statistics,
)
from sciml.solvers.statistics.recording_controller import ControllerOfState


def lotka_volterra(t, y, a):
    prey, hunters = y
    return jnp.stack([a[0] * prey - a[1] * prey * hunters, -a[2] * hunters + a[3] * prey * hunters])


TERM = diffrax.ODETerm(lotka_volterra)
RATES = jnp.asarray([1.5, 1.0, 3.0, 1.0])
START = jnp.asarray([3.0, 1.0])
TOLERANCES = {"rtol": 1e-6, "atol": 1e-6}


def solved(rates, y0, dt0=0.01, **options):
    return solve_with_statistics(
        TERM, diffrax.Tsit5(), 0.0, 3.0, dt0, y0, rates, **(TOLERANCES | {"max_steps": 128} | options)
    )


@pytest.fixture(scope="module")
def recorded():
    return jax.jit(lambda rates, y0: solved(rates, y0, ts=jnp.linspace(0.0, 3.0, 4)))(RATES, START)


@pytest.fixture(scope="module")
def plain():
    return diffrax.diffeqsolve(
        TERM, diffrax.Tsit5(), 0.0, 3.0, 0.01, START, RATES, max_steps=128, stepsize_controller=diffrax.PIDController(**TOLERANCES),
        saveat=diffrax.SaveAt(subs=(diffrax.SubSaveAt(ts=jnp.linspace(0.0, 3.0, 4)), diffrax.SubSaveAt(t0=True, steps=True))),
    )  # fmt: skip


def test_states_are_bitwise_those_of_the_plain_solve(recorded, plain):
    assert np.array_equal(recorded.ys, plain.ys[0]) and np.array_equal(recorded.ts, plain.ts[0])


def test_counts_are_those_of_diffrax(recorded, plain):
    statistics = recorded.statistics
    assert statistics.accepted == plain.stats["num_accepted_steps"] > 10
    assert statistics.rejected == plain.stats["num_rejected_steps"] and statistics.steps == plain.stats["num_steps"]
    assert statistics.evaluations == 6 * plain.stats["num_steps"] + 1


def test_sums_are_over_the_accepted_steps(recorded, plain):
    # The steps again one by one: every scaled error is below one, and they add up to what was recorded.
    count = int(plain.stats["num_accepted_steps"])
    times, states = plain.ts[1][: count + 1], plain.ys[1][: count + 1]

    def of(t, after, y):
        found = step_statistics(TERM, diffrax.Tsit5(), t, after, y, RATES, **TOLERANCES)
        return found.error, found.stiffness

    errors, stiffness = jax.vmap(of)(times[:-1], times[1:], states[:-1])
    assert np.all(np.asarray(errors) < 1) and np.max(errors) > 0.05
    statistics = recorded.statistics
    np.testing.assert_allclose(statistics.error, np.sum(errors * np.diff(times)), rtol=1e-9)
    np.testing.assert_allclose(statistics.mean_error, np.mean(errors * np.diff(times)), rtol=1e-9)
    np.testing.assert_allclose(statistics.mean_stiffness, np.mean(stiffness), rtol=1e-6)
    np.testing.assert_allclose(statistics.largest_stiffness, np.max(stiffness), rtol=1e-6)


def heaviness(rates, adjoint):
    statistics = solved(rates, START, adjoint=adjoint).statistics
    return statistics.error + statistics.mean_stiffness


@pytest.fixture(scope="module")
def slope():
    return jax.grad(heaviness)(RATES, diffrax.RecursiveCheckpointAdjoint())


@pytest.mark.slow
def test_adjoints_agree(slope):
    # Without the field `scan_kind` of the wrapper the direct one raises AttributeError.
    np.testing.assert_allclose(jax.grad(heaviness)(RATES, diffrax.DirectAdjoint()), slope, rtol=1e-6)


@pytest.mark.slow
def test_gradient_of_adaptive_steps_is_that_of_the_frozen_grid(slope, plain):
    grid = diffrax.StepTo(plain.ts[1][: int(plain.stats["num_accepted_steps"]) + 1])

    @jax.jit
    def frozen(rates):
        statistics = solved(rates, START, dt0=None, stepsize_controller=grid).statistics
        return statistics.error + statistics.mean_stiffness

    for index in range(4):
        nudge = 1e-5 * jnp.eye(4)[index]
        difference = (frozen(RATES + nudge) - frozen(RATES - nudge)) / 2e-5
        np.testing.assert_allclose(slope[index], difference, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_single_precision_and_a_batch(recorded):
    batch = jnp.asarray([[3.0, 1.0], [1.0, 1.0], [2.0, 0.5]], jnp.float32)
    rates = RATES.astype(jnp.float32)
    every = jax.jit(jax.vmap(lambda y0: solved(rates, y0, rtol=1e-4, atol=1e-4)))(batch)
    assert every.ys.dtype == every.ts.dtype == every.statistics.error.dtype == jnp.float32
    assert every.statistics.evaluations.shape == every.statistics.mean_error.shape == (3,)
    assert len(set(every.statistics.accepted.tolist())) > 1
    np.testing.assert_allclose(every.ys[0, -1], recorded.ys[-1], rtol=1e-3)


def test_any_controller_is_shown_the_state_alone(recorded):
    pid = diffrax.PIDController(**TOLERANCES)
    clipping = diffrax.ClipStepSizeController(pid, step_ts=jnp.asarray([3.0]))
    shown = recording_controller(clipping)
    assert isinstance(shown, ControllerOfState) and shown.rtol == 1e-6
    fixed = diffrax.ConstantStepSize()
    assert recording_controller(fixed) is fixed
    found = solved(RATES, START, stepsize_controller=clipping).statistics
    assert found.steps == recorded.statistics.steps
    np.testing.assert_allclose(found.error, recorded.statistics.error, rtol=1e-9)


@pytest.mark.slow
def test_an_implicit_solver_records_errors_and_solves_as_before():
    # It takes its tolerances, and the norm, from the controller.
    solver = diffrax.Kvaerno3()
    tolerances = {"rtol": 1e-3, "atol": 1e-3}
    controller = diffrax.PIDController(**tolerances)
    found = solve_with_statistics(TERM, solver, 0.0, 0.3, 0.01, START, RATES, **tolerances)
    known = diffrax.diffeqsolve(TERM, solver, 0.0, 0.3, 0.01, START, RATES, stepsize_controller=controller)
    np.testing.assert_allclose(found.ys, known.ys, rtol=1e-14)
    statistics = found.statistics
    assert statistics.steps == known.stats["num_steps"] and 0 < statistics.mean_error < 1
    assert statistics.largest_stiffness is statistics.mean_stiffness is statistics.evaluations is None


def test_a_stochastic_equation():
    noise = diffrax.UnsafeBrownianPath((2,), jax.random.key(0), levy_area=diffrax.SpaceTimeLevyArea)
    drift = diffrax.ODETerm(lambda t, y, args: -y)
    terms = diffrax.MultiTerm(drift, diffrax.ControlTerm(lambda t, y, args: 0.1 * jnp.diag(y), noise))
    fixed = {"stepsize_controller": diffrax.ConstantStepSize(), "adjoint": diffrax.ForwardMode()}
    found = solve_with_statistics(terms, diffrax.SPaRK(), 0.0, 1.0, 0.1, START, **fixed)
    known = diffrax.diffeqsolve(terms, diffrax.SPaRK(), 0.0, 1.0, 0.1, START, **fixed)
    np.testing.assert_allclose(found.ys, known.ys, rtol=1e-14)
    assert found.statistics.accepted == 10 and found.statistics.error > 0
    assert found.statistics.evaluations == 30 and found.statistics.largest_stiffness is None


def test_misuse_is_named():
    with pytest.raises(ValueError, match=r"Heun has no two stages.*Tsit5"):
        RecordStatistics(diffrax.Heun(), stiffness=True)
    with pytest.raises(ValueError, match="BacksolveAdjoint differentiates no steps"):
        solved(RATES, START, adjoint=diffrax.BacksolveAdjoint())
    with pytest.raises(TypeError, match=r"begin with `solver.start\(y0\)`"):
        diffrax.diffeqsolve(recording_terms(TERM), RecordStatistics(diffrax.Tsit5()), 0.0, 1.0, 0.1, START, RATES)
