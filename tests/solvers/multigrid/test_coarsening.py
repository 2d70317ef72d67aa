"""Stencils, transfers and Galerkin products against dense matrices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.solvers.multigrid import Chebyshev, Multigrid, StencilOperator, axis_transfer, galerkin
from sciml.solvers.multigrid.hierarchy import set_up
from sciml.solvers.multigrid.scanned import scanned_levels
from sciml.solvers.multigrid.stencil import half_offsets

CASES = [
    ((7,), (False,)),
    ((8,), (True,)),
    ((7, 6), (False, False)),
    ((6, 7), (True, False)),
    ((5, 4, 3), (False,) * 3),
]


def random_operator(shape, periodic, seed=0):
    """Couplings of all neighbours, of either sign, none across walls; diagonally dominant."""
    rng = np.random.default_rng(seed)
    links = {}
    for offset in half_offsets(len(shape)):
        link = -rng.uniform(0.5, 1.5, shape)
        for axis, step in enumerate(offset):
            if step and not periodic[axis]:
                where = [slice(None)] * len(shape)
                where[axis] = -1 if step > 0 else 0
                link[tuple(where)] = 0.0
        links[offset] = jnp.asarray(link)
    centre = jnp.asarray(rng.uniform(2.0, 3.0, shape) * 3 ** len(shape))
    return StencilOperator.make(centre, links, periodic=periodic)


def dense_transfer(transfer, coarse_shape, fine_shape):
    unit = jnp.eye(int(np.prod(coarse_shape))).reshape(-1, *coarse_shape)
    return np.asarray(jax.vmap(transfer.prolong)(unit)).reshape(-1, int(np.prod(fine_shape))).T


@pytest.mark.parametrize(("shape", "periodic"), CASES)
def test_a_stencil_is_the_symmetric_matrix_of_its_links(shape, periodic):
    operator = random_operator(shape, periodic)
    matrix = np.asarray(operator.as_matrix())
    expected = np.zeros_like(matrix)
    index = np.arange(matrix.shape[0]).reshape(shape)
    for offset in half_offsets(len(shape)):
        link = np.asarray(operator.entry(offset))
        for node in np.ndindex(*shape):
            other = tuple((n + s) % size for n, s, size in zip(node, offset, shape))
            expected[index[node], index[other]] += link[node]
            expected[index[other], index[node]] += link[node]
    expected[np.arange(len(matrix)), np.arange(len(matrix))] += np.asarray(operator.centre).ravel()
    np.testing.assert_allclose(matrix, expected, atol=1e-14)


@pytest.mark.parametrize("interpolation", ["operator", "linear"])
@pytest.mark.parametrize(("shape", "periodic"), CASES)
def test_galerkin_products_equal_dense_ones_and_transfers_are_adjoint(shape, periodic, interpolation):
    operator = random_operator(shape, periodic)
    for axis in range(len(shape)):
        if periodic[axis] and shape[axis] % 2:
            continue
        transfer = axis_transfer(operator, axis, interpolation)
        coarse = galerkin(operator, transfer)
        prolongation = dense_transfer(transfer, coarse.shape, shape)
        expected = prolongation.T @ np.asarray(operator.as_matrix()) @ prolongation
        np.testing.assert_allclose(np.asarray(coarse.as_matrix()), expected, atol=1e-12)
        values = np.random.default_rng(1).normal(size=shape)
        restricted = np.asarray(transfer.restrict(jnp.asarray(values))).ravel()
        np.testing.assert_allclose(restricted, prolongation.T @ values.ravel(), atol=1e-13)


def test_interpolation_keeps_constants_away_from_walls_and_follows_jumps():
    K = jnp.asarray([1.0, 1.0, 1.0, 1000.0, 1000.0, 1000.0, 1000.0])
    face = 2 * K * jnp.roll(K, -1) / (K + jnp.roll(K, -1))
    link = (-face).at[-1].set(0.0)
    centre = face + jnp.roll(face, 1)
    transfer = axis_transfer(StencilOperator.make(centre, {(1,): link}), 0, "operator")
    fine = np.asarray(transfer.prolong(jnp.asarray([0.0, 1.0, 1.0, 1.0])))
    assert fine[2] == fine[3] == fine[4] == 1.0
    # Node 1 lies between equal conductances, and the flux 0 -> 2 is the same on both faces.
    np.testing.assert_allclose(fine[1], 0.5, atol=1e-12)
    np.testing.assert_allclose(float(face[0] * (fine[1] - fine[0])), float(face[1] * (fine[2] - fine[1])), rtol=1e-12)


@pytest.mark.parametrize("shape", [(33, 33), (40, 33), (17, 17, 17)])
def test_levels_from_the_loop_equal_levels_set_up_one_by_one(shape):
    operator = random_operator(shape, (False,) * len(shape))
    everything = tuple(range(len(shape)))
    plain = set_up(operator, Chebyshev(), coarsest=30, axes=[everything] * 20)
    looped = set_up(operator, Chebyshev(), coarsest=30)
    assert plain.shapes == looped.shapes
    assert len(looped.levels) >= 3
    f = jnp.asarray(np.random.default_rng(2).normal(size=shape))
    one, other = Multigrid().run(plain, f), Multigrid().run(looped, f)
    np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=0, atol=1e-12 * float(jnp.abs(one).max()))


def test_the_loop_sets_up_the_stated_shapes():
    levels = scanned_levels(random_operator((12, 9), (False, False)), "operator", 20)
    assert [operator.shape for operator in levels.operators] == [(12, 9), (6, 5), (3, 3)]


def test_links_that_do_not_fit_are_refused():
    centre = jnp.ones((3, 3))
    with pytest.raises(ValueError, match=r"offset \(-1, 0\)"):
        StencilOperator.make(centre, {(-1, 0): centre})
    with pytest.raises(ValueError, match="shape"):
        StencilOperator.make(centre, {(1, 0): jnp.ones((2, 3))})
