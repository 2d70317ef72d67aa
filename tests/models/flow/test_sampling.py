"""Steps along given times, couplings, time grids, and what RF-Solver is worth at equal numbers of evaluations."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.models.flow import (
    CondOT,
    Coupling,
    FlowMatchingLoss,
    GaussianMixture,
    pair_by_transport,
    reflow,
    shifted_times,
)
from sciml.solvers import MidpointReuse, Taylor, solve_on_times

LAW = GaussianMixture(jnp.asarray([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]]), jnp.asarray(0.05))


def velocity(t, x, args):
    return LAW.velocity(CondOT(), t, x)


@pytest.mark.parametrize(
    "solver", [diffrax.Tsit5(), MidpointReuse(), diffrax.ReversibleHeun()], ids=lambda s: type(s).__name__
)
def test_the_scan_is_what_diffrax_does_on_the_same_times(solver):
    times = jnp.linspace(0.0, 1.0, 9) ** 2
    y0 = jnp.asarray([[0.3, 1.0]])
    found = solve_on_times(velocity, solver, times, y0, save=True)
    truth = diffrax.diffeqsolve(
        diffrax.ODETerm(velocity), solver, 0.0, 1.0, None, y0, stepsize_controller=diffrax.StepTo(times),
        saveat=diffrax.SaveAt(t0=True, steps=True), max_steps=8,
    )  # fmt: skip
    np.testing.assert_allclose(found, truth.ys, atol=1e-12)
    np.testing.assert_allclose(solve_on_times(velocity, solver, times, y0), found[-1], atol=1e-14)


def round_trip(solver, steps, data):
    times = jnp.linspace(0.0, 1.0, steps + 1)
    noise = solve_on_times(velocity, solver, times[::-1], data)
    return noise, solve_on_times(velocity, solver, times, noise)


def test_rf_solver_inverts_better_than_euler_at_equal_evaluations():
    """A fifth of Euler's error at 32 and 64 evaluations one way; at 16 a few points of 256 decide: 0.07 to 1.8 of it over six seeds."""

    @jax.jit
    def errors(data):
        exact, _ = round_trip(diffrax.Midpoint(), 400, data)
        found = []
        for evaluations in (16, 32, 64):
            for solver, steps in ((diffrax.Euler(), evaluations), (Taylor(2, "difference"), evaluations // 2)):
                noise, back = round_trip(solver, steps, data)
                found.append(jnp.stack([jnp.mean((back - data) ** 2), jnp.mean(noise**2) - jnp.mean(exact**2)]))
        return jnp.stack(found)

    for seed in range(3):
        found = np.asarray(errors(LAW.sample(256, key=jax.random.key(seed)))).reshape(3, 2, 2)
        assert np.all(found[1:, 1, 0] < found[1:, 0, 0] / 5), found[:, :, 0]
        assert np.all(np.abs(found[:, 1, 1]) < np.abs(found[:, 0, 1]) / 5), found[:, :, 1]


def test_reversible_heun_needs_its_whole_state_to_come_back():
    """Started afresh at the end it is a method of second order as others are; `solve_reversible` keeps what it needs."""
    data = LAW.sample(64, key=jax.random.key(1))
    _, back = round_trip(diffrax.ReversibleHeun(), 16, data)
    assert float(jnp.mean((back - data) ** 2)) > 1e-8


def test_pairs_of_least_distance_straighten_the_flow():
    data, noise = LAW.sample(256, key=jax.random.key(2)), jax.random.normal(jax.random.key(3), (256, 2))
    paired = pair_by_transport(noise, data)
    assert sorted(map(tuple, np.asarray(paired.data).tolist())) == sorted(map(tuple, np.asarray(data).tolist()))
    assert float(jnp.mean((paired.data - noise) ** 2)) < 0.6 * float(jnp.mean((data - noise) ** 2))


def test_reflow_pairs_and_their_loss():
    noise = jax.random.normal(jax.random.key(4), (64, 2))
    pairs = jax.jit(lambda noise: reflow(velocity, noise, jnp.linspace(0.0, 1.0, 51)))(noise)
    assert isinstance(pairs, Coupling) and bool(jnp.all(pairs.noise == noise))
    loss, _ = FlowMatchingLoss(conditional=True)(
        lambda t, x, args: args, (pairs, pairs.data - noise), jax.random.key(5)
    )
    assert float(loss) < 1e-20


def test_time_grids():
    np.testing.assert_allclose(shifted_times(4), np.linspace(0, 1, 5))
    # s(u) = e^mu / (e^mu + 1/u - 1) in the papers' time u = 1 - t.
    u = 1 - np.linspace(0, 1, 5)[1:-1]
    np.testing.assert_allclose(
        1 - shifted_times(4, tokens=4096)[1:-1], np.exp(1.15) / (np.exp(1.15) + 1 / u - 1), rtol=1e-12
    )
    with pytest.raises(ValueError, match="at least one step"):
        shifted_times(0)
    with pytest.raises(ValueError, match="at least two numbers"):
        solve_on_times(velocity, None, jnp.zeros(1), jnp.zeros((1, 2)))
