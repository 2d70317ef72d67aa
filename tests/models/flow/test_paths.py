"""Gaussian paths: rates, energies, the exact velocity of mixtures against score, density and the continuity equation."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.models.flow import (
    CondOT,
    FlowMatchingLoss,
    GaussianMixture,
    KineticOptimal,
    Trigonometric,
    VPDiffusion,
    kinetic_energy,
)
from sciml.models.flow.separation import data_separation, separation_scales
from sciml.solvers import solve_on_times

LAW = GaussianMixture(
    jnp.asarray([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]]), jnp.asarray(0.05), jnp.log(jnp.asarray([1.0, 2.0, 3.0]))
)
X = jnp.asarray([0.4, -0.7])
PATHS = {"straight": CondOT(), "trigonometric": Trigonometric(), "diffusion": VPDiffusion()}


def exact_separation(s):
    """Of the points -1 and 1: `E tanh(s^2 (1 + e / s))^2`."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    return np.tanh(s[:, None] * (s[:, None] + nodes)) ** 2 @ weights / np.sqrt(2 * np.pi)


@pytest.fixture(scope="module")
def two_points():
    scales = separation_scales(400)
    return KineticOptimal.of(np.append(exact_separation(scales[:-1]), 1.0))


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_ends_and_rates(path):
    (a0, m0), (a1, m1) = path.scales(0.0), path.scales(1.0)
    np.testing.assert_allclose([a0, m0, a1, m1], [0, 1, 1, 0], atol=0.007 if isinstance(path, VPDiffusion) else 1e-15)
    differences = (np.array(path.scales(0.6 + 1e-6)) - np.array(path.scales(0.6 - 1e-6))) / 2e-6
    np.testing.assert_allclose(path.rates(0.6), differences, rtol=1e-8)


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_the_velocity_of_a_mixture_moves_its_density(path):
    """Score is the gradient of the density, which obeys the continuity equation; velocity, score and denoiser determine each other."""

    @jax.jit
    def parts(x, t):
        velocity = LAW.velocity(path, t, x)
        grad, drift = jax.grad(lambda x: LAW.log_density(x, path, t)), jax.jacfwd(lambda x: LAW.velocity(path, t, x))(x)
        in_time = jax.jvp(lambda t: LAW.log_density(x, path, t), (t,), (jnp.ones(()),))[1]
        balance = in_time + velocity @ grad(x) + jnp.trace(drift)
        return (
            grad(x),
            LAW.score(path, t, x),
            path.score(t, x, velocity),
            LAW.denoised(path, t, x),
            path.denoised(t, x, velocity),
            balance,
        )

    slope, score, from_velocity, denoised, back, balance = parts(X, jnp.asarray(0.6))
    np.testing.assert_allclose(score, slope, rtol=1e-12)
    np.testing.assert_allclose(from_velocity, slope, rtol=1e-10)
    np.testing.assert_allclose(back, denoised, rtol=1e-10)
    assert abs(balance) < 1e-11


def test_a_mixture_is_normalised_and_sampled():
    side = jnp.linspace(-4, 4, 161)
    points = jnp.stack(jnp.meshgrid(side, side), axis=-1)
    np.testing.assert_allclose(jnp.sum(jnp.exp(LAW.log_density(points))) * 0.05**2, 1.0, rtol=1e-6)
    samples = LAW.sample(20000, key=jax.random.key(0))
    weights = np.array([1, 2, 3]) / 6
    np.testing.assert_allclose(samples.mean(axis=0), weights @ np.asarray(LAW.means), atol=0.04)


def test_conditional_energies():
    np.testing.assert_allclose(CondOT().conditional_energy(), 2.0, rtol=1e-12)
    np.testing.assert_allclose(Trigonometric().conditional_energy(), np.pi**2 / 4, rtol=1e-12)


def test_one_point_gives_straight_lines():
    path = KineticOptimal.of(np.ones(200))
    np.testing.assert_allclose(path.energy, 2.0, atol=1e-6)
    t = jnp.linspace(0.0, 1.0, 11)
    np.testing.assert_allclose(jax.vmap(path.data_scale)(t), t, atol=1e-6)
    np.testing.assert_allclose(jax.vmap(path.noise_scale)(t), 1 - t, atol=1e-6)


