"""Fixed steps against exact solutions: strong and weak order, calculus, gradients."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.solvers import (
    EulerMaruyama,
    Milstein,
    ReversibleHeun,
    SampledPath,
    StratonovichHeun,
    brownian_increments,
    ito_to_stratonovich,
    solve_sde,
    stratonovich_to_ito,
)

FINE, PATHS = 512, 400
FINE_NOISE = brownian_increments(FINE, 1 / FINE, (PATHS, 2), key=jax.random.key(5))
STARTS = jnp.asarray([1.0, 0.7])
METHODS = {
    "euler": EulerMaruyama(),
    "milstein": Milstein(),
    "stratonovich milstein": Milstein("stratonovich"),
    "heun": StratonovichHeun(),
    "reversible": ReversibleHeun(),
}


def coarse(steps):
    return jnp.swapaxes(FINE_NOISE.reshape(steps, -1, PATHS, 2).sum(1), 0, 1)


def ito_drift(t, y, args):
    return 0.5 * y


def diffusion(t, y, args):
    return 0.6 * y


def ends(method, steps):
    """Geometric Brownian motion in the calculus of the method, meant in Ito's."""
    drift = ito_drift if method.calculus == "ito" else ito_to_stratonovich(ito_drift, diffusion)

    def one(dw):
        return solve_sde(
            drift, diffusion, STARTS, t0=0.0, t1=1.0, steps=steps, method=method, increments=dw, save_every=steps
        ).values[-1]

    return jax.jit(jax.vmap(one))(coarse(steps))


EXACT = STARTS[None] * jnp.exp((0.5 - 0.18) + 0.6 * FINE_NOISE.sum(0))


# Reversible Heun: order 1/2 by theory in general; noise as here is commutative.
@pytest.mark.parametrize(
    ("name", "order"),
    [("euler", 0.5), ("milstein", 1.0), ("stratonovich milstein", 1.0), ("heun", 1.0), ("reversible", 1.0)],
)
def test_strong_order_after_conversion(name, order):
    errors = [jnp.sqrt(jnp.mean((ends(METHODS[name], steps) - EXACT) ** 2)) for steps in (16, 128)]
    found = float(jnp.log2(errors[0] / errors[1])) / 3
    assert abs(found - order) < 0.15


def test_conversion_is_exact_for_general_noise_and_undone():
    def matrix(t, y, args):
        return jnp.stack([jnp.sin(y[0] * y[1]), y[0] ** 2, jnp.cos(t * y[1]), y[1]]).reshape(2, 2)

    y, t = jnp.asarray([0.4, -1.3]), jnp.asarray(0.7)
    gradient = jax.jacfwd(lambda y: matrix(t, y, None))(y)
    by_hand = 0.5 * jnp.einsum("kj,ijk->i", matrix(t, y, None), gradient)

    def zero(t, y, args):
        return jnp.zeros_like(y)

    np.testing.assert_allclose(stratonovich_to_ito(zero, matrix)(t, y, None), by_hand, rtol=1e-13)
    there = ito_to_stratonovich(zero, matrix)
    np.testing.assert_allclose(stratonovich_to_ito(there, matrix)(t, y, None), 0, atol=1e-15)


def test_conversion_of_diagonal_noise_is_that_of_the_diagonal_matrix():
    def mixed(t, y, args):
        return jnp.asarray([1.0, 2.0]) + y * y[::-1]

    y = jnp.asarray([0.4, -1.3])

    def zero(t, y, args):
        return jnp.zeros_like(y)

    full = stratonovich_to_ito(zero, lambda t, y, args: jnp.diag(mixed(t, y, args)))(0.0, y, None)
    np.testing.assert_allclose(stratonovich_to_ito(zero, mixed)(0.0, y, None), full, rtol=1e-13)
    scalar = stratonovich_to_ito(zero, lambda t, y, args: y[:, None])(0.0, y, None)
    np.testing.assert_allclose(scalar, 0.5 * y, rtol=1e-13)
    own = stratonovich_to_ito(zero, lambda t, y, args: y**2, elementwise=True)(0.0, y, None)
    np.testing.assert_allclose(own, y**3, rtol=1e-13)


