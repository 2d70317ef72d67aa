"""Latent ODEs: the terms of the bound, what is missing, what is trained, files."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.models import LatentODE, LatentODELoss

TS = jnp.asarray([0.0, 0.2, 0.5, 1.1])
XS = jnp.asarray(np.random.default_rng(0).standard_normal((4, 2)))


def build():
    options = {"solver": diffrax.Heun(), "fixed_steps": 4, "regulariser": "error"}
    return LatentODE(2, 3, hidden=4, width=6, depth=1, noise=0.5, **options, key=jax.random.key(0))


@eqx.filter_jit
def evaluate(model, batch, key):
    loss = LatentODELoss(TS, divergence_weight=0.5, weight=2.0)
    return eqx.filter_value_and_grad(loss, has_aux=True)(model, batch, key)


def test_the_likelihood_is_that_of_what_is_there():
    model, means = build(), jnp.zeros((4, 2))
    full = model.log_likelihood(means, XS)
    density = -0.5 * (XS / 0.5) ** 2 - np.log(0.5 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(full, density.sum(), rtol=1e-12)
    np.testing.assert_allclose(model.log_likelihood(means, XS.at[1, 0].set(jnp.nan)), full - density[1, 0], rtol=1e-12)


@pytest.mark.slow
def test_the_loss_is_made_of_its_terms_and_reaches_every_parameter():
    model, batch = build(), jnp.stack([XS, XS.at[1:, 1].set(jnp.nan)])
    (value, parts), slope = evaluate(model, batch, jax.random.key(1))
    np.testing.assert_allclose(
        value, 0.5 * parts["divergence"] - parts["log_likelihood"] + 2 * parts["regulariser"], rtol=1e-12
    )
    assert all(bool(jnp.isfinite(leaf).all()) and float(jnp.abs(leaf).max()) > 0 for leaf in jax.tree.leaves(slope))
    for _ in range(30):
        (after, _), slope = evaluate(model, batch, jax.random.key(1))
        model = eqx.apply_updates(model, jax.tree.map(lambda g: -0.01 * g, slope))
    assert float(after) < float(value) - 2


@pytest.mark.slow
def test_the_posterior_at_the_prior_has_no_divergence():
    model = build()
    ends = (jnp.zeros_like(model.head.weights[0]), jnp.zeros_like(model.head.biases[0]))
    model = eqx.tree_at(lambda m: (m.head.weights[0], m.head.biases[0]), model, ends)
    (_, parts), _ = evaluate(model, jnp.stack([XS, XS]), jax.random.key(1))
    assert float(parts["divergence"]) == 0


def test_files(tmp_path):
    model = build()
    sciml.save(tmp_path / "model.zip", model)
    assert eqx.tree_equal(sciml.load(tmp_path / "model.zip"), model)
