"""Derivatives of solutions, forward and reverse; transposed solves keep their preconditioners."""

import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import pytest

from sciml.solvers import (
    GCRODR,
    ConjugateGradients,
    DeflatedConjugateGradients,
    FlexibleGMRES,
    InnerSolve,
    LowPrecision,
    MinimalResidual,
    RestartedGMRES,
)

N = 40
TIGHT = {"rtol": 1e-11}
SYMMETRIC = {
    "CG": ConjugateGradients(**TIGHT),
    "flexible CG": ConjugateGradients(**TIGHT, flexible=True),
    "deflated CG": DeflatedConjugateGradients(**TIGHT, keep=3, window=8),
    "MINRES": MinimalResidual(**TIGHT),
}
GENERAL = {
    "GMRES": RestartedGMRES(**TIGHT, restart=12),
    "FGMRES": FlexibleGMRES(**TIGHT, restart=12),
    "GCRO-DR": GCRODR(**TIGHT, restart=12, keep=4),
}


# Each costs two or three compilations; those marked slow share their code with one that is not.
QUICK = ("CG", "MINRES", "GCRO-DR")
ALL = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in (*SYMMETRIC, *GENERAL)]


@pytest.fixture(scope="module")
def data():
    draw = np.random.default_rng(5)
    turn = np.linalg.qr(draw.normal(size=(N, N)))[0]
    symmetric = turn * np.geomspace(0.01, 20, N) @ turn.T
    near = np.linalg.inv(symmetric + 0.1 * np.diag(np.diag(symmetric)))
    skewed = np.diag(np.geomspace(0.02, 30, N)) @ (np.eye(N) + 0.05 * draw.normal(size=(N, N)))
    near_skewed = np.linalg.inv(skewed + 0.02 * np.diag(np.diag(skewed)) * draw.normal(size=(N, N)))
    b, direction = draw.normal(size=N), draw.normal(size=(N, N))
    return [
        jnp.asarray(a)
        for a in (0.5 * (symmetric + symmetric.T), 0.5 * (near + near.T), skewed, near_skewed, b, direction)
    ]


def pick(data, name):
    symmetric, near, skewed, near_skewed, b, direction = data
    if name in SYMMETRIC:
        tag = lx.positive_semidefinite_tag
        return SYMMETRIC[name], symmetric, near, b, direction + direction.T, tag
    return GENERAL[name], skewed, near_skewed, b, direction, ()


def solution(matrix, b, solver, near, tag):
    options = {"preconditioner": lx.MatrixLinearOperator(near, tag)}
    return lx.linear_solve(lx.MatrixLinearOperator(matrix, tag), b, solver, options=options)


@pytest.mark.parametrize("name", ALL)
def test_forward_and_reverse_are_those_of_a_dense_solve(data, name):
    solver, matrix, near, b, direction, tag = pick(data, name)
    ours = lambda matrix, b: jnp.sum(solution(matrix, b, solver, near, tag).value ** 2)  # noqa: E731
    dense = lambda matrix, b: jnp.sum(jnp.linalg.solve(matrix, b) ** 2)  # noqa: E731

    @jax.jit
    def both(matrix, b):
        forward = jax.jvp(ours, (matrix, b), (direction, jnp.cos(b)))[1]
        return forward, jax.grad(ours, argnums=(0, 1))(matrix, b)

    forward, reverse = both(matrix, b)
    wanted = jax.grad(dense, argnums=(0, 1))(matrix, b)
    along = jnp.sum(wanted[0] * direction) + jnp.sum(wanted[1] * jnp.cos(b))
    assert float(forward) == pytest.approx(float(along), rel=1e-6)
    for mine, theirs in zip(reverse, wanted):
        assert jnp.max(jnp.abs(mine - theirs)) < 1e-6 * jnp.max(jnp.abs(theirs))


