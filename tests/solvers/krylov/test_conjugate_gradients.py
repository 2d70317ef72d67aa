"""Conjugate gradients: exactness, the stopping rule, single precision, failures by name."""

import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import pytest
import scipy.sparse.linalg

from sciml.solvers import ConjugateGradients, LowPrecision

N = 40


def rotated(spectrum, seed=0):
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(spectrum), len(spectrum))))[0]
    matrix = turn * np.asarray(spectrum) @ turn.T
    return jnp.asarray(0.5 * (matrix + matrix.T))


def positive(matrix):
    return lx.MatrixLinearOperator(matrix, lx.positive_semidefinite_tag)


@pytest.fixture(scope="module")
def system():
    matrix = rotated(np.linspace(1, 100, N))
    b = jnp.asarray(np.random.default_rng(1).normal(size=N))
    rough = positive(jnp.linalg.inv(matrix + 0.5 * jnp.diag(jnp.diag(matrix))))
    return matrix, b, rough


def residuals_of_scipy(matrix, b, preconditioner=None):
    found = []
    keep = lambda x: found.append(np.linalg.norm(b - matrix @ x))  # noqa: E731
    scipy.sparse.linalg.cg(np.asarray(matrix), np.asarray(b), M=preconditioner, rtol=1e-12, callback=keep)
    return found


@pytest.mark.parametrize("preconditioned", [False, True])
def test_the_iterates_are_those_of_scipy(system, preconditioned):
    matrix, b, rough = system
    options = {"preconditioner": rough} if preconditioned else {}
    theirs = residuals_of_scipy(matrix, b, np.asarray(rough.matrix) if preconditioned else None)
    for steps in (1, 6, 15):
        solver = ConjugateGradients(rtol=1e-14, max_steps=steps)
        found = lx.linear_solve(positive(matrix), b, solver, options=options, throw=False)
        assert found.result == lx.RESULTS.max_steps_reached
        assert float(found.stats["residual_norm"]) == pytest.approx(theirs[steps - 1], rel=1e-9)
        assert int(found.stats["num_steps"]) == steps and int(found.stats["matvecs"]) == steps + 1


@pytest.mark.parametrize("flexible", [False, True])
def test_as_many_steps_as_distinct_eigenvalues(flexible):
    matrix, b = rotated([1.0, 2.0, 5.0, 11.0] * 10), jnp.ones(N)
    found = lx.linear_solve(positive(matrix), b, ConjugateGradients(rtol=1e-10, flexible=flexible))
    assert int(found.stats["num_steps"]) == 4
    assert jnp.linalg.norm(matrix @ found.value - b) < 1e-10 * jnp.linalg.norm(b)


def test_the_stopping_rule_is_the_norm_of_the_true_residual(system):
    matrix, b, rough = system
    for options in ({}, {"preconditioner": rough}, {"preconditioner": rough, "y0": b}):
        found = lx.linear_solve(positive(matrix), b, ConjugateGradients(rtol=1e-7), options=options)
        true = float(jnp.linalg.norm(b - matrix @ found.value))
        assert true == pytest.approx(float(found.stats["residual_norm"]), rel=1e-6)
        assert true <= 1e-7 * float(jnp.linalg.norm(b))
    loose = lx.linear_solve(positive(matrix), b, ConjugateGradients(rtol=0.0, atol=0.5))
    assert 0.01 < float(loose.stats["residual_norm"]) <= 0.5


def test_a_guess_helps_and_a_bad_one_is_dropped(system):
    matrix, b, _ = system
    solver = ConjugateGradients(rtol=1e-8)
    exact = jnp.linalg.solve(matrix, b)
    steps = [
        int(lx.linear_solve(positive(matrix), b, solver, options=options).stats["num_steps"])
        for options in ({}, {"y0": exact}, {"y0": 1e6 * b})
    ]
    assert steps[1] == 0 and steps[2] == steps[0]


def test_fields_of_any_shape_and_trees():
    spectrum = {"a": jnp.linspace(1.0, 9.0, 24).reshape(2, 3, 4), "b": jnp.linspace(2.0, 5.0, 6).reshape(2, 3)}
    b = jax.tree.map(jnp.cos, spectrum)
    times = lambda u: jax.tree.map(jnp.multiply, spectrum, u)  # noqa: E731
    operator = lx.FunctionLinearOperator(times, jax.eval_shape(lambda: b), lx.positive_semidefinite_tag)
    found = lx.linear_solve(operator, b, ConjugateGradients(rtol=1e-12)).value
    for name in b:
        np.testing.assert_allclose(found[name], b[name] / spectrum[name], rtol=1e-10)


def test_single_precision_with_a_good_preconditioner_and_many_unknowns():
    # Beyond 42 000 unknowns lineax.CG takes this for a breakdown and returns NaN.
    spectrum = jnp.linspace(1.0, 1e3, 60_000, dtype=jnp.float32)
    diagonal = lambda d: lx.TaggedLinearOperator(lx.DiagonalLinearOperator(d), lx.positive_semidefinite_tag)  # noqa: E731
    near = diagonal(1 / (spectrum * (1 + 0.1 * jnp.sin(jnp.arange(60_000, dtype=jnp.float32)))))
    b = jnp.cos(spectrum)
    found = lx.linear_solve(diagonal(spectrum), b, ConjugateGradients(rtol=1e-5), options={"preconditioner": near})
    assert found.value.dtype == jnp.float32 and int(found.stats["num_steps"]) <= 8
    assert jnp.max(jnp.abs(found.value * spectrum - b)) < 1e-4
    tiny = lx.linear_solve(
        diagonal(spectrum), 1e-30 * b, ConjugateGradients(rtol=1e-5), options={"preconditioner": near}
    )
    np.testing.assert_allclose(1e30 * tiny.value, found.value, rtol=1e-5)


