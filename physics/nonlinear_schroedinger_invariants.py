"""What the one-dimensional nonlinear Schroedinger equation conserves, with spectral derivatives.

A finite difference in their place is not conserved, however exact the solution: see the experiment `nlse`.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from sciml.grid import Grid
from sciml.physics.nonlinear_schroedinger import NonlinearSchroedinger


def mass(psi: Complex[Array, "1 n"], grid: Grid) -> Float[Array, ""]:
    """`int |psi|^2 dx`.

    Example:
        >>> import jax.numpy as jnp, sciml
        >>> from sciml.physics import nonlinear_schroedinger_exact as exact, nonlinear_schroedinger_invariants as conserved
        >>> grid = sciml.Grid((256,), extent=((-25.0, 25.0),))
        >>> psi = exact.soliton(grid.coordinates()[0], 0.0, amplitude=2.0, velocity=1.0)[None]
        >>> round(float(conserved.mass(psi, grid)), 4)
        4.0
    """
    _check("mass", psi, grid)
    return _integral(_square(psi), grid)


def momentum(psi: Complex[Array, "1 n"], grid: Grid) -> Float[Array, ""]:
    """`int Im(conj(psi) psi_x) dx`; `2 A v` for a soliton.

    Example:
        >>> import jax.numpy as jnp, sciml
        >>> from sciml.physics import nonlinear_schroedinger_exact as exact, nonlinear_schroedinger_invariants as conserved
        >>> grid = sciml.Grid((256,), extent=((-25.0, 25.0),))
        >>> psi = exact.soliton(grid.coordinates()[0], 0.0, amplitude=2.0, velocity=1.0)[None]
        >>> round(float(conserved.momentum(psi, grid)), 4)
        4.0
    """
    _check("momentum", psi, grid)
    return _integral((jnp.conj(psi) * _slope(psi, grid)).imag, grid)


def energy(psi: Complex[Array, "1 n"], grid: Grid, equation: NonlinearSchroedinger | None = None) -> Float[Array, ""]:
    """The Hamiltonian `int d |psi_x|^2 - g |psi|^4 / 2 dx`; `A v^2 - A^3 / 3` for a soliton.

    Args:
        psi: state, shape `(1, n)`; use `jax.vmap` for many.
        grid: one periodic axis.
        equation: has `d` and `g`; the defaults (1/2 and 1) if not given.

    Example:
        >>> import jax.numpy as jnp, sciml
        >>> from sciml.physics import nonlinear_schroedinger_exact as exact, nonlinear_schroedinger_invariants as conserved
        >>> grid = sciml.Grid((256,), extent=((-25.0, 25.0),))
        >>> psi = exact.soliton(grid.coordinates()[0], 0.0, amplitude=2.0, velocity=1.0)[None]
        >>> round(float(conserved.energy(psi, grid)), 4)
        -0.6667
    """
    _check("energy", psi, grid)
    equation = NonlinearSchroedinger() if equation is None else equation
    gradient, square = _square(_slope(psi, grid)), _square(psi)
    return _integral(equation.dispersion * gradient - 0.5 * equation.nonlinearity * square**2, grid)


def _slope(psi: Array, grid: Grid) -> Array:
    count = grid.shape[0]
    waves = 2 * np.pi * np.fft.fftfreq(count, grid.lengths[0] / count)
    if count % 2 == 0:
        waves[count // 2] = 0  # the highest mode stands for both directions: it has no slope at the nodes
    return jnp.fft.ifft(jnp.asarray(1j * waves, psi.dtype) * jnp.fft.fft(psi[0]))[None]


def _square(psi: Array) -> Array:
    return psi.real**2 + psi.imag**2


def _integral(density: Array, grid: Grid) -> Array:
    return jnp.sum(density) * (grid.lengths[0] / grid.shape[0])


def _check(name: str, psi: jax.Array, grid: Grid) -> None:
    if grid.dimension != 1 or not grid.periodic:
        raise ValueError(f"{name}: `grid` must have one periodic axis, got {grid!r}.")
    if psi.shape != (1, *grid.shape):
        raise ValueError(f"{name}: `psi` must have shape {(1, *grid.shape)}, got {psi.shape}; use `jax.vmap` for many.")
