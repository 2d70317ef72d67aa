"""Deep conjugate directions: what holds for any direction, and what for the perfect one."""

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import pytest

from sciml.solvers import ConjugateGradients, DeepConjugateDirections

N = 24


def positive(matrix):
    return lx.MatrixLinearOperator(matrix, lx.positive_semidefinite_tag)


@pytest.fixture(scope="module")
def system():
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(N, N)))[0]
    matrix = turn * np.linspace(1, 40, N) @ turn.T
    return jnp.asarray(0.5 * (matrix + matrix.T)), jnp.asarray(np.random.default_rng(1).normal(size=N))


@pytest.fixture(scope="module")
def rough():
    """A fixed random network, tanh of a random matrix: a poor direction, but one that may be cast and scaled."""
    weights = np.random.default_rng(2).normal(size=(N, N)) / np.sqrt(N)
    return lambda r: jnp.tanh(3 * jnp.asarray(weights, r.dtype) @ r) + 0.1


def solve(matrix, b, direction, options=None, **settings):
    solver = DeepConjugateDirections(direction, **({"rtol": 1e-9, "precision": None} | settings))
    return lx.linear_solve(positive(matrix), b, solver, options=options or {}, throw=False)


@pytest.fixture(scope="module")
def better(rough):
    """One that is mostly right."""
    return lambda r: r + 0.3 * rough(r)


@pytest.fixture(scope="module")
def walked(system, rough):
    """Iterates of the rough direction, one by one."""
    matrix, b = system

    @eqx.filter_jit
    def after(steps):
        solver = DeepConjugateDirections(rough, rtol=1e-14, max_steps=1, precision=None)
        solver = eqx.tree_at(lambda s: s.max_steps, solver, steps)
        return lx.linear_solve(positive(matrix), b, solver, throw=False).value

    return np.stack([np.zeros(N), *(after(jnp.asarray(k, jnp.int32)) for k in range(1, 13))])


@pytest.mark.parametrize("steps", [1, 7, 15])
def test_with_the_identity_the_iterates_are_those_of_conjugate_gradients(system, steps):
    matrix, b = system
    found = solve(matrix, b, lambda r: r, rtol=1e-14, max_steps=steps)
    theirs = lx.linear_solve(positive(matrix), b, ConjugateGradients(rtol=1e-14, max_steps=steps), throw=False)
    np.testing.assert_allclose(found.value, theirs.value, rtol=0, atol=1e-11)
    assert int(found.stats["num_steps"]) == int(found.stats["directions"]) == steps
    assert int(found.stats["matvecs"]) == 2 * steps and int(found.stats["fallbacks"]) == 0


@pytest.mark.parametrize("factor", [1.0, -1e-7, 3e5])
def test_the_exact_inverse_up_to_a_factor_needs_one_step(system, factor):
    matrix, b = system
    found = solve(matrix, b, lambda r: factor * jnp.linalg.solve(matrix, r))
    assert int(found.stats["num_steps"]) == 1 and found.result == lx.RESULTS.successful
    np.testing.assert_allclose(found.value, np.linalg.solve(matrix, b), atol=1e-12)


def test_the_energy_falls_along_any_direction(system, walked):
    matrix, b = (np.asarray(part) for part in system)
    energies = [0.5 * x @ matrix @ x - b @ x for x in walked]
    assert np.all(np.diff(energies) < 0)
    residuals = [np.linalg.norm(b - matrix @ x) for x in walked]
    assert np.any(np.diff(residuals) > 0), "this direction was to show that the residual may rise"


def test_the_last_three_directions_are_conjugate(system, walked):
    matrix = np.asarray(system[0])
    steps = np.diff(walked, axis=0)
    lengths = np.sqrt(np.einsum("ki,ij,kj->k", steps, matrix, steps))
    products = np.abs(steps @ matrix @ steps.T) / np.outer(lengths, lengths)
    near = np.concatenate([np.diagonal(products, 1), np.diagonal(products, 2)])
    assert near.max() < 1e-9
    assert np.diagonal(products, 3).max() > 1e-3, "and those further off are not"


def test_more_directions_kept_are_all_conjugate_and_none_is_allowed(system, better):
    matrix, b = system
    counts = [int(solve(matrix, b, better, n_orth=kept).stats["num_steps"]) for kept in (0, 2, N)]
    assert counts[2] <= N + 1 < counts[1] < counts[0]


