"""White noise on a lattice of indices, in which the number at an index depends on the key and on that index alone.

`jax.random.normal(key, shape)` promises nothing about two shapes: a finer grid gives other numbers, hence another
function. Here the key is folded with one index per axis, so a larger lattice contains the smaller one. The folded
keys are themselves 64 hashed bits and serve as the noise: one hash per number, as cheap as a plain draw.
"""

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, DTypeLike, Float, Key, UInt32


def lattice_noise(shape: Sequence[int], *, dtype: DTypeLike = jnp.float32, key: Key[Array, ""]) -> Float[Array, "..."]:
    """Independent standard normal numbers, number `(i, j, ...)` depending on `key` and `(i, j, ...)` alone.

    The numbers have the resolution of single precision in either precision, so float32 and float64 give the same
    function.

    Args:
        shape: lattice size per axis, at least one axis.
        dtype: floating type of the result.
        key: random key of any implementation.

    Returns:
        Noise of shape `shape`.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from sciml.random import lattice_noise
        >>> small, large = lattice_noise((3, 2), key=jax.random.key(0)), lattice_noise((8, 9), key=jax.random.key(0))
        >>> bool(jnp.all(small == large[:3, :2]))
        True
    """
    # 23 bits, symmetric about zero and never +-1: exact in float32.
    odd = 2 * (lattice_bits(shape, key=key)[..., 0] >> 9).astype(jnp.float32) + 1
    uniform = odd * jnp.float32(2.0**-23) - 1
    return (jnp.float32(math.sqrt(2)) * jax.scipy.special.erfinv(uniform)).astype(dtype)


def lattice_uniform(
    shape: Sequence[int], *, dtype: DTypeLike = jnp.float32, key: Key[Array, ""]
) -> Float[Array, "2 ..."]:
    """Two uniform numbers in (0, 1) per lattice index: shape `(2, *shape)`; otherwise as `lattice_noise`."""
    bits = jnp.moveaxis(lattice_bits(shape, key=key), -1, 0)
    odd = 2 * (bits >> 9).astype(jnp.float32) + 1
    return (odd * jnp.float32(2.0**-24)).astype(dtype)


def lattice_bits(shape: Sequence[int], *, key: Key[Array, ""]) -> UInt32[Array, "..."]:
    """Two hashed words per lattice index: shape `(*shape, 2)`."""
    if len(shape) == 0:
        raise ValueError("lattice_bits: `shape` is empty; give one count per axis.")
    # Threefry whatever the user's generator: others are not reproducible under `vmap`.
    folded = jax.random.wrap_key_data(jax.random.bits(key, (2,), jnp.uint32), impl="threefry2x32")
    for count in shape:
        indices = jnp.arange(count, dtype=jnp.uint32)
        fold = jax.vmap(jax.random.fold_in, in_axes=(None, 0))
        for _ in range(folded.ndim):
            fold = jax.vmap(fold, in_axes=(0, None))
        folded = fold(folded, indices)
    return jax.random.key_data(folded)
