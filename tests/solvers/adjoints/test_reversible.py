"""Steps that are undone: exactly, with the gradient of the discrete solve, in the memory of one step."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.solvers import CoupledSolver, ReversibleAdjoint, solve_reversible
from sciml.solvers.adjoints.explicit_increment import explicit_increment
from sciml.solvers.adjoints.reversible_solve import reversible_method

MATRIX = jnp.asarray([[0.3, -1.2, 0.4], [1.1, 0.2, -0.7], [-0.5, 0.9, -0.1]])
START = jnp.asarray([1.0, -0.5, 0.3])
TERM = diffrax.ODETerm(lambda t, y, matrix: jnp.tanh(matrix @ y) + jnp.sin(t))
HEUN = diffrax.ReversibleHeun()
SOLVERS = {"ReversibleHeun": HEUN, "coupled": CoupledSolver(diffrax.Bosh3(), coupling=0.999)}


def plain_end(solver, y0, matrix, steps, t1=2.0):
    """By a plain scan of the same steps, which JAX differentiates."""
    method, length = reversible_method(solver), t1 / steps

    def step(state, index):
        t = index.astype(matrix.dtype) * length
        return method.forward(TERM, t, (index + 1).astype(matrix.dtype) * length, state, matrix), None

    state = method.start(TERM, jnp.asarray(0.0, matrix.dtype), y0, matrix)
    return method.value(jax.lax.scan(step, state, jnp.arange(steps))[0])


@pytest.mark.parametrize("name", SOLVERS)
def test_two_hundred_steps_forth_and_back(name):
    method = reversible_method(SOLVERS[name])

    @jax.jit
    def there_and_back(y0):
        def forth(index, state):
            return method.forward(TERM, 0.01 * index, 0.01 * (index + 1), state, MATRIX)

        def back(index, state):
            return method.backward(TERM, 0.01 * (199 - index), 0.01 * (200 - index), state, MATRIX)

        state = method.start(TERM, jnp.asarray(0.0), y0, MATRIX)
        end = jax.lax.fori_loop(0, 200, forth, state)
        return method.value(end), method.value(jax.lax.fori_loop(0, 200, back, end))

    end, again = there_and_back(START)
    assert np.max(np.abs(end - START)) > 0.5
    np.testing.assert_allclose(again, START, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "dtype"), [("ReversibleHeun", "float32"), ("ReversibleHeun", "float64"), ("coupled", "float64")]
)
def test_gradient_is_that_of_the_plain_steps(name, dtype):
    y0, matrix = START.astype(dtype), MATRIX.astype(dtype)

    def reversible(y0, matrix):
        return jnp.sum(solve_reversible(TERM, SOLVERS[name], 0.0, 2.0, y0, matrix, steps=60).ys[-1] ** 2)

    def plain(y0, matrix):
        return jnp.sum(plain_end(SOLVERS[name], y0, matrix, 60) ** 2)

    value, slopes = jax.jit(jax.value_and_grad(reversible, (0, 1)))(y0, matrix)
    known, known_slopes = jax.jit(jax.value_and_grad(plain, (0, 1)))(y0, matrix)
    tolerance = {"float32": 1e-4, "float64": 1e-12}[dtype]
    np.testing.assert_allclose(value, known, rtol=tolerance)
    for slope, right in zip(slopes, known_slopes, strict=True):
        assert slope.dtype == dtype
        np.testing.assert_allclose(slope, right, rtol=tolerance, atol=tolerance)


def test_saved_states_and_closures_are_differentiated_in_a_batch():
    def loss(rate):
        term = diffrax.ODETerm(lambda t, y, args: -rate * y)
        return jnp.sum(solve_reversible(term, HEUN, 0.0, 1.0, jnp.ones(2), steps=40, save_every=10).ys)

    rates = jnp.asarray([0.0, 0.5, 1.0])
    times = np.asarray([0.25, 0.5, 0.75, 1.0])
    known = -2 * np.sum(times * np.exp(-np.asarray(rates)[:, None] * times), axis=1)
    np.testing.assert_allclose(jax.jit(jax.vmap(jax.grad(loss)))(rates), known, rtol=1e-3)


def test_a_weak_coupling_is_walked_back_in_segments():
    # 0.8^-400 is 1e38: without the stored states the gradient would be noise.
    solver = CoupledSolver(diffrax.Heun(), coupling=0.8)
    assert reversible_method(solver).segment(400, jnp.float64) == 61
    assert reversible_method(solver).segment(400, jnp.float32) == 30

    def loss(matrix, of):
        return jnp.sum(of(matrix) ** 2)

    slope = jax.jit(
        jax.grad(lambda m: loss(m, lambda m: solve_reversible(TERM, solver, 0.0, 2.0, START, m, steps=400).ys[-1]))
    )
    known = jax.jit(jax.grad(lambda m: loss(m, lambda m: plain_end(solver, START, m, 400))))
    np.testing.assert_allclose(slope(MATRIX), known(MATRIX), rtol=1e-8)


@pytest.mark.parametrize(
    ("solver", "order"), [(HEUN, 2), (CoupledSolver(diffrax.Bosh3(), coupling=0.9), 3)], ids=["heun", "coupled"]
)
def test_order(solver, order):
    errors = []
    for steps in (80, 160):
        end = jax.jit(
            lambda y0, steps=steps: solve_reversible(TERM_OF_COSINE, solver, 0.0, 1.0, y0, steps=steps).ys[-1]
        )(jnp.ones(()))
        errors.append(abs(float(end) - np.exp(np.sin(1.0))))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.25)


TERM_OF_COSINE = diffrax.ODETerm(lambda t, y, args: jnp.cos(t) * y)


@pytest.mark.parametrize("solver", [diffrax.Tsit5(), diffrax.Heun()], ids=lambda solver: type(solver).__name__)
def test_unrolled_step_is_that_of_diffrax(solver):
    t0, t1 = jnp.asarray(0.1), jnp.asarray(0.3)
    known = solver.step(TERM, t0, t1, START, MATRIX, solver.init(TERM, t0, t1, START, MATRIX), False)[0]
    found = START + explicit_increment(solver.tableau, TERM, t0, t1, START, MATRIX)
    np.testing.assert_allclose(found, known, rtol=1e-14)


def test_memory_does_not_grow_with_the_steps():
    def temporary(steps):
        def loss(matrix):
            return jnp.sum(solve_reversible(TERM, HEUN, 0.0, 1.0, START, matrix, steps=steps).ys[-1])

        return jax.jit(jax.grad(loss)).lower(MATRIX).compile().memory_analysis().temp_size_in_bytes

    few, many = temporary(100), temporary(100_000)
    assert few <= many < few + 1000


class Drift(eqx.Module):
    rate: jax.Array

    def __call__(self, t, y, args):
        return -self.rate * y


class Diffusion(eqx.Module):
    size: jax.Array

    def __call__(self, t, y, args):
        return jnp.diag(self.size * jnp.cos(y))


@pytest.mark.slow
def test_adjoint_of_diffrax_on_a_controlled_equation():
    # The adapter writes diffrax' loop state: a new minor version has to be looked at.
    assert diffrax.__version__.startswith("0.7.")
    path = diffrax.LinearInterpolation(jnp.linspace(0.0, 1.0, 6), jax.random.normal(jax.random.key(0), (6, 2)))
    grid = jnp.linspace(0.0, 1.0, 21)

    def terms(parameters):
        return diffrax.MultiTerm(
            diffrax.ODETerm(Drift(parameters[0])), diffrax.ControlTerm(Diffusion(parameters[1]), path)
        )

    def solve(parameters, **options):
        return diffrax.diffeqsolve(
            terms(parameters), HEUN, 0.0, 1.0, None, jnp.ones(2), None, max_steps=20,
            stepsize_controller=diffrax.StepTo(grid), saveat=diffrax.SaveAt(t0=True, steps=5), **options,
        )  # fmt: skip

    def through_diffrax(parameters):
        solution = solve(parameters, adjoint=ReversibleAdjoint())
        return jnp.sum(solution.ys[1:] ** 2), solution

    def directly(parameters):
        ys = solve_reversible(terms(parameters), HEUN, 0.0, 1.0, jnp.ones(2), step_ts=grid, save_every=5).ys
        return jnp.sum(ys**2)

    parameters = jnp.asarray([0.5, 0.3])
    slope, solution = jax.grad(through_diffrax, has_aux=True)(parameters)
    known = solve(parameters)
    np.testing.assert_allclose(slope, jax.jit(jax.grad(directly))(parameters), rtol=1e-12)
    np.testing.assert_allclose(solution.ys, known.ys, rtol=1e-14)
    assert np.array_equal(solution.ts, known.ts) and solution.result == known.result
    assert solution.stats["num_steps"] == known.stats["num_steps"] == 20


def test_a_stochastic_equation_is_walked_back_along_the_same_noise():
    # This noise is another for every pair of times: a step back with times changed in the last bit would give a wrong gradient.
    noise = diffrax.UnsafeBrownianPath((2,), jax.random.key(0))
    grid, method = jnp.linspace(0.0, 1.0, 21), reversible_method(HEUN)

    def terms(parameters):
        return diffrax.MultiTerm(
            diffrax.ODETerm(Drift(parameters[0])), diffrax.ControlTerm(Diffusion(parameters[1]), noise)
        )

    def reversible(parameters):
        return jnp.sum(solve_reversible(terms(parameters), HEUN, 0.0, 1.0, jnp.ones(2), step_ts=grid).ys ** 2)

    def plain(parameters):
        def step(state, index):
            return method.forward(terms(parameters), grid[index], grid[index + 1], state, None), None

        start = method.start(terms(parameters), grid[0], jnp.ones(2), None)
        return jnp.sum(method.value(jax.lax.scan(step, start, jnp.arange(20))[0]) ** 2)

    parameters = jnp.asarray([0.5, 0.3])
    known = jax.jit(jax.grad(plain))(parameters)
    np.testing.assert_allclose(jax.jit(jax.grad(reversible))(parameters), known, rtol=1e-12)
    with pytest.raises(ValueError, match="list the times"):
        solve_reversible(terms(parameters), HEUN, 0.0, 1.0, jnp.ones(2), steps=20)


def test_what_cannot_be_undone_is_refused():
    def solve(solver=HEUN, **options):
        return diffrax.diffeqsolve(
            TERM, solver, 0.0, 1.0, options.pop("dt0", None), START, MATRIX, adjoint=ReversibleAdjoint(),
            **({"stepsize_controller": diffrax.StepTo(jnp.linspace(0.0, 1.0, 5))} | options),
        )  # fmt: skip

    with pytest.raises(ValueError, match="steps of Tsit5 cannot be undone"):
        solve(diffrax.Tsit5())
    with pytest.raises(ValueError, match=r"needs the steps beforehand.*got ConstantStepSize"):
        solve(stepsize_controller=diffrax.ConstantStepSize(), dt0=0.1)
    with pytest.raises(ValueError, match=r"save with SaveAt\(t1=True\)"):
        solve(saveat=diffrax.SaveAt(ts=jnp.asarray([0.5])))
    with pytest.raises(ValueError, match="4 steps are listed"):
        solve(max_steps=3)
    with pytest.raises(ValueError, match="got Kvaerno3"):
        CoupledSolver(diffrax.Kvaerno3())
    with pytest.raises(ValueError, match="`coupling` must lie"):
        CoupledSolver(diffrax.Heun(), coupling=1.5)
    with pytest.raises(ValueError, match="either `steps` or `step_ts`"):
        solve_reversible(TERM, HEUN, 0.0, 1.0, START, MATRIX)
    with pytest.raises(ValueError, match="multiple of `save_every`, got 10 and 3"):
        solve_reversible(TERM, HEUN, 0.0, 1.0, START, MATRIX, steps=10, save_every=3)
