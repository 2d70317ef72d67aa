"""Resampling between grids of one box."""

import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.boundary import Dirichlet, Neumann, Periodic, Sides
from sciml.fields import resample_between


def grid_of(shape, nodes):
    return sciml.Grid(
        shape,
        extent=(2.0, 1.0, (1.0, 3.0)),
        boundary=(Periodic(), Neumann(), Sides(Dirichlet(1.0), Dirichlet(-2.0))),
        nodes=("vertex", *nodes),
    )


@pytest.mark.parametrize("nodes", [("vertex", "cell"), ("chebyshev", "chebyshev"), ("cell", "chebyshev")])
def test_what_both_grids_resolve_goes_over_exactly(nodes):
    def function(x, y, z):
        s = (z - 1) / 2
        return 1 - 3 * s + np.cos(np.pi * x) * np.cos(2 * np.pi * y) * np.sin(np.pi * s)

    coarse, fine = grid_of((8, 17, 18), nodes), grid_of((12, 22, 25), ("chebyshev", "vertex"))
    up = resample_between(function(*coarse.coordinates())[None], coarse, fine)
    assert jnp.max(jnp.abs(up[0] - function(*fine.coordinates()))) < 1e-7
    back = resample_between(up, fine, coarse)
    assert jnp.max(jnp.abs(back[0] - function(*coarse.coordinates()))) < 1e-7


def test_another_box_is_refused():
    one, other = sciml.Grid((8,), extent=(1.0,)), sciml.Grid((8,), extent=(2.0,))
    with pytest.raises(ValueError, match="same extents"):
        resample_between(np.zeros((1, 8)), one, other)
