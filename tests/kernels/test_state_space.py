"""Kernels of linear stochastic equations: values, derivatives, spectra, and their state-space form."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from sciml.kernels import CARMA, SHO, Celerite, DampedRandomWalk, Matern32, Matern52, Matern72
from sciml.kernels.harmonic_oscillator import damped_waves

# k(0.5), k(1), k(3) of unit frequency and variance, from 50 digits.
VALUES = {
    0.1: (0.9604736245, 0.9132336581, 0.7461683981),
    0.4: (0.9157745637, 0.7635957852, 0.2966806295),
    0.5: (0.9097959896, 0.7357588823, 0.1991482735),
    0.7: (0.9020853027, 0.6962869547, 0.0442018871),
    2.0: (0.8871367194, 0.6070548492, -0.4305598377),
}


def oscillator(frequency, quality, lag):
    """Of unit variance."""
    even, odd = damped_waves(frequency, quality, lag)
    return even + odd


def test_oscillator_values():
    for quality, expected in VALUES.items():
        found = SHO(1.0, quality).gram(jnp.zeros(1), jnp.asarray([0.5, 1.0, 3.0]))[0]
        np.testing.assert_allclose(found, expected, atol=1e-10)


def test_the_gradient_in_quality_does_not_vanish_at_critical_damping():
    """Regression of a peer, which takes a branch without Q wherever Q is close to 1/2."""
    rate = jax.grad(oscillator, argnums=1)(jnp.asarray(1.3), jnp.asarray(0.5), jnp.asarray(0.9))
    lag = 1.3 * 0.9
    np.testing.assert_allclose(rate, -2 / 3 * lag**3 * np.exp(-lag), rtol=1e-13)
    beside = jax.grad(oscillator, argnums=1)(jnp.asarray(1.3), jnp.asarray(0.5 + 1e-6), jnp.asarray(0.9))
    assert 1e-9 < abs(float(rate - beside)) < 1e-5


def test_long_gaps_of_overdamped_oscillators_are_finite():
    """Regression of a peer: exp(-a) times cosh(f a) overflows where this does not."""
    gap, quality = np.float32(90.0), np.float32(0.05)
    a, f = gap / (2 * quality), np.sqrt(1 - 4 * quality**2)
    with np.errstate(all="ignore"):
        assert not np.isfinite(np.exp(-a) * (np.cosh(f * a) + np.sinh(f * a) / f))
    slow = 2 * 0.05 / (1 + np.sqrt(1 - 4 * 0.05**2))
    expected = np.exp(-90 * slow) * (1 + np.sqrt(1 - 0.01)) / (2 * np.sqrt(1 - 0.01))
    found = SHO(np.float32(1), quality)(np.float32(0), gap)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_values_and_derivatives_are_finite_everywhere(dtype):
    random = np.random.default_rng(0)
    count = 4000
    quality = np.exp(random.uniform(np.log(0.01), np.log(100), count))
    quality[: count // 3] = 0.5 + random.choice([-1, 1], count // 3) * 10 ** random.uniform(-17, -1, count // 3)
    frequency, phase = 10 ** random.uniform(-3, 3, count), 10 ** random.uniform(-10, 6, count)
    phase[:20] = 0
    given = [jnp.asarray(part, dtype) for part in (frequency, quality, phase / frequency)]
    values, gradient = jax.jit(jax.vmap(jax.value_and_grad(oscillator, argnums=(0, 1, 2))))(*given)
    assert all(bool(jnp.isfinite(part).all()) for part in (values, *gradient))
    assert float(jnp.abs(values).max()) <= 1 + 2 * jnp.finfo(dtype).eps


def test_derivatives_of_the_closed_form_are_those_of_differences():
    lags, step = jnp.linspace(0.05, 6.0, 9), 1e-5

    def values(given):
        return oscillator(given[0], given[1], lags)

    value, rates, bends = jax.jit(values), jax.jit(jax.jacfwd(values)), jax.jit(jax.jacfwd(jax.jacfwd(values)))
    for quality in (0.1, 0.49, 0.5, 0.501, 3.0):
        given = np.array([1.2, quality])
        for place, shift in enumerate(step * np.eye(2)):
            up, here, down = value(given + shift), value(given), value(given - shift)
            np.testing.assert_allclose(rates(given)[:, place], (up - down) / (2 * step), atol=1e-7)
            np.testing.assert_allclose(bends(given)[:, place, place], (up - 2 * here + down) / step**2, atol=2e-4)


def test_rates_have_derivatives_on_both_sides_of_critical_damping():
    rate = jax.grad(lambda quality: SHO(1.0, quality).rates()[0])
    # Below 1/2 of w (1 - sqrt(1 - 4 Q^2)) / (2 Q), above of w / (2 Q).
    np.testing.assert_allclose([rate(0.3), rate(2.0)], [(1 / 0.8 - 1) / (2 * 0.3**2), -1 / 8], rtol=1e-12)


def test_critical_oscillator_is_matern():
    times = jnp.linspace(0.0, 5.0, 7)
    expected = 1.7 * Matern32(3**0.5 / 1.4).gram(times)
    np.testing.assert_allclose(SHO.critically_damped(1.4, 1.7).gram(times), expected, atol=1e-14)


def test_amplitude_and_rates():
    kernel = SHO.from_amplitude(2.0, 0.4, 3.0)
    np.testing.assert_allclose(kernel.variance, 3.0 * 2.0 * 0.4)
    slow, fast = kernel.rates()
    np.testing.assert_allclose((slow, fast), 2.0 * np.array([1 - 0.6, 1 + 0.6]) / 0.8, rtol=1e-14)
    np.testing.assert_allclose(SHO(2.0, 4.0).rates(), (0.25, 0.25))


def spectrum_of_carma(angular, autoregressive, moving_average):
    above = np.polyval(moving_average[::-1], 1j * angular)
    return np.abs(above / np.polyval([1.0, *autoregressive[::-1]], 1j * angular)) ** 2


@pytest.mark.parametrize("kernel", [SHO(1.3, 0.3, 1.7), SHO(1.3, 4.0), DampedRandomWalk(0.8, 0.5)])
def test_covariance_is_the_fourier_integral_of_the_density(kernel):
    def density(angular):
        return float(kernel.power_spectral_density(jnp.asarray(angular)))

    for lag in (0.4, 1.9):  # by the weights of QAWF, which takes oscillations to infinity
        found = quad(density, 0, np.inf, weight="cos", wvar=lag, epsabs=1e-9)[0] / np.pi
        np.testing.assert_allclose(found, kernel(0.0, lag), atol=1e-6)


def test_the_spectrum_of_a_state_is_that_of_its_terms():
    angular = jnp.geomspace(0.1, 20.0, 5)
    terms = SHO(1.3, 0.3, 1.7), DampedRandomWalk(0.8, 0.5)
    expected = sum(term.power_spectral_density(angular) for term in terms) + Matern52(0.7).spectrum().density(
        angular[:, None]
    )
    found = eqx.filter_jit(lambda k: k.state_space().power_spectral_density(angular))(
        terms[0] + terms[1] + Matern52(0.7)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("autoregressive", "moving_average"), [([2.0, 1.2], [0.6, 0.1]), ([0.5, 1.9, 2.2], [0.6, 0.1, 0.2])]
)
def test_carma_is_the_fourier_integral_of_its_polynomials(autoregressive, moving_average):
    kernel = CARMA.from_coefficients(autoregressive, moving_average)
    assert kernel.rates.size + 2 * kernel.decays.size == len(autoregressive)
    lags = np.array([0.4, 1.9])
    for lag, value in zip(lags, eqx.filter_jit(lambda k: k.gram(jnp.zeros(1), jnp.asarray(lags)))(kernel)[0]):
        found = quad(spectrum_of_carma, 0, np.inf, (autoregressive, moving_average), weight="cos", wvar=lag)[0] / np.pi
        np.testing.assert_allclose(found, value, atol=1e-7)


KERNELS = {
    "over-damped": SHO(2.0, 0.3, 1.7),
    "ringing": SHO(2.0, 3.0, 0.7),
    "random walk": DampedRandomWalk(2.0, 0.3),
    "celerite": Celerite(1.0, 0.1, 0.5, 2.0),
    "carma": CARMA.from_coefficients([0.5, 1.9, 2.2], [0.6, 0.1, 0.2]),
    "Matern-5/2": Matern52(0.7),
    "Matern-7/2": Matern72(0.7),
    "product of sums": 2.0 * (SHO(2.0, 0.3) + DampedRandomWalk(2.0, 0.3)) * (Matern32(0.7) + DampedRandomWalk(0.5)),
}


@eqx.filter_jit
def properties(kernel):
    """Covariances of state and kernel, a transition and the product of its parts, the covariance of the noise that drives it."""
    space, lags = kernel.state_space(), jnp.asarray([0.0, 0.3, 1.7])
    whole = space.transition(jnp.asarray(0.7))
    parts = space.transition(jnp.asarray(0.3)) @ space.transition(jnp.asarray(0.4))
    driving = space.stationary - whole @ space.stationary @ whole.T
    return jax.vmap(space.covariance)(lags), kernel.gram(jnp.zeros(1), lags)[0], whole, parts, driving


@pytest.mark.parametrize("name", KERNELS)
def test_the_state_has_the_kernel_s_covariance(name):
    of_state, of_kernel, whole, parts, driving = properties(KERNELS[name])
    np.testing.assert_allclose(of_state, of_kernel, atol=1e-14)
    np.testing.assert_allclose(parts, whole, atol=1e-14)
    assert np.linalg.eigvalsh(driving).min() > -1e-13


def test_what_is_no_covariance_is_refused():
    with pytest.raises(ValueError, match="not stationary"):
        CARMA.from_coefficients([1.0, -0.5], [1.0])
    with pytest.raises(ValueError, match="roots must differ"):
        CARMA.from_coefficients([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="moving-average coefficients"):
        CARMA.from_coefficients([1.0, 1.0], [1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="exceeds cosine"):
        Celerite(1.0, 1.0, 0.5, 2.0)
    with pytest.raises(ValueError, match="SHO is a kernel of one number"):
        SHO(1.0, 1.0).gram(jnp.zeros((3, 2)))
