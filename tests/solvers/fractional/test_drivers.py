"""Fractional noise as a driver of diffrax solvers: pathwise solutions, calculi, controls, derivatives."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.solvers import MarkovFBM, SampledPath, fractional_state, fractional_terms, solve_fractional
from sciml.solvers.fractional.exponential_steps import ExponentialHeun, FractionalTerm

NOISE = MarkovFBM(0.3)


def drift(t, x, args):
    return -x


def linear(t, x, args):
    return 0.5 * x


def unit(t, x, args):
    return jnp.ones_like(x)


def level(path, noise):
    """The fractional noise along a path, from its bank."""
    return jnp.sum((path.bank - path.bank[:1]) * noise.weights()[None, None, :], axis=-1)


@pytest.mark.parametrize("calculus", ["stratonovich", "ito"])
def test_linear_noise_follows_its_exact_solution(calculus):
    """`x = exp(-c t + B/2)`, with Ito's correction for the part of B that is Brownian."""
    total = float(NOISE.weights().sum())
    rate = 1.0 if calculus == "stratonovich" else 1 + 0.125 * total**2

    @jax.jit
    @jax.vmap
    def miss(key):
        path = solve_fractional(
            drift, linear, NOISE, jnp.ones(2), t0=0.0, t1=1.0, steps=100, calculus=calculus, key=key
        )
        exact = jnp.exp(0.5 * level(path, NOISE) - rate * path.times[:, None])
        return jnp.mean(jnp.abs(path.x - exact)[-1]), jnp.mean(
            jnp.exp(0.5 * level(path, NOISE) - path.times[:, None])[-1]
        )

    error, _ = miss(jax.random.split(jax.random.key(0), 100))
    # Measured 0.0033 and 0.016; the other calculus is 0.17 away.
    assert float(error.mean()) < (0.008 if calculus == "stratonovich" else 0.04)


@pytest.mark.parametrize(
    ("solver", "options", "bound"),
    [
        (diffrax.Heun(), {}, 0.007),
        (diffrax.ItoMilstein(), {"solver": "ito"}, 0.025),
    ],
    ids=["Heun", "ItoMilstein"],
)
def test_other_solvers_of_diffrax_take_the_augmented_terms(solver, options, bound):
    @jax.jit
    @jax.vmap
    def miss(key):
        path_key, bank_key = jax.random.split(key)
        brownian = diffrax.VirtualBrownianTree(0.0, 1.0, tol=2.0**-8, shape=(1,), key=path_key)
        terms = fractional_terms(drift, linear, NOISE, brownian, **options)
        state = fractional_state(jnp.ones(1), NOISE.initial_bank((1,), key=bank_key))
        end = diffrax.diffeqsolve(terms, solver, 0.0, 1.0, 2.0**-7, state).ys
        level = jnp.sum((end.bank[0] - state.bank) * NOISE.weights()[None, :], axis=-1)
        return jnp.abs(end.x[0] - jnp.exp(0.5 * level - 1))[0]

    # Measured 0.0024 and 0.0086.
    assert float(miss(jax.random.split(jax.random.key(1), 30)).mean()) < bound


def test_a_sampled_path_is_linear_between_its_times():
    path = SampledPath(1.0, 3.0, jnp.asarray([0.0, 2.0, -1.0]))
    np.testing.assert_allclose([path.evaluate(1.5), path.evaluate(2.0, 3.0), path.evaluate(3.0)], [1.0, -3.0, -1.0])


def pushed(t, x, bank, args):
    return args * jnp.ones_like(x)


@eqx.filter_jit
def controlled(noise, push, key):
    return solve_fractional(
        lambda t, x, args: jnp.zeros_like(x),
        unit,
        noise,
        jnp.zeros(2),
        t0=0.0,
        t1=1.0,
        steps=20,
        control=pushed,
        args=push,
        key=key,
    )


def test_a_control_moves_the_noise_and_costs_what_girsanov_says():
    free, moved = (controlled(NOISE, jnp.asarray(c), jax.random.key(3)) for c in (0.0, 1.5))
    # Prior and posterior coincide without control; with a constant one the divergence is c**2 T/2 per channel.
    assert float(free.divergence) == 0
    assert float(moved.divergence) == pytest.approx(2 * 1.5**2 / 2, rel=1e-12)
    # The mean of the bank moves as the exact linear equation says.
    g = np.asarray(NOISE.gamma)
    shift = np.asarray(moved.bank - free.bank)[-1]
    np.testing.assert_allclose(shift, np.broadcast_to(1.5 * (1 - np.exp(-g)) / g, (2, 5)), rtol=1e-10)
    np.testing.assert_allclose(np.asarray(moved.x - free.x)[-1], shift @ np.asarray(NOISE.weights()), rtol=1e-10)
    # Additive noise without drift is the noise itself, on every step.
    np.testing.assert_allclose(free.x, level(free, NOISE), atol=1e-12)


def test_a_hurst_index_that_varies_and_mixed_channels():
    def matrix(t, x, args):
        return jnp.asarray([[1.0, 0.0, 0.5], [0.0, 1.0, -0.5]])

    noise = MarkovFBM(lambda t: 0.3 + 0.4 * t)
    path = eqx.filter_jit(solve_fractional)(lambda t, x, args: jnp.zeros_like(x), matrix, noise, jnp.zeros(2), t0=0.0, t1=1.0, steps=4,
                            key=jax.random.key(5))  # fmt: skip
    weights = jax.vmap(noise.weights)(path.times)
    levels = jnp.sum((path.bank - path.bank[:1]) * weights[:, None, :], axis=-1)
    np.testing.assert_allclose(path.x, levels @ matrix(0, 0, 0).T, atol=1e-12)


def test_steps_off_the_grid_and_wrong_arguments_are_refused():
    bank = NOISE.initial_bank((1,), key=jax.random.key(0))
    innovations = NOISE.innovations(4, 0.25, (1,), key=jax.random.key(1))
    term = FractionalTerm(drift, unit, None, NOISE.weights(), innovations, bank, 0.0, 0.25, NOISE.gamma, False)
    with pytest.raises(eqx.EquinoxRuntimeError, match="left the grid"):
        term.contr(jnp.asarray(0.1), jnp.asarray(0.35))
    assert isinstance(ExponentialHeun(), diffrax.AbstractStratonovichSolver)
    with pytest.raises(ValueError, match="needs `start`"):
        fractional_terms(drift, unit, MarkovFBM(lambda t: 0.3 + 0.1 * t), SampledPath(0.0, 1.0, jnp.zeros((2, 1))))
    with pytest.raises(ValueError, match="`steps` >= 1"):
        solve_fractional(drift, unit, NOISE, jnp.ones(1), t0=0.0, t1=1.0, steps=0, key=jax.random.key(0))
