"""The von Mises-Fisher law: normaliser, samples, fits in up to 32768 dimensions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.special import VonMisesFisher, concentration_of, fit_von_mises_fisher

LAW = VonMisesFisher(jnp.asarray([0.0, 0.6, 0.8]), jnp.asarray(5.0))


@pytest.fixture(scope="module")
def points():
    return jax.jit(lambda key: LAW.sample(20000, key=key))(jax.random.key(0))


def test_the_normaliser_in_three_dimensions_and_of_the_uniform_law():
    np.testing.assert_allclose(LAW.log_normaliser, np.log(5 / (4 * np.pi * np.sinh(5))), rtol=1e-13)
    flat = VonMisesFisher(LAW.mean, jnp.asarray(0.0))
    np.testing.assert_allclose(flat.log_normaliser, -np.log(4 * np.pi), rtol=1e-13)
    assert flat.resultant_length == 0
    slope = jax.grad(lambda k: VonMisesFisher(LAW.mean, k).log_normaliser)(jnp.asarray(5.0))
    np.testing.assert_allclose(slope, -LAW.resultant_length, rtol=1e-12)


def test_samples_have_the_moments_and_the_entropy(points):
    np.testing.assert_allclose(jnp.linalg.norm(points, axis=1), 1, rtol=1e-10)
    np.testing.assert_allclose(points.mean(axis=0), LAW.resultant_length * LAW.mean, atol=0.015)
    found = -jax.vmap(LAW.log_prob)(points)
    np.testing.assert_allclose(found.mean(), LAW.entropy(), atol=4 * float(found.std()) / 20000**0.5)


def test_the_divergence_is_the_mean_of_the_difference_of_logarithms(points):
    other = VonMisesFisher(jnp.asarray([1.0, 0.0, 0.0]), jnp.asarray(2.0))
    found = jax.vmap(LAW.log_prob)(points) - jax.vmap(other.log_prob)(points)
    np.testing.assert_allclose(found.mean(), LAW.kl_divergence(other), atol=4 * float(found.std()) / 20000**0.5)
    np.testing.assert_allclose(LAW.kl_divergence(LAW), 0, atol=1e-12)


@pytest.mark.parametrize(
    ("dimension", "length", "concentration"),
    [
        (2048, 0.3, 675.11042818507),
        (2048, 0.5, 1365.0667417077),
        (2048, 0.9, 9696.8130522632),
        (8192, 0.5, 5461.0666854192),
        (32768, 0.3, 10802.58292379),
        (32768, 0.9, 155212.6025023),
    ],
)
def test_concentrations_of_greatest_likelihood(dimension, length, concentration):
    np.testing.assert_allclose(concentration_of(jnp.asarray(length), dimension), concentration, rtol=1e-12)


def test_the_concentration_is_differentiated_as_an_implicit_function():
    def found(length):
        return concentration_of(length, 2048)

    slope = jax.grad(found)(0.5)
    np.testing.assert_allclose(slope, (found(0.5 + 1e-5) - found(0.5 - 1e-5)) / 2e-5, rtol=1e-6)
    bend = jax.grad(jax.grad(found))(0.5)
    np.testing.assert_allclose(bend, (jax.grad(found)(0.5 + 1e-5) - jax.grad(found)(0.5 - 1e-5)) / 2e-5, rtol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_fits_recover_the_law_in_2048_dimensions(seed):
    keys = jax.random.split(jax.random.key(seed))
    mean = jax.random.normal(keys[0], (2048,))
    law = VonMisesFisher(mean / jnp.linalg.norm(mean), jnp.asarray(1365.0))
    points = jax.jit(lambda key: law.sample(200, key=key))(keys[1])
    plain, corrected = fit_von_mises_fisher(points), fit_von_mises_fisher(points, unbiased=True)
    # Fisher information of the concentration is the variance of the component along the mean.
    ratio = float(law.resultant_length)
    deviation = 1 / (200 * (1 - ratio**2 - 2047 * ratio / 1365)) ** 0.5
    assert abs(float(corrected.concentration) - 1365) < 4 * deviation
    assert float(plain.concentration) > float(corrected.concentration) + 2 * deviation
    assert float(jnp.sum(corrected.mean * law.mean)) > 0.9


def test_points_without_a_direction_have_no_concentration():
    points = jnp.asarray([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    assert fit_von_mises_fisher(points, unbiased=True).concentration == 0
    np.testing.assert_allclose(jax.grad(lambda r: concentration_of(r, 3))(0.0), 3, rtol=1e-6)
    np.testing.assert_allclose(jax.grad(lambda r: concentration_of(r, 3))(1e-4), 3, rtol=1e-4)
    with pytest.raises(ValueError, match="two points or more"):
        fit_von_mises_fisher(points[:1], unbiased=True)


def test_the_law_is_a_pytree_and_single_precision_stays_single():
    law = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), LAW)
    assert law.sample(4, key=jax.random.key(1)).dtype == law.log_prob(law.mean).dtype == jnp.float32
    np.testing.assert_allclose(law.entropy(), LAW.entropy(), rtol=1e-5)


def test_vectors_of_one_component_are_refused():
    with pytest.raises(ValueError, match="two components or more"):
        fit_von_mises_fisher(jnp.ones((3, 1)))
