"""Collocation points: in the box, stratified where promised, better than chance, the same under jit."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.sampling import boundary_points, halton_points, latin_hypercube_points, sobol_points, uniform_points

BOX = [(-1.0, 1.0), (0.0, 3.0)]
ALL = [uniform_points, latin_hypercube_points, halton_points, sobol_points]


@pytest.mark.parametrize("sampler", ALL)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_points_fill_the_box(sampler, dtype):
    points = jax.jit(lambda key: sampler(BOX, 64, dtype=dtype, key=key))(jax.random.key(0))
    assert points.shape == (64, 2) and points.dtype == dtype
    for axis, (lower, upper) in enumerate(BOX):
        column = np.asarray(points[:, axis])
        assert lower <= column.min() and column.max() <= upper
        assert column.max() - column.min() > 0.8 * (upper - lower)
    other = sampler(BOX, 64, dtype=dtype, key=jax.random.key(1))
    assert not np.array_equal(points, other)


@pytest.mark.parametrize("sampler", ALL)
def test_a_grid_stands_for_its_box(sampler):
    grid = sciml.Grid((4, 4), extent=BOX)
    np.testing.assert_array_equal(sampler(grid, 8, key=jax.random.key(0)), sampler(BOX, 8, key=jax.random.key(0)))


def test_latin_hypercube_has_one_point_per_slice():
    points = np.asarray(latin_hypercube_points(BOX, 37, dtype="float64", key=jax.random.key(2)))
    for axis, (lower, upper) in enumerate(BOX):
        slices = np.floor(37 * (points[:, axis] - lower) / (upper - lower))
        np.testing.assert_array_equal(np.sort(slices), np.arange(37))
    assert not np.array_equal(np.argsort(points[:, 0]), np.argsort(points[:, 1]))


@pytest.mark.parametrize("sampler", [halton_points, sobol_points])
def test_low_discrepancy_beats_chance_in_quadrature(sampler):
    def error(method, count, key):
        points = method([(0.0, 1.0)] * 2, count, dtype="float64", key=key)
        return jnp.mean(jnp.prod(jnp.exp(points), axis=1)) - (math.e - 1) ** 2

    keys = jax.random.split(jax.random.key(3), 20)

    def typical(method, count):
        return float(jnp.sqrt(jnp.mean(jax.vmap(lambda key: error(method, count, key))(keys) ** 2)))

    assert typical(sampler, 512) < 0.15 * typical(uniform_points, 512)
    assert typical(sampler, 64) / typical(sampler, 1024) > 8  # chance alone would give 4


def test_boundary_points_lie_on_faces_by_area():
    points, normals = boundary_points([(0.0, 1.0), (0.0, 3.0)], 4000, dtype="float64", key=jax.random.key(4))
    points, normals = np.asarray(points), np.asarray(normals)
    np.testing.assert_array_equal(np.abs(normals).sum(axis=1), 1)
    ends = np.where(normals > 0, np.array([1.0, 3.0]), 0.0)
    np.testing.assert_array_equal(points[normals != 0], ends[normals != 0])
    assert abs(np.mean(normals[:, 0] != 0) - 0.75) < 4 * math.sqrt(0.75 * 0.25 / 4000)


@pytest.mark.parametrize(
    ("box", "count", "words"), [([(1.0, 0.0)], 4, "lower < upper"), ([], 4, "box"), (BOX, 0, "count")]
)
def test_misuse_is_refused(box, count, words):
    with pytest.raises(ValueError, match=words):
        uniform_points(box, count, key=jax.random.key(0))


def test_halton_names_its_limit():
    with pytest.raises(ValueError, match="sobol_points"):
        halton_points([(0.0, 1.0)] * 13, 4, key=jax.random.key(0))
