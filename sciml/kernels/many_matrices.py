"""Arrays of many small matrices, `(..., m, m)`: sums of products that fuse, where a batched call goes to a library for each."""

import jax.numpy as jnp
from jax import Array


def product(a: Array, b: Array) -> Array:
    """`a b`."""
    return jnp.sum(a[..., :, :, None] * b[..., None, :, :], axis=-2)


def apply(a: Array, x: Array) -> Array:
    """`a x`."""
    return jnp.sum(a * x[..., None, :], axis=-1)


def outer(x: Array, y: Array) -> Array:
    """`x y^T`."""
    return x[..., :, None] * y[..., None, :]


def transpose(a: Array) -> Array:
    """`a^T`."""
    return jnp.swapaxes(a, -1, -2)


def inverse_of(a: Array) -> Array:
    """Inverses by elimination with the largest pivot of each column; closed form for one and two rows."""
    size = a.shape[-1]
    if size == 1:
        return 1 / a
    if size == 2:
        turned = jnp.stack(
            [jnp.stack([a[..., 1, 1], -a[..., 0, 1]], -1), jnp.stack([-a[..., 1, 0], a[..., 0, 0]], -1)], -2
        )
        return turned / (a[..., 0, 0] * a[..., 1, 1] - a[..., 0, 1] * a[..., 1, 0])[..., None, None]
    rows = jnp.concatenate([a, identity(a)], axis=-1)
    for k in range(size):
        pivot = k + jnp.argmax(jnp.abs(rows[..., k:, k]), axis=-1)
        top = jnp.take_along_axis(rows, pivot[..., None, None], axis=-2)
        old = rows[..., k : k + 1, :]
        index = jnp.broadcast_to(jnp.arange(size), a.shape[:-1])[..., None]
        rows = jnp.where(index == pivot[..., None, None], old, rows)
        top = top / top[..., k : k + 1]
        here = index == k
        factor = jnp.where(here, jnp.zeros_like(rows[..., :1]), rows[..., k : k + 1])
        rows = jnp.where(here, top, rows - factor * top)
    return rows[..., size:]


def identity(like: Array) -> Array:
    """The unit matrix in the shape of others."""
    return jnp.broadcast_to(jnp.eye(like.shape[-1], dtype=like.dtype), like.shape)
