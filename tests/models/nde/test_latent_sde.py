"""Latent equations against the exact evidence of the linear one."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.models import (
    MLP,
    DenseField,
    EncodedStart,
    FixedStart,
    LatentSDE,
    LatentSDELoss,
    ObservedLatentSDE,
    PositiveField,
    TrajectoryEncoder,
)
from sciml.solvers import ReversibleHeun

RATE, SCALE, NOISE, SEEN, STEPS, SAMPLES = 1.5, 0.8, 0.3, 1.1, 64, 2000


def prior(t, z, args):
    return -RATE * z


def diffusion(t, z, args):
    return jnp.full_like(z, SCALE)


def steered(t, z, strength):
    """The drift of the exact posterior given one observation at time 1, weakened."""
    fade = jnp.exp(-RATE * (1 - t))
    spread = NOISE**2 + SCALE**2 * (1 - fade**2) / (2 * RATE)
    return -RATE * z + strength * SCALE**2 * fade * (SEEN - fade * z) / spread


def log_density(path):
    return -0.5 * ((path.values[-1, 0] - SEEN) / NOISE) ** 2 - jnp.log(NOISE * jnp.sqrt(2 * jnp.pi))


LINEAR = LatentSDE(prior, steered, diffusion, FixedStart(jnp.zeros(1)))


def exact_evidence():
    """Of the Euler chain with these steps."""
    factors = (1 - RATE / STEPS) ** (2 * np.arange(STEPS))
    variance = NOISE**2 + SCALE**2 / STEPS * factors.sum()
    return -0.5 * SEEN**2 / variance - 0.5 * np.log(2 * np.pi * variance)


@pytest.fixture(scope="module")
def bounds():
    """Values of the bound path by path for three strengths of control."""

    @jax.jit
    def draw(strength):
        def one(key):
            path = LINEAR(strength, t0=0.0, t1=1.0, steps=STEPS, key=key)
            return log_density(path) - path.divergence[-1]

        return jax.vmap(one)(jax.random.split(jax.random.key(0), SAMPLES))

    return {strength: np.asarray(draw(jnp.asarray(strength))) for strength in (0.0, 0.5, 1.0)}


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_the_bound_is_at_most_the_evidence(bounds, strength):
    drawn = bounds[strength]
    # Four standard errors.
    assert drawn.mean() < exact_evidence() + 4 * drawn.std() / np.sqrt(SAMPLES)


def test_the_exact_control_closes_the_gap(bounds):
    gaps = {strength: exact_evidence() - drawn.mean() for strength, drawn in bounds.items()}
    assert gaps[0.0] > 10 * gaps[1.0]
    # Measured with 60,000 paths: 0.010; the standard error here is 0.04.
    assert abs(gaps[1.0]) < 0.13


def test_without_a_control_the_law_is_that_of_the_prior():
    arguments = {"t0": 0.0, "t1": 1.0, "steps": 32, "key": jax.random.key(3)}
    path, free = LINEAR(jnp.asarray(0.0), **arguments), LINEAR.sample_prior(**arguments)
    np.testing.assert_allclose(path.values, free.values, rtol=0, atol=1e-15)
    np.testing.assert_array_equal(path.divergence, 0)


@pytest.mark.parametrize("method", ["euler", "reversible"])
def test_constant_control_has_the_divergence_of_girsanov(method):
    def pushed(t, z, push):
        return prior(t, z, None) + SCALE * push

    model = LatentSDE(prior, pushed, diffusion, FixedStart(jnp.zeros(2)))
    if method == "reversible":
        model = eqx.tree_at(lambda one: one.method, model, ReversibleHeun(), is_leaf=lambda one: one is model.method)
    path = model(jnp.asarray([0.9, -1.2]), t0=0.0, t1=2.0, steps=40, save_every=20, key=jax.random.key(1))
    np.testing.assert_allclose(path.divergence, [0, 1.125, 2.25], rtol=1e-12)


def observed_model(dtype):
    keys = jax.random.split(jax.random.key(5), 6)
    sizes = {"width": 8, "depth": 1}
    latent = LatentSDE(
        prior=DenseField(2, **sizes, key=keys[0]),
        posterior=DenseField(2, context_size=3, **sizes, key=keys[1]),
        diffusion=PositiveField(2, **sizes, key=keys[2]),
        start=EncodedStart(2, 3, key=keys[3]),
    )
    decoder = MLP(2, 1, width=1, depth=0, key=keys[5])
    model = ObservedLatentSDE(latent, TrajectoryEncoder(1, 3, width=8, key=keys[4]), decoder, jnp.zeros(1))
    return jax.tree.map(lambda leaf: leaf.astype(dtype) if eqx.is_inexact_array(leaf) else leaf, model)


def test_missing_values_count_for_nothing_and_the_file_gives_the_model_back(tmp_path):
    times = jnp.linspace(0, 2, 5, dtype="float32")
    data = jnp.sin(3 * times[None, :, None] + jnp.linspace(0, 6, 3, dtype="float32")[:, None, None])
    gaps = data.at[:, 3].set(jnp.nan)
    loss, model = LatentSDELoss(t0=0.0, t1=2.0, steps_between=2), observed_model("float32")

    @eqx.filter_jit
    def evaluate(model, data):
        return eqx.filter_value_and_grad(lambda one: loss(one, data, jax.random.key(9)), has_aux=True)(model)

    (value, metrics), gradient = evaluate(model, gaps)
    assert value.dtype == "float32"
    assert all(np.isfinite(leaf).all() and np.abs(leaf).max() > 0 for leaf in jax.tree.leaves(gradient))
    np.testing.assert_allclose(
        value, metrics["initial_divergence"] + metrics["path_divergence"] - metrics["log_likelihood"], rtol=1e-6
    )
    sciml.save(tmp_path / "model.sciml", model)
    assert evaluate(sciml.load(tmp_path / "model.sciml"), gaps)[0][0] == value


def test_the_density_of_a_trajectory_leaves_out_what_is_missing():
    model = observed_model("float64")
    path = LINEAR(jnp.asarray(0.0), t0=0.0, t1=1.0, steps=4, key=jax.random.key(0))
    path = path._replace(values=jnp.concatenate([path.values] * 2, axis=1))
    seen = jnp.arange(5.0)[:, None]
    parts = [model.log_likelihood(path, seen.at[:3].set(jnp.nan)), model.log_likelihood(path, seen.at[3:].set(jnp.nan))]
    np.testing.assert_allclose(sum(parts), model.log_likelihood(path, seen), rtol=1e-12)


def test_a_context_for_each_time_knows_the_future_alone():
    encoder = TrajectoryEncoder(1, 3, width=8, sequence=True, key=jax.random.key(6))
    plain = eqx.tree_at(lambda one: (one.cell, one.head), TrajectoryEncoder(1, 3, width=8, key=jax.random.key(7)),
                        (encoder.cell, encoder.head))  # fmt: skip
    values = jnp.sin(jnp.arange(5.0))[:, None]
    contexts, changed = encoder(values), encoder(values.at[2].add(1.0))
    np.testing.assert_allclose(contexts[0], plain(values), atol=1e-12)
    np.testing.assert_array_equal(contexts[3:], changed[3:])
    assert float(jnp.abs(contexts[:3] - changed[:3]).min(axis=0).max()) > 0
    start = EncodedStart(2, 3, key=jax.random.key(8))
    assert start.divergence(contexts) == start.divergence(contexts[0])