def test_ito_and_stratonovich_meet_on_the_same_path_for_general_noise():
    def matrix(t, y, args):
        return jnp.stack([0.4 + 0.2 * jnp.sin(y[1]), 0.3 * y[0], jnp.cos(y[0]), 0.2 * y[1]]).reshape(2, 2)

    def drift(t, y, args):
        return -y

    converted = ito_to_stratonovich(drift, matrix)

    def gap(steps):
        def one(dw):
            ito, other = (
                solve_sde(
                    f, matrix, STARTS, t0=0.0, t1=1.0, steps=steps, method=method, increments=dw, save_every=steps
                )
                for f, method in ((drift, EulerMaruyama()), (converted, StratonovichHeun()))
            )
            return ito.values[-1] - other.values[-1]

        return float(jnp.sqrt(jnp.mean(jax.jit(jax.vmap(one))(coarse(steps)) ** 2)))

    first, last = gap(16), gap(256)
    # Order 1/2: sixteen times shorter steps, a quarter of the distance.
    assert 2.8 < first / last < 5.6


def test_weak_order_of_euler():
    # The mean of the linear equation is that of Euler's method for the mean, error of first order; the same paths hide the noise.
    errors = [abs(float(jnp.mean((ends(METHODS["euler"], steps) - EXACT)[:, 0]))) for steps in (8, 64)]
    assert 4 < errors[0] / errors[1] < 16


def test_gradient_of_reversible_heun_is_that_of_diffrax():
    dw = coarse(64)[0]
    path = jnp.concatenate([jnp.zeros((1, 2)), jnp.cumsum(dw, 0)])

    def drift(t, y, rates):
        return jnp.tanh(rates @ y) + jnp.sin(t)

    rates = jnp.asarray([[0.3, -1.0], [0.8, 0.1]])

    def ours(rates, scale):
        solution = solve_sde(
            drift, lambda t, y, args: scale * jnp.cos(y), STARTS, t0=0.0, t1=1.0, steps=64, method=ReversibleHeun(),
            args=rates, increments=dw, save_every=16,
        )  # fmt: skip
        return jnp.sum(solution.values[-1] ** 2)

    def theirs(rates, scale):
        terms = diffrax.MultiTerm(
            diffrax.ODETerm(drift),
            diffrax.ControlTerm(lambda t, y, args: jnp.diag(scale * jnp.cos(y)), SampledPath(0.0, 1.0, path)),
        )
        end = diffrax.diffeqsolve(terms, diffrax.ReversibleHeun(), 0.0, 1.0, 1 / 64, STARTS, rates).ys[-1]
        return jnp.sum(end**2)

    (a, da), (b, db) = (jax.value_and_grad(f, (0, 1))(rates, jnp.asarray(0.4)) for f in (ours, theirs))
    np.testing.assert_allclose(a, b, rtol=1e-12)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-10, atol=1e-12), da, db)


def test_saved_times_hold_the_start_and_single_precision_stays():
    path = solve_sde(
        lambda t, y, args: -y, lambda t, y, args: jnp.ones((2, 3), y.dtype), jnp.ones(2, "float32"), t0=1.0, t1=2.0,
        steps=10, save_every=5, key=jax.random.key(0),
    )  # fmt: skip
    np.testing.assert_allclose(path.times, [1.0, 1.5, 2.0], rtol=1e-6)
    assert path.values.shape == (3, 2)
    assert path.values.dtype == "float32"
    np.testing.assert_array_equal(path.values[0], 1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"steps": 0}, "steps"),
        ({"t1": 0.0}, "t1"),
        ({"save_every": 3}, "save_every"),
        ({"key": None}, "key"),
        ({"increments": jnp.zeros((10, 3))}, "increments"),
        ({"y0": jnp.zeros((2, 2))}, "y0"),
    ],
)
def test_misuse_is_named(wrong, said):
    arguments = {"y0": STARTS, "t0": 0.0, "t1": 1.0, "steps": 10, "key": jax.random.key(0)} | wrong
    y0 = arguments.pop("y0")
    # The shape of `y0` is caught by the run-time types here, by our own message elsewhere.
    with pytest.raises(Exception, match=said):
        solve_sde(ito_drift, diffusion, y0, **arguments)
