"""Sorting, sequences of systems and Lanczos' process."""

import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import pytest

from sciml.solvers import (
    GCRODR,
    ConjugateGradients,
    DeflatedConjugateGradients,
    RestartedGMRES,
    greedy_order,
    ritz_pairs,
    solve_sequence,
)

N = 64


@pytest.mark.parametrize("features", [None, 1])
def test_points_of_a_line_are_walked_in_two_arms(features):
    points = np.random.default_rng(0).permutation(20).astype(float)[:, None] * np.asarray([[1.0, -2.0, 0.5]])
    order = greedy_order(points, start=int(np.argmin(points[:, 0])), features=features)
    assert np.all(np.diff(points[order, 0]) == 1)
    middle = int(np.flatnonzero(points[:, 0] == 7)[0])
    walk = points[greedy_order(points, start=middle, features=features), 0]
    turns = np.flatnonzero(np.abs(np.diff(walk)) != 1)
    assert sorted(walk) == list(range(20)) and len(turns) == 1


def test_an_order_is_a_permutation_and_shortens_the_way():
    fields = {"a": np.random.default_rng(1).normal(size=(50, 4, 4)), "b": np.random.default_rng(2).normal(size=(50, 2))}
    order = greedy_order(fields)
    rows = np.concatenate([fields["a"].reshape(50, -1), fields["b"]], axis=1)
    way = lambda order: np.linalg.norm(np.diff(rows[order], axis=0), axis=1).sum()  # noqa: E731
    assert sorted(order) == list(range(50)) and order[0] == 0 and way(order) < 0.9 * way(np.arange(50))
    # The largest components keep the distances: all of them give the order itself.
    assert np.array_equal(greedy_order(fields, features=18), order)
    turned = greedy_order(fields["a"] + 1j * fields["a"])
    assert np.array_equal(turned, greedy_order(fields["a"]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: greedy_order(np.zeros((3, 2)), start=3), "`start` must be between 0 and 2"),
        (lambda: greedy_order((np.zeros(3), np.zeros(4))), "one leading axis"),
        (lambda: greedy_order(np.zeros((0, 2))), "not empty"),
        (lambda: greedy_order(np.zeros((3, 2)), features=0), "`features` must be at least 1"),
        (lambda: solve_sequence(build, np.zeros(3), np.zeros((2, N)), GCRODR()), "must share one leading axis"),
        (
            lambda: solve_sequence(build, np.zeros(3), np.zeros((3, N)), GCRODR(), order=np.asarray([0, 1, 1])),
            "permutation",
        ),
    ],
)
def test_misuse_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


SPECTRUM = jnp.concatenate([jnp.geomspace(1e-3, 1e-2, 6), jnp.linspace(0.2, 1.0, N - 6)])


def matrix_of(shift):
    wobble = 1 + shift * jnp.sin(jnp.arange(N, dtype=jnp.float64))
    return jnp.diag(SPECTRUM * wobble) + (jnp.eye(N, k=1) - jnp.eye(N, k=-1)) * 0.002 * (1 + shift)


def build(shift):
    return lx.MatrixLinearOperator(matrix_of(shift))


@pytest.fixture(scope="module")
def systems():
    draw = np.random.default_rng(3)
    return jnp.asarray(draw.uniform(0, 0.3, size=6)), jnp.asarray(draw.normal(size=(6, N)))


def check(found, shifts, right_sides):
    assert bool(found.successful.all())
    for i in range(6):
        np.testing.assert_allclose(
            found.values[i], np.linalg.solve(matrix_of(shifts[i]), right_sides[i]), rtol=1e-4, atol=1e-6
        )


