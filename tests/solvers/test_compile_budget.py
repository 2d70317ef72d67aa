"""First-call time is part of the product. Clocks lie on shared machines; the size of the program does not."""

import jax
import jax.numpy as jnp
import pytest

import sciml
from sciml import physics
from sciml.solvers import ETDRK4

LINE = sciml.Grid((32,), extent=(20.0,))
PLANE = sciml.Grid((16, 16), extent=(6.0, 6.0))
BLOCK = sciml.Grid((12, 12, 12), extent=(6.0,) * 3)


def operations(fn, *arguments):
    """Operations in the lowered program: what the compiler has to chew."""
    return sum(" = " in line for line in jax.jit(fn).lower(*arguments).as_text().splitlines())


def fixed(equation, grid):
    return lambda u: sciml.solvers.rollout(equation, grid, u, dt=0.01, steps=100, save_every=10, method=ETDRK4()).values


def adaptive(equation, grid):
    return lambda u: sciml.solve(equation, grid, u, ts=[0.0, 0.5, 1.0]).values


@pytest.mark.parametrize(
    ("door", "equation", "grid", "budget"),
    [
        (fixed, physics.KortewegDeVries(), LINE, 400),
        (fixed, physics.NavierStokesVorticity(), PLANE, 1200),
        (fixed, physics.Burgers(), BLOCK, 2500),
        (adaptive, physics.KortewegDeVries(), LINE, 2500),
    ],
    ids=["fixed kdv", "fixed vorticity", "fixed burgers 3d", "adaptive kdv"],
)
def test_size_of_the_program(door, equation, grid, budget):
    count = len(equation.component_names(grid.dimension))
    size = operations(door(equation, grid), jnp.zeros((count, *grid.shape), jnp.float32))
    assert budget / 4 < size < budget, size


def test_the_program_does_not_grow_with_the_number_of_steps():
    sizes = {
        operations(
            lambda u, n=n: (
                sciml.solvers.rollout(physics.KortewegDeVries(), LINE, u, dt=0.01, steps=n, save_every=n).values
            ),
            jnp.zeros((1, 32)),
        )
        for n in (10, 1000)
    }
    assert len(sizes) == 1, sizes


def elliptic(grid):
    return lambda k: jnp.sum(sciml.solvers.solve_elliptic(grid, jnp.ones(grid.shape), k, throw=False).values)


@pytest.mark.parametrize(
    ("shape", "plain", "with_gradient"),
    [((129, 129), 3400, 3900), ((1025, 1025), 4700, 5100), ((65, 65, 65), 6500, 7100)],
    ids=str,
)
def test_size_of_an_elliptic_solve(shape, plain, with_gradient):
    grid = sciml.Grid(shape, extent=(1.0,) * len(shape), boundary=sciml.boundary.Dirichlet())
    k = jax.ShapeDtypeStruct(shape, jnp.float32)
    for budget, door in ((plain, elliptic(grid)), (with_gradient, jax.value_and_grad(elliptic(grid)))):
        size = operations(door, k)
        assert budget / 4 < size < budget, size
