"""Exact solutions of the nonlinear Schroedinger equation: residuals, closed forms, invariants, refusals."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.physics import NonlinearSchroedinger
from sciml.physics import nonlinear_schroedinger_exact as exact
from sciml.physics import nonlinear_schroedinger_invariants as conserved

GRID = sciml.Grid((512,), extent=((-25.0, 25.0),))
SOLUTIONS = {
    "soliton": lambda x, t: exact.soliton(x, t, amplitude=2.0, velocity=1.0, position=0.3),
    "plane wave": lambda x, t: exact.plane_wave(x, t, amplitude=1.5, wavenumber=0.7),
    "akhmediev": lambda x, t: exact.akhmediev(x, t, parameter=0.25),
    "akhmediev, weak": lambda x, t: exact.akhmediev(x, t, parameter=0.4),
    "peregrine": exact.peregrine,
    "kuznetsov-ma": lambda x, t: exact.kuznetsov_ma(x, t, parameter=1.0),
}


@pytest.mark.parametrize("name", SOLUTIONS)
def test_the_residual_vanishes(name):
    solution = SOLUTIONS[name]
    rng = np.random.default_rng(0)
    points = jnp.asarray(np.stack([rng.uniform(-4, 4, 60), rng.uniform(-2, 2, 60)], axis=1))
    found = sciml.residual(NonlinearSchroedinger(), lambda z: solution(z[0], z[1])[None], points)
    assert np.abs(found).max() < 1e-12
    wrong = sciml.residual(NonlinearSchroedinger(nonlinearity=1.01), lambda z: solution(z[0], z[1])[None], points)
    assert np.abs(wrong).max() > 1e-3


@pytest.mark.parametrize(
    ("psi", "peak"),
    [
        (lambda: exact.akhmediev(0.0, 0.0, parameter=0.1), 1.8944),
        (lambda: exact.akhmediev(0.0, 0.0, parameter=0.25), 2.4142),
        (lambda: exact.akhmediev(0.0, 0.0, parameter=0.4), 2.7889),
        (lambda: exact.peregrine(0.0, 0.0), 3.0),
        (lambda: exact.kuznetsov_ma(0.0, 0.0, parameter=1.0), 1 + 2 * math.sqrt(2)),
    ],
)
def test_peaks(psi, peak):
    assert abs(psi()) == pytest.approx(peak, abs=5e-5)


def test_breathers_meet_in_peregrine():
    x, t = np.linspace(-3, 3, 40), 0.4
    reference = exact.peregrine(x, t)
    for near in (exact.akhmediev(x, t, parameter=0.5 - 1e-6), exact.kuznetsov_ma(x, t, parameter=0.5 + 1e-6)):
        assert np.abs(near - reference).max() < 1e-3


def test_periods():
    x = np.linspace(-3, 3, 40)
    moved = exact.akhmediev(x + exact.akhmediev_period(0.1), 0.7, parameter=0.1)
    np.testing.assert_allclose(moved, exact.akhmediev(x, 0.7, parameter=0.1), atol=1e-12)


@pytest.mark.parametrize(("amplitude", "velocity"), [(2.0, 1.0), (1.5, -2.0)])
def test_invariants_of_a_soliton(amplitude, velocity):
    x = GRID.coordinates()[0]
    psi = exact.soliton(x, 3.0, amplitude=amplitude, velocity=velocity, position=-3 * velocity)[None]
    assert conserved.mass(psi, GRID) == pytest.approx(2 * amplitude, rel=1e-12)
    assert conserved.momentum(psi, GRID) == pytest.approx(2 * amplitude * velocity, rel=1e-10)
    assert conserved.energy(psi, GRID) == pytest.approx(amplitude * velocity**2 - amplitude**3 / 3, rel=1e-9)
    other = NonlinearSchroedinger(dispersion=1.0, nonlinearity=3.0)
    gradient, quartic = amplitude**3 / 3 * 2 + 2 * amplitude * velocity**2, 4 * amplitude**3 / 3
    assert conserved.energy(psi, GRID, other) == pytest.approx(gradient - 1.5 * quartic, rel=1e-9)


def test_the_sum_of_two_has_the_sum_of_the_invariants():
    psi = exact.two_solitons(GRID.coordinates()[0])[None]
    assert conserved.mass(psi, GRID) == pytest.approx(7.0, rel=1e-9)
    assert conserved.energy(psi, GRID) == pytest.approx(10.2083, abs=5e-5)


def test_the_collision_shift_is_the_published_one():
    np.testing.assert_allclose(exact.collision_shifts((2.0, 1.5), (2.0, -2.0)), (0.27650, -0.36867), atol=5e-6)
    with pytest.raises(ValueError, match="must differ"):
        exact.collision_shifts((2.0, 1.5), (1.0, 1.0))


def test_growth_rate():
    k = np.linspace(0, 2.5, 1001)
    rate = exact.modulation_growth_rate(k, amplitude=1.2)
    assert k[rate.argmax()] == pytest.approx(1.2 * math.sqrt(2), abs=3e-3) and rate.max() == pytest.approx(
        1.44, abs=1e-4
    )
    assert rate[0] == 0 and (rate[k > 2.4] == 0).all()


def test_dtype_follows_and_far_tails_are_finite():
    x = jnp.asarray([-1e4, 0.0, 1e4], jnp.float32)
    for solution in SOLUTIONS.values():
        psi = solution(x, jnp.float32(0.5))
        assert psi.dtype == jnp.complex64 and np.isfinite(psi).all()
    slope = jax.grad(lambda a: jnp.sum(jnp.abs(exact.soliton(x, jnp.float32(0.0), amplitude=a, velocity=1.0)) ** 2))
    assert np.isfinite(slope(jnp.float32(2.0)))


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="between 0 and 1/2"):
        exact.akhmediev(0.0, 0.0, parameter=0.5)
    with pytest.raises(ValueError, match="above 1/2"):
        exact.kuznetsov_ma(0.0, 0.0, parameter=0.5)
    psi = jnp.ones((1, 512), complex)
    with pytest.raises(ValueError, match="one periodic axis"):
        conserved.mass(psi, sciml.Grid((8, 8), extent=(1.0, 1.0)))
    with pytest.raises(ValueError, match=r"must have shape \(1, 512\)"):
        conserved.energy(psi[:, :4], GRID)
