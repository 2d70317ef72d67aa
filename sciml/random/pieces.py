"""Functions with jumps: constant on the cells of a lattice, or on random boxes."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, DTypeLike, Float, Key

from sciml.grid import Grid
from sciml.random.noise import lattice_uniform
from sciml.random.unit_box import check_bounds, float_dtype, fractions, outer, uniform


class PiecewiseConstant(eqx.Module):
    """Independent uniform constants on equal cells of the box, `pieces` of them along each axis.

    With 10 pieces per axis in two dimensions: the vorticity of Poseidon's NS-PwC; with 2, one component of a Riemann problem on four
    quadrants. One key is one function on every grid over the same box.

    Attributes:
        grid: any grid.
        pieces: cells per axis.
        amplitude: bounds of the constants.
        dtype: floating type of the samples.

    Source: Herde et al. 2024 (Poseidon, arXiv:2405.19101).

    Example:
        >>> import jax, jax.numpy as jnp, sciml
        >>> from sciml.random import PiecewiseConstant
        >>> values = PiecewiseConstant(sciml.Grid((40,), extent=(1.0,)), pieces=4).sample(jax.random.key(0))
        >>> len(jnp.unique(values))
        4
    """

    grid: Grid = eqx.field(static=True)
    pieces: tuple[int, ...] = eqx.field(static=True)
    amplitude: tuple[float, float] = eqx.field(static=True)
    dtype: DTypeLike = eqx.field(static=True)

    def __init__(
        self,
        grid: Grid,
        *,
        pieces: int | Sequence[int] = 10,
        amplitude: tuple[float, float] = (-1.0, 1.0),
        dtype: DTypeLike | None = None,
    ) -> None:
        """Make a sampler; see the attributes of the class.

        Raises:
            ValueError: for a wrong number of `pieces`, or bounds that do not rise.
        """
        self.grid, self.dtype = grid, float_dtype(dtype)
        self.pieces = (pieces,) * grid.dimension if isinstance(pieces, int) else tuple(pieces)
        if len(self.pieces) != grid.dimension or min(self.pieces) < 1:
            raise ValueError(f"PiecewiseConstant: `pieces` must be one positive count per axis, got {pieces!r}.")
        self.amplitude = check_bounds("PiecewiseConstant", "amplitude", amplitude)

    @eqx.filter_jit
    def sample(self, key: Key[Array, ""]) -> Float[Array, "1 ..."]:
        """Draw one function: shape `(1, *grid.shape)`."""
        low, high = self.amplitude
        values = low + (high - low) * lattice_uniform(self.pieces, dtype=self.dtype, key=key)[0]
        # A node that round-off puts just below an edge belongs to the cell above it.
        cells = [
            np.clip(np.floor(count * fractions(axis) + 1e-9).astype(int), 0, count - 1)
            for count, axis in zip(self.pieces, self.grid.axes)
        ]
        return values[np.ix_(*cells)][None]

    def __call__(self, *, key: Key[Array, ""]) -> Float[Array, "1 ..."]:
        """The same as `sample`."""
        return self.sample(key)


class RandomBoxes(eqx.Module):
    """Sum of the indicator functions of `count` random boxes, each with a height: jumps at random places.

    Along each axis a box has a uniform centre and a uniform width; on periodic axes it goes round. One key is one function on every
    grid over the same box.

    Attributes:
        grid: any grid.
        count: number of boxes.
        amplitude: bounds of the heights.
        width: bounds of the widths, as fractions of each side.
        dtype: floating type of the samples.

    Example:
        >>> import jax, sciml
        >>> from sciml.random import RandomBoxes
        >>> RandomBoxes(sciml.Grid((32, 32), extent=(1.0, 1.0)), count=3).sample(jax.random.key(0)).shape
        (1, 32, 32)
    """

    grid: Grid = eqx.field(static=True)
    count: int = eqx.field(static=True)
    amplitude: tuple[float, float] = eqx.field(static=True)
    width: tuple[float, float] = eqx.field(static=True)
    dtype: DTypeLike = eqx.field(static=True)

    def __init__(
        self,
        grid: Grid,
        *,
        count: int = 3,
        amplitude: tuple[float, float] = (-1.0, 1.0),
        width: tuple[float, float] = (0.1, 0.5),
        dtype: DTypeLike | None = None,
    ) -> None:
        """Make a sampler; see the attributes of the class.

        Raises:
            ValueError: for no boxes, or bounds that do not rise.
        """
        if count < 1:
            raise ValueError(f"RandomBoxes: `count` must be at least 1, got {count}.")
        self.grid, self.count, self.dtype = grid, count, float_dtype(dtype)
        self.amplitude = check_bounds("RandomBoxes", "amplitude", amplitude)
        self.width = check_bounds("RandomBoxes", "width", width, positive=True)

    @eqx.filter_jit
    def sample(self, key: Key[Array, ""]) -> Float[Array, "1 ..."]:
        """Draw one function: shape `(1, *grid.shape)`."""
        places, heights, widths = jax.random.split(key, 3)
        shape = (self.count, self.grid.dimension)
        centres = uniform(shape, (0.0, 1.0), dtype=self.dtype, key=places)
        width = uniform(shape, self.width, dtype=self.dtype, key=widths)
        height = uniform((self.count,), self.amplitude, dtype=self.dtype, key=heights)
        factors = []
        for number, axis in enumerate(self.grid.axes):
            away = jnp.abs(jnp.asarray(fractions(axis), self.dtype)[None] - centres[:, number, None])
            away = jnp.minimum(away, 1 - away) if axis.periodic else away
            factors.append((2 * away < width[:, number, None]).astype(self.dtype))
        return outer([height[:, None] * factors[0], *factors[1:]])[None]

    def __call__(self, *, key: Key[Array, ""]) -> Float[Array, "1 ..."]:
        """The same as `sample`."""
        return self.sample(key)
