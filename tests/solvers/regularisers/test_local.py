"""The local regulariser: what it equals, what passes through it, and where its steps begin."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.solvers import local_regulariser, random_step, random_time, solve_with_statistics
from sciml.solvers.regularisers.local import first_step

TERM = diffrax.ODETerm(lambda t, y, rate: jnp.stack([y[1], -rate * jnp.sin(y[0])]))
START, RATE = jnp.asarray([1.0, 0.2]), jnp.asarray(2.0)
TOLERANCES = {"rtol": 1e-4, "atol": 1e-4}


def local(t, y, rate=RATE, **options):
    return local_regulariser(TERM, diffrax.Tsit5(), t, y, rate, **({"t_end": 1.0} | TOLERANCES | options))


@pytest.fixture(scope="module")
def steps():
    return diffrax.diffeqsolve(
        TERM, diffrax.Tsit5(), 0.0, 1.0, 0.1, START, RATE, max_steps=10, saveat=diffrax.SaveAt(t0=True, steps=True)
    )


def test_a_step_of_the_grid_gives_what_the_global_one_sums(steps):
    each = jax.jit(jax.vmap(lambda t, y: local(t, y, step=0.1)))(steps.ts[:-1], steps.ys[:-1])
    whole = solve_with_statistics(
        TERM, diffrax.Tsit5(), 0.0, 1.0, 0.1, START, RATE, stepsize_controller=diffrax.ConstantStepSize(), **TOLERANCES
    )
    np.testing.assert_allclose(np.sum(each), whole.statistics.error, rtol=1e-9)


def test_its_mean_over_random_times_is_the_integral(steps):
    # Closed form of the state: y' = -rate y, so that the scaled error is a function of time alone.
    decay = diffrax.ODETerm(lambda t, y, rate: -rate * y)

    def at(t):
        y = jnp.exp(-2 * t)[None]
        return local_regulariser(decay, diffrax.Tsit5(), t, y, RATE, t_end=2.0, step=0.05, **TOLERANCES)

    sampled = jax.jit(jax.vmap(at))
    values = np.asarray(sampled(random_time(0.0, 1.0, shape=(4000,), dtype=jnp.float64, key=jax.random.key(0))))
    known = np.mean(sampled(jnp.asarray((np.arange(4000) + 0.5) / 4000)))
    assert abs(values.mean() - known) < 3 * values.std() / np.sqrt(4000)
    assert values.std() > 0.1 * known


def test_only_the_vector_field_of_the_step_is_differentiated():
    def both(t, y, rate):
        return local(t, y, rate) + local(t, y, rate, quantity="stiffness")

    of_all = jax.jit(jax.grad(both, (0, 1, 2)))
    in_time, in_state, in_rate = of_all(jnp.asarray(0.3), START, RATE)
    assert in_time == 0 and np.all(in_state == 0) and in_rate != 0


def test_steps_end_with_the_solve_and_times_come_in_batches():
    times = jnp.asarray([0.2, 0.95])
    of_step = jax.jit(jax.vmap(lambda t, step: local(t, START, step=step)))
    long, short = of_step(times, jnp.asarray([0.1, 0.1])), of_step(times, jnp.asarray([0.1, 0.05]))
    np.testing.assert_allclose(long[1], short[1], rtol=1e-9)
    assert long[0] > 1.5 * long[1]


def test_the_step_chosen_meets_the_tolerances():
    @jax.jit
    def chosen(tolerance):
        length = first_step(TERM, diffrax.Tsit5(), jnp.asarray(0.0), START, RATE, rtol=tolerance, atol=tolerance)
        return length, local(0.0, START, rtol=tolerance, atol=tolerance) / length

    for tolerance in (1e-3, 1e-6, 1e-9):
        length, error = chosen(tolerance)
        # Not far too small, and accepted.
        assert 1e-9 < float(error) < 1 and 1e-4 < float(length) < 1


def test_biased_times_are_those_of_steps(steps):
    draw = jax.jit(jax.vmap(lambda key: random_step(steps, key=key)))
    times, states = draw(jax.random.split(jax.random.key(0), 200))
    assert set(np.asarray(times)) == set(np.asarray(steps.ts[:-1]))
    position = np.searchsorted(steps.ts, times)
    assert np.array_equal(states, np.asarray(steps.ys)[position])


def test_it_works_beside_the_continuous_adjoint():
    def loss(rate, key):
        t = random_time(0.0, 1.0, dtype=jnp.float64, key=key)
        saved = diffrax.SaveAt(ts=jnp.stack([t, jnp.ones_like(t)]))
        ys = diffrax.diffeqsolve(
            TERM, diffrax.Heun(), 0.0, 1.0, 0.1, START, rate, saveat=saved, adjoint=diffrax.BacksolveAdjoint()
        ).ys
        return jnp.sum(ys[1] ** 2) + local(t, ys[0], rate)

    # Tracing is enough: what the continuous adjoint cannot differentiate it refuses there.
    slope = jax.eval_shape(jax.grad(loss), RATE, jax.random.key(1))
    assert slope.shape == ()


def test_misuse_is_named():
    with pytest.raises(ValueError, match="Heun gives no stiffness"):
        local_regulariser(TERM, diffrax.Heun(), 0.0, START, RATE, t_end=1.0, quantity="stiffness")
    with pytest.raises(ValueError, match="Euler makes no error estimate"):
        local_regulariser(TERM, diffrax.Euler(), 0.0, START, RATE, t_end=1.0)
