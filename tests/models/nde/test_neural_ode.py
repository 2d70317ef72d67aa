"""Neural ODEs: regularisers against their definitions, gradients, batches, variants, files, both precisions."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.models import DenseField, HybridField, NeuralODE, SecondOrderField, TrajectoryLoss
from sciml.solvers import CoupledSolver, GradientStrategy, Rodas5P, solve_with_statistics

Y0 = jnp.asarray([1.0, -0.5])
TIMES = np.linspace(0.0, 1.0, 5)


def dense(size=2, **options):
    return DenseField(size, width=8, depth=1, key=jax.random.key(0), **options)


@sciml.register(name="test:decay")
def decay(t, y, args):
    return -2.0 * y


@eqx.filter_jit
def solved(model, y0, key):
    return model.solve(y0, key=key)


def test_regularisers_of_all_steps_are_those_of_the_solver():
    model = NeuralODE(dense(), regulariser="both", stiffness_weight=0.5)
    found = solved(model, Y0, None)
    raw = solve_with_statistics(
        diffrax.ODETerm(model.vector_field), diffrax.Tsit5(), 0.0, 1.0, None, Y0, rtol=1e-4, atol=1e-4
    )
    expected = raw.statistics.mean_error + 0.5 * raw.statistics.largest_stiffness
    np.testing.assert_allclose(found.regulariser, expected, rtol=1e-12)
    np.testing.assert_array_equal(found.ys, raw.ys)
    assert int(found.evaluations) == 6 * int(found.steps) + 1


@pytest.mark.parametrize(
    "kind, value",
    [("taylor", 16 * (1 - np.exp(-4)) / 4), ("kinetic", 4 * (1 - np.exp(-4)) / 4 + 4)],
)
def test_regularisers_along_the_solution_are_integrals(kind, value):
    model = NeuralODE(decay, regulariser=kind, rtol=1e-6, atol=1e-6)
    found = solved(model, jnp.ones(2), jax.random.key(1))
    assert float(found.regulariser) == pytest.approx(value, rel=1e-5)
    np.testing.assert_array_equal(found.ys[-1], model(jnp.ones(2)))  # same steps as in prediction


@pytest.mark.parametrize("kind", ["local-unbiased", "local-biased"])
def test_local_regularisers_move_parameters_and_no_state(kind):
    model = NeuralODE(dense(), regulariser=kind, max_steps=16)

    def value(pair):
        model, y0 = pair
        return model.solve(y0, key=jax.random.key(1)).regulariser

    penalty, (of_model, of_state) = eqx.filter_jit(eqx.filter_value_and_grad(value))((model, Y0))
    assert penalty > 0 and float(jnp.abs(of_state).max()) == 0
    assert float(jnp.abs(of_model.vector_field.network.weights[0]).max()) > 0


def test_the_gradient_strategy_is_that_of_the_solve():
    model = NeuralODE(decay, gradient=GradientStrategy("continuous"), rtol=1e-3, atol=1e-3)
    rough = eqx.filter_jit(jax.grad(lambda y: model(y)[0]))(Y0)[0]
    # The adjoint equation has an error of its own.
    assert 1e-9 < abs(float(rough) - np.exp(-2)) < 1e-2


@pytest.mark.parametrize("kind", ["local-unbiased", "kinetic"])
def test_the_adjoint_equation_takes_regularisers_that_need_no_steps(kind):
    @eqx.filter_jit
    @eqx.filter_grad
    def slopes(model):
        found = model.solve(Y0, ts=TIMES, key=jax.random.key(1))
        return jnp.sum(found.ys**2) + found.regulariser

    options = {"regulariser": kind, "rtol": 1e-7, "atol": 1e-7}
    expected, found = (
        slopes(NeuralODE(dense(), gradient=GradientStrategy(way), **options)) for way in ("checkpoint", "continuous")
    )
    for here, there in zip(
        jax.tree.leaves(eqx.filter(found.vector_field, eqx.is_array)), jax.tree.leaves(expected.vector_field)
    ):
        np.testing.assert_allclose(here, there, atol=1e-4)


def test_a_batch_is_one_system_or_many():
    model, batch = NeuralODE(dense(), rtol=1e-7, atol=1e-7, regulariser="error"), jnp.stack([Y0, 3 * Y0, -Y0])
    both = eqx.filter_jit(lambda m, y: [m.solve_batch(y, ts=TIMES, joint=joint) for joint in (True, False)])
    one, many = both(model, batch)
    assert one.ys.shape == many.ys.shape == (3, 5, 2)
    assert one.steps.shape == () and many.steps.shape == many.regulariser.shape == (3,)
    np.testing.assert_allclose(one.ys, many.ys, atol=1e-6)
    np.testing.assert_array_equal(one.ys[:, 0], batch)


def test_steer_moves_the_end_in_training_alone():
    model = NeuralODE(decay, steer=0.5, rtol=1e-7, atol=1e-7)
    found = solved(model, jnp.ones(2), jax.random.key(3))
    assert 0.5 <= float(found.ts[-1]) < 1.5 and float(found.ts[-1]) != 1
    np.testing.assert_allclose(found.ys[-1], jnp.exp(-2 * found.ts[-1]) * jnp.ones(2), rtol=1e-5)
    np.testing.assert_allclose(model(jnp.ones(2)), np.exp(-2.0) * np.ones(2), rtol=1e-5)
    with pytest.raises(ValueError, match="give `key`"):
        model.solve(jnp.ones(2))


def test_second_order_oscillates_and_augmentation_adds_zeros():
    oscillator = SecondOrderField(lambda t, y, args: -y[:1])
    end = NeuralODE(oscillator, t1=float(np.pi), rtol=1e-8, atol=1e-8)(jnp.asarray([1.0, 0.5]))
    np.testing.assert_allclose(end, [-1, -0.5], atol=1e-6)
    model = NeuralODE(lambda t, y, args: jnp.stack([y[1], jnp.ones_like(t)]), augment=1, keep_augmented=True)
    np.testing.assert_allclose(model(jnp.ones(1)), [1.5, 1.0], rtol=1e-6)
    with pytest.raises(ValueError, match="half its shape"):
        oscillator(0.0, jnp.ones(3), None)


@pytest.mark.slow
def test_training_a_hybrid_begins_at_the_physics_and_reduces_the_loss():
    model = NeuralODE(HybridField(decay, dense()), regulariser="error", rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(model.vector_field(0.0, Y0, None), decay(0.0, Y0, None))
    truth = jnp.exp(-jnp.asarray(TIMES))[None, :, None] * jnp.stack([Y0, -2 * Y0, 2 * Y0])[:, None]
    loss = TrajectoryLoss(jnp.asarray(TIMES), weight=1e-3)
    run = lambda m: eqx.filter_value_and_grad(loss, has_aux=True)(m, truth, None)  # noqa: E731
    step = eqx.filter_jit(run)
    history = []
    for _ in range(30):
        (value, metrics), change = step(model)
        history.append(float(value))
        model = eqx.apply_updates(model, jax.tree.map(lambda g: -0.3 * g, change))
    assert history[-1] < 0.5 * history[0] and set(metrics) == {"mse", "regulariser", "steps"}


def test_files_and_single_precision(tmp_path):
    model = NeuralODE(
        HybridField(decay, dense()), regulariser="local-unbiased", gradient=GradientStrategy("checkpoint")
    )
    sciml.save(tmp_path / "model.zip", model)
    back = sciml.load(tmp_path / "model.zip")
    assert eqx.tree_equal(model, back)
    single = jax.tree.map(lambda x: x.astype(jnp.float32) if eqx.is_array(x) else x, back)
    found = solved(single, Y0.astype(jnp.float32), jax.random.key(0))
    assert found.ys.dtype == found.regulariser.dtype == jnp.float32


@pytest.mark.parametrize(
    "options, words",
    [
        ({"regulariser": "error", "gradient": GradientStrategy("continuous")}, "differentiates no steps"),
        ({"regulariser": "error", "solver": diffrax.Euler()}, "no error estimate"),
        (
            {"regulariser": "local-biased", "gradient": GradientStrategy("continuous")},
            "needs the steps of the solve",
        ),
        ({"steer": 1.0}, r"`steer` in \[0, t1 - t0\)"),
    ],
)
def test_what_does_not_fit_together_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        NeuralODE(decay, **options)


def test_a_state_of_another_size_is_named():
    model = NeuralODE(DenseField(2, width=4, depth=1, key=jax.random.key(0)))
    with pytest.raises(ValueError, match=r"DenseField: the state must have shape \(2,\), got \(3,\)"):
        model(jnp.ones(3))


@pytest.mark.parametrize("solver", [Rodas5P(), CoupledSolver(diffrax.Tsit5())], ids=["stiff", "reversible"])
def test_our_own_solvers_go_into_files(tmp_path, solver):
    model = NeuralODE(DenseField(2, width=4, depth=1, key=jax.random.key(0)), solver=solver)
    sciml.save(tmp_path / "model.sciml", model)
    assert eqx.tree_equal(sciml.load(tmp_path / "model.sciml").options.solver, solver)
