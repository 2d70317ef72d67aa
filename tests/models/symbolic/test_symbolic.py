"""Equations read off samples of a field: terms and coefficients, files, constants tuned to trajectories."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.models.symbolic import (
    ExpressionField,
    FunctionLibrary,
    SparseField,
    choose_candidate,
    eliminate_least_squares,
    evolve_expressions,
    evolve_field,
    fit_sparse_field,
    tune_constants,
)
from sciml.models.symbolic.evolution import nests
from sciml.models.symbolic.expression import complexity, evaluate

GENERATOR = np.random.default_rng(0)
STATES = jnp.asarray(GENERATOR.uniform(-3, 3, (150, 2)))
RATES = jnp.stack([STATES[:, 1], -1.3 * jnp.sin(STATES[:, 0]) - 0.25 * STATES[:, 1]], axis=1)
NOISY = RATES + jnp.asarray(0.02 * GENERATOR.standard_normal(RATES.shape))
LIBRARY = FunctionLibrary(2, degree=3, frequencies=(1.0,))


def pendulum(constants):
    swing = ("mul", ("c", 0), ("sin", ("x", 0)))
    return ExpressionField(jnp.asarray(constants), (("x", 1), ("add", swing, ("mul", ("c", 1), ("x", 1)))))


def test_sparse_regression_finds_sine_and_linear_terms():
    found = fit_sparse_field(STATES, NOISY, LIBRARY, threshold=0.05)
    names = [(row, LIBRARY.names[column]) for row, column in found.support]
    assert names == [(0, "x1"), (1, "x1"), (1, "sin(x0)")]
    np.testing.assert_allclose(found.coefficients, [1, -0.25, -1.3], rtol=0.05)
    with pytest.raises(ValueError, match="more samples"):
        fit_sparse_field(STATES[:5], NOISY[:5], LIBRARY)


def test_elimination_tells_functions_that_resemble_each_other_apart():
    bent = RATES[:, 1:] + 0.05 * jnp.tanh(STATES[:, :1])  # as a learned field is: wrong, but smoothly
    features = np.asarray(jax.vmap(LIBRARY)(STATES))
    found = eliminate_least_squares(features, bent, threshold=0.1)[:, 0]
    assert [LIBRARY.names[i] for i in np.flatnonzero(found)] == ["x1", "sin(x0)"]
    np.testing.assert_allclose(found[found != 0], [-0.25, -1.3], rtol=0.06)
    exact = eliminate_least_squares(features, RATES, threshold=1e-6)
    assert [LIBRARY.names[i] for i in np.flatnonzero(exact[:, 0])] == ["x1"]
    with pytest.raises(ValueError, match="`factor` must be at least 1"):
        eliminate_least_squares(features, bent, factor=0.5)


def test_angles_are_the_components_with_waves():
    library = FunctionLibrary(2, degree=1, frequencies=(1.0, 2.0), angles=(1,))
    assert library.names == ("1", "x0", "x1", "sin(x1)", "cos(x1)", "sin(2 x1)", "cos(2 x1)")
    np.testing.assert_allclose(library(jnp.asarray([3.0, 0.5]))[3:5], [np.sin(0.5), np.cos(0.5)])
    with pytest.raises(ValueError, match="`angles` must be components below 2"):
        FunctionLibrary(2, angles=(2,))


def test_functions_do_not_stand_within_functions_where_that_is_not_wanted():
    front = evolve_expressions(
        STATES, jnp.sin(jnp.sin(STATES[:, 0])), children=200, restarts=2, nested=False, key=jax.random.key(4)
    )
    assert not any(nests(one.expression) for one in front)
    assert nests(("sin", ("add", ("x", 0), ("cos", ("x", 1))))) and not nests(("sin", ("square", ("x", 0))))


@pytest.mark.slow
def test_evolution_finds_sine_and_linear_terms():
    found = evolve_field(STATES, NOISY, floor=5e-4, key=jax.random.key(2))
    at = jnp.asarray([[1.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -2.0]])
    values = np.stack([np.asarray(found(0.0, one, None)) for one in at])
    exact = np.stack([at[:, 1], -1.3 * np.sin(at[:, 0]) - 0.25 * at[:, 1]], axis=1)
    np.testing.assert_allclose(values, exact, rtol=0.05, atol=0.01)
    assert complexity(found.expressions[0]) == 1


def test_the_front_improves_and_the_choice_is_simple():
    front = evolve_expressions(STATES, NOISY[:, 1], children=300, key=jax.random.key(3))
    assert all(a.error > b.error and a.complexity < b.complexity for a, b in itertools.pairwise(front))
    assert choose_candidate(front, factor=1e9) == front[0]
    best = front[-1]
    misfit = evaluate(best.expression, np.asarray(STATES), best.constants, np) - np.asarray(NOISY[:, 1])
    assert best.error == pytest.approx(np.mean(misfit**2) / np.var(NOISY[:, 1]))
    with pytest.raises(ValueError, match="must be among"):
        evolve_expressions(STATES, NOISY[:, 1], unary=("tan",), key=jax.random.key(0))


def test_constants_are_tuned_through_the_solve():
    times, step = np.linspace(0, 2, 11), 0.005
    y, path = np.asarray([2.0, 0.5]), []
    for i in range(401):  # classical Runge-Kutta on NumPy's side
        if i % 40 == 0:
            path.append(y)
        f = lambda y: np.asarray([y[1], -1.3 * np.sin(y[0]) - 0.25 * y[1]])  # noqa: E731
        k1 = f(y)
        k2 = f(y + step / 2 * k1)
        k3 = f(y + step / 2 * k2)
        y = y + step / 6 * (k1 + 2 * k2 + 2 * k3 + f(y + step * k3))
    tuned = tune_constants(pendulum([-1.0, -0.4]), times, jnp.asarray(np.stack(path))[None])
    np.testing.assert_allclose(tuned.constants, [-1.3, -0.25], rtol=1e-4)
    # A first state that is off bends the constants, unless it is fitted too.
    off = jnp.asarray(np.stack(path))[None].at[0, 0].add(0.02)
    bent, mended = (tune_constants(pendulum([-1.3, -0.25]), times, off, fit_starts=fitted) for fitted in (False, True))
    misses = [float(jnp.abs(one.constants / jnp.asarray([-1.3, -0.25]) - 1).max()) for one in (bent, mended)]
    assert misses[0] > 2 * misses[1], misses  # measured: 0.30 and 0.08


def test_files(tmp_path):
    for field in (pendulum([-1.3, -0.25]), SparseField(jnp.asarray([1.0]), ((0, 2),), LIBRARY)):
        sciml.save(tmp_path / "field.zip", field)
        back = sciml.load(tmp_path / "field.zip")
        assert eqx.tree_equal(back, field) and back.equations() == field.equations()
    single = jax.tree.map(lambda x: x.astype(jnp.float32), pendulum([-1.3, -0.25]))
    assert single(0.0, jnp.ones(2, jnp.float32), None).dtype == jnp.float32
