"""Latent equation with fractional noise: law of the posterior, terms of the bound, what is trained, files, both precisions."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.models import ControlNetwork, EvidenceBound, FixedStart, FractionalSDE, GaussianStart
from sciml.models.nde.fractional_sde import held
from sciml.solvers import MarkovFBM

SPAN = {"t0": 0.0, "t1": 1.0, "steps": 8}


def drift(t, x, context):
    return -x


def unit(t, x, context):
    return jnp.ones_like(x)


def build(**options):
    noise = MarkovFBM(0.3)
    control = ControlNetwork(2, noise, width=8, depth=1, frequencies=(1.0, 4.0), key=jax.random.key(0))
    return FractionalSDE(drift, unit, noise, control, GaussianStart(2, scale=0.5), **options)


def log_density(path):
    return -0.5 * jnp.sum(path.x[-1] ** 2) / 0.3**2


@eqx.filter_jit
def bound_of(model, key):
    return model.bound(log_density, **SPAN, samples=16, key=key)


@eqx.filter_jit
def slopes(model, key):
    return eqx.filter_value_and_grad(lambda m: -m.bound(log_density, **SPAN, samples=16, key=key).value)(model)


def test_training_begins_with_the_posterior_at_the_prior():
    model, key = build(), jax.random.key(1)
    found = bound_of(model, key)
    assert float(found.path_divergence) == float(found.initial_divergence) == 0
    both = eqx.filter_jit(lambda m, k: (m.sample_prior(**SPAN, key=k), m(**SPAN, key=k)))
    prior, posterior = both(model, key)
    np.testing.assert_allclose(posterior.x, prior.x, atol=1e-14)
    assert posterior.x.shape == (9, 2) and posterior.bank.shape == (9, 2, 5)


def test_the_bound_is_made_of_its_terms():
    bound = EvidenceBound(jnp.asarray(-1.0), jnp.asarray(0.25), jnp.asarray(0.5))
    assert float(bound.value) == -1.75
    start = eqx.tree_at(lambda s: s.posterior_mean, GaussianStart(2, scale=0.5), jnp.asarray([0.5, 0.0]))
    start = eqx.tree_at(lambda s: s.posterior_log_scale, start, jnp.log(jnp.asarray([0.25, 0.5])))
    assert float(start.divergence()) == pytest.approx(0.5 * (0.25 + 1 - 1 + 2 * np.log(2)))
    assert float(FixedStart(jnp.ones(2)).divergence()) == 0


def test_derivatives_reach_control_start_and_hurst_index():
    model, key = build(), jax.random.key(2)
    _, slope = slopes(model, key)
    assert all(float(jnp.abs(leaf).max()) > 0 for leaf in (slope.noise.parameter, slope.start.posterior_mean,
                                                           slope.control.network.weights[-1]))  # fmt: skip
    moved = [eqx.tree_at(lambda m: m.noise.parameter, model, model.noise.parameter + e) for e in (1e-4, -1e-4)]
    numeric = (float(bound_of(moved[1], key).value) - float(bound_of(moved[0], key).value)) / 2e-4
    assert float(slope.noise.parameter) == pytest.approx(numeric, rel=1e-5)


def test_a_hurst_index_may_be_held():
    slope = lambda change: jax.grad(lambda n: change(n).hurst())(MarkovFBM(0.3)).parameter  # noqa: E731
    assert float(slope(held)) == 0 and float(slope(lambda n: n)) == pytest.approx(0.21)


def test_context_may_be_an_array_or_a_function_of_time():
    noise = MarkovFBM(0.3)
    control = ControlNetwork(1, noise, context_size=2, width=8, depth=1, key=jax.random.key(0))
    weights = jnp.ones_like(control.network.weights[-1])
    control = eqx.tree_at(lambda c: c.network.weights[-1], control, weights)
    state = (jnp.asarray(0.5), jnp.ones(1), jnp.ones((1, 5)))
    fixed = control(*state, jnp.asarray([0.5, 1.0]))
    np.testing.assert_allclose(control(*state, lambda t: jnp.stack([t, 2 * t])), fixed)
    assert abs(float(fixed[0] - control(*state, jnp.zeros(2))[0])) > 1e-3


def test_single_precision_and_files(tmp_path):
    with jax.enable_x64(False):
        control = build().control
        assert control(jnp.asarray(0.5), jnp.ones(2), jnp.ones((2, 5))).dtype == jnp.float32
        sciml.save(tmp_path / "control.sciml", control)
        again = sciml.load(tmp_path / "control.sciml")
        assert eqx.tree_equal(control, again)
        sciml.save(tmp_path / "noise.sciml", MarkovFBM(0.3))
        assert sciml.load(tmp_path / "noise.sciml").gamma == MarkovFBM(0.3).gamma


def test_sizes_that_mean_nothing_are_refused():
    with pytest.raises(ValueError, match="`size` and `scale` must be positive"):
        GaussianStart(2, scale=0.0)
