"""The direction network, its loss, and the right-hand sides it is trained on."""

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import optax
import pytest

import sciml
from sciml.data import Generator
from sciml.models import DirectionCNN, DirectionLoss, ritz_mixtures, sine_mixtures
from sciml.solvers import DeepConjugateDirections, StencilOperator, ritz_pairs

N = 12


def laplacian(n=N, dtype=jnp.float32):
    ones = jnp.ones((n, n), dtype)
    return StencilOperator.make(4 * ones, {(1, 0): -ones.at[-1].set(0), (0, 1): -ones.at[:, -1].set(0)})


@pytest.fixture(scope="module")
def small():
    with jax.enable_x64(False):
        return DirectionCNN(2, width=4, pairs=(1, 1, 1), key=jax.random.key(0))


@pytest.mark.parametrize(
    ("arguments", "parameters"),
    [
        ({"dimension": 3, "width": 16, "pairs": (2, 3)}, 97_457),  # the paper's for 64 cells per axis
        ({"dimension": 3, "width": 16, "pairs": (3, 4)}, 138_560 + 465),  # and for 128
        ({"dimension": 1, "width": 2, "pairs": (1,)}, (3 * 2 + 2) + 2 * (2 * 2 * 3 + 2) + 3),
    ],
)
def test_the_published_sizes(arguments, parameters):
    shapes = jax.eval_shape(lambda: eqx.filter(DirectionCNN(**arguments, key=jax.random.key(0)), eqx.is_array))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == parameters


@pytest.mark.parametrize("shape", [(13,), (8, 8), (9, 14), (5, 6, 7)])
def test_any_grid_in_one_to_three_dimensions(shape):
    model = DirectionCNN(len(shape), width=2, pairs=(1, 0, 1), key=jax.random.key(1))
    r = jax.random.normal(jax.random.key(2), shape)
    assert jax.eval_shape(model, r).shape == shape
    # The last cell of an odd axis counts, and every level is heard.
    weights, at = eqx.filter_jit(eqx.filter_grad(lambda pair: jnp.sum(pair[0](pair[1]))))((model, r))
    assert float(jnp.abs(at.ravel()[-1])) > 0
    assert all(float(jnp.abs(pair.second.weight).max()) > 0 for pair in weights.coarsest)


def test_a_level_takes_means_over_two_cells_and_adds_them_back():
    model = DirectionCNN(2, width=1, pairs=(0, 0), key=jax.random.key(0))
    pick = lambda m: (m.enter.weight, m.enter.bias, m.leave.weight, m.leave.bias)  # noqa: E731
    centre = jnp.zeros((1, 1, 3, 3)).at[0, 0, 1, 1].set(1.0)
    model = eqx.tree_at(pick, model, (centre, jnp.zeros(1), jnp.ones((1, 1, 1, 1)), jnp.zeros(1)))
    r = jnp.arange(15.0).reshape(3, 5) / 10
    x = np.sqrt(15) * np.asarray(r)
    means = np.pad(x, ((0, 1), (0, 1))).reshape(2, 2, 3, 2).mean((1, 3))
    np.testing.assert_allclose(model(r), x + means.repeat(2, 0).repeat(2, 1)[:3, :5], rtol=1e-12)


def test_the_same_answer_at_the_same_place_on_a_larger_grid(small):
    # Away from the walls a network without padding in sight sees the same mean square, whatever the size of the grid.
    r = jnp.ones((32, 32), jnp.float32) / 32
    wide = jnp.ones((64, 64), jnp.float32) / 64
    answer = eqx.filter_jit(small)
    np.testing.assert_allclose(answer(r)[15, 15], answer(wide)[31, 31], rtol=1e-5)


def test_wrong_arguments_are_named(small):
    with pytest.raises(ValueError, match="must have 2 axes and no channels"):
        small(jnp.ones((1, 8, 8), jnp.float32))
    with pytest.raises(ValueError, match="`dimension` must be 1, 2 or 3, got 4"):
        DirectionCNN(4, key=jax.random.key(0))
    with pytest.raises(ValueError, match="`pairs` must name at least one level"):
        DirectionCNN(2, pairs=(), key=jax.random.key(0))
    with pytest.raises(ValueError, match="`low` must be a share"):
        sine_mixtures((4, 4), low=1.5)


