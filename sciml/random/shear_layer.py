"""Double shear layers: two smoothed vortex sheets with a random bend."""

import math
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, DTypeLike, Float, Key

from sciml.grid import Grid
from sciml.random.unit_box import check_bounds, check_periodic, float_dtype, fractions, uniform

_WAVES = (7, 12)


class ShearLayers(eqx.Module):
    """Two vortex sheets of opposite sign, Poseidon's NS-SL: `u = tanh(2 pi (s - 1/4) / r)` below the middle, `tanh(2 pi (3/4 - s) /
    r)` above, `v = 0`, with `s = y + b(x)`.

    `b(x) = z + 0.025 sum_k a_k sin(2 pi k x - p_k)` over k up to a random number from 7 to 12; x and y are fractions of the sides, r is
    uniform in `thickness`, z in [-1/16, 1/16], `a` in [0, 1] (which the source leaves open), the phases over the circle. The source
    writes `y` in the profiles and bends only the line where they meet: there both are one, so nothing would bend. The velocity is
    not free of divergence: give `of="vorticity"` to a vorticity equation, which is the same as projecting it. One key is one
    function on every grid over the same box.

    Attributes:
        grid: periodic, two-dimensional; a sheet needs several nodes, `spacing < thickness / 16`.
        thickness: bounds of r, at most 0.25.
        bend: factor of b.
        of: `"velocity"`, two components, or `"vorticity"`, `-u_y`, one.
        dtype: floating type of the samples.

    Source: Herde et al. 2024 (Poseidon, arXiv:2405.19101).

    Example:
        >>> import jax, sciml
        >>> from sciml.random import ShearLayers
        >>> ShearLayers(sciml.Grid((64, 64), extent=(1.0, 1.0))).sample(jax.random.key(0)).shape
        (2, 64, 64)
    """

    grid: Grid = eqx.field(static=True)
    thickness: tuple[float, float] = eqx.field(static=True)
    bend: float = eqx.field(static=True)
    of: Literal["velocity", "vorticity"] = eqx.field(static=True)
    dtype: DTypeLike = eqx.field(static=True)

    def __init__(
        self,
        grid: Grid,
        *,
        thickness: tuple[float, float] = (0.08, 0.12),
        bend: float = 1.0,
        of: Literal["velocity", "vorticity"] = "velocity",
        dtype: DTypeLike | None = None,
    ) -> None:
        """Make a sampler; see the attributes of the class.

        Raises:
            ValueError: for another grid, a thickness out of range, or an unknown `of`.
        """
        check_periodic("ShearLayers", grid, 2)
        self.thickness = check_bounds("ShearLayers", "thickness", thickness, positive=True)
        if self.thickness[1] > 0.25:
            raise ValueError(
                f"ShearLayers: `thickness` may be up to 0.25, beyond which the layers overlap; got {thickness}."
            )
        if of not in ("velocity", "vorticity"):
            raise ValueError(f"ShearLayers: `of` must be 'velocity' or 'vorticity', got {of!r}.")
        self.grid, self.bend, self.of, self.dtype = grid, float(bend), of, float_dtype(dtype)

    @eqx.filter_jit
    def sample(self, key: Key[Array, ""]) -> Float[Array, "c ..."]:
        """Draw one flow: shape `(2, *grid.shape)` or `(1, *grid.shape)`."""
        thickness, shift, sizes, phases, number = jax.random.split(key, 5)
        r = uniform((), self.thickness, dtype=self.dtype, key=thickness)
        z = uniform((), (-1 / 16, 1 / 16), dtype=self.dtype, key=shift)
        size = uniform((_WAVES[1],), (0.0, 1.0), dtype=self.dtype, key=sizes)
        phase = uniform((_WAVES[1],), (0.0, 2 * math.pi), dtype=self.dtype, key=phases)
        waves = jnp.arange(1, _WAVES[1] + 1)
        size = jnp.where(waves <= jax.random.randint(number, (), _WAVES[0], _WAVES[1] + 1), size, 0)
        x, y = (jnp.asarray(fractions(axis), self.dtype) for axis in self.grid.axes)
        angle = 2 * math.pi * waves.astype(self.dtype)[:, None] * x[None] - phase[:, None]
        bend = self.bend * (z + 0.025 * jnp.sum(size[:, None] * jnp.sin(angle), axis=0))
        place = jnp.mod(y[None] + bend[:, None], 1)
        lower = place <= 0.5
        profile = jnp.tanh(2 * math.pi * jnp.where(lower, place - 0.25, 0.75 - place) / r)
        if self.of == "velocity":
            return jnp.stack([profile, jnp.zeros_like(profile)])
        slope = 2 * math.pi / (r * self.grid.lengths[1]) * (1 - profile**2)
        return jnp.where(lower, -slope, slope)[None]

    def __call__(self, *, key: Key[Array, ""]) -> Float[Array, "c ..."]:
        """The same as `sample`."""
        return self.sample(key)
