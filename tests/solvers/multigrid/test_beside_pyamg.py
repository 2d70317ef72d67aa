"""The same matrices solved by pyamg's Ruge-Stueben multigrid: equal solutions, iterations that need not hide."""

import functools

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sparse
from scipy.ndimage import gaussian_filter

import sciml
from sciml.boundary import Dirichlet
from sciml.solvers import solve_elliptic
from sciml.solvers.multigrid import finite_volumes

pyamg = pytest.importorskip("pyamg")
pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]

GRID = sciml.Grid((64, 64), extent=(1.0, 1.0), boundary=Dirichlet(), nodes="cell")
KINDS = {
    "constant": jnp.ones_like,
    "lognormal": jnp.exp,
    "lognormal, s=3": lambda g: jnp.exp(3 * g),
    "12/3": lambda g: jnp.where(g > 0, 12.0, 3.0),
    "contrast 1e4": lambda g: jnp.where(g > 0, 1e4, 1.0),
}


@functools.cache
def noise(seed):
    """Smoothed noise of unit variance with a correlation length of two cells: rough, as in the known tables."""
    values = gaussian_filter(np.random.default_rng(seed).standard_normal(GRID.shape), 2.0, mode="wrap")
    return jnp.asarray(values / values.std())


def matrix_of(operator):
    """The operator as a SciPy matrix."""
    index = np.arange(operator.size).reshape(operator.shape)
    parts = [(index, index, np.asarray(operator.centre))]
    for offset in operator.offsets:
        link, there = np.asarray(operator.entry(offset)), np.roll(index, [-step for step in offset], (0, 1))
        parts += [(index, there, link), (there, index, link)]
    rows, columns, entries = (np.concatenate([part[k].ravel() for part in parts]) for k in range(3))
    matrix = sparse.csr_matrix((entries, (rows, columns)))
    matrix.eliminate_zeros()
    return matrix


@pytest.mark.parametrize("kind", KINDS)
def test_solutions_are_equal_and_iterations_at_most_two_more(kind):
    ours, theirs = [], []
    for seed in range(3):
        coefficient = KINDS[kind](noise(seed))
        volumes = finite_volumes(GRID, coefficient)
        matrix, load = matrix_of(volumes.operator), np.ones(GRID.size)
        residuals = []
        peer = pyamg.ruge_stuben_solver(matrix).solve(load, tol=1e-8, accel="cg", residuals=residuals)
        solution = solve_elliptic(GRID, jnp.ones(GRID.shape), coefficient)
        values = np.asarray(solution.values).ravel()
        exact = sparse.linalg.spsolve(matrix.tocsc(), load)
        assert np.abs(values - exact).max() < 1e-6 * np.abs(exact).max()
        assert np.abs(values - peer).max() < 2e-6 * np.abs(exact).max()
        ours.append(int(solution.iterations))
        theirs.append(len(residuals) - 1)
    assert np.mean(ours) <= np.mean(theirs) + 2
