"""Distances between normal laws, against closed forms and SciPy's matrix roots."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from sciml.metrics import squared_bures_wasserstein, unexplained_variance


def test_the_distance_is_that_of_the_matrix_roots_and_symmetric():
    rng = np.random.default_rng(0)
    means = rng.normal(size=(2, 4, 3))
    roots = rng.normal(size=(2, 4, 3, 3))
    covariances = roots @ np.swapaxes(roots, -1, -2)
    first, second = ((m, c) for m, c in zip(means, covariances))
    found = squared_bures_wasserstein(first, second)
    expected = []
    for mean, other, left, right in zip(*means, *covariances):
        half = np.real(sqrtm(left))
        cross = np.real(sqrtm(half @ right @ half))
        expected.append(np.sum((mean - other) ** 2) + np.trace(left + right - 2 * cross))
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    np.testing.assert_allclose(squared_bures_wasserstein(second, first), found, rtol=1e-9)
    np.testing.assert_allclose(squared_bures_wasserstein(first, first), 0, atol=1e-9)


def test_points_have_the_distance_of_points():
    flat = np.zeros((2, 2))
    assert float(squared_bures_wasserstein((np.zeros(2), flat), (np.asarray([3.0, 4.0]), flat))) == 25.0
    # A point and a normal law: the spread counts in full.
    np.testing.assert_allclose(squared_bures_wasserstein((np.zeros(2), flat), (np.zeros(2), 2 * np.eye(2))), 4.0)


def test_a_variance_that_is_none_is_refused():
    law = (np.zeros((1, 2)), np.zeros((1, 2, 2)))
    with pytest.raises(ValueError, match=r"`variance` must be positive, got 0.0"):
        unexplained_variance(law, law, 0.0)