def test_the_loss_does_not_see_the_length_and_is_zero_for_the_solution_alone():
    operator = laplacian(dtype=jnp.float64)
    loss, inverse = DirectionLoss(operator.as_lineax()), jnp.linalg.inv(operator.as_matrix())
    batch = jax.vmap(sine_mixtures((N, N)))(jax.random.split(jax.random.key(0), 3)).astype(jnp.float64)

    def exact(r, key=None):
        return (inverse @ r.ravel()).reshape(r.shape)

    def value(direction, factor=1.0):
        return float(loss(lambda r, key=None: factor * direction(r), batch, None)[0])

    assert value(exact) < 1e-20 and value(exact, -1e5) < 1e-20

    def other(r, key=None):
        return exact(r) + 0.1 * jnp.flip(r, 0)

    assert value(other) > 1e-3 and value(other, 1e3) == pytest.approx(value(other), rel=1e-12)
    assert value(jnp.zeros_like) == pytest.approx(1.0)
    # The loss is what one step from zero leaves.
    b = batch[0]
    found = lx.linear_solve(
        operator.as_lineax(), b, DeepConjugateDirections(other, max_steps=1, precision=None), throw=False
    )
    assert float(loss.remaining(b, other(b))) == pytest.approx(float(found.stats["residual_norm"]) ** 2, rel=1e-10)


def test_mixtures_of_sines_weigh_the_low_modes_up():
    values, vectors = np.linalg.eigh(laplacian(dtype=jnp.float64).as_matrix())
    # Not within a multiple eigenvalue, whose vectors are no single sines.
    cut = next(i for i in range(36, 72) if values[i] - values[i - 1] > 1e-3)
    sample = jax.jit(jax.vmap(sine_mixtures((N, N), low=cut / N**2, emphasis=5.0)))
    b = np.asarray(sample(jax.random.split(jax.random.key(3), 800)), np.float64)
    assert np.allclose(np.linalg.norm(b, axis=(1, 2)), 1, atol=1e-5)
    power = np.mean((b.reshape(800, -1) @ vectors) ** 2, axis=0)
    low, high = power[:cut], power[cut:]
    # 25 before, less for the division by the norm, of which the low modes are most; sampling moves the means by 1 %.
    assert np.mean(low) / np.mean(high) == pytest.approx(25 * (cut - 2) / cut, rel=0.05)
    assert low.min() / low.max() > 0.5 and high.min() / high.max() > 0.5


def test_mixtures_of_ritz_vectors_leave_the_null_space_out():
    free = jnp.ones((6, 6), jnp.float64).at[2:4, 2:4].set(0.0)
    line = free * jnp.roll(free, -1, 0)
    row = free * jnp.roll(free, -1, 1)
    held = StencilOperator.make(4 * free, {(1, 0): -line.at[-1].set(0), (0, 1): -row.at[:, -1].set(0)})
    pairs = ritz_pairs(held.as_lineax(), jax.random.normal(jax.random.key(0), (6, 6), jnp.float64), 20)
    b = jax.vmap(ritz_mixtures(pairs))(jax.random.split(jax.random.key(1), 50))
    assert b.dtype == jnp.float32 and jnp.abs(b * (1 - free.astype(jnp.float32))[None]).max() < 1e-5
    np.testing.assert_allclose(jnp.linalg.norm(b.reshape(50, -1), axis=1), 1, atol=1e-5)
    with pytest.raises(TypeError, match="must be one array"):
        ritz_mixtures(pairs._replace(vectors=(pairs.vectors,)))


@pytest.mark.slow
def test_training_takes_no_solutions_and_makes_better_directions(small):
    with jax.enable_x64(False):
        loss = DirectionLoss(laplacian().as_lineax())
        generator = Generator(sine_mixtures((N, N)))
        result = sciml.fit(
            small, loss, generator, optimizer=optax.adam(3e-3), steps=80, batch_size=8, key=jax.random.key(5)
        )
    losses = np.asarray(result.history["loss"])
    # Measured: 0.85 to 0.1.
    assert losses[-10:].mean() < 0.35 < losses[:5].mean()


def test_a_saved_network_comes_back(small, tmp_path):
    sciml.save(tmp_path / "network.sciml", small)
    r = jnp.ones((5, 8), jnp.float32)
    loaded = sciml.load(tmp_path / "network.sciml")
    np.testing.assert_array_equal(eqx.filter_jit(loaded)(r), eqx.filter_jit(small)(r))
