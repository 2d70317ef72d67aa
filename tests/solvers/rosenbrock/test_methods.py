"""Rosenbrock methods: order, dense output, algebraic equations, derivatives, faults."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.solvers import Rodas4, Rodas5P

METHODS = [Rodas4, Rodas5P]


def nonlinear(t, y, args):
    """A field that depends on time, with known solution `y = (cos t, exp(sin t))`."""
    rate, t = jnp.asarray(-5.0 if args is None else args, y.dtype), jnp.asarray(t, y.dtype)
    first, second = jnp.cos(t), jnp.exp(jnp.sin(t))
    return jnp.stack(
        [rate * (y[0] - first) + jnp.log(second / y[1]) - jnp.sin(t), jnp.cos(t) * y[1] + (y[0] ** 2 - first**2)]
    )


def solution_at(t):
    return np.array([np.cos(t), np.exp(np.sin(t))])


def circle(t, y, args):
    """`x' = -z`, `0 = x^2 + z^2 - 1`: index 1 while z is not 0."""
    return {"x": -y["z"], "z": y["x"] ** 2 + y["z"] ** 2 - 1}


@pytest.fixture(scope="module", params=METHODS, ids=lambda method: method.__name__)
def method(request):
    return request.param


@pytest.fixture(scope="module")
def fixed_steps(method):
    """States at the end and dense values in between, for a traced step length."""

    @jax.jit
    def run(length):
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(nonlinear), method(), 0.0, 1.2, length, jnp.array([1.0, 1.0]),
            saveat=diffrax.SaveAt(ts=jnp.linspace(0.05, 1.2, 24)), max_steps=200,
        )  # fmt: skip
        return solution.ys

    return run


def test_order_at_the_end_and_between_the_steps(method, fixed_steps):
    steps = np.array([24, 48, 96])
    expected = np.stack([solution_at(t) for t in np.linspace(0.05, 1.2, 24)])
    ends, between = [], []
    for count in steps:
        errors = np.abs(np.asarray(fixed_steps(1.2 / count)) - expected).max(axis=1)
        ends.append(errors[-1])
        between.append(errors.max())
    observed = np.log2(np.array(ends)[:-1] / np.array(ends)[1:])
    dense = np.log2(np.array(between)[:-1] / np.array(between)[1:])
    assert abs(observed[-1] - method.tableau.order) < 0.15, observed
    assert dense[-1] > method.tableau.dense_order - 0.15, dense


def test_an_algebraic_equation_on_a_pytree_keeps_its_constraint_and_the_order(method):
    mass, start = jnp.array([1.0, 0.0]), jnp.sqrt(0.5)

    @jax.jit
    def run(length):
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(circle), method(mass=mass), 0.0, 1.0, length, {"x": start, "z": start},
        )  # fmt: skip
        return solution.ys["x"][-1], solution.ys["z"][-1]

    errors = []
    for count in (8, 16, 32):
        x, z = run(1.0 / count)
        assert abs(float(x**2 + z**2 - 1)) < 20 * (1.0 / count) ** (method.tableau.order + 1)
        errors.append(abs(float(x) - np.cos(np.pi / 4 + 1.0)))
    # Between order 4 and 5: the constants of the algebraic part of Rodas4 are far from settled at these lengths.
    observed = np.log2(errors[-2] / errors[-1])
    assert observed > method.tableau.order - 0.15, observed


def test_a_full_mass_matrix_equals_the_transformed_system():
    matrix = jnp.array([[2.0, 0.5], [0.3, 1.0]])

    def final(field, mass):
        controller = diffrax.StepTo(jnp.linspace(0.0, 1.0, 11))
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(field),
            Rodas4(mass=mass),
            0.0,
            1.0,
            None,
            jnp.array([1.0, 1.0]),
            stepsize_controller=controller,
        )
        return solution.ys[-1]

    plain = final(lambda t, y, args: jnp.linalg.solve(matrix, nonlinear(t, y, args)), None)
    np.testing.assert_allclose(final(nonlinear, matrix), plain, rtol=1e-12)


def adaptive(rate, dtype=jnp.float64):
    start, end, length = jnp.array([0.0, 1.0, 0.01], dtype)  # diffrax gives the state the precision of the times
    return diffrax.diffeqsolve(
        diffrax.ODETerm(nonlinear), Rodas5P(), start, end, length, jnp.array([1.0, 1.0], dtype), rate,
        stepsize_controller=diffrax.PIDController(rtol=1e-5, atol=1e-6), max_steps=64,
    )  # fmt: skip


def test_batches_single_precision_and_the_gradient():
    rates = jnp.array([-5.0, -50.0, -5000.0])
    batch = jax.jit(jax.vmap(adaptive))(rates)
    np.testing.assert_allclose(batch.ys[:, 0], np.tile(solution_at(1.0), (3, 1)), rtol=2e-4)
    assert len(set(np.asarray(batch.stats["num_steps"]).tolist())) > 1

    single = adaptive(jnp.float32(-50.0), jnp.float32)
    assert single.ys.dtype == jnp.float32
    np.testing.assert_allclose(single.ys[0], solution_at(1.0), rtol=2e-4)

    @jax.jit
    def end(rate):
        controller = diffrax.StepTo(jnp.linspace(0.0, 1.0, 9))
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(nonlinear), Rodas4(), 0.0, 1.0, None, jnp.array([1.5, 1.0]), rate,
            stepsize_controller=controller, max_steps=8,
        )  # fmt: skip
        return solution.ys[-1, 1]

    slope = jax.grad(end)(jnp.array(-5.0))
    difference = (end(jnp.array(-5.0 + 1e-4)) - end(jnp.array(-5.0 - 1e-4))) / 2e-4
    np.testing.assert_allclose(slope, difference, rtol=1e-6)


@pytest.mark.parametrize("method", [Rodas4(), Rodas5P()], ids=["Rodas4", "Rodas5P"])
def test_backwards_in_time(method):
    def field(t, y, args):
        return -(1 + t) * y

    solution = diffrax.diffeqsolve(diffrax.ODETerm(field), method, 1.0, 0.0, -0.05, jnp.exp(jnp.array([-1.5])))
    np.testing.assert_allclose(solution.ys[0], [1.0], rtol=1e-6)


def test_a_step_into_nan_is_tried_again_with_a_smaller_length():
    def field(t, y, args):
        return -10 * jnp.sqrt(y) * jnp.where(y < 0.1, 0.05, 1.0)

    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(field), Rodas4(), 0.0, 1.0, 1.0, jnp.array([1.0]),
        stepsize_controller=diffrax.PIDController(rtol=1e-4, atol=1e-6),
    )  # fmt: skip
    assert int(solution.stats["num_rejected_steps"]) > 0
    assert bool(jnp.isfinite(solution.ys).all())


def test_misuse_is_refused_by_name():
    def run(solver, y0):
        return diffrax.diffeqsolve(diffrax.ODETerm(lambda t, y, args: -y), solver, 0.0, 1.0, 0.1, y0)

    with pytest.raises(ValueError, match=r"`mass` has shape \(3,\), the state has 2 components"):
        run(Rodas4(mass=jnp.ones(3)), jnp.ones(2))
    with pytest.raises(TypeError, match="must be real"), pytest.warns(UserWarning, match="[Cc]omplex"):
        run(Rodas4(), jnp.ones(2, complex))


def test_a_method_is_a_pytree_whose_mass_is_a_leaf():
    solver = Rodas5P(mass=jnp.ones(2))
    assert [leaf.shape for leaf in jax.tree.leaves(solver)] == [(2,)]
    assert eqx.tree_equal(solver, Rodas5P(mass=jnp.ones(2)))
