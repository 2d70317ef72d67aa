"""Neural stochastic equations, adversarial training and the signature loss."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

import sciml
from sciml.models import SDEGAN, CDEDiscriminator, GANLoss, NeuralSDE, SDEGenerator, SignatureLoss, gan_optimizer
from sciml.models.activations import lipswish
from sciml.models.nde.cde_discriminator import clipped_matrices
from sciml.solvers import EulerMaruyama, StratonovichHeun, brownian_increments

SIZES = {"hidden": 6, "width": 8, "depth": 1}


def pair():
    keys = jax.random.split(jax.random.key(0))
    return SDEGAN(SDEGenerator(1, **SIZES, key=keys[0]), CDEDiscriminator(1, **SIZES, key=keys[1]))


def test_both_calculi_give_one_process_after_conversion():
    model = NeuralSDE.dense(2, channels=3, width=8, depth=1, method=EulerMaruyama(), key=jax.random.key(1))
    other = model.with_method(StratonovichHeun())
    assert other.calculus == "stratonovich"
    fine = brownian_increments(1024, 1 / 1024, (64, 3), key=jax.random.key(2))

    def gap(steps):
        dws = jnp.swapaxes(fine.reshape(steps, -1, 64, 3).sum(1), 0, 1)

        def ends(one, dw):
            return one(jnp.ones(2), t0=0.0, t1=1.0, steps=steps, save_every=steps, increments=dw).values[-1]

        found = jax.jit(jax.vmap(lambda dw: ends(model, dw) - ends(other, dw)))(dws)
        return float(jnp.sqrt(jnp.mean(found**2)))

    first, last = gap(16), gap(256)
    # Order 1/2: a quarter.
    assert 2.5 < first / last < 6.4


def test_the_discriminator_is_lipschitz_and_blind_to_refinement():
    score = eqx.filter_jit(pair().discriminator)
    times = jnp.linspace(0.0, 1.0, 9)
    values = jax.random.normal(jax.random.key(3), (2, 9, 1))
    moved = abs(score(times, values[0]) - score(times, values[1]))
    steps = jnp.abs(jnp.diff(values[0] - values[1], axis=0)).sum() + jnp.abs(values[0, 0] - values[1, 0]).max()
    assert 0 < float(moved) < float(steps)
    x = jnp.linspace(-5.0, 5.0, 2001)
    assert float(jnp.abs(jax.vmap(jax.grad(lipswish))(x)).max()) <= 1


def test_adversarial_gradients_have_opposite_signs_and_weights_stay_clipped():
    model, loss = pair(), GANLoss(t0=0.0, t1=1.0)
    data = jnp.cumsum(0.3 * jax.random.normal(jax.random.key(4), (8, 9, 1)), axis=1) + 1.0
    key = jax.random.key(5)

    def plain(model):
        times = jnp.linspace(0.0, 1.0, 9)
        drawn = jax.vmap(lambda one: model.generator(t0=0.0, t1=1.0, steps=8, key=one))(jax.random.split(key, 8))
        real, false = (jnp.mean(jax.vmap(lambda x: model.discriminator(times, x))(part)) for part in (data, drawn))
        return real - false

    @eqx.filter_jit
    def both(model):
        return eqx.filter_grad(lambda one: loss(one, data, key)[0])(model), eqx.filter_grad(plain)(model)

    ours, theirs = both(model)
    for side, sign in (("generator", 1.0), ("discriminator", -1.0)):
        for a, b in zip(*(jax.tree.leaves(getattr(one, side)) for one in (ours, theirs))):
            np.testing.assert_allclose(a, sign * b, rtol=1e-9, atol=1e-13)

    # A step far too long brings the matrices of the discriminator to their bounds.
    optimizer, parameters = gan_optimizer(1.0, 1.0), eqx.filter(model, eqx.is_inexact_array)
    with jax.numpy_dtype_promotion("standard"):
        updates, _ = optimizer.update(ours, optimizer.init(parameters), parameters)
    stepped = eqx.apply_updates(model, updates)
    for a, b in zip(jax.tree.leaves(stepped.discriminator), jax.tree.leaves(clipped_matrices(stepped.discriminator))):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
    weights = stepped.discriminator.field.network.network.weights[0]
    assert float(jnp.mean(jnp.isclose(jnp.abs(weights), 1 / weights.shape[1]))) > 0.9
    assert max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(ours.generator)) > 0


class Walk(eqx.Module):
    """Brownian motion with drift and scale to be learned."""

    drift: jax.Array
    log_scale: jax.Array

    def __call__(self, *, t0, t1, steps, save_every, key):
        model = NeuralSDE(lambda t, y, args: self.drift[None], lambda t, y, args: jnp.exp(self.log_scale)[None])
        return model(jnp.zeros(1), t0=t0, t1=t1, steps=steps, save_every=save_every, key=key).values


def test_the_signature_loss_finds_drift_and_scale():
    truth = Walk(jnp.asarray(0.5), jnp.log(0.8))
    keys = jax.random.split(jax.random.key(6), 2048)
    data = jax.jit(jax.vmap(lambda key: truth(t0=0.0, t1=1.0, steps=8, save_every=1, key=key)))(keys)
    result = sciml.fit(
        Walk(jnp.asarray(0.0), jnp.log(0.4)), SignatureLoss(t0=0.0, t1=1.0), data, optimizer=optax.adam(0.03), steps=300,
        batch_size=256, progress=False, key=jax.random.key(7),
    )  # fmt: skip
    found = result.model
    np.testing.assert_allclose(found.drift, 0.5, atol=0.15)
    np.testing.assert_allclose(jnp.exp(found.log_scale), 0.8, atol=0.15)
