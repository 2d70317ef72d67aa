"""Taylor methods: identities, truncated exponentials, orders, adaptive steps, gradients."""

import math

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.solvers import MidpointReuse, Taylor
from sciml.solvers.taylor import solution_derivatives

Y0 = jnp.asarray([1.0, -0.5])


def field(t, y, args):
    return jnp.stack([jnp.sin(t) * y[1] - y[0] ** 2, jnp.cos(y[0]) + t * y[1]])


def end(solver, steps, t0=0.0, t1=1.0, function=field):
    def run(y0):
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(function), solver, t0, t1, (t1 - t0) / steps, y0, max_steps=steps + 1
        )
        return solution.ys[0]

    return np.asarray(jax.jit(run)(Y0))


@pytest.fixture(scope="module")
def truth():
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(field), diffrax.Dopri8(), 0.0, 1.0, 0.01, Y0,
        stepsize_controller=diffrax.PIDController(rtol=1e-12, atol=1e-12), max_steps=1000,
    )  # fmt: skip
    return np.asarray(solution.ys[0])


@pytest.mark.parametrize("backwards", [False, True])
def test_the_difference_form_is_the_midpoint_rule(backwards):
    times = (1.0, 0.0) if backwards else (0.0, 1.0)
    released, midpoint = (end(solver, 7, *times) for solver in (Taylor(2, "difference"), diffrax.Midpoint()))
    np.testing.assert_allclose(released, midpoint, atol=1e-12)


@pytest.mark.parametrize("mode", ["jvp", "jet"])
def test_a_linear_flow_is_multiplied_by_the_truncated_exponential(mode):
    found = end(Taylor(5, mode), 1, function=lambda t, y, args: -1.7 * y)
    np.testing.assert_allclose(found, Y0 * sum((-1.7) ** k / math.factorial(k) for k in range(6)), rtol=1e-13)


@pytest.mark.parametrize("solver", [Taylor(3), Taylor(4, "jet"), MidpointReuse()], ids=repr)
def test_backwards_in_time_returns_to_the_start(solver):
    there = end(solver, 100)
    back = diffrax.diffeqsolve(diffrax.ODETerm(field), solver, 1.0, 0.0, -0.01, jnp.asarray(there)).ys[0]
    np.testing.assert_allclose(back, Y0, atol=2e-4 if isinstance(solver, MidpointReuse) else 1e-6)


@pytest.mark.parametrize("solver", [Taylor(1), Taylor(2, "difference"), Taylor(3), MidpointReuse()], ids=repr)
def test_constant_velocity_takes_one_step(solver):
    np.testing.assert_allclose(
        end(solver, 1, function=lambda t, y, args: jnp.asarray([2.0, 3.0])), Y0 + np.array([2.0, 3.0])
    )


@pytest.mark.parametrize(
    ("solver", "order"),
    [(Taylor(1), 1), (Taylor(2), 2), (Taylor(2, "difference"), 2), (Taylor(3), 3), (Taylor(4, "jet"), 4), (MidpointReuse(), 2)],
    ids=repr,
)  # fmt: skip
def test_order(solver, order, truth):
    errors = [np.linalg.norm(end(solver, steps) - truth) for steps in (40, 80)]
    assert abs(np.log2(errors[0] / errors[1]) - order) < 0.15


def test_both_modes_give_the_same_derivatives():
    jet, jvp = (solution_derivatives(field, 4, 0.3, Y0, mode=mode) for mode in ("jet", "jvp"))
    np.testing.assert_allclose(jet, jvp, rtol=1e-12)


def test_adaptive_steps_dense_output_and_gradient(truth):
    def run(y0, rtol):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(field), Taylor(4, "jet"), 0.0, 1.0, None, y0, saveat=diffrax.SaveAt(ts=jnp.asarray([0.37, 1.0])),
            stepsize_controller=diffrax.PIDController(rtol=rtol, atol=rtol), max_steps=64, adjoint=diffrax.ForwardMode(),
        )  # fmt: skip

    run = jax.jit(run)
    coarse, fine = run(Y0, 1e-4), run(Y0, 1e-7)
    assert coarse.stats["num_steps"] < fine.stats["num_steps"] < 60
    np.testing.assert_allclose(fine.ys[1], truth, atol=1e-6)
    np.testing.assert_allclose(fine.ys[0], end(Taylor(4, "jet"), 37, t1=0.37), atol=1e-6)
    bump = jnp.asarray([1.0, 0.0])
    _, slope = jax.jvp(lambda y0: run(y0, 1e-7).ys[1], (Y0,), (bump,))
    moved = [run(Y0 + sign * 1e-4 * bump, 1e-7).ys[1] for sign in (1, -1)]
    np.testing.assert_allclose(slope, (moved[0] - moved[1]) / 2e-4, rtol=1e-4)


def test_single_precision_and_batches():
    starts = jnp.asarray([[1.0, 0.0], [0.0, 1.0]], jnp.float32)

    def run(y0):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: -y), Taylor(2, "difference"), jnp.float32(0), jnp.float32(1), jnp.float32(0.05), y0
        ).ys[0]  # fmt: skip

    ends = jax.vmap(run)(starts)
    assert ends.dtype == jnp.float32
    np.testing.assert_allclose(ends, np.float32(np.exp(-1)) * starts, atol=2e-4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0,), "at least one"),
        ((3, "difference"), "has order 2, got order 3"),
        ((-1, "jet"), "got -1"),
    ],
)
def test_what_does_not_exist_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        Taylor(*arguments)
