"""Power of the Fourier modes of a real or complex sample."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from sciml.metrics._error import squared_modulus


def mode_power(field: Inexact[Array, "c ..."]) -> tuple[Float[Array, "c ..."], tuple[np.ndarray, ...]]:
    """Squared modulus of each Fourier coefficient ("forward" norm), and the integer waves along each axis.

    A real field gives half of the last axis, counted twice where a mode has a mirror image; so the sum over modes is
    the mean square of the field in either case (Parseval).
    """
    axes = tuple(range(1, field.ndim))
    shape = field.shape[1:]
    waves: list[np.ndarray] = [np.fft.fftfreq(n, 1 / n) for n in shape]
    if jnp.iscomplexobj(field):
        transformed = jnp.fft.fftn(field, axes=axes, norm="forward")
        return squared_modulus(transformed), tuple(waves)
    transformed = jnp.fft.rfftn(field, axes=axes, norm="forward")
    waves[-1] = np.arange(shape[-1] // 2 + 1.0)
    copies = np.where((waves[-1] == 0) | (2 * waves[-1] == shape[-1]), 1, 2)
    power = squared_modulus(transformed)
    return power * jnp.asarray(copies, power.dtype).reshape((1,) * len(shape) + (-1,)), tuple(waves)


def outer_sum(vectors: list[np.ndarray]) -> np.ndarray:
    """Sum of one vector per axis over the lattice that they span."""
    total = np.zeros(())
    for vector in vectors:
        total = total[..., None] + vector
    return total
