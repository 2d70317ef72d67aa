"""Logarithms of modified Bessel functions against 40 and more digits."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from sciml.special import iv_ratio, log_iv, log_kv
from sciml.special._large_order import debye_polynomials

KNOWN = np.array([
    [0.5, 1, -0.0643519910735317988, -0.774208647355272568],
    [2.5, 1000, 995.624182327306514, -1003.2250877868441],
    [500, 1, -2957.90354973838074, 2950.9957924593946],
    [1023, 500, -363.478015720075381, 355.747267857265356],
    [4095, 2000, -1445.6851950567511, 1436.56756124664849],
    [16383, 8000, -5772.43470267517551, 5761.93062663911372],
    [100, 0.01, -893.571111962842404, 888.272794591293867],
    [0, 1e-3, 2.49999984375001747e-7, 1.94928855019219871],
    [1e4, 1e4, 5322.7023594940922243, -5332.952420637377075],
    [1e5, 1, -1120613.9399526164211, 1120601.7338799708409],
    [1e5, 1e6, 994996.32504089569782, -995010.83867379964851],
])  # fmt: skip
"""Order, argument, log I, log K, to sixty digits."""


def drawn(count):
    """Orders and arguments of every region."""
    draw = np.random.default_rng(0)
    v = np.concatenate([10 ** draw.uniform(-3, 2.2, count), draw.uniform(0, 16, count), draw.uniform(0, 1, 20)])
    x = np.concatenate(
        [10 ** draw.uniform(-3, 2.2, count), draw.uniform(0, 80, count), 10 ** draw.uniform(-30, -6, 20)]
    )
    return v, x


def reference(function, v, x):
    with mpmath.workdps(90):
        return np.array([float(function(mpmath.mpf(float(a)), mpmath.mpf(float(b)))) for a, b in zip(v, x)])


def log_i(v, x):
    return mpmath.log(mpmath.besseli(v, x))


def log_k(v, x):
    return mpmath.log(mpmath.besselk(v, x))


@jax.jit
def everything(v, x):
    return log_iv(v, x), log_kv(v, x), iv_ratio(v, x)


def error(found, truth):
    return np.max(np.abs(np.asarray(found, np.float64) - truth) / np.maximum(1, np.abs(truth)))


V, X = drawn(60)
I, K = reference(log_i, V, X), reference(log_k, V, X)
RATIO = reference(lambda v, x: mpmath.besseli(v + 1, x) / mpmath.besseli(v, x), V, X)


def test_sixty_digits():
    found_i, found_k, _ = everything(*KNOWN.T[:2])
    assert error(found_i, KNOWN[:, 2]) < 1e-14
    assert error(found_k, KNOWN[:, 3]) < 1e-14


def test_all_regions_in_double_precision():
    found = everything(V, X)
    assert error(found[0], I) < 1e-13
    assert error(found[1], K) < 1e-13
    np.testing.assert_allclose(found[2], RATIO, rtol=1e-12)


def test_all_regions_in_single_precision():
    v, x = V.astype(np.float32), X.astype(np.float32)
    found = everything(v, x)
    assert found[0].dtype == jnp.float32
    truth = reference(log_i, v, x), reference(log_k, v, x)
    assert max(error(a, b) for a, b in zip(found, truth)) < 1e-5
    np.testing.assert_allclose(found[2], RATIO, rtol=1e-5)


@pytest.mark.parametrize(("function", "exact"), [(log_iv, log_i), (log_kv, log_k)], ids=["I", "K"])
def test_derivatives_in_both_arguments_and_of_second_order(function, exact):
    v, x = np.array([0.2, 3.0, 14.0, 5.0, 0.5]), np.array([0.5, 7.0, 5.0, 200.0, 25.0])
    with mpmath.workdps(30):
        slopes = [[float(mpmath.diff(exact, (float(a), float(b)), n)) for a, b in zip(v, x)] for n in ((1, 0), (0, 1))]

    def both(v, x):
        by_order, by_argument = jax.grad(function, (0, 1))(v, x)
        return (by_order, by_argument), jax.jvp(lambda x: jax.grad(function, 1)(v, x), (x,), (jnp.ones_like(x),))[1]

    found, second = jax.jit(jax.vmap(both))(v, x)
    np.testing.assert_allclose(found, slopes, rtol=1e-10)
    # The differential equation gives it: with L' = r, r' = 1 + v^2 / x^2 - r / x - r^2.
    r = np.asarray(found[1])
    np.testing.assert_allclose(second, 1 + (v / x) ** 2 - r / x - r**2, rtol=1e-6)


def test_nothing_is_lost_on_a_wide_grid_and_where_expressions_meet():
    v, x = (a.ravel() for a in np.meshgrid(np.r_[0, 10 ** np.linspace(-6, 5, 30)], 10 ** np.linspace(-12, 6, 30)))
    both = jax.jit(jax.vmap(jax.value_and_grad(lambda v, x: log_iv(v, x) + log_kv(v, x), (0, 1))))
    value, slopes = both(v, x)
    assert np.all(np.isfinite(value)) and np.all(np.isfinite(slopes))
    edges = [
        (12.6964, 5.0),
        (12.6964, 29.0),
        (0.5, 30.0),
        (0.7, 22.0),
        (8.0, 32.0),
        (5.0, 19.6931),
        (0.9, 1e-10),
        (3, 1e-9),
    ]
    for order, argument in edges:
        near = everything(order * np.array([1 - 1e-12, 1 + 1e-12]), argument * np.array([1 - 1e-12, 1 + 1e-12]))
        for low, high in near:
            assert abs(low - high) < 1e-9 * max(1, abs(low))


def test_identities():
    v, x = np.array([0.0, 0.3, 4.0, 50.0]), np.array([0.7, 3.0, 40.0, 9.0])
    i, k, _ = everything(v, x)
    more_i, more_k, ratio = everything(v + 1, x)
    np.testing.assert_allclose(np.exp(i + more_k) + np.exp(more_i + k), 1 / x, rtol=1e-12)
    np.testing.assert_allclose(log_kv(0.5, 3.0), 0.5 * np.log(np.pi / 6) - 3, rtol=1e-14)
    np.testing.assert_allclose(log_kv(-2.5, 3.0), log_kv(2.5, 3.0), rtol=1e-15)
    assert np.all(ratio < everything(v, x)[2])


def test_ends_of_the_domain():
    x = jnp.asarray([0.0, -1.0, jnp.inf])
    np.testing.assert_array_equal(log_iv(0.0, x), [0, np.nan, np.inf])
    np.testing.assert_array_equal(log_iv(2.0, x), [-np.inf, np.nan, np.inf])
    np.testing.assert_array_equal(log_kv(2.0, x), [np.inf, np.nan, -np.inf])
    np.testing.assert_array_equal(iv_ratio(2.0, x), [0, np.nan, 1])
    assert np.isnan(log_iv(-0.5, 1.0)) and np.isnan(iv_ratio(-0.5, 1.0))
    assert log_iv(2, 1).dtype == jnp.result_type(float)


def test_debye_s_polynomials():
    u = debye_polynomials(13)
    np.testing.assert_allclose(24 * u[1], [3, -5], rtol=1e-15)
    np.testing.assert_allclose(1152 * u[2], [81, -462, 385], rtol=1e-15)
    np.testing.assert_allclose(u[13][:2], [18257.755474293, -3871833.442572613], rtol=1e-12)


@pytest.mark.peer
def test_scipy_agrees_where_it_gives_a_number():
    from scipy import special

    v, x = V[:120], X[:120]
    with np.errstate(divide="ignore"):
        theirs = np.log(special.ive(v, x)) + x
    fine = np.isfinite(theirs)
    assert fine.sum() > 60
    np.testing.assert_allclose(everything(v, x)[0][fine], theirs[fine], rtol=1e-10, atol=1e-10)
