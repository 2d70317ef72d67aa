"""GMRES, flexible GMRES and MINRES: exactness, the iterates of SciPy, complex operators, preconditioners that change."""

import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import pytest
import scipy.sparse.linalg

from sciml.solvers import GCRODR, FlexibleGMRES, InnerSolve, MinimalResidual, RestartedGMRES

N = 50


@pytest.fixture(scope="module")
def skewed():
    draw = np.random.default_rng(0)
    matrix = np.diag(np.linspace(0.05, 3, N)) + 0.02 * draw.normal(size=(N, N))
    rough = np.linalg.inv(matrix + 0.04 * draw.normal(size=(N, N)))
    return jnp.asarray(matrix), jnp.asarray(draw.normal(size=N)), lx.MatrixLinearOperator(jnp.asarray(rough))


@pytest.fixture(scope="module")
def indefinite():
    draw = np.random.default_rng(2)
    turn = np.linalg.qr(draw.normal(size=(N, N)))[0]
    spectrum = np.concatenate([-np.linspace(1, 8, 20), np.linspace(0.5, 20, N - 20)])
    symmetric = lambda d: (lambda m: 0.5 * (m + m.T))(turn * d @ turn.T)  # noqa: E731
    near = symmetric(1 / (abs(spectrum) + draw.uniform(size=N)))
    return symmetric(spectrum), draw.normal(size=N), near


def solve(matrix, b, solver, throw=True, tags=(), **options):
    return lx.linear_solve(lx.MatrixLinearOperator(jnp.asarray(matrix), tags), jnp.asarray(b), solver,
                           options=options, throw=throw)  # fmt: skip


