"""Exact solutions, invariants and steady states of the equations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml import physics
from sciml.fields import SpectralField, make_basis
from sciml.solvers import rollout

TURN = 2 * np.pi
BOX = sciml.Grid((24, 24), extent=(TURN, TURN))
SPACE = sciml.Grid((12, 12, 12), extent=(TURN,) * 3)


def last(equation, grid, u0, dt, steps, **options):
    return np.asarray(rollout(equation, grid, u0, dt=dt, steps=steps, save_every=steps, **options).values[-1])


# --- waves ------------------------------------------------------------------------------------------------------------------------


def test_kawahara_has_its_solitary_wave():
    equation = physics.Kawahara(convection=2.0, dispersion=1.5, fifth_order=0.7)
    a, b, c = 2.0, 1.5, 0.7

    def wave(x):
        phase = np.sqrt(b / (52 * c)) * (x[0] - 36 * b**2 / (169 * c) * x[1])
        return (105 * b**2 / (169 * a * c) / jnp.cosh(phase) ** 4)[None]

    points = jnp.asarray(np.random.default_rng(0).uniform(-3, 3, size=(20, 2)))
    assert np.abs(sciml.residual(equation, wave, points)).max() < 1e-12


def test_kink_and_antikink_of_sine_gordon_pass_through_each_other():
    """The box closes where u and its derivatives are below 1e-9; both meet at t = 0 and are apart again at the end."""
    grid = sciml.Grid((256,), extent=((-30.0, 30.0),))
    (x,) = grid.coordinates()
    speed, factor = 0.6, 1.25

    def exact(t):
        ratio = np.sinh(factor * speed * t) / (speed * np.cosh(factor * x))
        rate = factor * np.cosh(factor * speed * t) / np.cosh(factor * x)
        return np.stack([4 * np.arctan(ratio), 4 * rate / (1 + ratio**2)])

    found = last(physics.SineGordon(), grid, exact(-4.0), 0.02, 400)
    np.testing.assert_allclose(found, exact(4.0), atol=1e-6)


def test_linear_klein_gordon_waves_are_exact_for_any_step():
    grid = sciml.Grid((16, 12), extent=(3.0, 2.0))
    x, y = grid.coordinates()
    k = TURN * np.array([1 / 3, 1 / 2])
    frequency = np.sqrt(1.3**2 * (k**2).sum() + 0.7**2)

    def wave(t):
        phase = k[0] * x + k[1] * y - frequency * t
        return np.stack([np.cos(phase), frequency * np.sin(phase)])

    found = last(physics.KleinGordon(1.3, 0.7, cubic=0.0), grid, wave(0.0), 0.9, 5)
    np.testing.assert_allclose(found, wave(4.5), atol=1e-12)


def test_plane_wave_of_the_ginzburg_landau_equation():
    grid = sciml.Grid((16,), extent=(10.0,))
    (x,) = grid.coordinates()
    k, b, c = TURN / 10, 0.7, -0.4
    amplitude = np.sqrt(0.9 - k**2)
    frequency = b * k**2 + c * amplitude**2
    wave = lambda t: (amplitude * np.exp(1j * (k * x - frequency * t)))[None]  # noqa: E731
    found = last(physics.GinzburgLandau(0.9, b, c), grid, wave(0.0), 0.02, 100)
    np.testing.assert_allclose(found, wave(2.0), atol=1e-9)


def test_rossby_wave_keeps_its_shape_with_its_nonlinear_term():
    """A single wave has no self-interaction."""
    x, y = BOX.coordinates()
    wave = lambda t: (3.0 * np.cos(2 * x + y + 8.0 * 2 / 5 * t))[None]  # noqa: E731
    found = last(physics.BetaPlaneVorticity(8.0, viscosity=0.0), BOX, wave(0.0), 0.1, 20)
    np.testing.assert_allclose(found, wave(2.0), atol=1e-11)


# --- flow -------------------------------------------------------------------------------------------------------------------------


def test_vortices_of_taylor_and_green_decay_in_velocity_form():
    x, y = BOX.coordinates()
    u0 = np.stack([np.cos(x) * np.sin(y), -np.sin(x) * np.cos(y)])
    found = last(physics.NavierStokesVelocity(0.05, drag=0.02), BOX, u0, 0.1, 10)
    np.testing.assert_allclose(found, u0 * np.exp(-(2 * 0.05 + 0.02)), atol=1e-13)


def test_beltrami_flow_decays_without_changing_its_shape():
    """The ABC flow is its own curl, so that u x curl(u) vanishes."""
    x, y, z = SPACE.coordinates()
    a, b, c = 1.0, 0.7, 0.4
    u0 = np.stack(
        [
            a * np.sin(z) + c * np.cos(y),
            b * np.sin(x) + a * np.cos(z),
            c * np.sin(y) + b * np.cos(x),
        ]
    )
    found = last(physics.NavierStokesVelocity(0.1), SPACE, u0, 0.1, 10)
    np.testing.assert_allclose(found, u0 * np.exp(-0.1), atol=1e-13)


def test_laminar_kolmogorov_flow_in_space_is_steady():
    _, y, _ = SPACE.coordinates()
    force = physics.KolmogorovForcing(amplitude=0.5, mode=2)
    u0 = np.stack([0.5 / (0.3 * 4 + 0.1) * np.sin(2 * y), 0 * y, 0 * y])
    found = last(physics.NavierStokesVelocity(0.3, 0.1, force), SPACE, u0, 0.1, 5)
    np.testing.assert_allclose(found, u0, atol=1e-13)


def test_geostrophic_balance_is_steady():
    _, y = BOX.coordinates()
    gravity, coriolis = 9.8, 2.0
    h = 0.1 * np.cos(y) + 0.05 * np.sin(2 * y)
    slope = -0.1 * np.sin(y) + 0.1 * np.cos(2 * y)
    u0 = np.stack([h, -gravity / coriolis * slope, 0 * y])
    found = last(physics.ShallowWater(gravity, 0.7, coriolis, 0.0), BOX, u0, 0.05, 20)
    np.testing.assert_allclose(found, u0, atol=1e-12)


def test_alfven_waves_of_any_size_travel_along_a_mean_field():
    """`v = B` fluctuations: `w = -laplacian(a)` moves with nothing to change it, since stress and transport cancel."""
    rng = np.random.default_rng(0)
    x, y = BOX.coordinates()
    waves = [(rng.integers(-3, 4, 2), rng.normal(), rng.uniform(0, TURN)) for _ in range(6)]
    a = sum(s * np.cos(k[0] * x + k[1] * y + p) for k, s, p in waves)
    w = sum((k**2).sum() * s * np.cos(k[0] * x + k[1] * y + p) for k, s, p in waves)
    u0 = np.stack([w, a])
    found = last(physics.Magnetohydrodynamics(0.0, 0.0), BOX, u0, 0.05, 10)
    np.testing.assert_allclose(found, u0, atol=1e-11)


# --- patterns and reactions -------------------------------------------------------------------------------------------------------


def test_cahn_hilliard_keeps_its_mean_and_loses_free_energy():
    grid = sciml.Grid((24, 24), extent=(1.0, 1.0))
    rng = np.random.default_rng(0)
    x, y = grid.coordinates()
    u0 = 0.1 + 0.3 * sum(
        rng.normal() * np.cos(TURN * (rng.integers(-3, 4) * x + rng.integers(-3, 4) * y) + rng.uniform(0, TURN))
        for _ in range(5)
    )
    equation = physics.CahnHilliard(gradient_energy=5e-3)
    values = np.asarray(rollout(equation, grid, u0[None], dt=2e-3, steps=400, save_every=20).values)[:, 0]
    k = np.fft.fftfreq(24, 1 / 24)
    square = (TURN * k[:, None]) ** 2 + (TURN * k[None]) ** 2
    gradient = [np.fft.ifft2(square * np.fft.fft2(u)).real for u in values]
    energy = [(u**4 / 4 - u**2 / 2 + 2.5e-3 * u * g).mean() for u, g in zip(values, gradient)]
    assert np.ptp(values.mean(axis=(1, 2))) < 1e-14
    assert np.all(np.diff(energy) < 0) and energy[-1] < energy[0] - 0.01


def test_the_excited_state_of_belousov_and_zhabotinsky_is_steady():
    u0 = np.ones((3, *BOX.shape)) * np.array([1.0, 0.5, 1.0])[:, None, None]
    np.testing.assert_allclose(last(physics.BelousovZhabotinsky(), BOX, u0, 0.1, 20), u0, atol=1e-12)


def test_fractional_diffusion_spreads_a_point_as_cauchy_did():
    """At order one the fundamental solution is the Poisson kernel, here on a circle."""
    grid = sciml.Grid((128,), extent=(TURN,))
    (x,) = grid.coordinates()
    kernel = lambda t: (np.sinh(t) / (np.cosh(t) - np.cos(x)))[None]  # noqa: E731
    found = last(physics.FractionalDiffusion(0.5, 1.0), grid, kernel(0.7), 1.0, 1)
    np.testing.assert_allclose(found, kernel(1.2), atol=1e-12)


# --- invariants of the semi-discrete equations ------------------------------------------------------------------------------------


def rates(equation, grid, components, seed=0):
    """Random retained modes and their rate, as values: the truncated system itself, without time steps."""
    basis = make_basis(grid, degree=equation.degree(grid), precision="float64")
    noise = np.random.default_rng(seed).normal(size=(components, *grid.shape))

    @jax.jit
    def run(noise, equation):
        u = SpectralField.state(basis, basis.encode(noise))
        u = u.inverse_laplacian().total_coefficients()
        u = SpectralField.state(basis, u)
        return u.values, equation.rhs(u).values

    return (np.asarray(part) for part in run(jnp.asarray(noise), equation))


def potential(field):
    """`psi` with `-laplacian(psi) = field` on BOX."""
    k = np.fft.fftfreq(24, 1 / 24)
    square = k[:, None] ** 2 + k[None] ** 2
    return np.fft.ifft2(np.fft.fft2(field) / np.where(square == 0, np.inf, square)).real


def laplacian(field):
    k = np.fft.fftfreq(24, 1 / 24)
    return np.fft.ifft2(-(k[:, None] ** 2 + k[None] ** 2) * np.fft.fft2(field)).real


def vanishes(a, b):
    """The sum of `a * b` is round-off beside that of its terms."""
    assert np.abs(a * b).sum() > 0
    return abs((a * b).sum()) < 1e-12 * np.abs(a * b).sum()


def test_euler_and_rossby_flow_conserve_energy_and_enstrophy():
    (w,), (rate,) = rates(physics.BetaPlaneVorticity(5.0, viscosity=0.0), BOX, 1)
    assert vanishes(potential(w), rate) and vanishes(w, rate)


def test_ideal_plasma_conserves_energy_cross_helicity_and_potential():
    (w, a), (w_t, a_t) = rates(physics.Magnetohydrodynamics(0.0, 0.0), BOX, 2)
    current = -laplacian(a)
    energy = np.concatenate([potential(w), current]), np.concatenate([w_t, a_t])
    assert vanishes(*energy)
    assert not vanishes(potential(w), w_t), "kinetic energy alone is not conserved"
    assert vanishes(np.concatenate([a, w]), np.concatenate([w_t, a_t]))
    assert vanishes(a, a_t)


def test_two_layers_conserve_energy_and_each_layer_its_enstrophy():
    equation = physics.TwoLayerQuasiGeostrophic(0.0, 0.0, 0.0, 1.3, depth_ratio=0.5, hyperviscosity=0.0, drag=0.0)
    q, q_t = rates(equation, BOX, 2)
    first, second = (float(value) for value in equation.couplings())
    k = np.fft.fftfreq(24, 1 / 24)
    square = k[:, None] ** 2 + k[None] ** 2
    inverse = np.linalg.inv(
        np.moveaxis(
            np.array(
                [[square + first, first * -np.ones_like(square)], [second * -np.ones_like(square), square + second]]
            ),
            (0, 1),
            (-2, -1),
        )
        + np.where(square == 0, 1.0, 0.0)[..., None, None] * np.eye(2)
    )
    psi = np.fft.ifft2(np.einsum("xyij,jxy->ixy", inverse, np.fft.fft2(q))).real
    for layer in range(2):
        assert vanishes(psi[layer], q_t[layer]) and vanishes(q[layer], q_t[layer])
    assert not vanishes(psi[0], q_t[1])


def test_inviscid_flow_in_space_conserves_energy_and_stays_divergence_free():
    equation = physics.NavierStokesVelocity(0.0)
    basis = make_basis(SPACE, degree=2, precision="float64")
    noise = np.random.default_rng(0).normal(size=(3, *SPACE.shape))

    @jax.jit
    def run(noise):
        u = SpectralField.state(basis, basis.encode(noise)).leray()
        rate = equation.rhs(u)
        return u.values, rate.values, rate.div().values, u.curl().values

    u, rate, divergence, curl = (np.asarray(part) for part in run(jnp.asarray(noise)))
    assert vanishes(u, rate) and vanishes(curl, rate), "energy and helicity"
    assert np.abs(divergence).max() < 1e-11 * np.abs(rate).max()


def test_shallow_water_keeps_its_volume():
    _, (h_t, *_) = rates(physics.ShallowWater(9.8, 1.0, 0.5), BOX, 3)
    assert abs(h_t.mean()) < 1e-15 * max(1.0, np.abs(h_t).max()) and np.abs(h_t).max() > 1e-3


@pytest.mark.parametrize("form", ["scalar", "conservative"])
def test_the_general_equation_is_the_named_one(form):
    """Burgers' equation by coefficients."""
    components = 1 if form == "scalar" else 2
    _, named = rates(physics.Burgers(0.1, 0.7, form=form), BOX, components)
    _, general = rates(physics.GeneralSemilinear((0.0, 0.0, 0.1), convection=-0.7, form=form), BOX, components)
    np.testing.assert_allclose(general, named, atol=1e-13)
