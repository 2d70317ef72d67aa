"""White noise smoothed by diffusion."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, DTypeLike, Float, Key

from sciml.grid import Grid
from sciml.random.modes import check_axes, mode_count, squared_wavenumbers, synthesise
from sciml.random.noise import lattice_noise
from sciml.random.unit_box import float_dtype


class DiffusedNoise(eqx.Module):
    """White noise after diffusion: `sum_k exp(-s |k|^2) xi_k phi_k` with independent standard normal `xi_k`, scaled to unit variance.

    The modes `phi_k` are those of `GaussianRandomField`; `sqrt(2 s)` is the width of the smoothing kernel, a length. `smoothing=0` is
    white noise on the modes that the grid resolves, which has no limit on finer grids; for any other, one key is one function on all
    grids that resolve it.

    Attributes:
        grid: periodic or zero-flux Neumann axes, any box.
        smoothing: `s`, diffusivity times time, length^2.
        mean_free: whether the constant is left out.
        dtype: floating type of the samples.

    Example:
        >>> import jax, sciml
        >>> from sciml.random import DiffusedNoise
        >>> DiffusedNoise(sciml.Grid((64,), extent=(1.0,)), smoothing=1e-3).sample(jax.random.key(0)).shape
        (1, 64)
    """

    grid: Grid = eqx.field(static=True)
    smoothing: float = eqx.field(static=True)
    mean_free: bool = eqx.field(static=True)
    dtype: DTypeLike = eqx.field(static=True)

    def __init__(
        self, grid: Grid, *, smoothing: float = 1e-3, mean_free: bool = True, dtype: DTypeLike | None = None
    ) -> None:
        """Make a sampler; see the attributes of the class.

        Raises:
            ValueError: for an axis without modes, or a negative `smoothing`.
        """
        check_axes("DiffusedNoise", grid)
        if smoothing < 0:
            raise ValueError(f"DiffusedNoise: `smoothing` must not be negative, got {smoothing}.")
        self.grid, self.smoothing, self.mean_free = grid, float(smoothing), mean_free
        self.dtype = float_dtype(dtype)

    @eqx.filter_jit
    def sample(self, key: Key[Array, ""]) -> Float[Array, "1 ..."]:
        """Draw one function: shape `(1, *grid.shape)`."""
        counts = tuple(mode_count(axis) for axis in self.grid.axes)
        kept = np.ones(counts, bool)
        kept[(0,) * self.grid.dimension] = not self.mean_free
        weights = jnp.where(kept, jnp.exp(-self.smoothing * squared_wavenumbers(self.grid, counts, self.dtype)), 0)
        variance = jnp.sum(weights**2) / self.grid.volume
        noise = lattice_noise(counts, dtype=self.dtype, key=key)
        return synthesise(weights * noise, self.grid)[None] / jnp.sqrt(variance)

    def __call__(self, *, key: Key[Array, ""]) -> Float[Array, "1 ..."]:
        """The same as `sample`."""
        return self.sample(key)
