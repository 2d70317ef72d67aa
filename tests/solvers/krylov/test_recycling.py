"""GCRO-DR and deflated conjugate gradients: what the recycled space is, and what it saves."""

import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import pytest

from sciml.solvers import GCRODR, ConjugateGradients, DeflatedConjugateGradients, RecycleState, RestartedGMRES

N = 60
SPLIT = np.concatenate([[1e-3, 2e-3, 5e-3], np.linspace(1, 3, N - 3)])
TAG = lx.positive_semidefinite_tag


@pytest.fixture(scope="module")
def skewed():
    draw = np.random.default_rng(0)
    matrix = np.diag(np.linspace(0.02, 3, N)) + 0.02 * draw.normal(size=(N, N))
    return jnp.asarray(matrix), jnp.asarray(draw.normal(size=N))


def solve(matrix, b, solver, throw=True, tags=(), **options):
    return lx.linear_solve(lx.MatrixLinearOperator(matrix, tags), b, solver, options=options, throw=throw)


def check_space(matrix, state):
    k = state.vectors.shape[0]
    assert bool(state.active)
    assert jnp.max(jnp.abs(jnp.conj(state.images) @ state.images.T - jnp.eye(k, dtype=matrix.dtype))) < 1e-10
    assert jnp.max(jnp.abs(state.vectors @ matrix.T - state.images)) < 1e-10


@pytest.mark.parametrize("kind", [pytest.param("real", marks=pytest.mark.slow), "complex", "preconditioned"])
def test_the_space_holds_its_images_after_every_cycle(skewed, kind):
    matrix, b = skewed
    if kind == "complex":
        matrix, b = jnp.asarray(np.asarray(matrix) * (1 + 0.5j) + 0.1j * np.eye(N)), b.astype(jnp.complex128)
    options = {}
    if kind == "preconditioned":
        options["preconditioner"] = lx.DiagonalLinearOperator(1 / jnp.sqrt(jnp.diagonal(matrix)))
    for most in (16, 26):
        found = solve(matrix, b, GCRODR(rtol=1e-14, restart=16, keep=6, max_steps=most), throw=False, **options)
        assert int(found.stats["num_steps"]) == most
        check_space(matrix, found.stats["recycle"])
        # What the last cycle has minimised is orthogonal to the image of the space that it leaves.
        residual = b - matrix @ found.value
        share = jnp.conj(found.stats["recycle"].images) @ residual
        assert jnp.linalg.norm(share) < 1e-10 * jnp.linalg.norm(b)


def test_the_first_cycle_without_a_space_is_that_of_gmres(skewed):
    matrix, b = skewed
    for most in (5, 16):
        plain = solve(matrix, b, RestartedGMRES(rtol=1e-12, restart=16, max_steps=most), throw=False)
        fresh = solve(matrix, b, GCRODR(rtol=1e-12, restart=16, keep=6, max_steps=most), throw=False,
                      recycle=RecycleState.empty(6, b))  # fmt: skip
        np.testing.assert_allclose(fresh.value, plain.value, rtol=1e-9, atol=1e-12)
        assert int(fresh.stats["matvecs"]) == int(plain.stats["matvecs"])


def test_a_second_solve_takes_fewer_steps_and_counts_its_set_up(skewed):
    matrix, b = skewed
    solver = GCRODR(rtol=1e-9, restart=16, keep=6)
    first = solve(matrix, b, solver)
    second = solve(matrix, b, solver, recycle=first.stats["recycle"])
    assert int(second.stats["num_steps"]) < 0.8 * int(first.stats["num_steps"])
    cycles = int(second.stats["matvecs"]) - int(second.stats["num_steps"]) - 6
    assert 1 <= cycles <= 1 + int(second.stats["num_steps"]) // 10
    np.testing.assert_allclose(second.value, np.linalg.solve(matrix, b), rtol=1e-6, atol=1e-8)
    unrestarted = solve(matrix, b, RestartedGMRES(rtol=1e-9, restart=16))
    assert int(first.stats["num_steps"]) < int(unrestarted.stats["num_steps"])


@pytest.mark.slow
def test_isolated_small_eigenvalues_are_gone_after_recycling():
    matrix, b = jnp.diag(jnp.asarray(SPLIT)), jnp.ones(N)
    solver = GCRODR(rtol=1e-8, restart=20, keep=3)
    first = solve(matrix, b, solver)
    again = solve(matrix, jnp.cos(jnp.arange(N, dtype=b.dtype)), solver, recycle=first.stats["recycle"])
    rest = solve(matrix[3:, 3:], jnp.cos(jnp.arange(3, N, dtype=b.dtype)), RestartedGMRES(rtol=1e-8, restart=17))
    assert abs(int(again.stats["num_steps"]) - int(rest.stats["num_steps"])) <= 2
    assert int(first.stats["num_steps"]) > int(rest.stats["num_steps"]) + 5
    # The space that is left spans the three eigenvectors.
    rows = np.linalg.qr(np.asarray(again.stats["recycle"].vectors).T)[0]
    assert np.linalg.norm(rows[:3], 2) > 0.999 and np.linalg.norm(rows[3:], 2) < 0.05


