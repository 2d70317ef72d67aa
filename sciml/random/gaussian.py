"""Gaussian random fields whose covariance is a power of a shifted Laplacian."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, DTypeLike, Float, Key, Real

from sciml.grid import Grid
from sciml.random.modes import check_axes, mode_count, squared_wavenumbers, synthesise
from sciml.random.noise import lattice_noise


class GaussianRandomField(eqx.Module):
    """Gaussian random field with covariance `variance_scale (-Laplacian + tau^2)^(-alpha)`.

    A sample is the Karhunen-Loeve sum `u(x) = sum_k sqrt(lambda_k) xi_k phi_k(x)` over the modes that the grid
    resolves, with L2-orthonormal `phi_k` (Fourier on periodic axes, cosines on Neumann axes) and
    `lambda_k = variance_scale (|k|^2 + tau^2)^(-alpha)`. `xi_k` depends on the key and on `k` alone: with one key,
    samples on two grids over the same box agree up to the modes which the coarser grid lacks, and with equal `modes`
    they are the same function. Samples of order `alpha` have about `alpha - dimension / 2` derivatives.

    The parameters are leaves: differentiate through a sample, or `vmap` over them.

    Attributes:
        variance_scale: `sigma^2`, positive.
        tau: inverse correlation length, radians per unit length; positive unless the field is mean-free.
        alpha: order of smoothness; more than half the dimension for a finite variance.
        grid: where the field is sampled: periodic or zero-flux Neumann axes, any box, uniform nodes.
        mean_free: whether the constant mode is left out.
        modes: retained modes per axis (counted as in `sciml.random.modes`), or None for all that the grid resolves.

    Source: Li et al. 2021 (arXiv:2010.08895), appendix A.3 (the initial data of the Burgers, Darcy and vorticity
        problems).

    Example:
        >>> import jax, sciml
        >>> from sciml.random import GaussianRandomField
        >>> grid = sciml.Grid((128,), extent=(6.283185307179586,))
        >>> field = GaussianRandomField(grid, variance_scale=625.0, tau=5.0, alpha=2.0)
        >>> field.sample(jax.random.key(0)).shape
        (1, 128)
        >>> round(float(field.variance()), 3)
        1.091
    """

    variance_scale: Float[Array, ""]
    tau: Float[Array, ""]
    alpha: Float[Array, ""]
    grid: Grid = eqx.field(static=True)
    mean_free: bool = eqx.field(static=True)
    modes: tuple[int, ...] | None = eqx.field(static=True)

    def __init__(
        self,
        grid: Grid,
        *,
        variance_scale: float | Real[Array, ""] = 1.0,
        tau: float | Real[Array, ""],
        alpha: float | Real[Array, ""],
        mean_free: bool = True,
        modes: int | Sequence[int] | None = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        """Make a field.

        Args:
            grid: where to sample.
            variance_scale: factor `sigma^2` of the covariance.
            tau: shift of the Laplacian.
            alpha: exponent.
            mean_free: leave the constant mode out.
            modes: modes kept per axis, to draw the very same function on several grids.
            dtype: floating type of parameters and samples; that of the parameters, or JAX's default, if None.

        Raises:
            ValueError: for an axis without modes (see `grid`), or more `modes` than the grid resolves.
        """
        check_axes("GaussianRandomField", grid)
        dtype = _parameter_dtype(variance_scale, tau, alpha) if dtype is None else jnp.dtype(dtype)
        self.variance_scale = jnp.asarray(variance_scale, dtype)
        self.tau = jnp.asarray(tau, dtype)
        self.alpha = jnp.asarray(alpha, dtype)
        self.grid = grid
        self.mean_free = mean_free
        self.modes = None if modes is None else _check_modes(modes, grid)

    @property
    def counts(self) -> tuple[int, ...]:
        """Retained modes per axis."""
        return tuple(mode_count(axis) for axis in self.grid.axes) if self.modes is None else self.modes

    def eigenvalues(self) -> Float[Array, "..."]:
        """Eigenvalues `lambda_k` of the covariance, one axis per grid axis (shape `counts`)."""
        return jnp.where(self._absent(), 0, self._powers())

    def _powers(self) -> Float[Array, "..."]:
        squares = squared_wavenumbers(self.grid, self.counts, self.tau.dtype)
        # One at an absent mode: keeps 0^(-alpha) out of the program and of its gradient.
        shifted = jnp.where(self._absent(), 1, squares + self.tau**2)
        return self.variance_scale * shifted**-self.alpha

    def _absent(self) -> np.ndarray:
        absent = np.zeros(self.counts, bool)
        absent[(0,) * self.grid.dimension] = self.mean_free
        return absent

    def variance(self) -> Float[Array, ""]:
        """Expected pointwise variance, averaged over the box: the sum of the eigenvalues divided by the volume."""
        return jnp.sum(self.eigenvalues()) / self.grid.volume

    @eqx.filter_jit
    def sample(self, key: Key[Array, ""]) -> Float[Array, "1 ..."]:
        """Draw one function.

        Args:
            key: random key; equal keys give equal functions on every grid over the same box.

        Returns:
            Values at the nodes, shape `(1, *grid.shape)`.
        """
        noise = lattice_noise(self.counts, dtype=self.tau.dtype, key=key)
        coefficients = jnp.where(self._absent(), 0, jnp.sqrt(self._powers()) * noise)
        return synthesise(coefficients, self.grid)[None]

    def __call__(self, *, key: Key[Array, ""]) -> Float[Array, "1 ..."]:
        """The same as `sample`."""
        return self.sample(key)


def _parameter_dtype(*values: float | Real[Array, ""]) -> jnp.dtype:
    arrays = [value for value in values if isinstance(value, jax.Array)]
    return jnp.result_type(*(arrays or [float]))


def _check_modes(modes: int | Sequence[int], grid: Grid) -> tuple[int, ...]:
    wanted = (modes,) * grid.dimension if isinstance(modes, int) else tuple(modes)
    resolved = tuple(mode_count(axis) for axis in grid.axes)
    if len(wanted) != grid.dimension or any(not 1 <= w <= r for w, r in zip(wanted, resolved)):
        raise ValueError(
            f"GaussianRandomField: `modes` must be between 1 and {resolved} per axis of this grid, got {modes!r}; "
            "take fewer modes or a finer grid."
        )
    return wanted
