"""Fields split over devices: the same solution, with halos exchanged and no field gathered."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding, PartitionSpec

import sciml
from sciml.boundary import Dirichlet
from sciml.solvers import solve_elliptic


@pytest.mark.skipif(jax.device_count() < 2, reason="needs two devices")
def test_a_split_solve_equals_a_whole_one_and_gathers_no_field():
    grid = sciml.Grid((96, 80), extent=(1.0, 1.0), boundary=Dirichlet(), nodes="cell")
    coefficient = jnp.exp(jax.random.normal(jax.random.key(0), grid.shape))
    f = jnp.ones(grid.shape)
    mesh = sciml.parallel.domain_mesh((2,))
    rows = NamedSharding(mesh, PartitionSpec(mesh.axis_names[0]))

    def solve(coefficient, f):
        solution = solve_elliptic(grid, f, coefficient, throw=False)
        return solution.values, solution.iterations

    whole, steps = jax.jit(solve)(coefficient, f)
    split = [jax.device_put(array, rows) for array in (coefficient, f)]
    program = jax.jit(solve, out_shardings=(rows, None)).lower(*split).compile()
    values, split_steps = program(*split)
    np.testing.assert_allclose(np.asarray(values), np.asarray(whole), rtol=0, atol=1e-9 * float(jnp.abs(whole).max()))
    assert int(split_steps) == int(steps)
    text = program.as_text()
    assert "collective-permute" in text
    # Only the dense matrix of the coarsest level is gathered, in single precision.
    gathered = re.findall(r"= f64\[([\d,]+)\]\S* all-gather\(", text)
    assert not [shape for shape in gathered if np.prod([int(n) for n in shape.split(",")]) >= grid.size]
