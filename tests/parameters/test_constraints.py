"""Constraints: there and back, Jacobians against automatic ones; priors: densities integrate to one and belong to their draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from sciml.parameters import Gamma, HalfNormal, Interval, LogNormal, Normal, Ordered, Positive, Real, Simplex, Uniform

CONSTRAINTS = [
    (Real(), [-1.0, 0.0, 2.0]),
    (Positive(), [1e-3, 1.0, 20.0]),
    (Positive(lower=1.0), [1.1, 2.0, 20.0]),
    (Interval(-1.0, 3.0), [-0.9, 0.0, 2.9]),
    (Simplex(), [0.2, 0.5, 0.3]),
    (Ordered(), [-1.0, 0.5, 0.6]),
]


@pytest.mark.parametrize(("constraint", "value"), CONSTRAINTS, ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_there_and_back(constraint, value, dtype):
    value = jnp.array(value, dtype)
    free = constraint.unconstrain(value)
    assert free.dtype == dtype and free.shape == constraint.free_shape(value.shape)
    np.testing.assert_allclose(constraint.constrain(free), value, rtol=1e-5 if dtype == jnp.float32 else 1e-12)


@pytest.mark.parametrize(("constraint", "value"), CONSTRAINTS, ids=lambda x: type(x).__name__)
def test_the_log_jacobian_is_that_of_the_map(constraint, value):
    free = constraint.unconstrain(jnp.array(value)) + 0.3
    matrix = np.asarray(jax.jacfwd(constraint.constrain)(free))[: free.size]
    np.testing.assert_allclose(constraint.log_jacobian(free), np.linalg.slogdet(matrix)[1], rtol=1e-10)


def test_far_free_numbers_have_a_finite_jacobian():
    assert np.isfinite(Interval(0.0, 2.0).log_jacobian(jnp.array([-800.0, 800.0])))


@pytest.mark.parametrize(
    ("prior", "law"),
    [
        (Normal(1.0, 2.0), stats.norm(1.0, 2.0)),
        (LogNormal(3.0, 0.5), stats.lognorm(0.5, scale=3.0)),
        (Gamma(2.5, 4.0), stats.gamma(2.5, scale=0.25)),
        (HalfNormal(0.7), stats.halfnorm(scale=0.7)),
        (Uniform(-1.0, 2.0), stats.uniform(-1.0, 3.0)),
    ],
    ids=lambda x: type(x).__name__,
)
def test_priors_against_scipy(prior, law):
    at = jnp.array([0.3, 0.8, 1.7])
    np.testing.assert_allclose(prior.log_prob(at), law.logpdf(np.asarray(at)).sum(), rtol=1e-12)
    draws = prior.sample(jnp.zeros(2000), key=jax.random.key(1))
    # Two thousand exact draws exceed 0.0415 with probability 0.2 %.
    assert stats.kstest(np.asarray(draws), law.cdf).statistic < 0.0415
    assert prior.sample(jnp.zeros(2, jnp.float32), key=jax.random.key(2)).dtype == jnp.float32
    assert prior.log_prob(at.astype(jnp.float32)).dtype == jnp.float32
    assert np.all(np.isfinite(prior.support().unconstrain(draws)))


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="must be below"):
        Interval(1.0, 1.0)
    with pytest.raises(ValueError, match="Simplex"):
        Simplex().free_shape(())
    with pytest.raises(ValueError, match="Ordered"):
        Ordered().free_shape(())
