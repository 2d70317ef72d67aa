"""Flax modules, NNX and Linen, used like our models."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen, nnx

import sciml
from sciml.models import from_flax, register_flax


class Net(nnx.Module):
    """Two linear layers, dropout twice at the same width, batch normalisation."""

    def __init__(self, width: int, *, rngs: nnx.Rngs):
        self.first = nnx.Linear(3, width, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)
        self.norm = nnx.BatchNorm(width, rngs=rngs)
        self.drop_again = nnx.Dropout(0.5, rngs=rngs)
        self.last = nnx.Linear(width, 2, rngs=rngs)

    def __call__(self, x):
        return self.last(self.drop_again(self.norm(self.drop(self.first(x)))))


class LinenNet(linen.Module):
    """The same in Linen."""

    width: int

    @linen.compact
    def __call__(self, x, train: bool = False, move_statistics: bool = False):
        x = linen.Dense(self.width)(x)
        x = linen.BatchNorm(use_running_average=not move_statistics)(x)
        x = linen.Dropout(0.5, deterministic=not train)(x)
        return linen.Dense(2)(x)


def make_net(width, rngs):
    net = Net(width, rngs=rngs)
    net.set_attributes(use_running_average=True)
    return net


register_flax("tests net", make_net)
register_flax("tests linen net", LinenNet)


@pytest.fixture(scope="module")
def nnx_model():
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        return from_flax(make_net(16, nnx.Rngs(0)), factory="tests net", config={"width": 16})


@pytest.fixture(scope="module")
def linen_model():
    module = LinenNet(16)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        variables = module.init(jax.random.key(0), jnp.ones(3, jnp.float32))
    options = {"factory": "tests linen net", "config": {"width": 16}, "training": {"train": True}}
    return from_flax(module, variables, **options)


@pytest.fixture(params=["nnx", "linen"])
def model(request):
    # Flax adds biases and statistics of another rank or type than its activations; that is its own business.
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield request.getfixturevalue(f"{request.param}_model")


X = jnp.array([0.3, -1.0, 2.0], jnp.float32)


def test_evaluation_is_that_of_the_module(nnx_model, linen_model):
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        net = make_net(16, nnx.Rngs(0))
        net.eval()
        np.testing.assert_allclose(nnx_model(X), net(X), rtol=1e-6)
        module, variables = linen_model.to_flax()
        np.testing.assert_allclose(linen_model(X), module.apply(variables, X), rtol=1e-6)


def test_dropout_follows_the_key_and_is_off_without(model):
    apply = eqx.filter_jit(lambda m, x, k: m(x, key=k))
    keys = jax.random.split(jax.random.key(3), 40)
    outputs = np.asarray(eqx.filter_jit(jax.vmap(lambda k: model(X, key=k)))(keys))
    assert len(np.unique(outputs[:, 0])) > 30
    np.testing.assert_array_equal(apply(model, X, keys[0]), apply(model, X, keys[0]))
    np.testing.assert_allclose(outputs[0], apply(model, X, keys[0]), rtol=1e-5)
    np.testing.assert_array_equal(apply(model, X, None), apply(model, X, None))


def test_layers_draw_different_masks(nnx_model):
    # Ones through twice the same mask keep half of the units, through two masks a quarter.
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        module = nnx_model.to_flax()
        from sciml.models.flax_adapter import _reseed

        _reseed(module, jax.random.key(0))
        ones = jnp.ones(4000, jnp.float32)
        kept = float(jnp.mean(module.drop_again(module.drop(ones)) != 0))
    assert 0.2 < kept < 0.3


def test_only_parameters_train(model):
    trainable = model.trainable()
    assert all(jax.tree.leaves(trainable.params)) and not any(jax.tree.leaves(trainable.rest))
    assert jax.tree.leaves(model.rest), "batch normalisation has statistics"


def test_training_steps_lower_the_loss_and_keep_the_statistics(model):
    x = jax.random.normal(jax.random.key(1), (32, 3), jnp.float32)
    y = x[:, :2] * 2
    params, rest = eqx.partition(model, model.trainable())
    optimiser = optax.adam(1e-2)

    @jax.jit
    def step(params, state):
        def loss(params):
            return jnp.mean((jax.vmap(eqx.combine(params, rest))(x) - y) ** 2)

        value, gradient = jax.value_and_grad(loss)(params)
        updates, state = optimiser.update(gradient, state)
        return optax.apply_updates(params, updates), state, value

    state, losses = optimiser.init(params), []
    for _ in range(60):
        params, state, value = step(params, state)
        losses.append(float(value))
    assert losses[-1] < 0.2 * losses[0]
    trained = eqx.combine(params, rest)
    for before, after in zip(jax.tree.leaves(model.rest), jax.tree.leaves(trained.rest)):
        assert before is after


def test_saved_and_loaded_without_a_template(model, tmp_path):
    sciml.save(tmp_path / "model.sciml", model)
    loaded = sciml.load(tmp_path / "model.sciml")
    assert type(loaded) is type(model)
    assert jax.tree.structure(loaded) == jax.tree.structure(model)
    np.testing.assert_array_equal(loaded(X), model(X))
    np.testing.assert_array_equal(loaded(X, key=jax.random.key(1)), model(X, key=jax.random.key(1)))


def test_saving_without_a_factory_says_what_to_do(tmp_path):
    model = from_flax(nnx.Linear(3, 2, rngs=nnx.Rngs(0)))
    with pytest.raises(TypeError, match="register_flax"):
        sciml.save(tmp_path / "model.sciml", model)


def test_a_factory_of_something_else_is_refused():
    with pytest.raises(ValueError, match="builds another module"):
        from_flax(make_net(16, nnx.Rngs(0)), factory="tests net", config={"width": 8})
    with pytest.raises(ValueError, match="Unknown Flax factory 'nobody'"):
        from_flax(make_net(16, nnx.Rngs(0)), factory="nobody")
    with pytest.raises(ValueError, match="already belongs"):
        register_flax("tests net", Net)


def test_batch_normalisation_in_training_mode_is_refused():
    with pytest.raises(ValueError, match=r"BatchNorm is in training mode.*module.eval\(\)"):
        from_flax(Net(4, rngs=nnx.Rngs(0)))
    module = LinenNet(4)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        variables = module.init(jax.random.key(0), X)
        model = from_flax(module, variables, training={"move_statistics": True})
        with pytest.raises(ValueError, match="use_running_average=True"):
            model(X, key=jax.random.key(0))


def test_channels_last_modules_take_our_samples():
    model = from_flax(nnx.Linear(3, 2, rngs=nnx.Rngs(0)), channels_last=True)
    with jax.numpy_rank_promotion("allow"):
        assert model(jnp.ones((3, 5, 6), jnp.float32)).shape == (2, 5, 6)


def test_what_is_no_flax_module_is_refused():
    with pytest.raises(TypeError, match="must be a Flax module"):
        from_flax(jnp.ones(3))
    with pytest.raises(TypeError, match="needs `variables`"):
        from_flax(LinenNet(4))
