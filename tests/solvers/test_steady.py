"""Steady equations: equal to the elliptic solver, order two, derivatives, nonlinear ones, failures by name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.boundary import Dirichlet, Neumann, Periodic, Robin, Sides
from sciml.physics import Bratu, Darcy, Helmholtz, NonlinearDiffusion, Poisson
from sciml.solvers import ConvergenceError, Multigrid, SteadyResult, solve_elliptic, solve_steady
from sciml.solvers.multigrid import finite_volumes, probe_stencil
from sciml.solvers.multigrid.probing import colours

SQUARE = sciml.Grid((17, 17), extent=(1.0, 1.0), boundary=Dirichlet())
LINE = sciml.Grid((33,), extent=(1.0,), boundary=Dirichlet())
PI = np.pi


class Drift(sciml.Steady):
    """`-nu laplacian(u) + v u_x = 1`: not symmetric."""

    viscosity: object
    velocity: object

    def residual(self, u):
        return self.velocity * u.d(0) - self.viscosity * u.laplacian() - 1.0


class Pair(sciml.Steady):
    """Two components that feed each other."""

    components = ("a", "b")
    rate: object

    def residual(self, u):
        a, b = u
        return sciml.fields.stack([-a.laplacian() + self.rate * (a - b), -b.laplacian() - 3.0 + a * b])


class Wave(sciml.Steady):
    """`-u'' + (1 + i) u = 1`, complex."""

    is_complex = True

    def residual(self, u):
        return -u.laplacian() + (1 + 1j) * u - 1.0


def lognormal(shape):
    return np.exp(np.random.default_rng(3).standard_normal(shape))


def test_another_tolerance_needs_no_other_program(caplog):
    grid, compiled = sciml.Grid((9, 9), extent=(1.0, 1.0), boundary=Dirichlet()), []
    for limits in ({"rtol": 1e-6}, {"rtol": 1e-2, "atol": 1e-9, "max_steps": 20}):
        with jax.log_compiles(), caplog.at_level("WARNING"):
            assert solve_steady(Bratu(1.0), grid, **limits).successful
        compiled.append(sum("Compiling jit(_solve)" in record.getMessage() for record in caplog.records))
        caplog.clear()
    assert compiled == [1, 0]


@pytest.mark.parametrize(
    ("boundary", "nodes"),
    [
        ([Sides(Dirichlet(1.0), Neumann(0.5)), Robin(1.0, 0.5, 0.2)], "vertex"),
        ([Periodic(), Dirichlet(lambda t, x: jnp.sin(2 * PI * x))], "cell"),
    ],
)
def test_darcy_equals_the_elliptic_solver(boundary, nodes):
    # 32 or more unknowns along an axis: several levels of multigrid.
    grid = sciml.Grid((36, 20), extent=(1.0, 0.6), boundary=boundary, nodes=nodes)
    permeability = lognormal(grid.shape)
    ours = solve_steady(Darcy(permeability, 2.0), grid, rtol=1e-11, multigrid=Multigrid(coarsest=100))
    theirs = solve_elliptic(grid, np.full(grid.shape, 2.0), permeability, rtol=1e-11)
    scale = float(jnp.abs(theirs.values).max())
    # Measured: 8e-16; iterations 10 and 9, and as many there.
    np.testing.assert_allclose(ours.values[0], theirs.values, atol=1e-12 * scale)
    assert abs(int(ours.statistics["linear_steps"]) - int(theirs.iterations)) <= 2
    assert ours.statistics["steps"] == 1


def test_without_walls_that_hold_the_value_the_mean_is_zero_and_sources_must_balance():
    grid = sciml.Grid((18,), extent=(1.0,), boundary=Neumann())
    x = grid.coordinates()[0]
    solution = solve_steady(Poisson(PI**2 * np.cos(PI * x)), grid)
    np.testing.assert_allclose(solution.values[0], np.cos(PI * x), atol=0.005)
    with pytest.raises(ValueError, match=r"sources and the boundary fluxes must balance; they miss by 1 of their size"):
        solve_steady(Poisson(np.ones(18)), grid)
    assert solve_steady(Poisson(np.ones(18)), grid, throw=False).statistics["imbalance"] == 1


def test_bratu_is_of_second_order_and_its_residual_gets_small_in_few_steps():
    theta = 1.5171645990507543
    errors = []
    for count in (17, 33):
        grid = sciml.Grid((count,), extent=(1.0,), boundary=Dirichlet())
        x = grid.coordinates()[0]
        solution = solve_steady(Bratu(1.0), grid)
        errors.append(
            np.abs(solution.values[0] + 2 * np.log(np.cosh((x - 0.5) * theta / 2) / np.cosh(theta / 4))).max()
        )
        assert solution.successful and solution.residual <= 1e-8 and solution.statistics["steps"] <= 4
    assert abs(np.log2(errors[0] / errors[1]) - 2) < 0.15


def test_nonlinear_diffusion_is_of_second_order_for_a_jump_in_the_kind_of_wall():
    # v = u + u^3 / 3 is linear between the walls' values, with a parabola for the source.
    errors = []
    for count in (16, 32):
        grid = sciml.Grid((count,), extent=(1.0,), boundary=Sides(Dirichlet(0.5), Neumann()), nodes="cell")
        x = grid.coordinates()[0]
        v = 0.5 + 0.5**3 / 3 + 3 * (x - x**2 / 2)
        u = solve_steady(NonlinearDiffusion(source=3.0), grid).values[0]
        errors.append(np.abs(u + u**3 / 3 - v).max())
    assert abs(np.log2(errors[0] / errors[1]) - 2) < 0.2


def test_bratu_near_the_fold_and_beyond_it():
    solution = solve_steady(Bratu(6.5), SQUARE)
    # Measured: 5 steps, 1.0049.
    assert solution.statistics["steps"] <= 8
    assert abs(float(solution.values.max()) - 1.005) < 2e-3
    with pytest.raises(ConvergenceError, match=r"Bratu after .* there may be no solution near") as caught:
        solve_steady(Bratu(7.5), SQUARE)
    assert caught.value.solution.values.shape == (1, 17, 17)
    assert SteadyResult(int(caught.value.solution.result)) is SteadyResult.NO_DESCENT


@pytest.mark.parametrize(
    ("make", "grid", "at"),
    [
        (Bratu, SQUARE, 2.0),
        (lambda p: Darcy(jnp.asarray(lognormal((33,))) + p, p), LINE, 1.5),
        pytest.param(lambda p: Drift(0.1, p), LINE, 1.0, marks=pytest.mark.slow),
        pytest.param(lambda p: NonlinearDiffusion(1.0, p, 5.0), LINE, 0.7, marks=pytest.mark.slow),
        pytest.param(Pair, sciml.Grid((17,), extent=(1.0,), boundary=Dirichlet(1.0)), 2.0, marks=pytest.mark.slow),
    ],
    ids=["bratu", "darcy", "drift", "nonlinear diffusion", "pair"],
)
def test_derivatives_in_a_parameter_equal_finite_differences(make, grid, at):
    @jax.jit
    def mean_square(p):
        return jnp.sum(solve_steady(make(p), grid, rtol=1e-12).values ** 2)

    step = 1e-4
    centred = (mean_square(at + step) - mean_square(at - step)) / (2 * step)
    np.testing.assert_allclose(jax.jit(jax.grad(mean_square))(at), centred, rtol=1e-6)
    if grid is LINE:
        np.testing.assert_allclose(jax.jvp(mean_square, (at,), (1.0,))[1], centred, rtol=1e-6)


@pytest.mark.slow
def test_derivatives_in_boundary_data_and_second_derivatives():
    grid = sciml.Grid((17,), extent=(1.0,), boundary=Sides(Dirichlet(), Neumann()))

    def end(flux):
        data = {(0, "upper"): flux, (0, "lower"): flux**2}
        return solve_steady(Bratu(0.5), grid, boundary_data=data, rtol=1e-12).values[0, -1]

    step, at = 1e-4, 0.3
    slope = jax.jit(jax.grad(end))
    np.testing.assert_allclose(slope(at), (end(at + step) - end(at - step)) / (2 * step), rtol=1e-6)
    curvature = jax.jit(jax.jacfwd(jax.grad(end)))(at)
    np.testing.assert_allclose(curvature, (slope(at + step) - slope(at - step)) / (2 * step), rtol=1e-6)


def test_vmap_over_a_parameter_equals_single_solves():
    strengths = jnp.asarray([0.5, 3.0])
    solve = jax.jit(jax.vmap(lambda p: solve_steady(Bratu(p), LINE, throw=False)))
    batch = solve(strengths)
    for index, strength in enumerate(strengths):
        alone = solve_steady(Bratu(strength), LINE)
        np.testing.assert_allclose(batch.values[index], alone.values, atol=1e-9)
        assert batch.statistics["steps"][index] == alone.statistics["steps"]


@pytest.mark.slow
@pytest.mark.slow
def test_derivatives_in_single_precision():
    def mean(velocity, viscosity):
        return solve_steady(Drift(viscosity, velocity), LINE).values.mean()

    single = jax.grad(mean)(jnp.float32(1.0), jnp.float32(0.1))
    assert single.dtype == jnp.float32
    np.testing.assert_allclose(single, jax.grad(mean)(1.0, 0.1), rtol=1e-4)


@pytest.mark.slow
def test_single_precision_is_right_to_single_precision():
    grid = sciml.Grid((33, 33), extent=(1.0, 1.0), boundary=Dirichlet())
    permeability = lognormal(grid.shape)
    for single, double in (
        (Darcy(permeability.astype(np.float32)), Darcy(permeability)),
        (Bratu(jnp.float32(2.0)), Bratu(2.0)),
    ):
        low, high = solve_steady(single, grid), solve_steady(double, grid)
        assert low.values.dtype == jnp.float32
        # Measured: 5e-7 and 7e-7.
        np.testing.assert_allclose(low.values, high.values, atol=2e-6 * float(high.values.max()))


@pytest.mark.slow
def test_indefinite_helmholtz_goes_to_minres_by_itself():
    grid = sciml.Grid((16, 16), extent=(1.0, 1.0), boundary=Dirichlet(), nodes="cell")
    x, y = grid.coordinates()
    exact = np.sin(PI * x) * np.sin(2 * PI * y)
    source = (5 * PI**2 - 30.0) * exact
    solution = solve_steady(Helmholtz(np.sqrt(30.0), source), grid)
    assert solution.successful
    assert np.abs(solution.values[0] - exact).max() < 0.1
    inside = solve_steady(
        Helmholtz(np.sqrt(30.0), source), grid, throw=False, linear_solver=sciml.solvers.ConjugateGradients()
    )
    assert not inside.successful or float(inside.residual) <= 1e-8


@pytest.mark.slow
def test_drift_and_systems_and_complex_states():
    solution = solve_steady(Drift(0.1, 1.0), LINE, rtol=1e-10)
    x = np.linspace(0, 1, 33)
    exact = x - (np.exp(10 * x) - 1) / (np.exp(10.0) - 1)
    assert np.abs(solution.values[0] - exact).max() < 0.02
    pair = solve_steady(Pair(2.0), sciml.Grid((17,), extent=(1.0,), boundary=Dirichlet(1.0)))
    assert pair.values.shape == (2, 17) and pair.successful
    box = sciml.Grid((16,), extent=(1.0,), boundary=Neumann())
    wave = solve_steady(Wave(), box)
    np.testing.assert_allclose(wave.values, np.full((1, 16), 1 / (1 + 1j)), rtol=1e-7)


@pytest.mark.slow
def test_another_first_guess_finds_the_other_solution():
    grid = sciml.Grid((33,), extent=(1.0,), boundary=Dirichlet())
    x = grid.coordinates()[0]
    upper = solve_steady(Bratu(1.0), grid, u0=4 * np.sin(PI * x)[None])
    # Closed form with theta = 10.9387: 4.0915 in the middle; measured: 4.0911.
    assert abs(float(upper.values.max()) - 4.0915) < 1e-3


@pytest.mark.parametrize(
    ("shape", "periodic"),
    [((7, 8), (True, True)), ((5, 4), (True, False)), ((10, 10), (True, True)), ((6,), (False,))],
)
@pytest.mark.parametrize("star", [True, False])
def test_neighbours_have_different_colours(shape, periodic, star):
    boundary = [Periodic() if wraps else Neumann() for wraps in periodic]
    grid = sciml.Grid(shape, extent=(1.0,) * len(shape), boundary=boundary)
    colour, count = (np.asarray(value) for value in colours(grid, star=star))
    assert colour.max() < count
    for node in np.ndindex(*shape):
        seen = []
        for step in np.ndindex(*(3,) * len(shape)):
            offset = np.asarray(step) - 1
            place = np.asarray(node) + offset
            inside = all(wraps or 0 <= p < n for p, n, wraps in zip(place, shape, periodic))
            if inside and (not star or np.abs(offset).sum() <= 1):
                seen.append(colour[tuple(place % np.asarray(shape))])
        assert len(set(seen)) == len(seen)


def test_probing_gives_the_stencil_and_its_derivatives():
    grid = sciml.Grid((8, 5), extent=(1.0, 1.0), boundary=[Periodic(), Neumann()])
    permeability = jnp.asarray(lognormal(grid.shape))
    volumes = finite_volumes(grid, permeability, 1.0)
    probed = probe_stencil(volumes.operator.mv, grid, jnp.float64)
    np.testing.assert_allclose(probed.as_matrix(), volumes.operator.as_matrix(), atol=1e-11)

    def corner(factor):
        operator = finite_volumes(grid, factor * permeability, 1.0).operator
        return probe_stencil(operator.mv, grid, jnp.float64, star=True).centre[1, 1]

    np.testing.assert_allclose(jax.grad(corner)(2.0), volumes.operator.centre[1, 1] - 1.0, rtol=1e-12)


def test_mistakes_are_named():
    with pytest.raises(ValueError, match=r"`u0` must have shape \(1, 33\), got \(33,\)"):
        solve_steady(Poisson(), LINE, u0=np.zeros(33))
    with pytest.raises(ValueError, match="cannot be halved down"):
        solve_steady(Poisson(), sciml.Grid((40, 40), extent=(1.0, 1.0), boundary=Dirichlet()), method="fas")
    with pytest.raises(ValueError, match="leave `u0` out"):
        solve_steady(Poisson(), LINE, u0=np.zeros((1, 33)), method="fmg")
