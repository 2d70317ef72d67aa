"""Continuous flows: the density integrates to one, a linear flow is known, estimates have no bias."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.models import ContinuousFlow, DenseField, NeuralODE


@sciml.register(name="test:growth")
def growth(t, y, args):
    return 0.5 * y


@pytest.mark.slow
def test_the_density_integrates_to_one_and_estimates_agree(tmp_path):
    field = DenseField(2, width=8, depth=1, key=jax.random.key(0))
    flow = ContinuousFlow(NeuralODE(field, rtol=1e-6, atol=1e-6))
    line = jnp.linspace(-7, 7, 57)
    grid = jnp.stack(jnp.meshgrid(line, line), axis=-1).reshape(-1, 2)
    density = eqx.filter_jit(lambda f, x: jnp.exp(jax.vmap(f.log_density)(x)))(flow, grid)
    np.testing.assert_allclose(density.sum() * (line[1] - line[0]) ** 2, 1, atol=1e-3)
    keys = jax.random.split(jax.random.key(1), 400)
    point = jnp.asarray([0.5, -1.0])
    found = eqx.filter_jit(lambda f, k: jax.vmap(lambda one: f.log_density(point, key=one))(k))(flow, keys)
    exact = np.log(density[np.argmin(np.abs(grid - point[None]).sum(1))])
    assert abs(found.mean() - exact) < 4 * found.std() / 20 + 1e-5
    sciml.save(tmp_path / "flow.zip", flow)
    assert eqx.tree_equal(sciml.load(tmp_path / "flow.zip"), flow)


def test_a_linear_flow_is_a_wider_normal():
    flow = ContinuousFlow(NeuralODE(growth, rtol=1e-8, atol=1e-8))
    x, scale = jnp.asarray([1.0, 2.0]), np.exp(0.5)
    exact = -0.5 * np.sum((np.asarray(x) / scale) ** 2) - np.log(2 * np.pi) - 1.0
    np.testing.assert_allclose(flow.log_density(x), exact, rtol=1e-6)
