"""The table of equations on the command line."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml import physics
from sciml.commands import problems
from sciml.commands.initial import sampler
from sciml.equation import Evolution


def test_every_equation_of_the_library_can_be_solved_from_the_shell():
    classes = {
        name
        for name in physics.__all__
        if isinstance(getattr(physics, name), type) and issubclass(getattr(physics, name), Evolution)
    }
    assert {problem.equation for problem in problems.PROBLEMS.values()} == classes


@pytest.mark.parametrize("name", problems.PROBLEMS)
def test_defaults_make_an_equation_and_a_state_that_fits_it(name):
    problem = problems.PROBLEMS[name]
    equation = problems.make_equation(problem, problems.coefficient_options(problem)())
    domain = problems.domain_defaults(problem)
    grid = problems.make_grid(dataclasses.replace(domain, grid=(12,) * len(problem.grid)))
    state = sampler(problems.initial_defaults(problem), equation, grid, jnp.float64)(jax.random.key(0))
    assert state.shape == (len(equation.component_names(grid.dimension)), *grid.shape)
    assert np.isfinite(state).all() and np.abs(state).max() > 0
    assert equation.degree(grid) <= 3


def test_coefficients_that_are_not_numbers():
    """Several numbers, terms that may be absent and forces by name keep their kinds; a force takes its wave from the box."""
    general = problems.coefficient_options(problems.PROBLEMS["general"])
    made = problems.make_equation(problems.PROBLEMS["general"], general(linear=(0.0, 0.1), quadratic=2.0))
    assert made == physics.GeneralSemilinear(linear=(0.0, 0.1), quadratic=2.0)
    assert problems.numbers_of(general(linear=(0.0, 0.1))) == {"linear_0": 0.0, "linear_1": 0.1, "convection": -1.0}
    flow = problems.PROBLEMS["kolmogorov-flow"]
    options = problems.coefficient_options(flow)
    assert isinstance(problems.make_equation(flow, options()).forcing, physics.KolmogorovForcing)
    assert problems.make_equation(flow, options(forcing="none")).forcing is None
    assert problems.make_equation(flow, options()).degree(sciml.Grid((12, 9), extent=(1.0, 3.0))) == 2
