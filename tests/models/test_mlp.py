"""MLP on one point, and unrolling a model of the next frame."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.models import MLP, unroll


def test_mlp_is_the_composition_of_its_layers(filled, draw):
    model, x = filled(lambda key: MLP(3, 2, width=5, depth=2, key=key)), draw(4, 3)
    values = np.asarray(x)
    for index, (weight, bias) in enumerate(model.layers):
        values = values @ np.asarray(weight).T + np.asarray(bias)
        values = np.tanh(values) if index < 2 else values
    np.testing.assert_allclose(eqx.filter_jit(lambda m, x: jax.vmap(m)(x))(model, x), values, atol=1e-14)
    assert [w.shape for w in model.weights] == [(5, 3), (5, 5), (2, 5)]


def test_mlp_starts_by_glorots_rule(getkey):
    model = MLP(3, 2, width=50, depth=1, activation=jax.nn.silu, key=getkey())
    bound = np.sqrt(6 / 53)
    assert 0.9 * bound < float(np.abs(model.weights[0]).max()) <= bound
    assert not any(np.any(bias) for bias in model.biases)


def test_mlp_refuses_what_does_not_fit(filled, getkey):
    with pytest.raises(ValueError, match=r"MLP: `x` must have shape \(3,\), got \(2,\)"):
        filled(lambda key: MLP(3, 2, width=5, depth=2, key=key))(jnp.ones(2))
    with pytest.raises(ValueError, match="depth=-1"):
        MLP(3, 2, width=5, depth=-1, key=getkey())


def linear(history, key=None):
    return 0.5 * history[:2] + 2.0 * history[-2:] + (0.0 if key is None else jax.random.normal(key, (2, 4)))


def test_unroll_equals_the_loop(draw):
    history = draw(6, 4)
    frames = list(np.split(np.asarray(history), 3))
    for _ in range(5):
        frames.append(0.5 * frames[-3] + 2.0 * frames[-1])
    for checkpoint in (False, True):
        out = jax.jit(lambda h, c=checkpoint: unroll(linear, h, 5, checkpoint=c))(history)
        np.testing.assert_allclose(out, np.stack(frames[3:]), rtol=1e-12)


def test_unroll_gradient_crosses_all_steps(draw):
    history = draw(2, 4)
    gradient = jax.jit(jax.grad(lambda h: unroll(lambda h, key=None: 3.0 * h, h, 4)[-1].sum()))(history)
    np.testing.assert_allclose(gradient, np.full((2, 4), 81.0))


def test_unroll_splits_the_key(getkey):
    out = unroll(linear, jnp.zeros((2, 4)), 3, key=getkey())
    noise = np.diff(out, axis=0, prepend=0)
    assert np.unique(noise).size == noise.size


def test_unroll_refuses_partial_frames():
    with pytest.raises(ValueError, match="5 channels"):
        unroll(linear, jnp.zeros((5, 4)), 3)
    with pytest.raises(ValueError, match="`steps`"):
        unroll(linear, jnp.zeros((4, 4)), 0)
