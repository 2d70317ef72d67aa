"""The values of a virtual Brownian tree at many times, all nodes once instead of one descent for each time."""

import math

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import DTypeLike
from jaxtyping import Array, Float, PRNGKeyArray

# Nodes that are split together: wide enough to be fast, narrow enough that the first ones cost little.
CHUNK = 64


def brownian_tree_values(
    times: Float[Array, " times"],
    *,
    t0: float,
    t1: float,
    tol: float,
    shape: tuple[int, ...],
    dtype: DTypeLike | None = None,
    key: PRNGKeyArray,
) -> Float[Array, "times ..."]:
    """What `diffrax.VirtualBrownianTree(t0, t1, tol, shape, key)` gives at each time.

    The tree is expanded breadth first: its `2 (t1 - t0) / tol` nodes at most are split once each, where diffrax descends from the
    root for each time. With the differences as increments, fixed steps see the same noise as an adaptive solve with the tree. For
    fixed steps alone `brownian_increments` is cheaper. Equal to round-off where `t1 - t0` is a power of
    two; elsewhere the last bit of a rescaled time decides, and in single precision values differ by some 1e-5.

    Args:
        times: within `[t0, t1]`, in any order; as the solver computes them.
        t0: first time of the tree.
        t1: last time of the tree.
        tol: its tolerance, smaller than the steps.
        shape: shape of the motion.
        dtype: floating-point type; JAX' default if left out.
        key: key of the tree.

    Returns:
        Values, shape `(times, *shape)`.

    Raises:
        ValueError: times or tolerance out of order, or a tree of more than 2**24 leaves.

    Example:
        >>> import diffrax
        >>> key, times = jax.random.key(0), jnp.linspace(0.0, 1.0, 11)
        >>> tree = diffrax.VirtualBrownianTree(0.0, 1.0, 0.05, (2,), key)
        >>> values = brownian_tree_values(times, t0=0.0, t1=1.0, tol=0.05, shape=(2,), key=key)
        >>> bool(jnp.abs(values - jax.vmap(tree.evaluate)(times)).max() < 1e-6)
        True

    Source:
        The tree: Li et al., AISTATS 2020 (arXiv 2001.01328), as diffrax 0.7 builds it.
    """
    if not t1 > t0 or not tol > 0:
        raise ValueError(f"brownian_tree_values: needs `t0` < `t1` and `tol` > 0, got {t0}, {t1} and {tol}.")
    depth = 0
    while 2.0**-depth > tol / (t1 - t0):
        depth += 1
    if depth > 24:
        raise ValueError(
            f"brownian_tree_values: `tol` = {tol} needs a tree of 2**{depth} leaves; evaluate diffrax' tree instead."
        )
    dtype = jnp.result_type(float) if dtype is None else dtype
    position = (times - t0) / (t1 - t0)
    keys, starts, widths = _expanded(depth, shape, dtype, key)

    size = 2.0**-depth
    # Cells are open on the left: a time on a boundary belongs to the cell before it.
    cell = jnp.clip(jnp.ceil(position * 2**depth) - 1, 0, 2**depth - 1)
    before = jnp.maximum(position - cell * size, 0.0).astype(dtype)
    after = jnp.maximum(size - before, 0.0)
    leaf = cell.astype(jnp.int32) + (2**depth - 1)
    drawn = jax.vmap(lambda one: jax.random.normal(one, shape, dtype))(keys[leaf])
    share, spread = (jnp.expand_dims(one, range(1, 1 + len(shape))) for one in (before / size, before * after / size))
    return math.sqrt(t1 - t0) * (starts[leaf] + share * widths[leaf] + jnp.sqrt(spread) * drawn)


def _expanded(depth: int, shape: tuple[int, ...], dtype: DTypeLike, key: PRNGKeyArray) -> tuple[Array, ...]:
    """Key, first value and increment of every node, in the order of a heap whose root is 0."""
    if not jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        key = jax.random.wrap_key_data(key)
    # One splitting for the leaf of diffrax' tree of shapes, one for the root.
    root, first = jax.random.split(jax.random.split(key, 1)[0])
    width = min(CHUNK, 2**depth)
    chunks, levels = 2**depth // width, width.bit_length()
    room = 2 ** (depth + 1) + 2
    keys = jnp.broadcast_to(root, (room,))
    starts = jnp.zeros((room, *shape), dtype)
    widths = starts.at[0].set(jax.random.normal(first, shape, dtype))

    # The nodes of the first chunk are children of one another: it is split once for each of its levels. Later parents lie in
    # chunks before their own.
    order = jnp.concatenate([jnp.zeros(levels, jnp.int32), jnp.arange(1, chunks, dtype=jnp.int32)])

    def split(nodes: tuple[Array, Array, Array], chunk: Array) -> tuple[tuple[Array, Array, Array], None]:
        key, start, increment = (lax.dynamic_slice_in_dim(leaf, chunk * width, width) for leaf in nodes)
        level = 31 - lax.clz(chunk * width + jnp.arange(width, dtype=jnp.int32) + 1)
        children = jax.vmap(_children)(key, start, increment, level)
        flat = [leaf.reshape(2 * width, *leaf.shape[2:]) for leaf in children]
        put = lax.dynamic_update_slice_in_dim
        return tuple(put(leaf, new, 2 * chunk * width + 1, 0) for leaf, new in zip(nodes, flat)), None  # pyright: ignore[reportReturnType]

    return lax.scan(split, (keys, starts, widths), order)[0]


def _children(key: Array, start: Array, width: Array, level: Array) -> tuple[Array, Array, Array]:
    """Both halves of a cell by the Brownian bridge."""
    # In diffrax' tree the right half takes the first key.
    right, middle, left = jax.random.split(key, 3)
    size = jnp.ldexp(jnp.ones((), width.dtype), -level)
    moved = 0.5 * jnp.sqrt(size) * jax.random.normal(middle, width.shape, width.dtype)
    half = 0.5 * width
    first, second = half + moved, half - moved
    return jnp.stack([left, right]), jnp.stack([start, start + first]), jnp.stack([first, second])