def sampled_energy(path, law, count, key):
    """Monte Carlo of the marginal velocity, at Gauss' times."""
    at, weights = np.polynomial.legendre.leggauss(48)
    data_key, noise_key = jax.random.split(key)
    data, noise = law.sample(count, key=data_key), jax.random.normal(noise_key, (count, law.means.shape[1]))

    @jax.jit
    def one(t):
        return jnp.mean(law.velocity(path, t, path.position(t, data, noise)) ** 2)

    # The ends are left out as in the source of the figures.
    times = 1e-3 + (1 - 2e-3) * (at + 1) / 2
    return (1 - 2e-3) * sum(w / 2 * float(one(jnp.asarray(t))) for t, w in zip(times, weights))


def test_two_points_have_the_energies_of_the_theory(two_points):
    np.testing.assert_allclose(two_points.phis[-1], 0.69116, atol=2e-4)
    np.testing.assert_allclose(two_points.energy, 0.45899, atol=3e-4)
    law = GaussianMixture(jnp.asarray([[1.0], [-1.0]]), jnp.asarray(0.0))
    found = [sampled_energy(path, law, 20000, jax.random.key(1)) for path in (two_points, Trigonometric(), CondOT())]
    np.testing.assert_allclose(found, [0.458, 0.8665, 0.9794], rtol=0.02)
    separation = np.append(exact_separation(separation_scales(400)[:-1]), 1.0)
    exact = [kinetic_energy(path, separation) for path in (two_points, Trigonometric(), CondOT())]
    np.testing.assert_allclose(exact, [two_points.energy, 0.8665, 0.9794], rtol=4e-3)


def test_separation_by_samples():
    found = data_separation(jnp.asarray([[1.0], [-1.0]]), 60, samples=20000, key=jax.random.key(0))
    np.testing.assert_allclose(found[:-1], exact_separation(separation_scales(60)[:-1]), atol=0.02)
    normal = jax.random.normal(jax.random.key(1), (4000, 1))
    normal = (normal - normal.mean()) / normal.std()
    s = separation_scales(20)[:12]
    np.testing.assert_allclose(data_separation(normal, 20, key=jax.random.key(2))[:12], s**2 / (1 + s**2), atol=0.03)
    with pytest.raises(ValueError, match="mean 0 and mean square 1, got 1 and 2"):
        data_separation(jnp.asarray([[0.0], [2.0]]), key=jax.random.key(0))


@pytest.mark.parametrize("path", [CondOT(), Trigonometric()], ids=["straight", "trigonometric"])
def test_the_loss_of_the_exact_velocity_is_the_variance_of_the_conditional_one(path):
    """`E|u|^2 - E|v|^2`: the conditional energy, for this law's second moment, less the marginal one."""
    data = LAW.sample(20000, key=jax.random.key(3))
    loss, _ = jax.jit(lambda key: FlowMatchingLoss(path)(lambda t, x, args: LAW.velocity(path, t, x), data, key))(
        jax.random.key(4)
    )
    (da, dm), square = jax.vmap(path.rates)(jnp.linspace(0.0, 1.0, 2001)), jnp.mean(data**2)
    whole = jnp.mean(da**2) * square + jnp.mean(dm**2)
    np.testing.assert_allclose(loss, whole - sampled_energy(path, LAW, 20000, jax.random.key(5)), rtol=0.03)


def test_samples_of_the_exact_velocity_have_the_law_of_the_data():
    noise = jax.random.normal(jax.random.key(6), (4000, 2))
    end = jax.jit(
        lambda noise: solve_on_times(
            lambda t, x, args: LAW.velocity(CondOT(), t, x), diffrax.Midpoint(), jnp.linspace(0.0, 1.0, 101), noise
        )
    )(noise)
    nearest = jnp.argmin(jnp.sum((end[:, None] - LAW.means[None]) ** 2, axis=-1), axis=1)
    np.testing.assert_allclose(np.bincount(nearest) / 4000, np.array([1, 2, 3]) / 6, atol=0.03)
    np.testing.assert_allclose(jnp.std(end - LAW.means[nearest]) ** 2, 0.05, rtol=0.06)
