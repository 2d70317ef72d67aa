"""The example matrices that come with pyamg: finite elements in two and three dimensions, a flow, a scattering problem."""

import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import pytest
import scipy.sparse.linalg
from jax.experimental import sparse

from sciml.solvers import (
    GCRODR,
    ConjugateGradients,
    DeflatedConjugateGradients,
    FlexibleGMRES,
    MinimalResidual,
    RestartedGMRES,
)

pyamg_gallery = pytest.importorskip("pyamg.gallery")
pytestmark = pytest.mark.peer


def load(name):
    matrix = pyamg_gallery.load_example(name)["A"].tocsr()
    matrix.sort_indices()
    return matrix


def operator_of(matrix, tags=()):
    entries = sparse.BCOO.from_scipy_sparse(matrix)
    structure = jax.ShapeDtypeStruct((matrix.shape[0],), entries.dtype)
    return lx.FunctionLinearOperator(lambda v: entries @ v, structure, tags)


def check(matrix, b, found, solver):
    assert np.linalg.norm(matrix @ np.asarray(found.value) - b) <= 1.0001 * solver.rtol * np.linalg.norm(b)
    assert float(found.stats["residual_norm"]) <= solver.rtol * np.linalg.norm(b)


@pytest.mark.parametrize("name", ["bar", pytest.param("local_disc_galerkin_diffusion", marks=pytest.mark.slow)])
def test_positive_definite_matrices(name):
    matrix = load(name)
    matrix = (0.5 * (matrix + matrix.T)).tocsr()
    draw = np.random.default_rng(0)
    b, near = draw.normal(size=matrix.shape[0]), 1 / matrix.diagonal()
    operator = operator_of(matrix, lx.positive_semidefinite_tag)
    jacobi = lx.TaggedLinearOperator(lx.DiagonalLinearOperator(jnp.asarray(near)), lx.positive_semidefinite_tag)
    theirs = []
    scipy.sparse.linalg.cg(matrix, b, M=scipy.sparse.diags_array(near), rtol=1e-8, callback=theirs.append)
    options, steps = {"preconditioner": jacobi}, {}
    for solver in (ConjugateGradients(rtol=1e-8), MinimalResidual(rtol=1e-8), GCRODR(rtol=1e-8, restart=60, keep=20)):
        found = lx.linear_solve(operator, jnp.asarray(b), solver, options=options)
        check(matrix, b, found, solver)
        steps[type(solver).__name__] = int(found.stats["num_steps"])
    # Round-off moves the count of a long run by some per cent.
    assert abs(steps["ConjugateGradients"] - len(theirs)) <= 2 + 0.05 * len(theirs)
    deflated = DeflatedConjugateGradients(rtol=1e-8, keep=12, window=60)
    first = lx.linear_solve(operator, jnp.asarray(b), deflated, options=options)
    again = lx.linear_solve(operator, jnp.asarray(b), deflated, options={**options, "recycle": first.stats["recycle"]})
    check(matrix, b, again, deflated)
    assert int(again.stats["num_steps"]) < int(first.stats["num_steps"])


@pytest.mark.slow
def test_a_recirculating_flow():
    matrix = load("recirc_flow")
    b = matrix @ np.ones(matrix.shape[0])
    near = lx.DiagonalLinearOperator(jnp.asarray(1 / matrix.diagonal()))
    steps = {}
    for solver in (
        RestartedGMRES(rtol=1e-9, restart=20), FlexibleGMRES(rtol=1e-9, restart=20), GCRODR(rtol=1e-9, restart=20, keep=8),
    ):  # fmt: skip
        found = lx.linear_solve(operator_of(matrix), jnp.asarray(b), solver, options={"preconditioner": near})
        check(matrix, b, found, solver)
        steps[type(solver).__name__] = int(found.stats["num_steps"])
    assert steps["GCRODR"] <= steps["RestartedGMRES"]


def test_a_complex_helmholtz_matrix():
    matrix = load("helmholtz_2D")
    b = matrix @ np.exp(1j * np.arange(matrix.shape[0]))
    near = lx.DiagonalLinearOperator(jnp.asarray(1 / matrix.diagonal()))
    solver = GCRODR(rtol=1e-6, restart=80, keep=30)
    found = lx.linear_solve(operator_of(matrix), jnp.asarray(b), solver, options={"preconditioner": near}, throw=False)
    plain = lx.linear_solve(operator_of(matrix), jnp.asarray(b), RestartedGMRES(rtol=1e-6, restart=80, max_steps=4000),
                            options={"preconditioner": near}, throw=False)  # fmt: skip
    check(matrix, b, found, solver)
    assert int(found.stats["matvecs"]) < int(plain.stats["matvecs"])
