"""Events with jumps: exact impacts, gradients through their times, several kinds, limits."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.solvers import Jump, solve_with_jumps

GRAVITY, REST = 9.81, 0.8
FALL = diffrax.ODETerm(lambda t, y, args: jnp.stack([y[1], jnp.full_like(y[1], -GRAVITY)]))
BOUNCE = Jump(
    lambda t, y, args, **_: y[0],
    lambda t, y, args: jnp.stack([y[0], -(REST if args is None else args) * y[1]]),
    direction=False,
)
HEIGHTS = jnp.array([0.5, 1.0, 30.0])
TIMES = jnp.linspace(0.0, 2.0, 9)


def bouncing(height, rest):
    return solve_with_jumps(
        FALL, diffrax.Tsit5(), 0.0, 2.0, 0.05, jnp.stack([height, jnp.zeros_like(height)]), rest,
        jumps=BOUNCE, ts=TIMES, max_jumps=5, max_steps=64,
    )  # fmt: skip


def exact(t, height, rest):
    """Height of the ball at t, and the impacts before."""
    fall = np.sqrt(2 * height / GRAVITY)
    impacts, speed, start = [fall], GRAVITY * fall * rest, fall
    if t < fall:
        return height - GRAVITY * t**2 / 2, []
    while start + 2 * speed / GRAVITY < t:
        start, speed = start + 2 * speed / GRAVITY, speed * rest
        impacts.append(start)
    return speed * (t - start) - GRAVITY * (t - start) ** 2 / 2, impacts


@pytest.fixture(scope="module")
def three_balls():
    """Dropped from different heights, and how their heights at t = 1.25 change with these."""

    def at(height):
        solution = bouncing(height, jnp.array(REST))
        return solution.ys[5, 0], solution

    return jax.jit(jax.vmap(jax.grad(at, has_aux=True)))(HEIGHTS)


def test_bouncing_balls_are_exact_each_with_its_own_impacts(three_balls):
    _, solution = three_balls
    for index, height in enumerate(np.asarray(HEIGHTS)):
        heights = [exact(t, height, REST)[0] for t in np.asarray(TIMES)]
        np.testing.assert_allclose(solution.ys[index, :, 0], heights, atol=1e-10)
        impacts = exact(2.0, height, REST)[1]
        assert int(solution.count[index]) == len(impacts)
        np.testing.assert_allclose(solution.jump_times[index, : len(impacts)], impacts, rtol=1e-11)
        assert np.isinf(np.asarray(solution.jump_times[index, len(impacts) :])).all()
    assert bool(solution.finished.all())


def test_gradients_pass_through_the_times_of_impact(three_balls):
    step = 1e-5
    for slope, height in zip(three_balls[0], np.asarray(HEIGHTS)):
        difference = (exact(1.25, height + step, REST)[0] - exact(1.25, height - step, REST)[0]) / (2 * step)
        np.testing.assert_allclose(slope, difference, rtol=1e-6)


def test_two_kinds_of_jump_and_too_many():
    decay = diffrax.ODETerm(lambda t, y, args: -y)
    low = Jump(lambda t, y, args, **_: y - 0.5, lambda t, y, args: y + 1.0, direction=False)
    clock = Jump(lambda t, y, args, **_: t - 1.0, lambda t, y, args: 0.0 * y + 4.0)

    @eqx.filter_jit
    def run(max_jumps, throw):
        return solve_with_jumps(
            decay, diffrax.Tsit5(), 0.0, 4.0, 0.1, jnp.array(1.0), jumps=[low, clock], ts=jnp.array([0.9, 1.5, 4.0]),
            max_jumps=max_jumps, throw=throw, stepsize_controller=diffrax.PIDController(rtol=1e-9, atol=1e-9), max_steps=256,
        )  # fmt: skip

    solution = run(4, True)
    # log 2 to the first dose, then the clock at 1, then down from 4 to 1/2 in log 8.
    np.testing.assert_allclose(solution.jump_times[:3], [np.log(2), 1.0, 1 + np.log(8)], rtol=1e-8)
    assert solution.which.tolist() == [0, 1, 0, -1]
    np.testing.assert_allclose(solution.ys[1], 4 * np.exp(-0.5), rtol=1e-7)
    short = run(1, False)
    assert not bool(short.finished)
    assert np.isnan(np.asarray(short.ys[2]))
    with pytest.raises(Exception, match="more than `max_jumps=1`"):
        run(1, True)


def test_misuse_is_refused_by_name():
    with pytest.raises(ValueError, match="at least 1, got 0 and 3"):
        solve_with_jumps(FALL, diffrax.Tsit5(), 0.0, 1.0, 0.1, jnp.ones(2), jumps=[], ts=TIMES, max_jumps=3)
