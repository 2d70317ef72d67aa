"""Editing of images against a plain loop, guidance, round trips, the U-Net velocity."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.models import (
    DiT,
    FlowMatchingLoss,
    GuidedVelocity,
    Inversion,
    UNet,
    UNetVelocity,
    drop_labels,
    edit_image,
    invert_image,
    resample_image,
    round_trip,
)
from sciml.models.flow import image_editing
from sciml.solvers import Taylor, solve_on_times


def random_weights(model, seed):
    random = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: jnp.asarray(0.3 * random.standard_normal(leaf.shape)), model)


MODEL = random_weights(DiT(1, patch=2, width=8, depth=2, heads=2, classes=3, key=jax.random.key(0)), 1)
IMAGE = jax.random.normal(jax.random.key(2), (1, 4, 4))
TIMES = jnp.asarray([0.0, 0.1, 0.35, 0.7, 1.0])
SOURCE, TARGET, SCALE = 0, 2, 1.7


@jax.jit
def at(t, x, label, given, inject):
    return MODEL.with_values(t, x, label, given=given, inject=inject)


def by_loop(share, blocks):
    """Editing as the paper's code does it: a dictionary keyed by the noisier end of a step and the call."""
    nothing, never = jnp.zeros((2, 4, 8)), jnp.zeros(2, bool)
    store, x = {}, IMAGE
    for k in range(len(TIMES) - 1, 0, -1):
        h = TIMES[k - 1] - TIMES[k]
        first, store[k - 1, 0] = at(TIMES[k], x, SOURCE, nothing, never)
        middle, store[k - 1, 1] = at(TIMES[k] + h / 2, x + h / 2 * first, SOURCE, nothing, never)
        x = x + h * middle
    mask = jnp.asarray([block in blocks for block in range(2)])

    def velocity(t, x, key):
        args = (store[key], mask) if key[0] < share else (nothing, never)
        told, untold = (at(t, x, label, *args)[0] for label in (TARGET, -1))
        return untold + SCALE * (told - untold)

    for k in range(len(TIMES) - 1):
        h = TIMES[k + 1] - TIMES[k]
        middle = velocity(TIMES[k] + h / 2, x + h / 2 * velocity(TIMES[k], x, (k, 0)), (k, 1))
        x = x + h * middle
    return x


@pytest.mark.parametrize(("share", "blocks"), [(2, None), (4, (0, -1))])
def test_editing_is_that_of_a_plain_loop(share, blocks):
    found = jax.jit(
        lambda image: edit_image(MODEL, image, TIMES, SOURCE, TARGET, share=share, blocks=blocks, guidance=SCALE)
    )(IMAGE)
    np.testing.assert_allclose(found, by_loop(share, {None: (1,)}.get(blocks, (0, 1))), rtol=1e-9)


def test_inversion_is_the_midpoint_rule_and_its_values_are_those_seen_there():
    found = jax.jit(lambda image: invert_image(MODEL, image, TIMES, SOURCE, share=4))(IMAGE)
    velocity = lambda t, x, args: MODEL(t, x, SOURCE)  # noqa: E731
    noise = jax.jit(lambda x: solve_on_times(velocity, Taylor(2, "difference"), TIMES[::-1], x))(IMAGE)
    np.testing.assert_allclose(found.noise, noise, rtol=1e-10)
    assert found.values.shape == (4, 2, 2, 4, 8)
    seen = at(TIMES[-1], IMAGE, SOURCE, jnp.zeros((2, 4, 8)), jnp.zeros(2, bool))[1]
    np.testing.assert_allclose(found.values[-1, 0], seen, rtol=1e-12)