def test_a_recycled_sequence_comes_back_in_the_given_order_with_honest_counts(systems):
    solver = GCRODR(rtol=1e-9, restart=20, keep=8)
    plain = solve_sequence(build, *systems, RestartedGMRES(rtol=1e-9, restart=20), order="given")
    given = solve_sequence(build, *systems, solver, order="given")
    found = solve_sequence(build, *systems, solver)
    for answer in (plain, given, found):
        check(answer, *systems)
    assert found.order.tolist() == greedy_order(systems[0]).tolist() and plain.recycle is None
    assert int(found.matvecs.sum()) < int(plain.matvecs.sum())
    # Beyond the steps: eight products to set the space up, not for the first system, and one per cycle of twelve steps.
    set_up = np.full(6, 8)
    set_up[found.order[0]] = 0
    cycles = np.asarray(found.matvecs - found.num_steps) - set_up
    assert np.all(cycles >= 1) and np.all(cycles <= 2 + np.asarray(found.num_steps) // 12)
    # The space goes on to another sequence.
    more = solve_sequence(build, systems[0][:1], systems[1][:1], solver, recycle=found.recycle)
    assert int(more.num_steps[0]) < int(given.num_steps[0])


@pytest.mark.slow
def test_a_warm_start_and_a_preconditioner(systems):
    shifts = systems[0]
    right_sides = jnp.ones((6, N))
    near = lambda shift: lx.DiagonalLinearOperator(1 / jnp.diagonal(matrix_of(shift)))  # noqa: E731
    solver = RestartedGMRES(rtol=1e-9, restart=30)
    cold = solve_sequence(build, shifts, right_sides, solver, preconditioner=near)
    warm = solve_sequence(build, shifts, right_sides, solver, preconditioner=near, warm_start=True)
    check(warm, shifts, right_sides)
    assert int(warm.num_steps.sum()) < int(cold.num_steps.sum())


@pytest.mark.slow
def test_failures_do_not_stop_a_sequence(systems):
    found = solve_sequence(build, *systems, GCRODR(rtol=1e-9, restart=20, keep=8, max_steps=30), order="given")
    assert not bool(found.successful.all()) and jnp.all(jnp.isfinite(found.values))


def test_deflated_conjugate_gradients_in_a_sequence():
    positive = lambda shift: lx.TaggedLinearOperator(  # noqa: E731
        lx.DiagonalLinearOperator(jnp.geomspace(0.001, 1.0, N) + shift), lx.positive_semidefinite_tag
    )
    shifts, right_sides = jnp.linspace(0, 1e-4, 5), jnp.ones((5, N))
    plain = solve_sequence(positive, shifts, right_sides, ConjugateGradients(rtol=1e-8))
    found = solve_sequence(positive, shifts, right_sides, DeflatedConjugateGradients(rtol=1e-8, keep=8, window=24))
    assert bool(found.successful.all())
    assert jnp.all(found.num_steps[found.order[2:]] < plain.num_steps[found.order[2:]])


@pytest.mark.slow
def test_derivatives_of_a_sequence_are_those_of_its_solves(systems):
    shifts, right_sides = systems[0][:3], systems[1][:3]
    near = lambda shift: lx.DiagonalLinearOperator(1 / jnp.diagonal(matrix_of(shift)))  # noqa: E731
    solver = GCRODR(rtol=1e-11, restart=20, keep=8)

    def ours(shifts):
        found = solve_sequence(build, shifts, right_sides, solver, preconditioner=near, warm_start=True, order="given")
        return jnp.sum(found.values**2)

    exact = lambda shifts: jnp.sum(  # noqa: E731
        jax.vmap(lambda shift, b: jnp.linalg.solve(matrix_of(shift), b))(shifts, right_sides) ** 2
    )
    np.testing.assert_allclose(jax.grad(ours)(shifts), jax.grad(exact)(shifts), rtol=1e-5)


def symmetric(spectrum):
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(len(spectrum), len(spectrum))))[0]
    return turn, lx.MatrixLinearOperator(jnp.asarray(turn * spectrum @ turn.T), lx.symmetric_tag)


def test_ritz_pairs_are_eigenpairs_after_n_steps():
    spectrum = np.concatenate([-np.geomspace(1, 50, 20), np.linspace(0.1, 5, 20)])
    _, operator = symmetric(spectrum)
    found = ritz_pairs(operator, jnp.ones(40), 40)
    np.testing.assert_allclose(found.values, np.sort(spectrum), atol=1e-11)
    np.testing.assert_allclose(found.vectors @ found.vectors.T, np.eye(40), atol=1e-12)
    assert int(found.count) == 40


def test_residuals_of_ritz_pairs_and_no_false_copies():
    # Without re-orthogonalisation the isolated value appears again and again.
    spectrum = np.append(np.linspace(0, 1, 199), 1e4)
    operator = lx.TaggedLinearOperator(lx.DiagonalLinearOperator(jnp.asarray(spectrum)), lx.symmetric_tag)
    found = ritz_pairs(operator, jnp.cos(jnp.arange(200, dtype=jnp.float64)), 60)
    true = np.linalg.norm(found.vectors * spectrum[None] - found.vectors * np.asarray(found.values)[:, None], axis=1)
    np.testing.assert_allclose(true, found.residuals, atol=1e-8)
    assert np.sum(np.asarray(found.values) > 1.1) == 1


def test_a_small_invariant_space_ends_the_process():
    turn, operator = symmetric(np.linspace(1, 20, 30))
    found = ritz_pairs(operator, jnp.asarray(turn[:, 0] + turn[:, 9]), 8)
    assert int(found.count) == 2 and np.all(np.isinf(found.values[2:])) and not np.any(found.vectors[2:])
    np.testing.assert_allclose(found.values[:2], np.linspace(1, 20, 30)[[0, 9]], rtol=1e-12)


def test_ritz_pairs_of_fields_and_misuse():
    diagonal = jnp.linspace(1.0, 2.0, 12).reshape(3, 4)
    times = lx.FunctionLinearOperator(lambda u: diagonal * u, jax.eval_shape(lambda: diagonal), lx.symmetric_tag)
    found = ritz_pairs(times, diagonal, 5)
    assert found.vectors.shape == (5, 3, 4)
    with pytest.raises(ValueError, match="between 1 and the 12 unknowns"):
        ritz_pairs(times, diagonal, 13)
    with pytest.raises(ValueError, match="symmetric_tag"):
        ritz_pairs(lx.MatrixLinearOperator(jnp.eye(3)), jnp.ones(3), 2)
    with pytest.raises(TypeError, match="must be real"):
        ritz_pairs(lx.MatrixLinearOperator(jnp.eye(3, dtype=complex)), jnp.ones(3, complex), 2)
