"""Laws of single observations, beside scipy's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from sciml.gp import Bernoulli, GaussianLikelihood, PoissonLikelihood, StudentTLikelihood, Tobit
from sciml.gp.likelihoods.quadrature import normal_expectation

LATENT = jnp.array([-2.0, -0.3, 0.1, 1.4])
REAL = jnp.array([-0.5, -0.2, 0.3, 1.0])


def tobit(law, values, latent):
    """Piece by piece, as the definition reads."""
    noise = scipy.stats.norm(latent, 0.5)
    result = np.where(values <= -0.5, noise.logcdf(-0.5), noise.logpdf(values))
    return np.where(values >= 1.0, noise.logsf(1.0), result)


CASES = [
    (GaussianLikelihood(0.25), REAL, lambda law, y, f: scipy.stats.norm(f, 0.5).logpdf(y)),
    (Bernoulli(), jnp.array([0, 1, 1, 0]), lambda law, y, f: scipy.stats.bernoulli(1 / (1 + np.exp(-f))).logpmf(y)),
    (
        Bernoulli("probit"),
        jnp.array([True, False, True, False]),
        lambda law, y, f: scipy.stats.bernoulli(scipy.stats.norm.cdf(f)).logpmf(y),
    ),
    (PoissonLikelihood(), jnp.array([0, 1, 3, 7]), lambda law, y, f: scipy.stats.poisson(np.exp(f)).logpmf(y)),
    (StudentTLikelihood(0.5, 4.0), REAL, lambda law, y, f: scipy.stats.t(4.0, f, 0.5).logpdf(y)),
    (Tobit(0.25, -0.5, 1.0), REAL, tobit),
]


@pytest.mark.parametrize(("law", "values", "expected"), CASES, ids=lambda case: type(case).__name__)
def test_log_probabilities_are_those_of_scipy(law, values, expected):
    np.testing.assert_allclose(
        law.log_prob(values, LATENT), expected(law, np.asarray(values), np.asarray(LATENT)), rtol=1e-12, atol=1e-14
    )
    single = law.log_prob(values, LATENT.astype(jnp.float32))
    assert single.dtype == jnp.float32
    np.testing.assert_allclose(single, law.log_prob(values, LATENT), rtol=1e-5, atol=1e-6)


def test_moments_are_those_of_draws():
    """Of what is recorded, and of the classes: scipy has no such laws, so 200,000 draws; five standard errors."""
    normals = np.random.default_rng(0).standard_normal((200_000, 4))
    latent = np.asarray(LATENT)
    draws = [
        (Tobit(0.25, -0.5, 1.0), np.clip(latent + 0.5 * normals, -0.5, 1.0)),
        (Tobit(0.25, lower=-0.5), np.maximum(latent + 0.5 * normals, -0.5)),
        (Bernoulli("probit"), (normals < latent).astype(float)),
    ]
    for law, drawn in draws:
        error = drawn.std(0) / 200_000**0.5
        assert (abs(drawn.mean(0) - law.mean(LATENT)) < 5 * error).all()
        spread = ((drawn - drawn.mean(0)) ** 2).std(0) / 200_000**0.5
        assert (abs(drawn.var(0) - law.variance(LATENT)) < 5 * spread).all()


def test_without_limits_tobit_is_gaussian_and_at_far_limits_it_stays_finite():
    gaussian = GaussianLikelihood(0.25)
    np.testing.assert_array_equal(Tobit(0.25).log_prob(REAL, LATENT), gaussian.log_prob(REAL, LATENT))
    np.testing.assert_allclose(Tobit(0.25, -50.0, 50.0).variance(LATENT), gaussian.variance(LATENT), rtol=1e-12)
    far = jnp.array([40.0, 200.0])

    def cut(latent):
        return Tobit(0.25, lower=0.0).log_prob(jnp.zeros(2), latent).sum()

    # Far below the limit the logarithm falls like that of the density: slope -f / s^2, curvature -1 / s^2.
    np.testing.assert_allclose(jax.grad(cut)(far), -4 * far, rtol=1e-3)
    np.testing.assert_allclose(jax.jvp(jax.grad(cut), (far,), (jnp.ones(2),))[1], -4.0, rtol=1e-3)


def test_closed_forms_are_what_quadrature_gives():
    variance = jnp.array([0.1, 0.5, 1.0, 0.3])
    for law, values in ((GaussianLikelihood(0.25), REAL), (PoissonLikelihood(), jnp.array([0, 1, 3, 7]))):
        by_rule = normal_expectation(lambda f, law=law, values=values: law.log_prob(values, f), LATENT, variance)
        np.testing.assert_allclose(law.expected_log_prob(values, LATENT, variance), by_rule, rtol=1e-10)
    mean, spread = PoissonLikelihood().predict(LATENT, variance)
    log_normal = scipy.stats.lognorm(np.sqrt(variance), scale=np.exp(LATENT))
    np.testing.assert_allclose(mean, log_normal.mean(), rtol=1e-10)
    np.testing.assert_allclose(spread, log_normal.mean() + log_normal.var(), rtol=1e-6)


def test_moments_that_do_not_exist_and_limits_that_cross():
    assert jnp.isinf(StudentTLikelihood(1.0, 2.0).variance(LATENT)).all()
    assert jnp.isnan(StudentTLikelihood(1.0, 1.0).mean(LATENT)).all()
    with pytest.raises(ValueError, match=r"`lower` must be below `upper`, got 1\.0 and 0\.0"):
        Tobit(0.1, 1.0, 0.0)