@pytest.mark.slow
def test_a_solve_shorter_than_the_space_hands_over_what_it_has(skewed):
    _, b = skewed
    three = jnp.diag(jnp.asarray([1.0, 2.0, 3.0] * (N // 3)))
    solver = GCRODR(rtol=1e-10, restart=16, keep=6)
    found = solve(three, b, solver)
    assert int(found.stats["num_steps"]) == 3 and not bool(found.stats["recycle"].active)
    dependent = RecycleState(jnp.ones((6, N)), jnp.ones((6, N)), jnp.ones((), bool))
    assert int(solve(three, b, solver, recycle=dependent).stats["num_steps"]) == 3


def test_a_given_space_leaves_the_rest_of_the_spectrum():
    matrix, b = jnp.diag(jnp.asarray(SPLIT)), jnp.cos(jnp.arange(N, dtype=jnp.float64))
    rows = jnp.eye(3, N)
    space = RecycleState(rows, rows, jnp.ones((), bool))
    solver = DeflatedConjugateGradients(rtol=1e-8, keep=3, window=0)
    found = solve(matrix, b, solver, tags=TAG, recycle=space)
    rest = solve(matrix[3:, 3:], b[3:], ConjugateGradients(rtol=1e-8), tags=TAG)
    plain = solve(matrix, b, ConjugateGradients(rtol=1e-8), tags=TAG)
    assert abs(int(found.stats["num_steps"]) - int(rest.stats["num_steps"])) <= 1
    assert int(found.stats["num_steps"]) < int(plain.stats["num_steps"]) - 3
    assert int(found.stats["matvecs"]) == int(found.stats["num_steps"]) + 1 + 3
    np.testing.assert_allclose(found.value, b / SPLIT, rtol=1e-6)


@pytest.mark.parametrize("preconditioned", [False, True])
def test_deflated_conjugate_gradients_recycle(preconditioned):
    matrix, b = jnp.diag(jnp.asarray(SPLIT)), jnp.cos(jnp.arange(N, dtype=jnp.float64))
    near = lx.TaggedLinearOperator(
        lx.DiagonalLinearOperator(jnp.where(jnp.asarray(SPLIT) < 1, 1.0, 1.2 / jnp.asarray(SPLIT))), TAG
    )
    options = {"preconditioner": near} if preconditioned else {}
    solver = DeflatedConjugateGradients(rtol=1e-8, keep=3, window=30)
    first = solve(matrix, b, solver, tags=TAG, **options)
    plain = solve(matrix, b, ConjugateGradients(rtol=1e-8), tags=TAG, **options)
    assert int(first.stats["num_steps"]) == int(plain.stats["num_steps"])
    state = first.stats["recycle"]
    for _ in range(2):
        found = solve(matrix, b, solver, tags=TAG, recycle=state, **options)
        state = found.stats["recycle"]
        np.testing.assert_allclose(found.value, b / SPLIT, rtol=1e-6)
        assert jnp.max(jnp.abs(state.vectors @ matrix.T - state.images)) < 1e-10
    assert int(found.stats["num_steps"]) < int(plain.stats["num_steps"]) - 3


def test_misuse_is_refused(skewed):
    matrix, b = skewed
    solver = GCRODR(restart=16, keep=6)
    with pytest.raises(ValueError, match=r"RecycleState.empty\(k, b\)"):
        solve(matrix, b, solver, recycle=RecycleState.empty(5, b))
    with pytest.raises(TypeError, match="must be a RecycleState"):
        solve(matrix, b, solver, recycle=jnp.zeros((6, N)))
    with pytest.raises(ValueError, match="`window` 0 or at least `keep`"):
        DeflatedConjugateGradients(keep=5, window=4)


@pytest.mark.slow
def test_a_state_goes_through_scan_and_vmap(skewed):
    matrix, b = skewed
    solver = GCRODR(rtol=1e-8, restart=16, keep=6)

    def chain(b):
        def body(state, shift):
            found = solve(matrix + shift * jnp.eye(N), b, solver, recycle=state)
            return found.stats["recycle"], (found.value, found.stats["num_steps"])

        return jax.lax.scan(body, RecycleState.empty(6, b), jnp.linspace(0, 0.01, 3))[1]

    values, steps = jax.jit(jax.vmap(chain))(jnp.stack([b, jnp.ones(N)]))
    assert jnp.all(steps[:, 1:] < steps[:, :1])
    np.testing.assert_allclose(
        values[1, 2], np.linalg.solve(matrix + 0.01 * np.eye(N), np.ones(N)), rtol=1e-5, atol=1e-7
    )
