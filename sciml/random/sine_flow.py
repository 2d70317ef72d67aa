"""Two-dimensional flows that are sums of sines."""

import math
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, DTypeLike, Float, Key

from sciml.grid import Grid
from sciml.random.noise import lattice_uniform
from sciml.random.unit_box import check_periodic, float_dtype, fractions, outer


class SineFlow(eqx.Module):
    """Poseidon's NS-Sines: `u = sum_ij a_ij / sqrt(2 pi (i + j)) sin(2 pi i x + b_ij) sin(2 pi j y + c_ij)`, `v` the same of cosines.

    `i` and `j` run from 1 to `modes`, `a` is uniform in [-1, 1], the phases over the circle; x and y are fractions of the sides. The
    velocity is not free of divergence: give `of="vorticity"` to a vorticity equation, which is the same as projecting the velocity
    on the square. One key is one function on every grid over the same box, and more modes add terms to it.

    Attributes:
        grid: periodic, two-dimensional.
        modes: highest wave along each axis.
        of: `"velocity"`, two components, or `"vorticity"`, `v_x - u_y`, one.
        dtype: floating type of the samples.

    Source: Herde et al. 2024 (Poseidon, arXiv:2405.19101).

    Example:
        >>> import jax, sciml
        >>> from sciml.random import SineFlow
        >>> SineFlow(sciml.Grid((64, 64), extent=(1.0, 1.0))).sample(jax.random.key(0)).shape
        (2, 64, 64)
    """

    grid: Grid = eqx.field(static=True)
    modes: int = eqx.field(static=True)
    of: Literal["velocity", "vorticity"] = eqx.field(static=True)
    dtype: DTypeLike = eqx.field(static=True)

    def __init__(
        self,
        grid: Grid,
        *,
        modes: int = 10,
        of: Literal["velocity", "vorticity"] = "velocity",
        dtype: DTypeLike | None = None,
    ) -> None:
        """Make a sampler; see the attributes of the class.

        Raises:
            ValueError: for another grid, one too coarse for `modes`, or an unknown `of`.
        """
        check_periodic("SineFlow", grid, 2)
        if not 1 <= modes < min(grid.shape) / 2:
            raise ValueError(f"SineFlow: `modes` must be 1 to less than half of {grid.shape}, got {modes}.")
        if of not in ("velocity", "vorticity"):
            raise ValueError(f"SineFlow: `of` must be 'velocity' or 'vorticity', got {of!r}.")
        self.grid, self.modes, self.of, self.dtype = grid, modes, of, float_dtype(dtype)

    @eqx.filter_jit
    def sample(self, key: Key[Array, ""]) -> Float[Array, "c ..."]:
        """Draw one flow: shape `(2, *grid.shape)` or `(1, *grid.shape)`."""
        first, second = jax.random.split(key)
        shape = (self.modes, self.modes)
        size, turn = lattice_uniform(shape, dtype=self.dtype, key=first).reshape(2, -1)
        other = lattice_uniform(shape, dtype=self.dtype, key=second)[0].reshape(-1)
        i, j = np.meshgrid(*(np.arange(1, self.modes + 1),) * 2, indexing="ij")
        size = (2 * size - 1) / jnp.asarray(np.sqrt(2 * np.pi * (i + j)).ravel(), self.dtype)
        angles = [
            2 * math.pi * (jnp.asarray(wave.ravel()[:, None] * fractions(axis), self.dtype) + phase[:, None])
            for wave, axis, phase in zip((i, j), self.grid.axes, (turn, other))
        ]
        sines, cosines = [jnp.sin(angle) for angle in angles], [jnp.cos(angle) for angle in angles]
        if self.of == "velocity":
            return jnp.stack([outer([size[:, None] * pair[0], pair[1]]) for pair in (sines, cosines)])
        waves = 2 * np.pi * (i / self.grid.lengths[0] + j / self.grid.lengths[1]).ravel()
        size = -size * jnp.asarray(waves, self.dtype)
        return outer([size[:, None] * sines[0], cosines[1]])[None]

    def __call__(self, *, key: Key[Array, ""]) -> Float[Array, "c ..."]:
        """The same as `sample`."""
        return self.sample(key)