@pytest.mark.parametrize("name", ALL)
def test_the_transposed_solve_takes_about_as_many_steps(data, name):
    solver, matrix, near, b, _, tag = pick(data, name)
    operator = lx.MatrixLinearOperator(matrix, tag)
    options = {"preconditioner": lx.MatrixLinearOperator(near, tag), "y0": b}

    @jax.jit
    def counts(b):
        state = solver.init(operator, options)
        turned_state, turned_options = solver.transpose(state, options)
        forward, back, bare = (
            solver.compute(*given)
            for given in (
                (state, b, {"preconditioner": options["preconditioner"]}),
                (turned_state, b, turned_options),
                (state, b, {}),
            )
        )
        return back[0], *(outcome[2]["num_steps"] for outcome in (forward, back, bare))

    value, forward, back, bare = counts(b)
    np.testing.assert_allclose(value, np.linalg.solve(np.asarray(matrix).T, b), rtol=1e-5, atol=1e-8)
    assert abs(int(back) - int(forward)) <= 3 and int(bare) > 2 * int(back)


@pytest.mark.parametrize("name", ["CG", pytest.param("GMRES", marks=pytest.mark.slow)])
def test_a_gradient_keeps_within_the_steps_of_the_solve(data, name):
    # Solves inside derivatives raise where they fail: without the preconditioner these would.
    solver, matrix, near, b, _, tag = pick(data, name)
    steps = int(solution(matrix, b, solver, near, tag).stats["num_steps"])
    few = type(solver)(rtol=1e-11, max_steps=steps + 3)
    found = jax.grad(lambda b: jnp.sum(solution(matrix, b, few, near, tag).value))(b)
    np.testing.assert_allclose(found, np.linalg.solve(np.asarray(matrix).T, np.ones(N)), rtol=1e-5, atol=1e-8)


@pytest.mark.slow
def test_a_complex_gradient(data):
    _, _, skewed, near, b, _ = data
    matrix = jnp.asarray(np.asarray(skewed) + 0.3j * np.eye(N))
    b, near = (a.astype(jnp.complex128) for a in (b, near))
    ours = lambda matrix: jnp.sum(jnp.abs(solution(matrix, b, GENERAL["GMRES"], near, ()).value) ** 2)  # noqa: E731
    dense = lambda matrix: jnp.sum(jnp.abs(jnp.linalg.solve(matrix, b)) ** 2)  # noqa: E731
    mine, theirs = jax.grad(ours)(matrix), jax.grad(dense)(matrix)
    assert jnp.max(jnp.abs(mine - theirs)) < 1e-6 * jnp.max(jnp.abs(theirs))


@pytest.mark.slow
def test_preconditioners_that_are_no_plain_operators(data):
    skewed, near_skewed, b = data[2:5]
    operator = lx.MatrixLinearOperator(skewed)
    low = LowPrecision(lx.MatrixLinearOperator(near_skewed))
    rough = InnerSolve(operator, RestartedGMRES(rtol=1e-3, restart=20, max_steps=20), {"preconditioner": low})
    wanted = np.linalg.solve(np.asarray(skewed).T, np.ones(N))

    def total(b, solver, preconditioner):
        return jnp.sum(lx.linear_solve(operator, b, solver, options={"preconditioner": preconditioner}).value)

    for solver, preconditioner in ((GENERAL["FGMRES"], rough), (GENERAL["GMRES"], low)):
        found = jax.grad(total)(b, solver, preconditioner)
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-8)
    with pytest.raises(ValueError, match=r"has no `transpose\(\)`"):
        jax.grad(total)(b, GENERAL["FGMRES"], lambda v: v / jnp.diagonal(skewed))


@pytest.mark.slow
def test_a_batch_of_gradients_equals_a_loop(data):
    symmetric, near, *_, b, _ = data
    shifts = jnp.asarray([0.0, 0.3, 2.0])
    loss = lambda shift: jnp.sum(  # noqa: E731
        solution(symmetric + shift * jnp.eye(N), b, SYMMETRIC["CG"], near, lx.positive_semidefinite_tag).value ** 2
    )
    together = jax.jit(jax.vmap(jax.grad(loss)))(shifts)
    np.testing.assert_allclose(together, [jax.grad(loss)(shift) for shift in shifts], rtol=1e-7)
