"""Signatures: Chen's identity, shuffles, known values, logarithms."""

from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.metrics import signature_mmd
from sciml.signatures import (
    log_signature,
    lyndon_words,
    shuffles,
    signature,
    signature_features,
    signature_logarithm,
    signature_product,
    straight_signature,
)

DEPTH = 4
PATH = jax.random.normal(jax.random.key(0), (7, 3), "float64")


def test_chen_identity():
    whole = signature(PATH, DEPTH)
    joined = signature_product(signature(PATH[:4], DEPTH), signature(PATH[3:], DEPTH))
    for a, b in zip(whole, joined):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
    assert [level.shape for level in whole] == [(3,) * k for k in range(1, DEPTH + 1)]


@pytest.mark.parametrize(("first", "second"), [((0,), (1,)), ((0, 2), (1,)), ((0, 1), (2, 1)), ((1,), (1, 1, 0))])
def test_shuffle_product(first, second):
    levels = signature(PATH, DEPTH)
    entry = lambda word: levels[len(word) - 1][word]  # noqa: E731
    words = shuffles(first, second)
    np.testing.assert_allclose(entry(first) * entry(second), sum(entry(word) for word in words), atol=1e-12)


def test_a_path_back_along_itself_and_a_refined_one():
    there_and_back = jnp.concatenate([PATH, PATH[::-1]])
    assert max(float(jnp.abs(level).max()) for level in signature(there_and_back, DEPTH)) < 1e-11
    refined = jnp.concatenate([PATH[:1], 0.3 * PATH[:1] + 0.7 * PATH[1:2], PATH[1:]])
    for a, b in zip(signature(PATH, DEPTH), signature(refined, DEPTH)):
        np.testing.assert_allclose(a, b, atol=1e-12)


def test_logarithm_of_a_line_is_its_increment_and_the_area_is_that_of_a_polygon():
    line = signature_logarithm(straight_signature(PATH[0], DEPTH))
    np.testing.assert_allclose(line[0], PATH[0])
    assert max(float(jnp.abs(level).max()) for level in line[1:]) < 1e-14
    x, y = PATH[:, 0], PATH[:, 1]
    closed = jnp.stack([jnp.append(x, x[0]), jnp.append(y, y[0])], axis=1)
    shoelace = 0.5 * jnp.sum(x * jnp.roll(y, -1) - y * jnp.roll(x, -1))
    np.testing.assert_allclose(log_signature(closed, 2), [0, 0, shoelace], atol=1e-12)


def test_level_two_of_a_logarithm_is_antisymmetric_and_words_count_as_the_free_lie_algebra():
    second = signature_logarithm(signature(PATH, 2))[1]
    np.testing.assert_allclose(second, -second.T, atol=1e-12)
    # Witt's formula.
    assert [len(lyndon_words(2, depth)) for depth in (1, 2, 3, 4, 5)] == [2, 3, 5, 8, 14]
    assert len(lyndon_words(3, 3)) == 3 + 3 + 8


def test_expected_signature_of_brownian_motion():
    # exp(t / 2 sum e_i e_i): level 2 is t / 2 times the identity, level 4 t**2 / 8 at (i, i, j, j).
    walks = jnp.cumsum(
        jax.random.normal(jax.random.key(1), (20_000, 20, 2), "float32") / jnp.sqrt(20.0).astype("float32"), 1
    )
    walks = jnp.pad(walks, ((0, 0), (1, 0), (0, 0)))
    features = jax.jit(jax.vmap(lambda path: signature_features(path, 4, balanced=False)))(walks)
    mean, deviation = np.asarray(features.mean(0)), np.asarray(features.std(0))
    fourth = np.einsum("ij,kl->ijkl", np.eye(2), np.eye(2)) / 8
    # A walk of 20 steps has the discrete value: E exp(dx) to the power 20, whose level 4 is off by 1/20 on the diagonal.
    step = [np.zeros(2), np.eye(2) / 40, np.zeros((2, 2, 2)), _fourth_moment() / 24 / 400]
    exact = reduce(signature_product, [_levels(step)] * 20)
    wanted = np.concatenate([np.asarray(level).reshape(-1) for level in exact])
    assert np.all(np.abs(mean - wanted) < 4.5 * deviation / np.sqrt(20_000))
    assert np.abs(exact[3] - fourth).max() < 0.02


def _levels(step):
    return [jnp.asarray(level) for level in step]


def _fourth_moment():
    eye = np.eye(2)
    pairs = ("ij,kl->ijkl", "ik,jl->ijkl", "il,jk->ijkl")
    return sum(np.einsum(pair, eye, eye) for pair in pairs)


def test_discrepancy_sees_the_law():
    keys = jax.random.split(jax.random.key(2), 3)
    times = jnp.linspace(0.0, 1.0, 16, dtype="float32")
    one, two, three = (jnp.cumsum(jax.random.normal(key, (256, 16, 1), "float32") / 4, 1) for key in keys)
    distance = jax.jit(lambda a, b: signature_mmd(a, b, depth=3, times=times))
    assert float(distance(one, 1.5 * three)) > 10 * abs(float(distance(one, two)))
    # Same points, other way round: seen only by higher levels and time.
    assert float(signature_mmd(one, one, unbiased=False)) == 0
    assert abs(float(distance(one, one + 0.5 * times[None, :, None]))) > 10 * abs(float(distance(one, two)))


def test_misuse_is_named():
    with pytest.raises(ValueError, match="depth"):
        signature(PATH, 0)
    with pytest.raises(ValueError, match="unbiased"):
        signature_mmd(PATH[None], PATH[None])
