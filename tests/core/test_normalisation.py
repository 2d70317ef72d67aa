"""Normalisers: fitted figures, round trips, constants under training, refusals."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.normalisation import GaussianNormaliser, Normalised, RangeNormaliser


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(0)
    return (generator.normal(size=(50, 2, 6, 5)) * np.array([2.0, 300.0])[:, None, None] + 7.0).astype(np.float32)


@pytest.mark.parametrize("per", ["channel", "node"])
def test_gaussian_has_the_statistics_of_the_training_split(data, per):
    normaliser = GaussianNormaliser.fit(data, per=per)
    encoded = np.asarray(jax.vmap(normaliser.encode)(jnp.asarray(data)))
    axes = (0,) if per == "node" else (0, 2, 3)
    np.testing.assert_allclose(encoded.mean(axis=axes), 0, atol=1e-5)
    np.testing.assert_allclose(encoded.std(axis=axes), 1, atol=2e-5)
    assert normaliser.mean.dtype == jnp.float32


@pytest.mark.parametrize("kind", [GaussianNormaliser, RangeNormaliser])
@pytest.mark.parametrize("per", ["channel", "node"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_decode_undoes_encode_and_keeps_the_dtype(data, kind, per, dtype):
    normaliser = kind.fit(data, per=per)
    sample = jnp.asarray(data[3].astype(dtype))
    back = normaliser.decode(normaliser.encode(sample))
    assert back.dtype == dtype
    np.testing.assert_allclose(back, sample, rtol=2e-6, atol=2e-4)


def test_range_covers_minus_one_to_one(data):
    encoded = jax.vmap(RangeNormaliser.fit(data).encode)(jnp.asarray(data))
    np.testing.assert_allclose(encoded.min(axis=(0, 2, 3)), -1, atol=1e-6)
    np.testing.assert_allclose(encoded.max(axis=(0, 2, 3)), 1, atol=1e-6)
    constant = RangeNormaliser.fit(np.full((3, 1, 4), 5.0))
    np.testing.assert_array_equal(constant.encode(jnp.full((1, 4), 5.0)), 0)


def test_constant_channel_stays_finite():
    normaliser = GaussianNormaliser.fit(np.full((3, 1, 4), 5.0))
    np.testing.assert_array_equal(normaliser.encode(jnp.full((1, 4), 5.0)), 0)


def test_channel_statistics_hold_at_any_resolution_and_node_statistics_refuse(data):
    finer = jnp.ones((2, 12, 10))
    assert GaussianNormaliser.fit(data).encode(finer).shape == finer.shape
    for kind in (GaussianNormaliser, RangeNormaliser):
        with pytest.raises(ValueError, match="tied to its resolution"):
            kind.fit(data, per="node").encode(finer)
        with pytest.raises(ValueError, match="expected"):
            kind.fit(data).decode(jnp.ones((1, 6, 5)))


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (np.array([[[1.0, np.nan]]]), "1 values that are not finite"),
        (np.ones((2, 1, 3), complex), "two channels"),
    ],
)
def test_bad_data_are_refused(bad, words):
    with pytest.raises(ValueError, match=words):
        GaussianNormaliser.fit(bad)


class Gain(eqx.Module):
    weight: jax.Array

    def __call__(self, x, *, key=None):
        return self.weight * x


def test_normalised_model_works_in_physical_units(data):
    scale = GaussianNormaliser.fit(data)
    model = Normalised(Gain(jnp.float32(1.0)), input=scale, output=scale)
    np.testing.assert_allclose(model(jnp.asarray(data[0])), data[0], rtol=1e-5, atol=1e-3)
    plain = Normalised(Gain(jnp.float32(2.0)))
    np.testing.assert_allclose(plain(jnp.asarray(data[0])), 2 * data[0])


def test_statistics_are_never_trained(data):
    scale = GaussianNormaliser.fit(data)
    model = Normalised(Gain(jnp.float32(1.0)), input=scale, output=scale)
    trainable = model.trainable()
    assert trainable.model.weight is True
    assert not any(jax.tree.leaves((trainable.input, trainable.output)))
    gradient = eqx.filter_grad(lambda m: jnp.sum(m(jnp.asarray(data[0])) ** 2))(model)
    assert float(jnp.max(jnp.abs(gradient.output.scale))) == 0 < abs(float(gradient.model.weight))


def test_normalised_model_survives_a_file(data, tmp_path):
    model = Normalised(eqx.nn.Lambda(jax.nn.gelu), input=GaussianNormaliser.fit(data), output=RangeNormaliser.fit(data))
    sciml.save(tmp_path / "model.sciml", model)
    loaded = sciml.load(tmp_path / "model.sciml")
    np.testing.assert_array_equal(loaded(jnp.asarray(data[0])), model(jnp.asarray(data[0])))
