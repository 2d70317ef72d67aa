"""The diffusion transformer: patches, values recorded and replaced, labels, transformations, files."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sciml
from sciml.models import DiT
from sciml.models.transformer.positions import sine_positions


def random_weights(model, seed):
    """The same model with all weights random: as built, its velocity is zero."""
    random = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: jnp.asarray(0.3 * random.standard_normal(leaf.shape)), model)


BUILT = DiT(2, patch=2, width=8, depth=3, heads=2, classes=4, key=jax.random.key(0))
MODEL = random_weights(BUILT, 1)
X = jax.random.normal(jax.random.key(2), (2, 4, 6))


@jax.jit
def plain(t, x, label):
    return MODEL.with_values(t, x, label)


@jax.jit
def replaced(t, x, label, given, inject):
    return MODEL.with_values(t, x, label, given=given, inject=inject)


def test_the_first_velocity_is_zero():
    assert not np.any(BUILT(0.3, X, 1))


def test_patches_are_read_row_by_row_and_put_back():
    cut = jnp.stack([X[:, i : i + 2, j : j + 2].ravel() for i in (0, 2) for j in (0, 2, 4)])
    np.testing.assert_array_equal(MODEL._image(cut, X.shape), X)
    np.testing.assert_allclose(MODEL._tokens(X), MODEL.patches(cut) + sine_positions(2, 3, 8))


def test_values_put_back_change_nothing_and_others_do_from_their_block_on():
    velocity, values = plain(0.3, X, 1)
    assert values.shape == (3, 6, 8)
    again, used = replaced(0.3, X, 1, values, jnp.ones(3, bool))
    np.testing.assert_allclose(again, velocity, rtol=1e-12)
    np.testing.assert_allclose(used, values, rtol=1e-12)
    _, others = plain(0.8, -X, 2)
    ignored, _ = replaced(0.3, X, 1, others, jnp.zeros(3, bool))
    np.testing.assert_allclose(ignored, velocity, rtol=1e-12)
    changed, used = replaced(0.3, X, 1, others, jnp.asarray([False, True, False]))
    assert np.max(np.abs(changed - velocity)) > 1e-3
    np.testing.assert_allclose(used[0], values[0], rtol=1e-12)
    np.testing.assert_array_equal(used[1], others[1])
    assert np.max(np.abs(used[2] - values[2])) > 1e-3


def test_values_alone_carry_what_attention_moves():
    """With every value replaced by nothing, a patch no longer feels the others."""
    nothing = jnp.zeros((3, 6, 8))
    moved = X.at[:, 2:, 4:].add(1.0)
    for given, apart in ((True, False), (False, True)):
        inject = jnp.full(3, given)
        change = replaced(0.3, moved, 1, nothing, inject)[0] - replaced(0.3, X, 1, nothing, inject)[0]
        assert np.max(np.abs(change[:, 2:, 4:])) > 1e-3
        assert (np.max(np.abs(change[:, :2, :4])) > 1e-6) == apart


def test_labels():
    told = [plain(0.3, X, label)[0] for label in (0, 1, -1)]
    assert min(np.max(np.abs(told[0] - told[1])), np.max(np.abs(told[0] - told[2]))) > 1e-3
    np.testing.assert_allclose(MODEL(0.3, X), told[2], rtol=1e-12)
    for label in (4, -2, np.uint8(200)):
        assert np.all(np.isnan(plain(0.3, X, label)[0]))


@pytest.mark.parametrize(
    ("label", "error", "words"),
    [(4, ValueError, "0 to 3, or -1 or None.*got 4"), (0.5, TypeError, "one integer or None"), (np.arange(2), TypeError, "vmap")],
)  # fmt: skip
def test_a_label_that_is_none_is_refused(label, error, words):
    with pytest.raises(error, match=words):
        MODEL(0.3, X, label)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: MODEL(0.3, X[:, :3]), "multiples of the patch of 2 pixels; got"),
        (lambda: MODEL(0.3, X[:1]), r"\(2, n, m\).*got \(1, 4, 6\).*vmap"),
        (lambda: MODEL.with_values(0.3, X, inject=True), "values `given`"),
        (lambda: MODEL.with_values(0.3, X, given=jnp.ones((3, 5, 8))), r"\(3, 6, 8\)"),
        (lambda: MODEL.with_values(0.3, X, given=jnp.ones((3, 6, 8)), inject=[True, False]), "one boolean or 3"),
        (lambda: DiT(1, width=10, key=jax.random.key(0)), "multiple of 4"),
        (lambda: DiT(1, depth=0, key=jax.random.key(0)), "depth=0"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()


def test_batches_and_derivatives():
    batch = jnp.stack([X, 2 * X])
    labels = jnp.asarray([1, 3])
    together = jax.jit(jax.vmap(lambda x, label: MODEL(0.3, x, label)))(batch, labels)
    np.testing.assert_allclose(together[1], plain(0.3, 2 * X, 3)[0], rtol=1e-10, atol=1e-12)
    push = jnp.cos(X)

    def along(step):
        return jnp.sum(plain(0.3 + step, X + step * push, 1)[0] ** 2)

    slope = jax.grad(along)(0.0)
    np.testing.assert_allclose(slope, (along(1e-5) - along(-1e-5)) / 2e-5, rtol=1e-6)


def test_single_precision_and_files(tmp_path):
    single = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), MODEL)
    velocity = eqx.filter_jit(single)(jnp.float32(0.3), X.astype(jnp.float32), 1)
    assert velocity.dtype == jnp.float32
    np.testing.assert_allclose(velocity, plain(0.3, X, 1)[0], rtol=1e-3, atol=1e-4)
    sciml.save(tmp_path / "model.zip", MODEL)
    same = eqx.tree_equal(sciml.load(tmp_path / "model.zip"), MODEL)
    assert bool(same)
