"""Grids and boundary conditions."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sciml
from sciml.boundary import Dirichlet, Neumann, Periodic, Robin, Sides


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.integers(2, 9), min_size=1, max_size=3),
    lower=st.floats(-5, 5),
    length=st.floats(0.1, 10),
    nodes=st.sampled_from(["vertex", "cell"]),
    bounded=st.booleans(),
)
def test_nodes_lie_in_the_box_at_equal_distance(counts, lower, length, nodes, bounded):
    grid = sciml.Grid(
        counts,
        extent=[(lower, lower + length)] * len(counts),
        boundary=Dirichlet() if bounded else Periodic(),
        nodes=nodes,
    )
    for axis, count in zip(grid.axes, counts):
        x = axis.coordinates()
        assert x.shape == (count,)
        np.testing.assert_allclose(np.diff(x), axis.spacing, rtol=1e-9)
        assert x[0] >= axis.lower - 1e-12 and x[-1] <= axis.upper + 1e-9
        touches_upper_end = abs(x[-1] - axis.upper) < 1e-9 * max(1, abs(axis.upper))
        assert touches_upper_end == (bounded and nodes == "vertex")


def test_chebyshev_nodes_are_the_extrema():
    grid = sciml.Grid((5,), extent=((-1.0, 1.0),), boundary=Dirichlet(), nodes="chebyshev")
    np.testing.assert_allclose(grid.axes[0].coordinates(), -np.cos(np.pi * np.arange(5) / 4), atol=1e-15)


def test_points_run_over_the_last_axis_fastest():
    grid = sciml.Grid((2, 3), extent=(2.0, 3.0))
    np.testing.assert_array_equal(grid.points()[:4], [[0, 0], [0, 1], [0, 2], [1, 0]])


def test_grid_is_static_hashable_and_changes_shape():
    grid = sciml.Grid((8, 4), extent=(1.0, (-1.0, 1.0)))
    assert jax.tree.leaves(grid) == []
    assert hash(grid) == hash(sciml.Grid((8, 4), extent=(1.0, (-1.0, 1.0))))
    assert grid.with_shape((4, 2)).lengths == grid.lengths
    assert grid.volume == 2.0 and grid.size == 32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(shape=(), extent=()), "empty"),
        (dict(shape=(8, 8), extent=(1.0,)), "one entry per axis"),
        (dict(shape=(8,), extent=((1.0, 0.0),)), "lower < upper"),
        (dict(shape=(0,), extent=(1.0,)), "at least 1"),
        (dict(shape=(8,), extent=(1.0,), nodes="chebyshev"), "bounded axis"),
        (dict(shape=(8, 8), extent=(1.0, 1.0), boundary=[Periodic()]), "`boundary`"),
    ],
)
def test_misuse_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        sciml.Grid(arguments.pop("shape"), **arguments)


def test_boundaries_refuse_nonsense():
    with pytest.raises(ValueError, match="both be zero"):
        Robin(0.0, 0.0)
    with pytest.raises(ValueError, match="each side"):
        Sides(lower=Periodic(), upper=Neumann())
