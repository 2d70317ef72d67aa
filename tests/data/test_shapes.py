"""Images of shapes: masks, colours, classes, the judge of colours."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sciml.data import sample_shapes, shape_colour, shape_image
from sciml.data.shapes import COLOURS, SHAPES

PALETTE = np.array(list(COLOURS.values()))


@pytest.fixture(scope="module")
def drawn():
    return sample_shapes(600, 16, key=jax.random.key(0))


def test_every_class_occurs_and_pixels_under_the_mask_have_its_colour(drawn):
    images, labels, masks = (np.asarray(part) for part in drawn)
    counts = np.bincount(labels, minlength=len(SHAPES) * len(COLOURS))
    assert counts.shape == (12,) and counts.min() > 20
    for image, label, mask in zip(images[:50], labels, masks):
        np.testing.assert_allclose(image[:, mask].T, np.tile(PALETTE[label % 4], (mask.sum(), 1)), atol=1e-6)
    assert np.abs(images).max() <= 1
    assert masks.sum(axis=(1, 2)).min() >= 9
    assert not masks[:, 0, 0].any()


def test_shapes_are_what_they_are_called(drawn):
    _, labels, masks = (np.asarray(part) for part in drawn)
    for label, mask in zip(labels[:100], masks):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        name = SHAPES[label // 4]
        assert box.all() == (name == "square"), name
        assert box[box.shape[0] // 2].all() and box[:, box.shape[1] // 2].all(), name
        arms = box.all(axis=1)[:, None] | box.all(axis=0)[None]
        if name == "cross":
            np.testing.assert_array_equal(box, arms)


def test_backgrounds_differ_and_are_grey_if_asked_for(drawn):
    outside = np.where(np.asarray(drawn.masks)[:, None], np.nan, np.asarray(drawn.images))
    assert np.nanstd(outside, axis=(0, 2, 3)).min() > 0.2
    assert np.nanmean(np.nanstd(outside, axis=(2, 3))) > 0.1
    plain = shape_image(8, key=jax.random.key(1), textured=False)
    assert not np.any(np.asarray(plain.images)[:, ~np.asarray(plain.masks)])


def test_the_judge_is_exact_on_clean_images_and_sees_a_change(drawn):
    assert bool(jnp.all(shape_colour(drawn.images) == drawn.labels % 4))
    other = jnp.where(drawn.masks[0][None], jnp.asarray(PALETTE[3])[:, None, None], drawn.images[0])
    assert int(shape_colour(other)) == 3
    assert int(shape_colour(jnp.roll(other, 5, axis=2))) == 3
    tinted = jnp.where(drawn.masks[0][None], 0.5 * jnp.asarray(PALETTE[0])[:, None, None], drawn.images[0])
    assert int(shape_colour(tinted)) == -1


def test_too_few_pixels_are_refused():
    with pytest.raises(ValueError, match="at least 8 pixels, got 7"):
        shape_image(7, key=jax.random.key(0))
