"""Optimal weights: known values, optimality, derivatives in both precisions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, special

from sciml.solvers import approximation_error, gamma_grid, optimal_weights, riemann_weights
from sciml.solvers.fractional import normal_equations as equations

GAMMA = gamma_grid(5, 20.0)
KNOWN = {
    ("I", 0.3): [0.80440769, -0.11151898, 0.48741451, 0.08450576, 1.1873324],
    ("I", 0.7): [2.26196625, -1.42063606, 0.01978801, -0.31069781, -0.17700942],
    ("II", 0.3): [28.17412235, -38.35110732, 13.2624732, -2.29150612, 1.77234644],
    ("II", 0.7): [-0.93484083, 3.26804964, -1.77131088, 0.1156314, -0.31546784],
}
ERRORS = {
    (3, 20.0, "I"): (0.555, 0.130, 0.125, 0.350, 0.751),
    (5, 20.0, "I"): (0.554, 0.129, 0.113, 0.313, 0.714),
    (20, 1000.0, "I"): (0.363, 0.036, 0.013, 0.085, 0.461),
    (3, 20.0, "II"): (0.490, 0.092, 0.001, 0.012, 0.009),
    (5, 20.0, "II"): (0.479, 0.088, 0.0, 0.012, 0.008),
    (10, 100.0, "II"): (0.409, 0.055, 0.0, 0.004, 0.002),
}


def test_the_grid_is_geometric_about_one():
    np.testing.assert_allclose(GAMMA, [0.05, 0.2236068, 1, 4.472136, 20], rtol=1e-7)
    shifted = gamma_grid(5, 20.0, offset=0.5)
    np.testing.assert_allclose(np.diff(np.log(shifted)), np.log(20) * 2 / 3, rtol=1e-12)
    assert shifted[-1] == pytest.approx(20) and gamma_grid(1, 3.0) == (3.0,)
    np.testing.assert_allclose(gamma_grid(3, 9.0, smallest=0.01), [0.01, 0.3, 9.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gamma_grid(0), "`count` must be at least 1"),
        (lambda: gamma_grid(5, 0.5), "needs `largest` > 1"),
        (lambda: gamma_grid(5, 20.0, offset=1.0, smallest=0.1), "not both"),
        (lambda: gamma_grid(5, 20.0, smallest=30.0), "`smallest` < `largest`"),
        (lambda: optimal_weights(GAMMA, 1.2), r"`hurst` must be in \(0, 1\), got 1.2"),
        (lambda: optimal_weights((0.0, 1.0), 0.3), "rate 0 needs kind 'II'"),
        (lambda: optimal_weights(GAMMA, 0.3, horizon=-1.0), "`horizon` must be positive"),
        (lambda: riemann_weights(GAMMA, 0.5), "not 1/2"),
        (lambda: approximation_error(GAMMA, 0.3, weights=np.ones(3)), r"must have shape \(5,\)"),
    ],
)
def test_what_means_nothing_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("kind", "hurst"), KNOWN)
def test_weights_equal_the_known_ones(kind, hurst):
    np.testing.assert_allclose(optimal_weights(GAMMA, hurst, kind=kind), KNOWN[kind, hurst], rtol=1e-6)


@pytest.mark.parametrize(("count", "largest", "kind"), ERRORS)
def test_approximation_errors_equal_the_known_ones(count, largest, kind):
    ours = [approximation_error(gamma_grid(count, largest), h, kind=kind) for h in (0.1, 0.3, 0.5, 0.7, 0.9)]
    np.testing.assert_allclose(ours, ERRORS[count, largest, kind], atol=1e-3)


@pytest.mark.parametrize("kind", ["I", "II"])
@pytest.mark.parametrize("hurst", [0.15, 0.8])
def test_the_moments_are_the_integrals_they_stand_for(kind, hurst):
    rates, a, T = (1e-3, 0.3, 1.999, 2.001, 40.0), hurst + 0.5, 1.5
    found = equations.moments(rates, hurst, T, kind)

    def correlation(t, g):
        own = integrate.quad(lambda s: s ** (a - 1) * np.exp(-g * s), 0, t)[0]
        if kind == "II":
            return own / special.gamma(a)
        # Before time 0 both differences of kernels are integrated over the past.
        past = lambda s: ((t + s) ** (a - 1) - s ** (a - 1)) * (np.exp(-g * (t + s)) - np.exp(-g * s))  # noqa: E731
        far = integrate.quad(past, 0, 1, limit=200)[0] + integrate.quad(past, 1, np.inf, limit=400)[0]
        return (own + far) / special.gamma(a)

    for g, value in zip(rates, found):
        if kind == "I" and g < 0.1:
            continue  # the quadrature over the past does not converge; the next line covers small rates
        expected = integrate.quad(lambda t, g=g: correlation(t, g), 0, T, limit=200)[0]
        assert value == pytest.approx(expected, rel=2e-6)
    near = equations.moments((0.0999999, 0.1, 0.1000001), hurst, T, kind)
    assert np.ptp(near) < 1e-5 * near[1]


def test_half_is_brownian_motion():
    np.testing.assert_allclose(optimal_weights((0.0, 1.0, 5.0), 0.5, kind="II"), [1, 0, 0], atol=1e-10)
    assert approximation_error((0.0, 1.0), 0.5, kind="II") < 1e-6
    assert approximation_error(gamma_grid(5, 20.0, smallest=1e-4), 0.5, kind="II") < 1e-4
    for kind, gamma in (("I", GAMMA), ("II", GAMMA)):
        assert float(optimal_weights(gamma, 0.5, kind=kind).sum()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("kind", ["I", "II"])
def test_the_cost_is_least_at_the_weights_and_falls_in_nested_grids(kind):
    rng = np.random.default_rng(0)
    for hurst in (0.2, 0.45, 0.8):
        best = np.asarray(optimal_weights(GAMMA, hurst, kind=kind))
        least = approximation_error(GAMMA, hurst, kind=kind)
        for direction in rng.normal(size=(8, 5)):
            assert approximation_error(GAMMA, hurst, kind=kind, weights=best + 1e-2 * direction) > least
        nested = [approximation_error(gamma_grid(n, 20.0), hurst, kind=kind) for n in (3, 5, 9)]
        assert nested[0] > nested[1] >= nested[2] - 1e-9


@pytest.mark.parametrize("kind", ["I", "II"])
def test_optimal_weights_beat_the_riemann_sum_at_every_index(kind):
    for hurst in (0.1, 0.3, 0.4, 0.6, 0.7, 0.9):
        ratio = approximation_error(GAMMA, hurst, kind=kind, weights=riemann_weights(GAMMA, hurst))
        assert ratio > approximation_error(GAMMA, hurst, kind=kind)
    riemann = [
        approximation_error(GAMMA, h, kind="II", weights=riemann_weights(GAMMA, h)) for h in (0.1, 0.4, 0.6, 0.9)
    ]
    np.testing.assert_allclose(riemann, [0.603, 0.660, 0.165, 0.169], atol=1e-3)


def test_derivatives_are_right_in_both_precisions():
    weights = jax.jit(lambda h: optimal_weights(GAMMA, h, kind="II", normalise=True))
    exact = (weights(jnp.asarray(0.3 + 1e-5)) - weights(jnp.asarray(0.3 - 1e-5))) / 2e-5
    np.testing.assert_allclose(jax.jacfwd(weights)(jnp.asarray(0.3)), exact, rtol=1e-6)
    single = jnp.asarray(0.3, jnp.float32)
    assert weights(single).dtype == jnp.float32
    np.testing.assert_allclose(weights(single), weights(jnp.asarray(0.3)), rtol=2e-6)
    np.testing.assert_allclose(jax.jacrev(weights)(single), exact, rtol=1e-5)
    assert jax.eval_shape(weights, jax.ShapeDtypeStruct((2,), jnp.float32)).shape == (2, 5)
