"""The exact solution of Burgers' equation: closed forms, the heat kernel's properties, the solver, refusals."""

import numpy as np
import pytest
from problems import cole_hopf as by_transforms
from problems import wavy

import sciml
from sciml.physics import Burgers, cole_hopf
from sciml.solvers import rollout

TAU = 2 * np.pi
BOX = sciml.Grid((64,), extent=(TAU,))
(X,) = BOX.coordinates()
VISCOUS = Burgers(viscosity=0.1)


def wave(x, t, viscosity, amplitude):
    """From `phi = 1 + a exp(-nu t) cos x`, whose `u = -2 nu phi_x / phi` is exact at all times."""
    spread = amplitude * np.exp(-viscosity * t)
    return 2 * viscosity * spread * np.sin(x) / (1 + spread * np.cos(x))


@pytest.mark.parametrize("t", [1e-3, 0.3, 1.0, 20.0])
@pytest.mark.parametrize("mean", [0.0, 0.7])
def test_a_closed_form_and_its_frame_of_reference(t, mean):
    u0 = mean + wave(X, 0.0, 0.1, 0.8)
    exact = mean + wave(X - mean * t, t, 0.1, 0.8)
    np.testing.assert_allclose(cole_hopf(VISCOUS, BOX, u0[None], t)[0], exact, atol=1e-11)


def test_it_agrees_with_the_heat_kernel_in_fourier_space():
    x, expected = by_transforms(wavy, 0.1, 1.0)
    np.testing.assert_allclose(cole_hopf(VISCOUS, BOX, wavy(X)[None], 1.0)[0], expected[:: x.size // 64], atol=1e-12)


def test_two_steps_are_one_of_their_sum():
    grid = sciml.Grid((129,), extent=((-1.0, 3.0),))
    (x,) = grid.coordinates()
    u0 = 0.3 + np.sin(np.pi * x / 2)[None]
    equation = Burgers(viscosity=0.05, convection=-1.5)
    half = cole_hopf(equation, grid, u0, 0.2)
    np.testing.assert_allclose(cole_hopf(equation, grid, half, 0.3), cole_hopf(equation, grid, u0, 0.5), atol=1e-11)


def test_a_steep_layer_whose_potential_spans_44_powers_of_ten():
    """`-sin(pi x)` at viscosity 0.01 / pi, beside quadratures of the two integrals with 40 digits."""
    grid = sciml.Grid((200,), extent=((-1.0, 1.0),))
    (x,) = grid.coordinates()
    u = cole_hopf(Burgers(viscosity=0.01 / np.pi), grid, -np.sin(np.pi * x)[None], 0.5)[0]
    expected = [-0.898049642252828, -0.847354524450931, -0.592769534402051]
    np.testing.assert_allclose(u[[101, 125, 150]], expected, atol=1e-12)


def test_the_solver_converges_to_it():
    equation, u0 = Burgers(viscosity=0.2), 0.4 + 0.5 * wavy(X)[None]
    exact = cole_hopf(equation, BOX, u0, 1.0)
    coarse, fine = (
        np.abs(rollout(equation, BOX, u0, dt=1 / n, steps=n, save_every=n).values[-1] - exact).max() for n in (8, 16)
    )
    assert fine < 1e-6 and 12 < coarse / fine < 24


def test_rough_data_decay_and_keep_their_mean():
    u0 = np.random.default_rng(0).normal(size=(3, 1, 63))
    grid = sciml.Grid((63,), extent=(TAU,))
    first, later = (cole_hopf(VISCOUS, grid, u0, t) for t in (0.1, 1.0))
    np.testing.assert_array_equal(cole_hopf(VISCOUS, grid, u0, 0.0), u0)
    assert np.all(np.abs(later).max(axis=-1) < np.abs(first).max(axis=-1))
    np.testing.assert_allclose(later.mean(axis=-1), u0.mean(axis=-1), atol=1e-9)


def test_single_precision_data_are_computed_in_double():
    u0 = wavy(X)[None].astype(np.float32)
    found = cole_hopf(VISCOUS, BOX, u0, 1.0)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, cole_hopf(VISCOUS, BOX, u0.astype(np.float64), 1.0))


@pytest.mark.parametrize(
    ("equation", "grid", "u0", "t", "message"),
    [
        (VISCOUS, sciml.Grid((8, 8), extent=(1.0, 1.0)), np.zeros((1, 8, 8)), 1.0, "one periodic axis"),
        (VISCOUS, BOX, np.zeros(64), 1.0, r"shape \(\*batch, 1, 64\), got \(64,\)"),
        (Burgers(viscosity=0.0), BOX, np.zeros((1, 64)), 1.0, "positive viscosity"),
        (Burgers(viscosity=0.1, convection=0.0), BOX, np.zeros((1, 64)), 1.0, "convection other than 0"),
        (VISCOUS, BOX, np.zeros((1, 64)), -1.0, "time >= 0"),
        (VISCOUS, BOX, np.full((1, 64), np.nan), 1.0, "finite at every node"),
        (Burgers(viscosity=1e-4), BOX, wavy(X)[None], 1.0, "beyond double precision"),
    ],
)
def test_refusals(equation, grid, u0, t, message):
    with pytest.raises(ValueError, match=message):
        cole_hopf(equation, grid, u0, t)
