"""Losses on batches: means of the metrics, physical units, keys, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml import metrics
from sciml.losses import mean_squared_loss, relative_l2_loss, relative_lp_loss, relative_sobolev_loss
from sciml.normalisation import GaussianNormaliser

GRID = sciml.Grid((16,), extent=(1.0,))


@pytest.fixture(scope="module")
def batch():
    generator = np.random.default_rng(0)
    return tuple(jnp.asarray(generator.normal(size=(2, 5, 1, 16)) + 4.0))


def identity(x, *, key=None):
    return x


@pytest.mark.parametrize(
    ("loss", "metric", "name"),
    [
        (relative_l2_loss(), metrics.relative_l2, "relative_l2"),
        (relative_lp_loss(1.0), lambda p, t: metrics.relative_lp(p, t, p=1.0), "relative_l1"),
        (mean_squared_loss(), lambda p, t: metrics.rmse(p, t) ** 2, "mean_squared"),
        (
            relative_sobolev_loss(GRID, order=-1.0),
            lambda p, t: metrics.relative_sobolev(p, t, GRID, order=-1.0),
            "relative_h-1",
        ),
    ],
)
def test_loss_is_the_mean_of_the_metric(batch, loss, metric, name):
    value, extra = jax.jit(lambda b, key: loss(identity, b, key))(batch, jax.random.key(0))
    expected = np.mean([float(metric(p, t)) for p, t in zip(*batch)])
    assert float(value) == pytest.approx(expected) == pytest.approx(float(extra[name]))


def test_error_is_taken_in_physical_units(batch):
    inputs, outputs = batch
    scale = GaussianNormaliser.fit(np.asarray(outputs))
    encoded = (jax.vmap(scale.encode)(inputs), jax.vmap(scale.encode)(outputs))
    physical, _ = relative_l2_loss()(identity, batch, None)
    decoded, _ = relative_l2_loss(normaliser=scale)(identity, encoded, None)
    naive, _ = relative_l2_loss()(identity, encoded, None)
    assert float(decoded) == pytest.approx(float(physical))
    assert float(naive) > 2 * float(physical)


def test_a_batch_may_be_a_dictionary(batch):
    named = {"inputs": batch[0], "outputs": batch[1], "parameters": None}
    assert float(relative_l2_loss()(identity, named, None)[0]) == float(relative_l2_loss()(identity, batch, None)[0])


def test_each_sample_gets_its_own_key(batch):
    def noisy(x, *, key):
        return x + jax.random.normal(key, x.shape, x.dtype)

    inputs, _ = batch
    one = jnp.broadcast_to(inputs[:1], inputs.shape)
    values = [mean_squared_loss()(noisy, (one, one), jax.random.key(seed))[0] for seed in (0, 0, 1)]
    assert float(values[0]) == float(values[1]) != float(values[2])


def test_gradient_is_finite_at_zero_error(batch):
    inputs, _ = batch
    gradient = jax.grad(lambda w: relative_l2_loss()(lambda x, key=None: w * x, (inputs, inputs), None)[0])(1.0)
    assert float(gradient) == 0.0


def test_mistakes_are_named(batch):
    inputs, outputs = batch
    with pytest.raises(ValueError, match="output channels"):
        relative_l2_loss()(lambda x, key=None: jnp.concatenate([x, x]), batch, None)
    with pytest.raises(TypeError, match="pair"):
        relative_l2_loss()(identity, inputs, None)
    with pytest.raises(ValueError, match="batch axis"):
        relative_l2_loss()(identity, (inputs, outputs[:3]), None)
