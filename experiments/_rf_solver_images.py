"""Editing of images of shapes with a transformer that is trained here."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

import sciml
from sciml.data import Generator, sample_shapes, shape_colour, shape_image
from sciml.data.shapes import COLOURS, SHAPES
from sciml.models import DiT, FlowMatchingLoss, edit_image

CLASSES = len(SHAPES) * len(COLOURS)


class Sizes(NamedTuple):
    """Of the network, its training and the editing."""

    size: int
    width: int
    iterations: int
    batch: int
    learning_rate: float
    images: int
    steps: int
    share: int
    guidance: float


class Edits(NamedTuple):
    """Of each set of images, without and with shared values: mean square change of the background, and share of edits that reached the
    colour asked for; `inversion` is the error of the round trip with the same class. The rest is for the picture."""

    background: np.ndarray
    reached: np.ndarray
    inversion: np.ndarray
    loss: float
    source: np.ndarray
    plain: np.ndarray
    shared: np.ndarray


def train_transformer(sizes: Sizes, key: Array) -> tuple[DiT, float]:
    """A transformer on images drawn during training, averaged, and its last loss."""
    model_key, fit_key = jax.random.split(key)
    model = DiT(3, patch=2, width=sizes.width, depth=4, heads=4, expansion=2, classes=CLASSES, key=model_key)
    schedule = optax.warmup_cosine_decay_schedule(
        0.0, sizes.learning_rate, sizes.iterations // 20 + 1, sizes.iterations + 1, sizes.learning_rate / 50
    )

    def sample(key: Array) -> tuple[Array, Array]:
        drawn = shape_image(sizes.size, key=key)
        return drawn.images, drawn.labels

    result = sciml.fit(
        model, FlowMatchingLoss(conditional=True, label_dropout=0.1), Generator(sample),
        optimizer=optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule)),
        steps=sizes.iterations, batch_size=sizes.batch, ema=0.99, progress=False, key=fit_key,
    )  # fmt: skip
    return result.model, float(np.mean(result.history["loss"][-50:]))


def measure_edits(sizes: Sizes, seeds: int, key: Array) -> Edits:
    """Give shapes another colour, with and without shared values, in `seeds` sets of images."""
    train_key, *keys = jax.random.split(key, seeds + 1)
    model, loss = train_transformer(sizes, train_key)
    times = jnp.linspace(0.0, 1.0, sizes.steps + 1)

    def edited(share: int) -> Any:
        def one(image: Array, source: Array, target: Array, guidance: Array) -> Array:
            return edit_image(
                model, image, times, source, target, share=share, blocks=range(model.depth), guidance=guidance
            )

        return jax.jit(jax.vmap(one, (0, 0, 0, None)))

    plain, shared, guidance = edited(0), edited(sizes.share), jnp.asarray(sizes.guidance)
    found, shown = [], None
    for one in keys:
        drawn, target = _task(sizes, one)
        images = [edit(drawn.images, drawn.labels, target, guidance) for edit in (plain, shared)]
        shown = shown or (drawn.images[:8], *(ends[:8] for ends in images))
        again = plain(drawn.images, drawn.labels, drawn.labels, jnp.ones(()))
        found.append((
            [_background(ends, drawn) for ends in images],
            [float(jnp.mean(shape_colour(ends) == target % len(COLOURS))) for ends in images],
            float(jnp.mean((again - drawn.images) ** 2)),
        ))  # fmt: skip
    background, reached, inversion = (np.array(part) for part in zip(*found))
    return Edits(background, reached, inversion, loss, *(np.asarray(part) for part in shown or ()))


def _task(sizes: Sizes, key: Array) -> tuple[Any, Array]:
    """Images, and for each the class of its shape in another colour."""
    draw_key, turn_key = jax.random.split(key)
    drawn = sample_shapes(sizes.images, sizes.size, key=draw_key)
    count = len(COLOURS)
    turn = jax.random.randint(turn_key, drawn.labels.shape, 1, count)
    return drawn, drawn.labels // count * count + (drawn.labels + turn) % count


def _background(images: Array, drawn: Any) -> float:
    """Mean square change outside the shape of the source."""
    outside = (~drawn.masks)[:, None].astype(images.dtype)
    return float(jnp.sum(outside * (images - drawn.images) ** 2) / (3 * jnp.sum(outside)))
