"""The number of evaluations, known from the method, against a count made while it runs."""

import diffrax
import jax
import jax.numpy as jnp
import pytest

from sciml.solvers import MidpointReuse, Taylor, count_nfe, solve_on_times

COUNTED = [
    diffrax.Euler(),
    diffrax.Heun(),
    diffrax.Midpoint(),
    diffrax.Bosh3(),
    diffrax.LeapfrogMidpoint(),
    diffrax.ReversibleHeun(),
    Taylor(2, "difference"),
    MidpointReuse(),
]


@pytest.mark.parametrize("solver", COUNTED, ids=lambda solver: type(solver).__name__)
def test_the_count_is_what_runs(solver):
    calls = []

    def field(t, y, args):
        jax.debug.callback(lambda: calls.append(1))
        return -y

    jax.block_until_ready(jax.jit(lambda y: solve_on_times(field, solver, jnp.linspace(0.0, 1.0, 6), y))(jnp.ones(2)))
    jax.effects_barrier()
    assert len(calls) == count_nfe(solver, 5)


def test_the_counts_of_the_papers():
    assert count_nfe(Taylor(2, "difference"), 25) == 50
    assert count_nfe(MidpointReuse(), 25) == 26
    assert count_nfe(diffrax.Heun(), 25) == 50


@pytest.mark.parametrize("solver", [Taylor(2), Taylor(3), Taylor(3, "jet")], ids=repr)
def test_derivatives_count_as_the_matrix_products_they_cost(solver):
    """At most: the compiler merges equal ones, so that order 3 by nested differentiation has 3 where 4 are written."""
    weight = jnp.ones((7, 7))

    def step(y):
        return solver.step(diffrax.ODETerm(lambda t, y, args: jnp.tanh(weight @ y)), 0.0, 0.1, y, None, None, False)[0]

    text = jax.jit(step).lower(jnp.ones(7)).compile().as_text()
    assert solver.taylor_order <= text.count(" dot(") <= count_nfe(solver, 1)


def test_steps_may_be_traced_and_come_from_a_solve():
    @jax.jit
    def run(y):
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: -y), diffrax.Tsit5(), 0.0, 1.0, 0.1, y,
            stepsize_controller=diffrax.PIDController(rtol=1e-6, atol=1e-6),
        )  # fmt: skip
        return count_nfe(diffrax.Tsit5(), solution.stats["num_steps"]), solution.stats["num_steps"]

    found, steps = run(jnp.ones(()))
    assert found == 1 + 6 * steps


def test_a_solver_of_ones_own_says_it_and_implicit_ones_are_refused():
    class Mine(diffrax.Euler):
        evaluations_per_step = (3, 4)

    assert count_nfe(Mine(), 2) == 11
    with pytest.raises(ValueError, match="Kvaerno3 are not known"):
        count_nfe(diffrax.Kvaerno3(), 2)
