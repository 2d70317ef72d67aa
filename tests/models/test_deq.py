"""Deep equilibria: the fixed point, implicit gradients against finite differences, the norm of the Jacobian, files."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import pytest

import sciml
from sciml.models import DEQ, MLP, DenseCell, DEQLoss
from sciml.solvers import AndersonAcceleration

X = jnp.asarray([0.3, -1.0, 0.7])


def build(method="anderson", contraction=0.8, tolerance=1e-12):
    one, two = jax.random.split(jax.random.key(0))
    cell = DenseCell(3, 5, width=6, depth=1, contraction=contraction, key=one)
    return DEQ(cell, MLP(5, 2, width=1, depth=0, key=two), hidden=5, method=method, tolerance=tolerance)


@eqx.filter_jit
def solve(model, x):
    return model.equilibrium(x)


def test_methods_find_the_same_point_and_anderson_needs_fewer_steps():
    found = {method: solve(build(method), X) for method in ("anderson", "newton", "iteration")}
    for one in found.values():
        assert bool(one.converged) and float(one.residual) < 1e-11
        np.testing.assert_allclose(one.z, found["newton"].z, atol=1e-10)
    assert int(found["anderson"].steps) < 0.7 * int(found["iteration"].steps)


def test_implicit_gradients_are_those_of_finite_differences():
    model = build()
    value = eqx.filter_jit(lambda model, x: jnp.sum(model(x) ** 2))
    of_model, of_x = eqx.filter_jit(
        lambda model, x: eqx.filter_grad(lambda pair: jnp.sum(pair[0](pair[1]) ** 2))((model, x))
    )(model, X)
    for leaf, slope, at in [
        (lambda m: m.cell.weight, of_model.cell.weight, (1, 2)),
        (lambda m: m.cell.network.weights[0], of_model.cell.network.weights[0], (0, 1)),
    ]:
        ends = [value(eqx.tree_at(leaf, model, leaf(model).at[at].add(e)), X) for e in (1e-5, -1e-5)]
        np.testing.assert_allclose(slope[at], (ends[0] - ends[1]) / 2e-5, rtol=1e-6)
    ends = [value(model, X.at[1].add(e)) for e in (1e-5, -1e-5)]
    np.testing.assert_allclose(of_x[1], (ends[0] - ends[1]) / 2e-5, rtol=1e-6)


def test_the_norm_of_the_jacobian_is_estimated_without_bias():
    model = build(tolerance=1e-6)
    z = solve(model, X).z
    exact = jnp.sum(jax.jacobian(lambda z: model.cell(z, X))(z) ** 2) / 5
    found = eqx.filter_jit(lambda m, k: m.jacobian_norm(X, samples=4000, key=k))(model, jax.random.key(1))
    assert float(found) == pytest.approx(float(exact), rel=0.05)


def test_on_linear_problems_anderson_ends_like_a_krylov_method():
    matrix = jnp.diag(jnp.asarray([0.9, -0.9, 0.5]))
    solver = AndersonAcceleration(1e-10, 1e-10, memory=3)
    found = optimistix.fixed_point(lambda y, args: matrix @ y + 1.0, solver, jnp.zeros(3))
    assert int(found.stats["num_steps"]) <= 7
    np.testing.assert_allclose(found.value, 1 / (1 - jnp.diag(matrix)), rtol=1e-8)


@pytest.mark.slow
def test_a_batch_trains_in_single_precision():
    model = jax.tree.map(
        lambda x: x.astype(jnp.float32) if eqx.is_array(x) else x, build(tolerance=1e-5), is_leaf=eqx.is_array
    )
    batch = (jnp.ones((4, 3), jnp.float32), jnp.ones((4, 2), jnp.float32))
    step = eqx.filter_jit(eqx.filter_value_and_grad(DEQLoss(0.1), has_aux=True))
    first = None
    for _ in range(20):
        (value, _), slope = step(model, batch, jax.random.key(0))
        first = value if first is None else first
        model = eqx.apply_updates(model, jax.tree.map(lambda g: -0.1 * g, slope))
    assert value.dtype == jnp.float32 and float(value) < 0.7 * float(first)


def test_files_and_misuse(tmp_path):
    model = build()
    sciml.save(tmp_path / "model.zip", model)
    assert eqx.tree_equal(sciml.load(tmp_path / "model.zip"), model)
    with pytest.raises(ValueError, match="must be"):
        DEQ(model.cell, model.readout, hidden=0)