def test_batches_without_sharing_are_guided_midpoint_steps():
    images = jnp.stack([IMAGE, -IMAGE])
    found = jax.jit(
        jax.vmap(lambda image, label: edit_image(MODEL, image, TIMES, None, label, share=0, guidance=SCALE))
    )(images, jnp.asarray([1, 2]))

    def both(image):
        noise = solve_on_times(MODEL, diffrax.Midpoint(), TIMES[::-1], image)
        return solve_on_times(GuidedVelocity(MODEL, SCALE), diffrax.Midpoint(), TIMES, noise, 2)

    np.testing.assert_allclose(found[1], jax.jit(both)(images[1]), rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: invert_image(MODEL, IMAGE, TIMES[::-1]), ValueError, "must grow"),
        (lambda: invert_image(MODEL, IMAGE, TIMES, share=5), ValueError, "between 0 and the 4 steps, got 5"),
        (lambda: image_editing._check("invert_image", jnp.sin, TIMES, 0), TypeError, "with the method `with_values`"),
        (lambda: resample_image(MODEL, Inversion(IMAGE, jnp.zeros((1, 2, 2, 4, 8))), TIMES, 0, blocks=(2,)), ValueError, r"got \[2\]"),
        (lambda: FlowMatchingLoss(label_dropout=0.1), ValueError, "needs conditional=True"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_guidance_and_dropped_labels():
    once = GuidedVelocity(lambda t, x, label: x * label, 1.0)
    assert once(0.0, jnp.asarray(2.0), jnp.asarray(3)) == 6
    twice = GuidedVelocity(lambda t, x, label: x * label, 3.0)
    assert twice(0.0, jnp.asarray(2.0), jnp.asarray(3)) == -2 + 3 * (6 + 2)
    labels = drop_labels(jnp.full(4000, 2), 0.1, key=jax.random.key(0))
    assert set(np.unique(labels)) == {-1, 2}
    assert abs(np.mean(labels == -1) - 0.1) < 0.02  # four deviations


def test_the_loss_with_all_labels_dropped_is_that_without():
    images, labels = jnp.stack([IMAGE, -IMAGE]), jnp.asarray([0, 1])
    told, dropped = (FlowMatchingLoss(conditional=True, label_dropout=rate) for rate in (0.0, 1.0))
    key = jax.random.key(3)
    values = jax.jit(
        lambda none: [loss(MODEL, (images, l), key)[0] for loss, l in ((dropped, labels), (told, none), (told, labels))]
    )
    found, expected, other = values(jnp.full(2, -1))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert abs(other - expected) > 1e-6


def test_round_trips():
    data = jnp.asarray([[1.0, -2.0], [0.3, 0.1]])
    times = jnp.linspace(0.0, 1.0, 11)
    field = lambda t, x, args: jnp.sin(3 * x) + t  # noqa: E731
    solver = diffrax.ReversibleHeun()

    @jax.jit
    def run(data):
        kept, lost = (round_trip(field, solver, times, data, keep_state=keep) for keep in (True, False))
        return kept, lost, solve_on_times(field, solver, times[::-1], data)

    kept, lost, noise = run(data)
    np.testing.assert_allclose(lost.error, np.mean((lost.data - data) ** 2))
    for found in (kept, lost):
        np.testing.assert_allclose(found.noise, noise, rtol=1e-12)
    assert kept.error < 1e-28 < 1e-8 < lost.error


def test_a_unet_is_told_time_and_class():
    model = UNetVelocity(2, 1, width=4, levels=1, classes=3, condition_width=8, groups=2, key=jax.random.key(0))
    x = jax.random.normal(jax.random.key(1), (1, 6, 5))  # odd, so that a level is padded
    assert isinstance(model.network, UNet)
    call = eqx.filter_jit(lambda model, t, label: model(t, x, label))
    asked = [(jnp.asarray(t), jnp.asarray(label)) for t, label in ((0.5, 1), (0.5, 2), (0.9, 1))]
    deaf = [call(model, *one) for one in asked]
    np.testing.assert_array_equal(deaf[1:], deaf[:1] * 2)
    found = [call(random_weights(model, 2), *one) for one in asked]
    assert found[0].shape == x.shape
    assert min(np.max(np.abs(found[0] - other)) for other in found[1:]) > 1e-3
    with pytest.raises(ValueError, match="one sample of shape"):
        model.network.forward(x[0])