def test_a_preconditioner_in_single_precision(system):
    matrix, b, rough = system
    solver = ConjugateGradients(rtol=1e-12, flexible=True)
    steps = {}
    for name, preconditioner in {"double": rough, "single": LowPrecision(rough)}.items():
        found = lx.linear_solve(positive(matrix), b, solver, options={"preconditioner": preconditioner})
        assert jnp.linalg.norm(matrix @ found.value - b) < 1e-12 * jnp.linalg.norm(b)
        steps[name] = int(found.stats["num_steps"])
    assert steps["single"] <= steps["double"] + 2
    low = LowPrecision(rough)
    assert low.mv(b).dtype == jnp.float64 and low.preconditioner.matrix.dtype == jnp.float32
    assert lx.is_positive_semidefinite(low) and low.in_structure().dtype == jnp.float64
    assert low.transpose().mv(b).dtype == jnp.float64 and lx.conj(low).mv(b).dtype == jnp.float64
    single = lx.MatrixLinearOperator(rough.matrix.astype(jnp.float32), lx.positive_semidefinite_tag)
    with pytest.raises(ValueError, match="LowPrecision"):
        lx.linear_solve(positive(matrix), b, solver, options={"preconditioner": single})


def test_failures_have_names(system):
    matrix, b, rough = system
    solver = ConjugateGradients(rtol=1e-8)
    solve = lambda matrix, **options: lx.linear_solve(  # noqa: E731
        positive(matrix), b, solver, options=options, throw=False
    )
    negative = solve(-matrix)
    assert negative.result == lx.RESULTS.breakdown and jnp.all(jnp.isfinite(negative.value))
    assert solve(matrix, preconditioner=positive(-rough.matrix)).result == lx.RESULTS.breakdown
    broken = lx.linear_solve(positive(matrix), b.at[3].set(jnp.nan), solver, throw=False)
    assert broken.result == lx.RESULTS.nonfinite_input
    nothing = lx.linear_solve(positive(matrix), 0 * b, solver)
    assert int(nothing.stats["num_steps"]) == 0 and jnp.all(nothing.value == 0)
    floor = lx.linear_solve(positive(matrix.astype(jnp.float32)), b.astype(jnp.float32),
                            ConjugateGradients(rtol=1e-9, max_steps=2000), throw=False)  # fmt: skip
    assert floor.result == lx.RESULTS.stagnation and float(floor.stats["residual_norm"]) < 1e-4


def test_misuse_is_refused(system):
    matrix, b, rough = system
    with pytest.raises(ValueError, match="positive_semidefinite_tag"):
        lx.linear_solve(lx.MatrixLinearOperator(matrix), b, ConjugateGradients())
    with pytest.raises(ValueError, match=r"unknown `options` \['precond'\]"):
        lx.linear_solve(positive(matrix), b, ConjugateGradients(), options={"precond": rough})
    with pytest.raises(TypeError, match="must be real"):
        lx.linear_solve(positive(matrix.astype(jnp.complex128)), b.astype(jnp.complex128), ConjugateGradients())
    with pytest.raises(ValueError, match="preconditioner takes"):
        small = positive(rough.matrix[:5, :5])
        lx.linear_solve(positive(matrix), b, ConjugateGradients(), options={"preconditioner": small})


def test_a_batch_equals_a_loop(system):
    matrix, b, rough = system
    batch = jnp.stack([b, 0 * b, jnp.ones(N), b**3])
    shifts = jnp.asarray([0.0, 1.0, 5.0, 50.0])

    def solve(b, shift):
        operator = positive(matrix + shift * jnp.eye(N))
        found = lx.linear_solve(operator, b, ConjugateGradients(rtol=1e-9), options={"preconditioner": rough})
        return found.value, found.stats["num_steps"]

    values, steps = jax.jit(jax.vmap(solve))(batch, shifts)
    for i in range(4):
        value, count = solve(batch[i], shifts[i])
        np.testing.assert_allclose(values[i], value, rtol=1e-9, atol=1e-14)
        assert int(steps[i]) == int(count)


@pytest.mark.parametrize(("verify", "operators"), [(False, 1), (True, 2)])
def test_the_program_holds_the_preconditioner_once(verify, operators):
    structure = jax.ShapeDtypeStruct((8,), jnp.float64)
    # Not linear, but easy to find in the program.
    operator = lx.FunctionLinearOperator(jnp.sin, structure, lx.positive_semidefinite_tag)
    near = lx.FunctionLinearOperator(jnp.tanh, structure, lx.positive_semidefinite_tag)
    solver = ConjugateGradients(verify=verify)
    solve = lambda b: lx.linear_solve(operator, b, solver, options={"preconditioner": near}).value  # noqa: E731
    text = jax.jit(solve).lower(jnp.ones(8)).as_text()
    assert text.count("stablehlo.tanh") == 1 and text.count("stablehlo.sine") == operators
