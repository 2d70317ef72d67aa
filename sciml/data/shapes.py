"""Small images of coloured shapes, drawn on the device: data for generative models that need no download."""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.9, -0.7, -0.7),
    "green": (-0.7, 0.7, -0.7),
    "blue": (-0.7, -0.5, 0.9),
    "yellow": (0.9, 0.8, -0.8),
}
"""Red, green and blue parts from -1 to 1."""

SHAPES = ("square", "disc", "cross")


class ShapeImages(NamedTuple):
    """Images of one shape each.

    Attributes:
        images: red, green and blue from -1 to 1.
        labels: `shape * 4 + colour`, in the order of `SHAPES` and `COLOURS`.
        masks: where the shape is.
    """

    images: Float[Array, "*batch 3 n n"]
    labels: Int[Array, "*batch"]
    masks: Bool[Array, "*batch n n"]


def shape_image(size: int = 16, *, key: PRNGKeyArray, textured: bool = True) -> ShapeImages:
    """One image: a shape in one of four colours at a random place, of random extent, on a background of its own.

    The background is a pale tint with a slope and a wave, both of random direction, so that what an edit does to it can be measured.
    For training inside `sciml.fit`: `Generator(lambda key: ...)` of this function.

    Args:
        size: pixels per side, from 8 on.
        key: random key.
        textured: False for a grey background.

    Raises:
        ValueError: fewer than 8 pixels.

    Example:
        >>> one = shape_image(16, key=jax.random.key(0))
        >>> one.images.shape, one.masks.shape, bool(0 <= one.labels < 12)
        ((3, 16, 16), (16, 16), True)
    """
    if size < 8:
        raise ValueError(f"shape_image: `size` must be at least 8 pixels, got {size}.")
    class_key, place_key, ground_key = jax.random.split(key, 3)
    label = jax.random.randint(class_key, (), 0, len(SHAPES) * len(COLOURS))
    mask = _mask(size, label // len(COLOURS), place_key)
    colour = jnp.asarray(np.array(list(COLOURS.values())), _dtype())[label % len(COLOURS)]
    ground = _background(size, ground_key) if textured else jnp.zeros((3, size, size))
    return ShapeImages(jnp.where(mask[None], colour[:, None, None], ground), label, mask)


def sample_shapes(count: int, size: int = 16, *, key: PRNGKeyArray, textured: bool = True) -> ShapeImages:
    """Many of `shape_image`, with a leading axis.

    Args:
        count: number of images.
        size: pixels per side, from 8 on.
        key: random key.
        textured: False for a grey background.

    Example:
        >>> sample_shapes(5, 8, key=jax.random.key(0)).images.shape
        (5, 3, 8, 8)
    """
    return _draw(jax.random.split(key, count), size, textured)


def shape_colour(images: Float[Array, "*batch 3 n n"]) -> Int[Array, "*batch"]:
    """The colour of the shape in an image, wherever it is; -1 where there is none: an exact judge of edits of colour.

    It is the one of `COLOURS` that most pixels come within 0.6 of, if these are a thirty-second of the image. No background of
    `shape_image` comes that near to any.

    Args:
        images: red, green and blue.

    Example:
        >>> drawn = sample_shapes(50, key=jax.random.key(1))
        >>> bool(jnp.all(shape_colour(drawn.images) == drawn.labels % len(COLOURS)))
        True
    """
    palette = jnp.asarray(np.array(list(COLOURS.values())), images.dtype)
    palette = palette.reshape(*(1,) * (images.ndim - 3), *palette.shape, 1, 1)
    near = jnp.sum((images[..., None, :, :, :] - palette) ** 2, axis=-3) < 0.6**2
    counts = jnp.sum(near, axis=(-2, -1))
    enough = 32 * jnp.max(counts, axis=-1) >= images.shape[-1] * images.shape[-2]
    return jnp.where(enough, jnp.argmax(counts, axis=-1), -1)


@partial(jax.jit, static_argnums=(1, 2))
def _draw(keys: Array, size: int, textured: bool) -> ShapeImages:
    return jax.vmap(lambda key: shape_image(size, key=key, textured=textured))(keys)


def _dtype() -> jnp.dtype:
    return jnp.zeros(()).dtype


def _axes(size: int) -> tuple[Array, Array]:
    """Rows and columns of the pixels' centres, from -1 to 1."""
    centres = (np.arange(size) + 0.5) / size * 2 - 1
    row, column = np.meshgrid(centres, centres, indexing="ij")
    return jnp.asarray(row, _dtype()), jnp.asarray(column, _dtype())


def _mask(size: int, shape: Array, key: PRNGKeyArray) -> Array:
    extent_key, place_key = jax.random.split(key)
    radius = jax.random.uniform(extent_key, (), minval=0.35, maxval=0.55)
    place = jax.random.uniform(place_key, (2,), minval=-1.0, maxval=1.0) * (0.95 - radius)
    row, column = (axis - centre for axis, centre in zip(_axes(size), place))
    row, column = jnp.abs(row), jnp.abs(column)
    square = jnp.maximum(row, column) <= 0.85 * radius
    disc = row**2 + column**2 <= radius**2
    cross = (jnp.minimum(row, column) <= 0.36 * radius) & (jnp.maximum(row, column) <= radius)
    return jnp.stack([square, disc, cross])[shape]


def _background(size: int, key: PRNGKeyArray) -> Array:
    keys = jax.random.split(key, 4)
    row, column = _axes(size)
    tint = jax.random.uniform(keys[0], (3,), minval=-0.35, maxval=0.35)
    angles = jax.random.uniform(keys[1], (2,), maxval=2 * math.pi)
    slope = 0.25 * (jnp.cos(angles[0]) * row + jnp.sin(angles[0]) * column)
    frequency = jax.random.uniform(keys[2], (), minval=2.0, maxval=5.0)
    phase = jax.random.uniform(keys[3], (), maxval=2 * math.pi)
    wave = 0.2 * jnp.sin(frequency * (jnp.cos(angles[1]) * row + jnp.sin(angles[1]) * column) + phase)
    return tint[:, None, None] + (slope + wave)[None]
