"""FNO, GatedFNO and IFNO: published counts, symmetries, resolution, derivatives, depth transfer."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.models import FNO, IFNO, GatedFNO, exact_gelu

PUBLISHED = [
    (549_569, lambda key: FNO(1, 1, 1, width=64, modes=16, key=key)),
    (2_368_001, lambda key: FNO(2, 1, 1, width=32, modes=12, padding=9, key=key)),
    (414_517, lambda key: FNO(2, 10, 1, width=20, modes=8, normalization="instance", key=key)),
    (6_558_537, lambda key: FNO(3, 10, 1, width=20, modes=8, padding=6, normalization="instance", key=key)),
    (701_281, lambda key: GatedFNO(2, 1, 1, width=32, modes=(6, 7), key=key)),
]


@pytest.mark.parametrize(("expected", "make"), PUBLISHED)
def test_published_parameter_counts(expected, make, getkey):
    model = eqx.filter_eval_shape(make, getkey())
    assert sum(leaf.size for leaf in jax.tree.leaves(model) if isinstance(leaf, jax.ShapeDtypeStruct)) == expected


MODELS = {
    "fno": lambda key, **k: FNO(2, 2, 1, width=6, modes=3, layers=2, **k, key=key),
    "gated": lambda key, **k: GatedFNO(2, 2, 1, width=6, modes=3, layers=2, **k, key=key),
    "ifno": lambda key, **k: IFNO(2, 2, 1, width=6, modes=3, iterations=3, **k, key=key),
}


@pytest.fixture(params=MODELS, ids=str)
def make(request):
    return MODELS[request.param]


@eqx.filter_jit
def apply(model, x):
    return model(x)


@eqx.filter_jit
def apply_batch(model, x):
    return jax.vmap(model)(x)


def test_commutes_with_shifts_without_coordinates(make, filled, draw):
    model, x = filled(partial(make, grid_features=False)), draw(2, 12, 15)
    shifted = apply(model, np.roll(x, (3, 4), (1, 2)))
    assert float(np.abs(shifted).max()) > 1e-2
    np.testing.assert_allclose(shifted, np.roll(apply(model, x), (3, 4), (1, 2)), atol=1e-12)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_precision_follows_the_input_and_vmap_equals_loop(make, dtype, filled, draw):
    model, x = filled(make, dtype), draw(3, 2, 12, 15, dtype=dtype)
    out = apply_batch(model, x)
    assert out.dtype == dtype and out.shape == (3, 1, 12, 15)
    tolerance = 1e-5 if dtype == jnp.float32 else 1e-13
    np.testing.assert_allclose(out, np.stack([apply(model, v) for v in x]), atol=tolerance * np.abs(out).max())


def test_gradient_of_a_batch_and_directional_derivative(make, filled, draw):
    model, other, x = filled(make), filled(make, seed=1), draw(2, 2, 12, 15)

    @eqx.filter_jit
    def loss(model):
        return jnp.mean(jax.vmap(model)(x) ** 2)

    step = 1e-6
    up, down = (jax.tree.map(lambda w, v, s=s: w + s * v, model, other) for s in (step, -step))
    expected = float(loss(up) - loss(down)) / (2 * step)
    gradient = eqx.filter_jit(eqx.filter_grad(loss))(model)
    reverse = sum(float(np.vdot(g, v)) for g, v in zip(jax.tree.leaves(gradient), jax.tree.leaves(other)))
    forward = eqx.filter_jit(partial(eqx.filter_jvp, loss))((model,), (other,))[1]
    np.testing.assert_allclose([reverse, float(forward)], expected, rtol=1e-6)
    np.testing.assert_allclose(reverse, float(forward), rtol=1e-11)


def test_network_without_aliasing_is_independent_of_the_grid(filled):
    # With a linear activation nothing aliases, so the whole operator gives the same function on two grids.
    model = filled(
        lambda key: FNO(1, 1, 1, width=4, modes=5, layers=2, grid_features=False, activation=jnp.positive, key=key)
    )

    def field(count):
        t = 2 * np.pi * np.arange(count) / count
        return jnp.asarray((np.sin(t) + 0.3 * np.cos(4 * t))[None])

    coarse = apply(model, field(24))
    np.testing.assert_allclose(apply(model, field(48))[:, ::2], coarse, atol=1e-12)
    np.testing.assert_allclose(apply(model, field(72))[:, ::3], coarse, atol=1e-12)


@pytest.mark.parametrize(("kind", "stride"), [("periodic", slice(0, None, 2)), ("bounded", slice(0, None, 2))])
def test_coordinates_of_a_coarse_grid_are_among_those_of_a_fine_one(kind, stride):
    from sciml.models._grid_features import append_coordinates

    coarse, fine = (8, 16) if kind == "periodic" else (9, 17)
    values = [np.asarray(append_coordinates(jnp.zeros((n, n, 0)), kind)) for n in (coarse, fine)]
    np.testing.assert_array_equal(values[1][stride, stride], values[0])
    assert values[0][:, 0, 0].max() == (7 / 8 if kind == "periodic" else 1)


def test_padding_takes_part_and_is_cut_off(filled, draw):
    x = draw(1, 20)
    makers = [partial(FNO, 1, 1, 1, width=6, modes=4, layers=2, padding=p) for p in (0, 5, 0.25, (5,))]
    outputs = [apply(filled(lambda key, make=make: make(key=key)), x) for make in makers]
    assert all(out.shape == (1, 20) for out in outputs)
    np.testing.assert_array_equal(outputs[1], outputs[2])
    np.testing.assert_array_equal(outputs[1], outputs[3])
    assert float(np.abs(outputs[0] - outputs[1]).max()) > 1e-4


def test_no_activation_after_the_last_layer(filled):
    # Large negative values pass the last Fourier layer; a relu there would stop them.
    model = filled(lambda key: FNO(1, 1, 1, width=3, modes=2, layers=1, activation=jax.nn.relu, key=key))
    negative = (jnp.full(3, -100.0), -jnp.abs(model.project[0].weight))
    model = eqx.tree_at(lambda m: (m.layers[0].linear.bias, m.project[0].weight), model, negative)
    assert float(np.abs(apply(model, jnp.zeros((1, 16)))).max()) > 1


def test_implicit_operator_transfers_from_shallow_to_deep(filled, draw):
    shallow = filled(lambda key: IFNO(1, 1, 1, width=6, modes=4, iterations=16, key=key))
    x = draw(1, 32)
    outputs = {n: apply(shallow.with_iterations(n), x) for n in (16, 32, 64)}
    assert shallow.iterations == 16 and shallow.with_iterations(64).iterations == 64
    # An Euler step is of first order: the change halves when the number of iterations doubles.
    first, second = (float(np.abs(outputs[n] - outputs[2 * n]).max()) for n in (16, 32))
    assert 1.7 < first / second < 2.3


def test_checkpointed_implicit_operator_has_the_same_gradient(filled, draw):
    x = draw(1, 32)

    def gradient(checkpoint):
        model = filled(lambda key: IFNO(1, 1, 1, width=6, modes=4, iterations=3, checkpoint=checkpoint, key=key))
        return jax.tree.leaves(eqx.filter_jit(eqx.filter_grad(lambda m: jnp.sum(m(x) ** 2)))(model))

    for plain, again in zip(gradient(False), gradient(True)):
        np.testing.assert_allclose(plain, again, rtol=1e-9, atol=1e-12)


def test_exact_gelu_and_its_derivatives():
    x = jnp.linspace(-6.0, 6.0, 41)

    def derivatives(function):
        first = jax.grad(function)
        return jax.jit(jax.vmap(lambda x: jnp.stack([function(x), first(x), jax.grad(first)(x)])))(x)

    plain = derivatives(lambda x: jax.nn.gelu(x, approximate=False))
    np.testing.assert_allclose(derivatives(exact_gelu), plain, atol=1e-13)
    assert exact_gelu(x.astype(jnp.float32)).dtype == jnp.float32


def test_mistakes_are_named(filled, getkey):
    with pytest.raises(ValueError, match=r"FNO: `x` must be one sample of shape \(1, n_1\), got \(4, 1, 16\)"):
        filled(lambda key: FNO(1, 1, 1, width=4, modes=2, key=key))(jnp.ones((4, 1, 16)))
    for bad in ({"layers": 0}, {"padding": -1}, {"padding": (1, 2)}, {"modes": 0}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            FNO(1, 1, 1, **({"width": 4, "modes": 2} | bad), key=getkey())
    with pytest.raises(ValueError, match="iterations"):
        IFNO(1, 1, 1, width=4, modes=2, iterations=0, key=getkey())
