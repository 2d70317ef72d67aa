"""Distances between samples: closed forms, SciPy, unequal sizes, gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from sciml.metrics import energy_distance, maximum_mean_discrepancy, sliced_wasserstein2, wasserstein2

KEYS = jax.random.split(jax.random.key(0), 3)
X, Y = (jax.random.normal(key, (400, 2)) for key in KEYS[:2])
SHIFT = jnp.asarray([[3.0, -4.0]])


def test_a_shift_is_its_own_distance():
    np.testing.assert_allclose(wasserstein2(X, X[::-1] + SHIFT), 5.0, rtol=1e-12)
    # The mean square of the projection of a unit vector on random directions of the plane is one half.
    found = sliced_wasserstein2(X, X + SHIFT, projections=2000, key=KEYS[2])
    np.testing.assert_allclose(found * 2**0.5, 5.0, rtol=0.05)


def test_widths_of_gaussians():
    grid = scipy.stats.norm.ppf((np.arange(400) + 0.5) / 400)
    line, wider = jnp.asarray(grid)[:, None], jnp.asarray(2.5 * grid)[:, None]
    np.testing.assert_allclose(wasserstein2(line, wider), 1.5 * np.sqrt(np.mean(grid**2)), rtol=1e-12)
    np.testing.assert_allclose(sliced_wasserstein2(line, wider, key=KEYS[2]), wasserstein2(line, wider), rtol=1e-9)


def test_samples_of_unequal_number():
    few, many = X[:100], jnp.concatenate([X[:100]] * 3)
    assert sliced_wasserstein2(few, many, key=KEYS[2]) < 0.1
    with pytest.raises(ValueError, match=r"got \(100, 2\) and \(100, 1\)"):
        wasserstein2(few, few[:, :1])


def test_energy_distance_is_that_of_scipy_without_its_bias():
    x, y = X[:, :1], Y[:100, :1] + 0.5
    biased = scipy.stats.energy_distance(x[:, 0], y[:, 0]) ** 2
    pairs = [np.abs(np.asarray(z) - np.asarray(z).T) for z in (x, y)]
    extra = sum(p.mean() - p.sum() / (len(p) * (len(p) - 1)) for p in pairs)
    np.testing.assert_allclose(energy_distance(x, y), biased + extra, rtol=1e-10)


@pytest.mark.parametrize("distance", [energy_distance, maximum_mean_discrepancy])
def test_equal_laws_are_close_others_are_not_and_the_gradient_is_finite(distance):
    values = [float(distance(X, Y + shift)) for shift in (0.0, 0.5, 1.0)]
    assert abs(values[0]) < 0.02 < values[1] < values[2]
    slopes = jax.grad(lambda shift: distance(X, X + shift))(jnp.asarray([[0.3, 0.0]]))
    assert bool(jnp.isfinite(slopes).all()) and slopes[0, 0] > 0
    assert bool(jnp.isfinite(jax.grad(lambda x: distance(x, Y))(X)).all())


def test_the_discrepancy_has_a_closed_form_for_gaussians():
    """Two normal laws a distance m apart: `2 (1 - exp(-m^2 / (2 (w^2 + 2)))) (w^2 / (w^2 + 2))^(d/2)` for one kernel of width w."""
    rng = np.random.default_rng(3)
    x, y = (jnp.asarray(rng.normal(size=(3000, 2)) + m) for m in (0.0, 1.0))
    truth = 2 * (1 - np.exp(-2 / (2 * 3))) * (1 / 3)
    np.testing.assert_allclose(maximum_mean_discrepancy(x, y, bandwidths=(1.0,)), truth, rtol=0.1)
