"""Random truncated Fourier series: smooth periodic initial conditions."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, DTypeLike, Float, Key

from sciml.grid import Axis, Grid
from sciml.random.modes import check_axes, mode_count
from sciml.random.noise import lattice_uniform

# Points per shortest wave of the lattice on which the maximum is taken, by dimension: it misses at most
# (pi / points)^2 / 2 of it per axis: 0.1 % in 1-D, 2 % in 2-D, 20 % in 3-D in the worst case.
_REFERENCE_POINTS = {1: 64, 2: 24, 3: 8}


class RandomFourierSeries(eqx.Module):
    """Random sum of waves, up to `modes` of them along each axis.

    `u(x) = sum_k A_k cos(k . x + p_k)` over one wave vector of each pair `+-k`, amplitudes `A_k` uniform in
    `amplitude`, phases `p_k` uniform over the circle. Both depend on the key and on `k` alone: one key gives the same
    function on every grid over the same box, and more modes add waves to it.

    Attributes:
        grid: a periodic grid that resolves the modes.
        modes: highest number of waves per axis.
        amplitude: bounds of the amplitudes.
        zero_mean: whether the constant is left out; otherwise it is drawn like the waves.
        max_one: whether the function is scaled to a largest absolute value of one (taken on a fine lattice which
            depends on `modes` only, so that all grids see the same factor).
        dtype: floating type of the samples.

    Source: the initial conditions of Koehler et al. 2024 (APEBench, arXiv:2411.00180), there written
        `fourier;5;true;true`.

    Example:
        >>> import jax, jax.numpy as jnp, sciml
        >>> from sciml.random import RandomFourierSeries
        >>> coarse, fine = (RandomFourierSeries(sciml.Grid((n,), extent=(1.0,)), modes=5) for n in (32, 64))
        >>> a, b = coarse(key=jax.random.key(0)), fine(key=jax.random.key(0))
        >>> bool(jnp.allclose(a, b[:, ::2], atol=1e-5))
        True
    """

    grid: Grid = eqx.field(static=True)
    modes: int = eqx.field(static=True)
    amplitude: tuple[float, float] = eqx.field(static=True)
    zero_mean: bool = eqx.field(static=True)
    max_one: bool = eqx.field(static=True)
    dtype: DTypeLike = eqx.field(static=True)

    def __init__(
        self,
        grid: Grid,
        *,
        modes: int = 5,
        amplitude: tuple[float, float] = (-1.0, 1.0),
        zero_mean: bool = True,
        max_one: bool = True,
        dtype: DTypeLike | None = None,
    ) -> None:
        """Make a sampler; see the attributes of the class.

        Raises:
            ValueError: if the grid is not periodic or too coarse for `modes`.
        """
        check_axes("RandomFourierSeries", grid)
        if not grid.periodic:
            raise ValueError(f"RandomFourierSeries: `grid` must be periodic, got {grid!r}; see GaussianRandomField.")
        finest = min((mode_count(axis) - 1) // 2 for axis in grid.axes)
        if not 1 <= modes <= finest:
            raise ValueError(f"RandomFourierSeries: `modes` must be between 1 and {finest} on this grid, got {modes}.")
        self.grid, self.modes, self.amplitude = grid, modes, amplitude
        self.zero_mean, self.max_one = zero_mean, max_one
        self.dtype = jnp.dtype(jnp.result_type(float) if dtype is None else dtype)

    @eqx.filter_jit
    def sample(self, key: Key[Array, ""]) -> Float[Array, "1 ..."]:
        """Draw one function: shape `(1, *grid.shape)`."""
        coefficients = self._coefficients(key)
        values = self._values(coefficients, self.grid)
        if self.max_one:
            values = values / jnp.max(jnp.abs(self._values(coefficients, self._reference_grid())))
        return values[None]

    def __call__(self, *, key: Key[Array, ""]) -> Float[Array, "1 ..."]:
        """The same as `sample`."""
        return self.sample(key)

    def _coefficients(self, key: Key[Array, ""]) -> Complex[Array, "..."]:
        """Complex amplitude of each wave vector, zero for one of each pair; waves in the order 0, 1, -1, 2, -2, ..."""
        dimension = self.grid.dimension
        size, turn = lattice_uniform((2 * self.modes + 1,) * dimension, dtype=self.dtype, key=key)
        low, high = self.amplitude
        size, turn = low + (high - low) * size, 2 * math.pi * turn
        kept = _one_of_each_pair(_waves(self.modes), dimension)
        kept[(0,) * dimension] = not self.zero_mean
        size = jnp.where(kept, size, 0)
        return jax.lax.complex(size * jnp.cos(turn), size * jnp.sin(turn))

    def _values(self, coefficients: Complex[Array, "..."], grid: Grid) -> Float[Array, "..."]:
        values = coefficients
        for number, axis in enumerate(grid.axes):
            table = jnp.asarray(_exponentials(axis, self.modes), coefficients.dtype)
            values = jnp.moveaxis(jnp.tensordot(values, table, axes=(number, 0)), -1, number)
        return jnp.real(values)

    def _reference_grid(self) -> Grid:
        return self.grid.with_shape((_REFERENCE_POINTS[self.grid.dimension] * self.modes,) * self.grid.dimension)


def _waves(modes: int) -> np.ndarray:
    index = np.arange(2 * modes + 1)
    return np.where(index % 2 == 1, (index + 1) // 2, -index // 2)


def _one_of_each_pair(waves: np.ndarray, dimension: int) -> np.ndarray:
    """True where the first non-zero wave of the vector is positive, and for the zero vector."""
    sign = np.zeros((waves.size,) * dimension, int)
    for component in np.meshgrid(*(waves,) * dimension, indexing="ij"):
        sign = np.where(sign == 0, np.sign(component), sign)
    return sign >= 0


def _exponentials(axis: Axis, modes: int) -> np.ndarray:
    """Waves at the nodes, shape `(2 modes + 1, count)`, complex128; phases count from the lower end of the axis."""
    position = (axis.coordinates() - axis.lower) / axis.length
    return np.exp(2j * np.pi * _waves(modes)[:, None] * position)