@pytest.mark.parametrize(
    "useless",
    [lambda r: jnp.ones_like(r), lambda r: jnp.full_like(r, jnp.nan), jnp.zeros_like],
    ids=["constant", "nan", "zero"],
)
def test_where_the_direction_is_of_no_use_the_residual_is_taken(system, useless):
    matrix, b = system
    found = solve(matrix, b, useless)
    assert found.result == lx.RESULTS.successful and int(found.stats["fallbacks"]) >= 10
    assert int(found.stats["matvecs"]) == 2 * int(found.stats["num_steps"]) + int(found.stats["fallbacks"])
    assert jnp.linalg.norm(matrix @ found.value - b) <= 1e-9 * jnp.linalg.norm(b)


def test_the_direction_works_in_single_precision_on_residuals_of_length_one(system):
    matrix, b = system
    inverse = jnp.linalg.inv(matrix).astype(jnp.float32)

    def direction(r):
        assert r.dtype == jnp.float32
        # Any other length would be sent the wrong way, and take more steps.
        return jnp.where(jnp.abs(jnp.linalg.norm(r) - 1) < 1e-5, inverse @ r, jnp.ones_like(r))

    found = solve(matrix, 1e-9 * b, direction, rtol=1e-12, precision=jnp.float32)
    assert int(found.stats["num_steps"]) <= 3 and int(found.stats["fallbacks"]) == 0
    single = solve(matrix.astype(jnp.float32), b.astype(jnp.float32), direction, rtol=1e-5)
    assert single.value.dtype == jnp.float32 and int(single.stats["num_steps"]) <= 2


@pytest.mark.parametrize("kind", ["mask", "callable"])
def test_what_is_no_unknown_is_projected_out(system, better, kind):
    matrix, b = system
    if kind == "mask":
        project = jnp.arange(N) % 5 != 0
        keep = jnp.diag(project.astype(jnp.float64))
    else:

        def project(v):
            return v - jnp.mean(v)

        keep = jnp.eye(N) - 1 / N
    singular, load = keep @ matrix @ keep, keep @ b
    found = solve(singular, load, better, {"project": project})
    assert found.result == lx.RESULTS.successful
    np.testing.assert_allclose(keep @ found.value, found.value, atol=1e-10)
    np.testing.assert_allclose(singular @ found.value, load, atol=1e-7)
    loose = solve(singular, load, better)
    assert jnp.linalg.norm(keep @ loose.value - loose.value) > 1e-3


def test_first_guess_derivatives_batches_and_trees(system, better):
    matrix, b = system
    exact = jnp.linalg.solve(matrix, b)
    found = solve(matrix, b, better, {"y0": exact}, rtol=1e-8)
    assert int(found.stats["num_steps"]) == 0 and int(found.stats["matvecs"]) == 1

    def value(s):
        return jnp.sum(solve(matrix + s * jnp.eye(N), b, better).value ** 2)

    slope = -2 * exact @ jnp.linalg.solve(matrix, exact)
    np.testing.assert_allclose(jax.grad(value)(0.0), slope, rtol=1e-7)
    both = jax.vmap(lambda one: solve(matrix, one, better).value)(jnp.stack([b, 2 * b + 1]))
    np.testing.assert_allclose(both @ matrix, jnp.stack([b, 2 * b + 1]), atol=1e-6)
    blocks = lx.TaggedLinearOperator(lx.DiagonalLinearOperator({"u": 2 * jnp.ones(3), "v": jnp.ones((2, 2))}),
                                     lx.positive_semidefinite_tag)  # fmt: skip
    solver = DeepConjugateDirections(lambda r: r, rtol=1e-12, precision=None)
    tree = lx.linear_solve(blocks, {"u": jnp.ones(3), "v": jnp.ones((2, 2))}, solver)
    assert int(tree.stats["num_steps"]) == 2 and float(tree.value["u"][0]) == pytest.approx(0.5)


def test_failures_have_a_name(system):
    matrix, b = system
    assert solve(-matrix, b, lambda r: r).result == lx.RESULTS.breakdown
    assert solve(matrix, b, lambda r: r, max_steps=2).result == lx.RESULTS.max_steps_reached
    assert solve(matrix, b, lambda r: r, rtol=1e-30, max_steps=10**6).result == lx.RESULTS.stagnation
    with pytest.raises(ValueError, match="must give the shape of the residual"):
        solve(matrix, b, lambda r: r[:-1])
    with pytest.raises(ValueError, match="mask in `options"):
        solve(matrix, b, lambda r: r, {"project": jnp.ones(3)})
    with pytest.raises(ValueError, match="`n_orth` must not be negative, got -1"):
        DeepConjugateDirections(lambda r: r, n_orth=-1)
    with pytest.raises(TypeError, match="real floating-point type or None"):
        DeepConjugateDirections(lambda r: r, precision=jnp.int32)
    with pytest.raises(ValueError, match="unknown `options`"):
        solve(matrix, b, lambda r: r, {"preconditioner": None})
