"""Invariants: exact on single modes, and kept by solves of conservative equations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml import physics
from sciml.boundary import Dirichlet
from sciml.solvers import measure_invariants, rollout

LINE = sciml.Grid((64,), extent=(20.0,))
PLANE = sciml.Grid((24, 18), extent=(2 * np.pi, 4 * np.pi))
CUBE = sciml.Grid((8, 8, 8), extent=(2 * np.pi,) * 3)


def measured(equation, grid, state):
    return {name: float(value) for name, value in measure_invariants(equation, grid, state).items()}


def test_means_are_those_of_the_integrals():
    x, y = PLANE.coordinates()
    w = (np.cos(3 * x) + np.sin(y / 2) + 0.5)[None]
    flow = measured(physics.NavierStokesVorticity(), PLANE, w)
    assert flow == pytest.approx(
        {"circulation": 0.5, "energy": 0.25 * (1 / 9 + 4), "enstrophy": 0.5 * (0.5 + 0.5 + 0.25)}
    )
    u = np.stack([2 * np.sin(y / 2), np.sin(3 * x) / 3 + 0.1])
    same = measured(physics.NavierStokesVelocity(), PLANE, u)
    assert same["energy"] == pytest.approx(0.5 * (2 + 1 / 18 + 0.01)) and same["momentum v"] == pytest.approx(0.1)
    a, b, c = CUBE.coordinates()
    beltrami = np.stack([np.sin(c) + np.cos(b), np.sin(a) + np.cos(c), np.sin(b) + np.cos(a)])
    found = measured(physics.NavierStokesVelocity(), CUBE, beltrami)
    assert found["energy"] == pytest.approx(1.5) and found["helicity"] == pytest.approx(3.0)


def test_products_of_the_highest_modes_are_not_aliased():
    line = sciml.Grid((16,), extent=(2 * np.pi,))
    x = line.coordinates()[0]
    # On 16 nodes the mean of cos(4 x)^4 is 1/2; of the function it is 3/8.
    field = measured(physics.KleinGordon(cubic=4.0, mass=0.0, speed=0.0), line, np.stack([np.cos(4 * x), 0 * x]))
    assert field["energy"] == pytest.approx(3 / 8)
    psi = (1.5 * np.exp(5j * x))[None]
    wave = measured(physics.NonlinearSchroedinger(), line, psi)
    assert wave == pytest.approx({"mass": 2.25, "momentum x": 5 * 2.25, "energy": 0.5 * 25 * 2.25 - 0.5 * 2.25**2})


def two_solitons():
    x = LINE.coordinates()[0]
    return np.sum([c / 2 / np.cosh(np.sqrt(c) / 2 * (x - at)) ** 2 for c, at in ((4.0, 6.0), (1.0, 12.0))], axis=0)[
        None
    ]


def vortices(grid=PLANE):
    rng = np.random.default_rng(0)
    x, y = grid.coordinates()
    return np.sum(
        [rng.normal() * np.cos(k * x + m * y / 2 + rng.uniform(0, 6)) for k in range(3) for m in range(3)], axis=0
    )[None]


def orszag_tang():
    grid = sciml.Grid((24, 24), extent=(2 * np.pi, 2 * np.pi))
    x, y = grid.coordinates()
    return grid, np.stack([2 * np.cos(x) + 2 * np.cos(y), np.cos(2 * x) + 2 * np.cos(y)])


def conservers():
    x = LINE.coordinates()[0]
    wave = 2 * np.pi / 20 * x
    box, alfven = orszag_tang()
    return {
        "kdv": (physics.KortewegDeVries(), LINE, two_solitons(), 1e-3, 500),
        "kawahara": (physics.Kawahara(), LINE, np.exp(np.cos(wave))[None], 1e-3, 500),
        "nlse": (physics.NonlinearSchroedinger(), LINE, (np.exp(2j * wave) / np.cosh(x - 10))[None], 2e-3, 500),
        "euler": (physics.NavierStokesVorticity(0.0), PLANE, vortices(), 2e-3, 200),
        "beta": (physics.BetaPlaneVorticity(viscosity=0.0), PLANE, vortices(), 2e-3, 200),
        "mhd": (physics.Magnetohydrodynamics(0.0, 0.0), box, alfven, 2e-3, 200),
        "water": (physics.ShallowWater(viscosity=0.0), LINE, 0.05 * np.stack([np.sin(wave), np.cos(wave)]), 1e-2, 200),
        "waves": (physics.KleinGordon(), LINE, np.stack([np.sin(wave), np.cos(wave)]), 1e-2, 200),
    }


# About three times what was measured.
BOUNDS = {
    "kdv": 6e-10,
    "kawahara": 5e-14,
    "nlse": 2e-13,
    "euler": 6e-13,
    "beta": 3e-12,
    "mhd": 1e-11,
    "water": 6e-14,
    "waves": 1e-10,
}


@pytest.mark.parametrize("name", conservers())
def test_conservative_equations_keep_their_invariants(name):
    equation, grid, state, dt, steps = conservers()[name]
    solution = rollout(equation, grid, state, dt=dt, steps=steps, save_every=steps // 2)
    report = solution.conservation(equation)
    assert report.times.shape == (3,) and all(series.shape == (3,) for series in report.values.values())
    drifts = report.largest_drifts()
    assert max(drifts.values()) < BOUNDS[name]
    assert str(report).count("\n") == len(drifts)


def test_damping_shows_as_drift():
    equation = physics.NavierStokesVorticity(0.1)
    x, _ = PLANE.coordinates()
    report = rollout(equation, PLANE, np.cos(2 * x)[None], dt=0.1, steps=5).conservation(equation)
    # Half the mean square; its scale is the density's mean, so the drift is exact too.
    np.testing.assert_allclose(report.drift("enstrophy"), np.exp(-0.8 * report.times) - 1, atol=1e-12)
    assert report.largest_drifts()["circulation"] < 1e-14


def test_transformations_precision_and_refusals():
    state = jnp.asarray(two_solitons(), jnp.float32)
    equation = physics.KortewegDeVries()
    found = jax.jit(jax.vmap(lambda u: measure_invariants(equation, LINE, u)["momentum"]))(
        jnp.stack([state, 2 * state])
    )
    assert found.dtype == jnp.float32 and float(found[1]) == pytest.approx(4 * float(found[0]), rel=1e-6)
    slope = jax.grad(lambda u: measure_invariants(equation, LINE, u)["momentum"])(state)
    np.testing.assert_allclose(slope, state / 64, atol=1e-6)
    walls = sciml.Grid((9,), extent=(1.0,), boundary=Dirichlet(0.0))
    with pytest.raises(ValueError, match="periodic grids only"):
        measure_invariants(physics.Burgers(), walls, np.zeros((1, 9)))
