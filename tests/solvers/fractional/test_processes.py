"""Exact paths, the bank of Ornstein-Uhlenbeck processes, the Markov approximation: laws against closed forms and samples."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, special

from sciml.solvers import (
    MarkovFBM,
    RoughBergomi,
    SampledPath,
    fbm_covariance,
    fou_covariance,
    gamma_grid,
    markov_fou_covariance,
    sample_fbm,
    sample_fgn,
    solve_rough_volterra,
)
from sciml.solvers.fractional import condition, gaussian_log_likelihood
from sciml.solvers.fractional import ornstein_uhlenbeck_bank as bank

SAMPLES = 20_000
TIMES = np.linspace(0, 1, 9)


def within(samples, expected, errors=3.5):
    """Second moments of the samples lie within some standard errors."""
    spread = samples.std(axis=-1) / np.sqrt(samples.shape[-1])
    assert np.all(np.abs(samples.mean(axis=-1) - expected) < errors * spread + 1e-12)


def test_the_second_kind_has_the_covariance_of_its_integral():
    for hurst, s, t in ((0.3, 0.25, 0.75), (0.8, 0.5, 2.0), (0.2, 1.0, 1.0)):
        a = hurst + 0.5
        kernel = lambda u, t=t, s=s, a=a: (t - u) ** (a - 1) / special.gamma(a) ** 2  # noqa: E731
        if s == t:
            expected = t ** (2 * hurst) / (2 * hurst * special.gamma(a) ** 2)
        else:
            expected = integrate.quad(kernel, 0, s, weight="alg", wvar=(0, a - 1))[0]
        assert fbm_covariance(s, t, hurst, kind="II", normalise=False) == pytest.approx(expected, rel=1e-8)
    assert fbm_covariance(0.0, 0.0, 0.3, kind="II") == 0


@pytest.mark.parametrize(("kind", "method", "hurst"), [("I", "davies-harte", 0.2), ("II", "cholesky", 0.3)])
def test_exact_paths_have_the_exact_covariance(kind, method, hurst):
    draw = jax.jit(lambda key: sample_fbm(hurst, 8, kind=kind, method=method, shape=(SAMPLES,), key=key))
    paths = np.asarray(draw(jax.random.key(1)))
    assert np.all(paths[:, 0] == 0)
    within(
        paths[:, [1, 2, 8]].T * paths[:, [1, 6, 8]].T,
        fbm_covariance(TIMES[[1, 2, 8]], TIMES[[1, 6, 8]], hurst, kind=kind),
    )


def test_fractional_noise_is_differentiable_and_white_at_a_half():
    noise = jax.jit(lambda key: sample_fgn(0.5, 64, shape=(500,), key=key))(jax.random.key(0))
    assert float(jnp.mean(noise[:, 1:] * noise[:, :-1])) == pytest.approx(0, abs=0.02)
    size = jax.jit(lambda h: jnp.sum(sample_fgn(h, 16, dt=0.1, key=jax.random.key(0)) ** 2))
    numeric = (size(jnp.asarray(0.3 + 1e-5)) - size(jnp.asarray(0.3 - 1e-5))) / 2e-5
    assert float(jax.grad(size)(jnp.asarray(0.3))) == pytest.approx(float(numeric), rel=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sample_fbm(0.3, 8, kind="II", method="davies-harte", key=jax.random.key(0)), "not stationary"),
        (lambda: sample_fgn(0.3, 0, key=jax.random.key(0)), "at least one step"),
        (lambda: MarkovFBM(1.5), r"`hurst` must be in \(0, 1\)"),
        (lambda: MarkovFBM(0.3).path(4, t1=-1.0, key=jax.random.key(0)), "`t1` > `t0`"),
        (lambda: SampledPath(0.0, 1.0, jnp.zeros(1)), "two or more times"),
        (lambda: fou_covariance(0.0, 1.0, 0.3, rate=0.0, stationary=True), "`rate` must be positive"),
        (lambda: RoughBergomi(MarkovFBM(0.3), 0.04, 1.0, 0.0), "kind 'II'"),
        (lambda: fbm_covariance(-1.0, 1.0, 0.3), "must not be negative"),
    ],
)
def test_misuse_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_bank_steps_by_its_exact_joint_law():
    gamma, dt = gamma_grid(5, 20.0), 0.01
    covariance = bank.innovation_covariance(gamma, dt)
    root = bank.innovation_root(gamma, dt)
    np.testing.assert_allclose(root @ root.T, covariance, atol=1e-16)
    # Four normals per step instead of six, and one is not enough.
    assert root.shape[1] < 6 and 1e-3 < np.linalg.eigvalsh(covariance)[-2] / dt < 3e-3
    # Two half steps are one step.
    half, fade = bank.innovation_covariance(gamma, dt / 2), np.diag([1.0, *bank.decay_factors(gamma, dt / 2)])
    np.testing.assert_allclose(fade @ half @ fade + half, covariance, rtol=1e-12)
    stationary = bank.stationary_root(gamma) @ bank.stationary_root(gamma).T
    decay = np.diag(bank.decay_factors(gamma, dt))
    np.testing.assert_allclose(decay @ stationary @ decay + covariance[1:, 1:], stationary, rtol=1e-12)


def rising(t):
    return 0.3 + 0.4 * t


@pytest.mark.parametrize(("hurst", "kind"), [(0.3, "I"), (0.7, "II"), (rising, "I")])
def test_paths_of_the_approximation_have_its_closed_covariance(hurst, kind):
    noise = MarkovFBM(hurst, kind=kind)
    draw = jax.jit(lambda key: noise.path(8, shape=(SAMPLES,), key=key).values)
    paths = np.asarray(draw(jax.random.key(2)))
    first, second = np.array([1, 2, 8]), np.array([1, 6, 8])
    covariance = jax.jit(lambda s, t: noise.covariance(s, t))
    expected = covariance(jnp.asarray(TIMES[first]), jnp.asarray(TIMES[second]))
    within(paths[first] * paths[second], np.asarray(expected))
    swapped = covariance(jnp.asarray(TIMES[second]), jnp.asarray(TIMES[first]))
    np.testing.assert_allclose(swapped, expected, rtol=1e-10)


def test_variance_of_the_first_kind_is_the_formula():
    noise, t = MarkovFBM(0.3, normalise=False), 0.6
    w, g = np.asarray(noise.weights()), np.asarray(noise.gamma)
    total = (2 - np.exp(-g * t)[:, None] - np.exp(-g * t)[None, :]) / (g[:, None] + g[None, :])
    assert float(noise.variance(jnp.asarray(t))) == pytest.approx(w @ total @ w, rel=1e-10)


def test_a_hurst_index_that_varies_follows_the_exact_process():
    noise = MarkovFBM(rising, gamma_grid(10, 100.0), kind="II")
    # Variance of the exact process is t**(2 H(t)); errors at equal t of the constant index: 5 % at .3, below 1 % at .7.
    times = jnp.asarray([0.2, 0.5, 1.0])
    np.testing.assert_allclose(noise.variance(times), times ** (2 * rising(times)), rtol=0.03)


def test_brownian_motion_is_a_special_case():
    np.testing.assert_allclose(MarkovFBM.brownian().variance(jnp.asarray([0.5, 2.0])), [0.5, 2.0], rtol=1e-12)


def test_the_fractional_ornstein_uhlenbeck_covariance():
    for hurst in (0.2, 0.8):
        stationary = fou_covariance(0.0, 0.7, hurst, rate=1.3, stationary=True)
        # The spectral integral, over the half axis with its cosine weight.
        spectrum = lambda x, h=hurst: x ** (1 - 2 * h) / (1.3**2 + x**2)  # noqa: E731
        low = integrate.quad(lambda x, f=spectrum: f(x) * np.cos(0.7 * x), 0, 1)[0]
        high = integrate.quad(spectrum, 1, np.inf, weight="cos", wvar=0.7)[0]
        scale = special.gamma(2 * hurst + 1) * np.sin(np.pi * hurst) / np.pi
        assert stationary == pytest.approx(scale * (low + high), rel=1e-6)
    times = np.arange(1, 5) * 0.5
    grid = (times[:, None], times[None, :])
    np.testing.assert_allclose(fou_covariance(*grid, 0.3, rate=1e-7), fbm_covariance(*grid, 0.3), rtol=1e-5)
    np.testing.assert_allclose(fou_covariance(599.0, 0.0, 0.7, rate=1.0, stationary=True),
                               fou_covariance(601.0, 0.0, 0.7, rate=1.0, stationary=True), rtol=3e-3)  # fmt: skip


def test_the_covariance_of_the_approximation_is_near_the_exact_one():
    times = np.arange(1, 11) * 0.1
    # The largest rate times the step is 100: an exponential of a whole step would leave nothing.
    gamma = gamma_grid(10, 1000.0)
    covariance = jax.jit(lambda h, rate: markov_fou_covariance(MarkovFBM(h, gamma), 10, 0.1, rate=rate))
    found = covariance(jnp.asarray(0.3), jnp.asarray(1.0))
    exact = fou_covariance(times[:, None], times[None, :], 0.3, rate=1.0)
    # Measured 0.7 %.
    assert np.abs(found - exact).max() < 0.02 * exact.max()
    free = covariance(jnp.asarray(0.3), jnp.asarray(0.0))
    closed = MarkovFBM(0.3, gamma).covariance(jnp.asarray(times)[:, None], jnp.asarray(times)[None, :])
    np.testing.assert_allclose(free, closed, atol=1e-12)


def test_likelihood_and_conditioning():
    covariance = np.asarray([[2.0, 0.5], [0.5, 1.0]])
    values = jnp.asarray([[0.3, -0.2], [1.0, 1.0]])
    noisy = covariance + 0.09 * np.eye(2)
    expected = [
        -0.5 * (v @ np.linalg.solve(noisy, v) + np.log(np.linalg.det(noisy)) + 2 * np.log(2 * np.pi))
        for v in np.asarray(values)
    ]
    np.testing.assert_allclose(gaussian_log_likelihood(values, jnp.asarray(covariance), noise_scale=0.3), expected)
    mean, left = condition(jnp.asarray(covariance), np.array([1]), jnp.asarray([2.0]), noise_scale=0.3)
    np.testing.assert_allclose(mean, covariance[:, 1] * 2 / 1.09)
    np.testing.assert_allclose(left, covariance - np.outer(covariance[:, 1], covariance[1]) / 1.09)


def test_rough_bergomi_keeps_its_means():
    model = RoughBergomi(MarkovFBM(0.2, gamma_grid(10, 100.0), kind="II"), 0.04, 1.0, -0.7)
    variance, price = jax.jit(lambda key: model.sample(16, shape=(SAMPLES,), key=key))(jax.random.key(3))
    within(np.asarray(variance)[1:], 0.04 * np.ones(16), errors=4)
    within(np.asarray(price)[-1:], np.ones(1), errors=4)
    spread = np.log(np.asarray(variance)).var(axis=1)[[4, 16]]
    np.testing.assert_allclose(spread, model.noise.variance(jnp.asarray([0.25, 1.0])), rtol=0.04)
    # Leverage: price falls when variance rises.
    assert np.corrcoef(np.log(price[-1]), np.log(variance[8]))[0, 1] < -0.2


def test_a_linear_volterra_equation_has_the_moments_of_its_kernel():
    noise = MarkovFBM(0.2, gamma_grid(10, 100.0), kind="II", normalise=False)

    def end(key):
        return solve_rough_volterra(lambda t, x, args: jnp.ones_like(x), lambda t, x, args: 0.5 * jnp.ones_like(x),
                                    noise, jnp.zeros(1), horizon=1.0, steps=8, key=key)[-1, 0]  # fmt: skip

    ends = np.asarray(jax.jit(jax.vmap(end))(jax.random.split(jax.random.key(4), 4000)))
    # Mean: the integral of the kernel; variance: that of the approximation, exact whatever the step.
    assert ends.mean() == pytest.approx(1 / special.gamma(1.7), abs=4 * ends.std() / 63)
    assert ends.var() == pytest.approx(0.25 * float(noise.variance(jnp.asarray(1.0))), rel=0.08)


@pytest.mark.parametrize("rate", [0.5, 400.0])
def test_a_fast_decay_does_not_drown_the_covariance(rate):
    """Brownian noise: `(exp(-rate |t - s|) - exp(-rate (t + s))) / (2 rate)`."""
    times = 0.5 * np.arange(1, 4)
    apart, together = np.abs(times[:, None] - times[None]), times[:, None] + times[None]
    truth = (np.exp(-rate * apart) - np.exp(-rate * together)) / (2 * rate)
    found = jax.jit(lambda rate: markov_fou_covariance(MarkovFBM.brownian(), 3, 0.5, rate=rate))(jnp.asarray(rate))
    np.testing.assert_allclose(found, truth, atol=1e-12 / rate)
