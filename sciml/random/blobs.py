"""Sums of Gaussian bumps."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, DTypeLike, Float, Key

from sciml.grid import Grid
from sciml.random.unit_box import check_bounds, check_periodic, float_dtype, fractions, outer, uniform


class GaussianBlobs(eqx.Module):
    """Sum of `count` bumps `a exp(-r^2 / (2 s^2))` with uniform centres, heights `a` and widths `s`.

    A bump and its images in the neighbouring periods add up, so the sum is smooth across the edges of the box. One key is one
    function on every grid over the same box.

    With `count=100, width=(0.01, 0.1), per_width=True` on the unit square: the vorticity of Poseidon's NS-Gauss.

    Attributes:
        grid: periodic, any dimension.
        count: number of bumps.
        amplitude: bounds of the heights.
        width: bounds of the widths, as fractions of the shortest side, at most 0.2.
        per_width: divide each height by its width (a length).
        dtype: floating type of the samples.

    Source: Herde et al. 2024 (Poseidon, arXiv:2405.19101).

    Example:
        >>> import jax, sciml
        >>> from sciml.random import GaussianBlobs
        >>> GaussianBlobs(sciml.Grid((32, 32), extent=(1.0, 1.0)), count=3).sample(jax.random.key(0)).shape
        (1, 32, 32)
    """

    grid: Grid = eqx.field(static=True)
    count: int = eqx.field(static=True)
    amplitude: tuple[float, float] = eqx.field(static=True)
    width: tuple[float, float] = eqx.field(static=True)
    per_width: bool = eqx.field(static=True)
    dtype: DTypeLike = eqx.field(static=True)

    def __init__(
        self,
        grid: Grid,
        *,
        count: int = 5,
        amplitude: tuple[float, float] = (-1.0, 1.0),
        width: tuple[float, float] = (0.05, 0.1),
        per_width: bool = False,
        dtype: DTypeLike | None = None,
    ) -> None:
        """Make a sampler; see the attributes of the class.

        Raises:
            ValueError: for a grid that is not periodic, no bumps, or bounds that do not rise.
        """
        check_periodic("GaussianBlobs", grid)
        self.width = check_bounds("GaussianBlobs", "width", width, positive=True)
        if count < 1 or self.width[1] > 0.2:
            raise ValueError(f"GaussianBlobs: needs `count` >= 1 and `width` up to 0.2, got {count} and {width}.")
        self.grid, self.count, self.per_width = grid, count, per_width
        self.amplitude = check_bounds("GaussianBlobs", "amplitude", amplitude)
        self.dtype = float_dtype(dtype)

    @eqx.filter_jit
    def sample(self, key: Key[Array, ""]) -> Float[Array, "1 ..."]:
        """Draw one function: shape `(1, *grid.shape)`."""
        places, heights, widths = jax.random.split(key, 3)
        centres = uniform((self.count, self.grid.dimension), (0.0, 1.0), dtype=self.dtype, key=places)
        height = uniform((self.count,), self.amplitude, dtype=self.dtype, key=heights)
        width = min(self.grid.lengths) * uniform((self.count,), self.width, dtype=self.dtype, key=widths)
        height = height / width if self.per_width else height
        factors = []
        for number, axis in enumerate(self.grid.axes):
            away = jnp.asarray(fractions(axis), self.dtype)[None] - centres[:, number, None]
            images = [(away + shift) * axis.length / (math.sqrt(2) * width[:, None]) for shift in (-1, 0, 1)]
            factors.append(sum(jnp.exp(-(image**2)) for image in images[1:]) + jnp.exp(-(images[0] ** 2)))
        return outer([height[:, None] * factors[0], *factors[1:]])[None]

    def __call__(self, *, key: Key[Array, ""]) -> Float[Array, "1 ..."]:
        """The same as `sample`."""
        return self.sample(key)
