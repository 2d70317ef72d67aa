"""What a gradient takes, told beforehand, against what XLA says of the compiled program."""

import diffrax
import jax
import jax.numpy as jnp
import pytest
from jaxtyping import TypeCheckError

from sciml.solvers import GradientStrategy, ReversibleAdjoint, choose_gradient

STATES, WIDTH, STEPS = (32, 16), 32, 200
TERM = diffrax.ODETerm(lambda t, y, weights: jnp.tanh(y @ weights[0]) @ weights[1])
HEUN = diffrax.ReversibleHeun()


@pytest.fixture(scope="module")
def arrays():
    keys = jax.random.split(jax.random.key(0), 3)
    shapes = STATES, (STATES[1], WIDTH), (WIDTH, STATES[1])
    y0, *weights = (jax.random.normal(key, shape, jnp.float32) / 4 for key, shape in zip(keys, shapes, strict=True))
    return y0, weights


def compiled_bytes(strategy, y0, weights):
    grid = diffrax.StepTo(jnp.linspace(0.0, 1.0, STEPS + 1, dtype=jnp.float32))

    def loss(weights):
        zero, one = jnp.float32(0), jnp.float32(1)
        return jnp.sum(
            diffrax.diffeqsolve(
                TERM, HEUN, zero, one, None, y0, weights, stepsize_controller=grid, max_steps=STEPS,
                adjoint=strategy.adjoint(steps=STEPS),
            ).ys
        )  # fmt: skip

    return jax.jit(jax.grad(loss)).lower(weights).compile().memory_analysis().temp_size_in_bytes


@pytest.mark.slow
def test_memory_is_within_five_per_cent_of_the_compiled_figure(arrays):
    y0, weights = arrays
    strategy = GradientStrategy("store")
    estimate = strategy.estimate(TERM, HEUN, 0.0, 1.0, y0, weights, steps=STEPS)
    assert estimate.memory_bytes == pytest.approx(compiled_bytes(strategy, y0, weights), rel=0.05)
    measured = strategy.estimate(TERM, HEUN, 0.0, 1.0, y0, weights, steps=STEPS, measure=True)
    assert measured.memory_bytes == pytest.approx(estimate.memory_bytes, rel=0.05) and measured.seconds > 0


def test_memory_and_work_by_strategy(arrays):
    shapes = jax.eval_shape(lambda: arrays)
    found = {
        kind: GradientStrategy(kind).estimate(TERM, HEUN, 0.0, 1.0, *shapes, steps=10_000)
        for kind in ("store", "checkpoint", "reversible", "continuous", "forward")
    }
    state = 3 * 4 * STATES[0] * STATES[1]
    assert all(estimate.state_bytes == state for estimate in found.values())
    assert found["store"].memory_bytes > 10_000 * state > 50 * found["checkpoint"].memory_bytes
    assert found["checkpoint"].memory_bytes > 10 * found["reversible"].memory_bytes
    # A forward run, that within the pull-back, and two for the pull-back: 4; one more for each time a step runs anew.
    assert found["store"].evaluations == 4 * 10_000 and found["checkpoint"].evaluations == 5 * 10_000
    assert found["reversible"].evaluations == 5 * 10_000
    products = 2 * 2 * STATES[0] * STATES[1] * WIDTH
    assert found["store"].flops == pytest.approx(4 * 10_000 * products, rel=0.1)
    assert "10,000 states" in str(found["store"])


def test_adjoints_by_strategy():
    def made(*options):
        return GradientStrategy(*options).adjoint(steps=128)

    assert made("store").checkpoints == 128 and made("checkpoint").checkpoints == 16
    assert made("checkpoint", 40).checkpoints == 40 and made("checkpoint", 500).checkpoints == 128
    assert isinstance(made("reversible"), ReversibleAdjoint)
    assert isinstance(made("continuous"), diffrax.BacksolveAdjoint) and isinstance(made("forward"), diffrax.ForwardMode)
    with pytest.raises((ValueError, TypeCheckError), match="kind"):
        GradientStrategy("all")
    with pytest.raises(ValueError, match="`checkpoints` must be positive and belongs to 'checkpoint'"):
        GradientStrategy("store", 3)


def test_the_fastest_that_fits(arrays):
    def choose(memory, solver):
        return choose_gradient(TERM, solver, 0.0, 1.0, *arrays, steps=1000, memory=memory)

    assert choose(10**9, diffrax.Heun()).kind == "store"
    some = choose(10**6, diffrax.Heun())
    assert some.kind == "checkpoint" and 100 < some.checkpoints < 1000
    estimate = some.estimate(TERM, diffrax.Heun(), 0.0, 1.0, *arrays, steps=1000)
    assert estimate.memory_bytes <= 10**6 < estimate.memory_bytes + estimate.state_bytes
    assert choose(10**9, HEUN).kind == "reversible"
    with pytest.raises(ValueError, match="solve fewer trajectories"):
        choose(10**4, diffrax.Heun())