def test_the_residuals_are_those_of_scipy(skewed):
    matrix, b, _ = skewed
    theirs = []
    scipy.sparse.linalg.gmres(np.asarray(matrix), np.asarray(b), restart=20, rtol=1e-9, maxiter=3,
                              callback=theirs.append, callback_type="pr_norm")  # fmt: skip
    size = float(jnp.linalg.norm(b))
    for steps in (1, 10, 25, 40):
        found = solve(matrix, b, RestartedGMRES(rtol=1e-14, restart=20, max_steps=steps), throw=False)
        assert float(found.stats["residual_norm"]) == pytest.approx(size * theirs[steps - 1], rel=1e-6)
        assert int(found.stats["matvecs"]) == steps + -(-steps // 20)


@pytest.mark.parametrize("solver", [RestartedGMRES(rtol=1e-10, restart=N), GCRODR(rtol=1e-10, restart=N, keep=5)])
def test_n_unknowns_take_at_most_n_steps(skewed, solver):
    matrix, b, _ = skewed
    found = solve(matrix, b, solver)
    assert int(found.stats["num_steps"]) <= N
    np.testing.assert_allclose(found.value, np.linalg.solve(matrix, b), rtol=1e-7)


def test_a_space_larger_than_the_problem_ends_early():
    matrix, b = jnp.diag(jnp.asarray([1.0, 2.0, 4.0])), jnp.ones(3)
    for solver in (RestartedGMRES(rtol=1e-12), GCRODR(rtol=1e-12, restart=8, keep=2)):
        found = solve(matrix, b, solver)
        assert int(found.stats["num_steps"]) == 3
        np.testing.assert_allclose(found.value, [1, 0.5, 0.25], rtol=1e-12)


def test_a_singular_operator_is_reported():
    matrix, b = jnp.diag(jnp.asarray([1.0, 2.0, 0.0, 0.0])), jnp.ones(4)
    for solver in (RestartedGMRES(rtol=1e-8), MinimalResidual(rtol=1e-8)):
        found = solve(matrix, b, solver, throw=False, tags=lx.symmetric_tag)
        assert found.result != lx.RESULTS.successful and jnp.all(jnp.isfinite(found.value))


@pytest.mark.parametrize("family", [RestartedGMRES, GCRODR])
def test_complex_operators(skewed, family):
    matrix, b, rough = skewed
    turned = np.asarray(matrix) + 1j * np.diag(np.linspace(0, 1, N))
    b = (1 + 2j) * np.asarray(b)
    near = lx.MatrixLinearOperator(rough.matrix.astype(jnp.complex128))
    found = solve(turned, b, family(rtol=1e-10, restart=20), preconditioner=near)
    np.testing.assert_allclose(found.value, np.linalg.solve(turned, b), rtol=1e-7)


def test_the_flexible_method_equals_the_plain_one_for_a_fixed_preconditioner(skewed):
    matrix, b, rough = skewed
    plain, flexible = (
        solve(matrix, b, family(rtol=1e-10, restart=20), preconditioner=rough)
        for family in (RestartedGMRES, FlexibleGMRES)
    )
    assert int(plain.stats["num_steps"]) == int(flexible.stats["num_steps"]) < 40
    np.testing.assert_allclose(plain.value, flexible.value, rtol=1e-8)


def test_an_inner_solve_as_preconditioner(skewed):
    matrix, b, _ = skewed
    # Two steps depend on the vector: no linear operator, and the plain method's iterate would not match its residual.
    rough = InnerSolve(lx.MatrixLinearOperator(matrix), RestartedGMRES(rtol=1e-2, restart=10, max_steps=10))
    found = solve(matrix, b, FlexibleGMRES(rtol=1e-10), preconditioner=rough)
    assert int(found.stats["num_steps"]) <= 15
    np.testing.assert_allclose(found.value, np.linalg.solve(matrix, b), rtol=1e-7)


@pytest.mark.parametrize("preconditioned", [False, True])
def test_minres_takes_the_steps_of_scipy(indefinite, preconditioned):
    matrix, b, near = indefinite
    theirs = []
    scipy.sparse.linalg.minres(matrix, b, M=near if preconditioned else None, rtol=1e-9,
                               callback=lambda x: theirs.append(np.linalg.norm(b - matrix @ x)))  # fmt: skip
    options = {"preconditioner": lx.MatrixLinearOperator(jnp.asarray(near), lx.positive_semidefinite_tag)}
    options = options if preconditioned else {}
    for steps in (1, 2, 7, 14):
        solver = MinimalResidual(rtol=1e-14, max_steps=steps)
        found = solve(matrix, b, solver, throw=False, tags=lx.symmetric_tag, **options)
        assert float(found.stats["residual_norm"]) == pytest.approx(theirs[steps - 1], rel=1e-8)
        assert int(found.stats["num_steps"]) == steps
    found = solve(matrix, b, MinimalResidual(rtol=1e-10), tags=lx.symmetric_tag, **options)
    np.testing.assert_allclose(found.value, np.linalg.solve(matrix, b), rtol=1e-7, atol=1e-8)
    assert int(found.stats["matvecs"]) - int(found.stats["num_steps"]) == 2


def test_minres_wants_a_symmetric_operator_and_a_positive_preconditioner(indefinite):
    matrix, b, near = indefinite
    with pytest.raises(ValueError, match="symmetric_tag"):
        solve(matrix, b, MinimalResidual())
    negative = lx.MatrixLinearOperator(-jnp.asarray(near), lx.negative_semidefinite_tag)
    found = solve(matrix, b, MinimalResidual(), throw=False, tags=lx.symmetric_tag, preconditioner=negative)
    assert found.result == lx.RESULTS.breakdown


@pytest.mark.slow
def test_single_precision(skewed, indefinite):
    matrix, b, rough = skewed
    b = b.astype(jnp.float32)
    near = lx.MatrixLinearOperator(rough.matrix.astype(jnp.float32))
    for solver in (RestartedGMRES(rtol=1e-5, restart=20), GCRODR(rtol=1e-5, restart=20, keep=5)):
        found = solve(matrix.astype(jnp.float32), b, solver, preconditioner=near)
        assert found.value.dtype == jnp.float32
        assert jnp.linalg.norm(matrix.astype(jnp.float32) @ found.value - b) < 2e-5 * jnp.linalg.norm(b)
    matrix, b, _ = indefinite
    found = solve(matrix.astype(np.float32), b.astype(np.float32), MinimalResidual(rtol=1e-4), tags=lx.symmetric_tag)
    assert found.value.dtype == jnp.float32


@pytest.mark.slow
def test_a_batch_equals_a_loop(skewed):
    matrix, b, rough = skewed
    shifts, batch = jnp.asarray([0.0, 0.5, 2.0]), jnp.stack([b, jnp.ones(N), jnp.zeros(N)])
    solver = GCRODR(rtol=1e-9, restart=16, keep=4)

    def one(shift, b):
        found = solve(matrix + shift * jnp.eye(N), b, solver, preconditioner=rough)
        return found.value, found.stats["num_steps"]

    values, steps = jax.jit(jax.vmap(one))(shifts, batch)
    for i in range(3):
        value, count = one(shifts[i], batch[i])
        np.testing.assert_allclose(values[i], value, rtol=1e-7, atol=1e-10)
        assert int(steps[i]) == int(count)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RestartedGMRES(restart=0), "`restart` must be at least 1"),
        (lambda: FlexibleGMRES(restart=0), "`restart` must be at least 1"),
        (lambda: GCRODR(restart=10, keep=10), "`keep` must be at least 1 and less than `restart`"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
