"""Ratios of gamma functions against forty digits."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from sciml.special import log_beta, log_gamma_ratio

X = (1e-6, 0.3, 2.0, 9.5, 40.0, 1e4, 1e9, 1e15)
A = (-0.25, 1e-9, 0.5, 3.0, 60.0, 1e5)


def exact(function):
    with mpmath.workdps(60):
        return float(function())


@pytest.fixture(scope="module")
def pairs():
    kept = [(x, a) for x in X for a in A if x + a > 0]
    values = [exact(lambda x=x, a=a: mpmath.loggamma(mpmath.mpf(x) + a) - mpmath.loggamma(x)) for x, a in kept]
    return np.array(kept), np.array(values)


@pytest.mark.parametrize(("dtype", "error"), [(jnp.float64, 2e-14), (jnp.float32, 2e-5)])
def test_the_ratio_has_its_digits_at_all_sizes(pairs, dtype, error):
    points, values = pairs
    x, a = (jnp.asarray(column, dtype) for column in points.T)
    found = np.asarray(jax.jit(log_gamma_ratio)(x, a), np.float64)
    # Relative to the value, and to the larger terms of its sum near x = 0.
    scale = np.abs(values) + np.abs(np.log(points[:, 0])) * (points[:, 0] < 1) + np.abs(points[:, 1])
    assert np.max(np.abs(found - values) / scale) < error


def test_the_derivatives_are_differences_of_digamma():
    x, a = jnp.array([0.3, 7.0, 1e6]), jnp.array([2.5, 0.1, 30.0])
    by_x, by_a = jax.jit(jax.vmap(jax.grad(log_gamma_ratio, (0, 1))))(x, a)
    for i in range(3):
        upper = exact(lambda i=i: mpmath.digamma(mpmath.mpf(float(x[i])) + float(a[i])))
        lower = exact(lambda i=i: mpmath.digamma(mpmath.mpf(float(x[i]))))
        assert float(by_a[i]) == pytest.approx(upper, rel=1e-12)
        assert float(by_x[i]) == pytest.approx(upper - lower, rel=1e-9)


def test_the_beta_function_of_unequal_arguments():
    for a, b in ((2.0, 3.0), (0.5, 1e12), (1e9, 1e-3), (40.0, 40.0)):
        value = exact(lambda a=a, b=b: mpmath.log(mpmath.beta(a, b)))
        assert float(log_beta(a, b)) == pytest.approx(value, rel=1e-13)


def test_arguments_that_are_not_allowed_give_nan():
    assert jnp.all(jnp.isnan(log_gamma_ratio(jnp.array([-1.0, 2.0]), jnp.array([3.0, -2.5]))))
